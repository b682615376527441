// Small helpers that tests of any kind use: errors, waiting, detached buffers, events of tracing channels.
import { tracingChannel } from 'node:diagnostics_channel';
import { setTimeout as sleep } from 'node:timers/promises';
import type { OperationTrace } from '../../lib/operation/channel.js';

/** Returns a Buffer whose memory was transferred, as happens to a Buffer that is sent to a worker. */
export function detachedBuffer(): Buffer {
  const memory = new ArrayBuffer(8);
  const buffer = Buffer.from(memory);
  structuredClone(memory, { transfer: [memory] });
  return buffer;
}

/** Returns the value, or throws when it is missing, which means that the set-up of the test failed. */
export function must<T>(value: T | undefined | null): T {
  if (value === undefined || value === null) throw new Error('missing');
  return value;
}

/** Returns the value that a function throws, and throws when the function returns. */
export function thrownBy(action: () => unknown): unknown {
  try {
    action();
  } catch (error) {
    return error;
  }
  throw new Error('nothing was thrown');
}

/** Returns the value with which a promise is rejected, and throws when the promise is fulfilled. */
export async function rejectionOf(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => {
      throw new Error('the promise was fulfilled');
    },
    (error: unknown) => error,
  );
}

/** Waits until a condition holds. The time limit of the test ends a wait that would last for ever. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await sleep(5);
}

/** Reports all events of the tracing channel of an operation, until the caller calls the returned function. */
export function subscribeToOperation(
  operation: string,
  report: (event: string, message: OperationTrace) => void,
): () => void {
  const on = (event: string) => (message: unknown) => report(event, message as OperationTrace);
  const handlers = {
    start: on('start'),
    end: on('end'),
    asyncStart: on('asyncStart'),
    asyncEnd: on('asyncEnd'),
    error: on('error'),
  };
  const channel = tracingChannel(`linux-mount:${operation}`);
  channel.subscribe(handlers);
  return () => {
    channel.unsubscribe(handlers);
  };
}
