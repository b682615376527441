import { invalidArgType } from '../kernel/errors.js';
import { type Cancellation, isFailure, native } from '../kernel/native.js';

/** An `AbortSignal`, or left out. */
export function signalOption(name: string, value: unknown): AbortSignal | undefined {
  if (value !== undefined && !(value instanceof AbortSignal)) {
    throw invalidArgType(name, 'an instance of AbortSignal', value);
  }
  return value;
}

/** What an aborted call is rejected with: shaped like Node's own, which has no public constructor. */
export function abortError(signal: AbortSignal): Error & { code: string } {
  const error = new Error('The operation was aborted', { cause: signal.reason });
  error.name = 'AbortError';
  return Object.assign(error, { code: 'ABORT_ERR' });
}

/**
 * Calls `action` when the signal is aborted. A signal may live long: it does not keep `owner` alive for that.
 *
 * @returns ends the listening
 */
export function whenAborted<Owner extends object>(
  signal: AbortSignal | undefined,
  owner: Owner,
  action: (owner: Owner) => void,
): () => void {
  const weak = new WeakRef(owner);
  const abort = () => {
    const there = weak.deref();
    if (there !== undefined) action(there);
  };
  signal?.addEventListener('abort', abort, { once: true });
  return () => signal?.removeEventListener('abort', abort);
}

/** The same promise, but rejected at once when the signal is aborted; what goes on behind it goes on. */
export function orAborted<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return promise;
  return new Promise((resolve, reject) => {
    const abort = () => reject(abortError(signal));
    signal.addEventListener('abort', abort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
    if (signal.aborted) abort();
  });
}

/** Some milliseconds, fewer when the signal is aborted. */
export function pause(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', end);
      resolve();
    };
    const timer = setTimeout(end, milliseconds);
    signal?.addEventListener('abort', end, { once: true });
    if (signal?.aborted) end();
  });
}

/** Some milliseconds on the calling thread. A worker can be terminated meanwhile, as it could not be in a C call. */
export function pauseSync(milliseconds: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
}
export function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw abortError(signal);
}

/**
 * Runs a native call that may be cancelled by a signal. The native floor decides whether the call or the cancellation is
 * first (src-native/napi/cancellation.h): a call that is cancelled takes back what it did, and a late failure to do so is told as a
 * warning of the process, since nobody waits for it any more.
 */

export async function cancellable<T>(
  signal: AbortSignal | undefined,
  start: (cancellation: Cancellation | null) => Promise<T>,
): Promise<T> {
  if (signal === undefined) return start(null);
  throwIfAborted(signal);
  const cancellation = native.newCancellation.sync({});
  return new Promise<T>((resolve, reject) => {
    const abort = () => {
      if (!native.cancel.sync({ cancellation })) return; // the call has taken effect, and its result follows
      reject(abortError(signal));
    };
    signal.addEventListener('abort', abort, { once: true });
    start(cancellation)
      .then((outcome) => {
        resolve(outcome);
        warnOfLeft(outcome);
      }, reject)
      .finally(() => signal.removeEventListener('abort', abort));

    function warnOfLeft(outcome: unknown): void {
      if (!signal?.aborted || !isFailure(outcome)) return;
      const { left, leftMade = null } = outcome;
      if (left) process.emitWarning('A mount that was cancelled could not be taken down again', 'LinuxMountWarning');
      if (leftMade !== null) {
        process.emitWarning('What was made for a mount that was cancelled could not be removed', 'LinuxMountWarning');
      }
    }
  });
}
