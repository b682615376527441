/** A Buffer whose memory has been given away, as happens to one that is sent to a worker. */
export function detachedBuffer(): Buffer {
  const memory = new ArrayBuffer(8);
  const buffer = Buffer.from(memory);
  structuredClone(memory, { transfer: [memory] });
  return buffer;
}

/** The value, or an error: for tests whose set-up must have worked. */
export function must<T>(value: T | undefined | null): T {
  if (value === undefined || value === null) throw new Error('missing');
  return value;
}

/** What a function throws; fails when it does not. */
export function thrownBy(action: () => unknown): unknown {
  try {
    action();
  } catch (error) {
    return error;
  }
  throw new Error('nothing was thrown');
}

/** What a promise is rejected with; fails when it is not. */
export async function rejectionOf(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => {
      throw new Error('the promise was fulfilled');
    },
    (error: unknown) => error,
  );
}
