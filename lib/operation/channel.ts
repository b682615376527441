// The tracing channel of each operation: node:diagnostics_channel.
import { type TracingChannel, tracingChannel } from 'node:diagnostics_channel';
import { copyOf } from '../arguments/check.js';
import type { NativeTarget } from '../kernel/words.js';
import { type Bytes, keyOf } from '../kernel/words.js';

/**
 * The message that an operation publishes on its tracing channel. The channel of an operation is named `linux-mount:`
 * and the operation's name, for example `'linux-mount:mountOverlay'`, and has the events of
 * `diagnostics_channel.tracingChannel`. The asynchronous form publishes `start`, `end`, `asyncStart` and `asyncEnd`,
 * the synchronous form `start` and `end`. Both forms publish `error` if the operation fails. All events of an operation
 * have the same message object.
 *
 * The message contains no values of options, because values may be secrets. A call with invalid arguments publishes
 * nothing.
 *
 * @example
 * ```ts
 * import { tracingChannel } from 'node:diagnostics_channel';
 *
 * tracingChannel('linux-mount:mountOverlay').subscribe({
 *   start() {},
 *   end() {},
 *   asyncStart() {},
 *   asyncEnd: (message) => console.log('mounted', (message as OperationTrace).target),
 *   error: (message) => console.error((message as OperationTrace).error),
 * });
 * ```
 * @see https://nodejs.org/api/diagnostics_channel.html#class-tracingchannel
 */
export interface OperationTrace {
  /** The name of the function or method, without `Sync`: `'mountOverlay'`, `'Mount.unmount'`. */
  readonly operation: string;
  /** Whether the operation is the synchronous form, which runs on the calling thread. */
  readonly sync: boolean;
  /** The source of the mount, as the caller gave it. */
  readonly source?: string | Buffer;
  /** The target of the operation, as the caller gave it. */
  readonly target?:
    | string
    | Buffer
    | {
        /** The directory that the operation treats as `/`. */
        readonly root: string | Buffer;
        /** The path of the target below `root`. */
        readonly path: string | Buffer;
      };
  /** The type of the filesystem. */
  readonly fsType?: string;
  /** The kernel's names of the filesystem parameters, without values: `['size', 'mode']`. */
  readonly parameters?: readonly string[];
  /** The result of the operation, set from the event `end` (synchronous) or `asyncStart` (asynchronous) on. */
  result?: unknown;
  /** The error of a failed operation, set from the event `error` on. */
  error?: unknown;
}

/** The part of an operation's plan that {@link OperationTrace} reports. */
export interface OperationSubject {
  readonly source?: Bytes | null;
  readonly target?: NativeTarget | Bytes | undefined;
  readonly fsType?: string | null;
  /** The filesystem parameters as words: `name` or `name=value`. */
  readonly words?: readonly Bytes[];
}

const known = new Set<string>();

/** The names of the operations that have a tracing channel. */
export const tracedOperations: ReadonlySet<string> = known;

// The message gets copies of buffers, because a subscriber could otherwise change the buffers that the operation still
// uses.
function traceOf(operation: string, sync: boolean, subject: OperationSubject): OperationTrace {
  const { source, target, fsType, words } = subject;
  return {
    operation,
    sync,
    ...(source !== undefined && source !== null && { source: copyOf(source) }),
    ...(target !== undefined && { target: asGiven(target) }),
    ...(fsType !== undefined && fsType !== null && { fsType }),
    ...(words !== undefined && { parameters: words.map(keyOf) }),
  };
}

function asGiven(target: NativeTarget | Bytes): NonNullable<OperationTrace['target']> {
  if (typeof target === 'string' || Buffer.isBuffer(target)) return copyOf(target);
  const { path, root } = target;
  return root === null ? copyOf(path) : { root: copyOf(root), path: copyOf(path) };
}

/**
 * The tracing channel of an operation. Callers test {@link isWatched} first and call {@link run} only if the channel
 * has subscribers, so that an operation without subscribers pays only for the test.
 */
export class OperationChannel {
  readonly #operation: string;
  readonly #channel: TracingChannel<unknown, OperationTrace>;

  /**
   * Makes the tracing channel of an operation.
   *
   * @param operation the public name of the operation, without `Sync`
   */
  constructor(operation: string) {
    this.#operation = operation;
    this.#channel = tracingChannel(`linux-mount:${operation}`);
    known.add(operation);
  }

  /** Whether the channel has subscribers. */
  get isWatched(): boolean {
    return this.#channel.hasSubscribers;
  }

  /** Runs the asynchronous form of the operation, and publishes its events. */
  run<A extends unknown[], T>(
    subject: OperationSubject,
    operation: (...rest: A) => Promise<T>,
    ...rest: A
  ): Promise<T> {
    return this.#channel.tracePromise(operation, traceOf(this.#operation, false, subject), undefined, ...rest);
  }

  /** Runs the synchronous form of the operation, and publishes its events. */
  runSync<A extends unknown[], T>(subject: OperationSubject, operation: (...rest: A) => T, ...rest: A): T {
    return this.#channel.traceSync(operation, traceOf(this.#operation, true, subject), undefined, ...rest);
  }
}
