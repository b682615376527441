// Abort signals: checks an option `signal`, and ends operations, waits and watches when the signal is aborted.
import { invalidArgType } from '../kernel/errors.js';
import { type Cancellation, isFailure, native } from '../kernel/native.js';

/** Checks the option `signal`: an `AbortSignal` or undefined. */
export function signalOption(name: string, value: unknown): AbortSignal | undefined {
  if (value !== undefined && !(value instanceof AbortSignal)) {
    throw invalidArgType(name, 'an instance of AbortSignal', value);
  }
  return value;
}

/**
 * Makes the `AbortError` of an aborted call. Node's class AbortError has no public constructor, so this function gives
 * an Error the same name and code.
 */
export function abortError(signal: AbortSignal): Error & { code: string } {
  const error = new Error('The operation was aborted', { cause: signal.reason });
  error.name = 'AbortError';
  return Object.assign(error, { code: 'ABORT_ERR' });
}

/**
 * Calls `action` when the signal is aborted. The listener holds `owner` weakly, so that a long-lived signal does not
 * keep `owner` alive.
 *
 * @returns a function that removes the listener
 */
export function whenAborted<Owner extends object>(
  signal: AbortSignal | undefined,
  owner: Owner,
  action: (owner: Owner) => void,
): () => void {
  const weak = new WeakRef(owner);
  const abort = () => {
    const target = weak.deref();
    if (target !== undefined) action(target);
  };
  signal?.addEventListener('abort', abort, { once: true });
  return () => signal?.removeEventListener('abort', abort);
}

/**
 * Returns a promise that settles like `promise`, but rejects at once when the signal is aborted. The operation that
 * settles `promise` continues.
 */
export function orAborted<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return promise;
  return new Promise((resolve, reject) => {
    const abort = () => reject(abortError(signal));
    signal.addEventListener('abort', abort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
    if (signal.aborted) abort();
  });
}

/** Waits for a number of milliseconds, or until the signal is aborted. */
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

/**
 * Blocks the calling thread for a number of milliseconds. A worker can be terminated during `Atomics.wait`, but not
 * during a sleep in the addon.
 */
export function pauseSync(milliseconds: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
}

/** Throws an `AbortError` if the signal is aborted. */
export function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw abortError(signal);
}

/**
 * Runs a native call that a signal can cancel. The addon decides whether the call or the cancellation comes first
 * (src-native/napi/cancellation.h). The addon undoes the effect of a cancelled call. If undoing fails, the process
 * emits a warning, because the promise has already been rejected.
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
      // If the native call has already taken effect, its result settles the promise.
      if (!native.cancel.sync({ cancellation })) return;
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
      if (left)
        process.emitWarning(
          'A mount operation was cancelled, and its mount could not be unmounted',
          'LinuxMountWarning',
        );
      if (leftMade !== null) {
        process.emitWarning(
          'A mount operation was cancelled, and the mount point that it created could not be removed',
          'LinuxMountWarning',
        );
      }
    }
  });
}
