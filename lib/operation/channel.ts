import { type TracingChannel, tracingChannel } from 'node:diagnostics_channel';
import { copyOf } from '../arguments/check.js';
import type { NativeTarget } from '../kernel/words.js';
import { type Bytes, keyOf } from '../kernel/words.js';

/**
 * What subscribers of an operation's tracing channel are told. Every operation has one, `linux-mount:` and its name
 * (`'linux-mount:mountOverlay'`), with the events of `diagnostics_channel.tracingChannel`: the asynchronous form publishes
 * `start`, `end`, `asyncStart` and `asyncEnd`, the synchronous one `start` and `end`, and both `error` when it fails. It
 * is one object from the first event to the last.
 *
 * There are no values of options in it, as they may be secrets. Wrong arguments are no operation and publish nothing.
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
  /** The function or method, without `Sync`: `'mountOverlay'`, `'Mount.unmount'`. */
  readonly operation: string;
  /** Whether it is the form that runs on the calling thread. */
  readonly sync: boolean;
  /** What is mounted, as it was given. */
  readonly source?: string | Buffer;
  /** Where, as it was given. */
  readonly target?:
    | string
    | Buffer
    | {
        /** The directory that counts as `/`. */
        readonly root: string | Buffer;
        /** The path inside it. */
        readonly path: string | Buffer;
      };
  /** The type of the filesystem. */
  readonly fsType?: string;
  /** The filesystem's own options, by the kernel's names: `['size', 'mode']`. */
  readonly parameters?: readonly string[];
  /** What the operation gave, from the event on that tells its end. */
  result?: unknown;
  /** Why it failed, likewise. */
  error?: unknown;
}

/** What an operation is about, as its plan has it. */
export interface OperationSubject {
  readonly source?: Bytes | null;
  readonly target?: NativeTarget | Bytes | undefined;
  readonly fsType?: string | null;
  /** Words `name` or `name=value`. */
  readonly words?: readonly Bytes[];
}

const known = new Set<string>();

/** The operations that have a channel. */
export const tracedOperations: ReadonlySet<string> = known;

// Bytes are copied: whoever listens could otherwise write into those that the operation is about to use.
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
 * The tracing channel of an operation. Whoever runs the operation asks {@link isWatched} first and does without the rest
 * when nobody listens, so that then there is nothing but that question.
 */
export class OperationChannel {
  readonly #operation: string;
  readonly #channel: TracingChannel<unknown, OperationTrace>;

  /** @param operation the public name, without `Sync` */
  constructor(operation: string) {
    this.#operation = operation;
    this.#channel = tracingChannel(`linux-mount:${operation}`);
    known.add(operation);
  }

  get isWatched(): boolean {
    return this.#channel.hasSubscribers;
  }

  /** Runs the asynchronous form, and tells of it. */
  run<A extends unknown[], T>(
    subject: OperationSubject,
    operation: (...rest: A) => Promise<T>,
    ...rest: A
  ): Promise<T> {
    return this.#channel.tracePromise(operation, traceOf(this.#operation, false, subject), undefined, ...rest);
  }

  /** Runs the synchronous form, and tells of it. */
  runSync<A extends unknown[], T>(subject: OperationSubject, operation: (...rest: A) => T, ...rest: A): T {
    return this.#channel.traceSync(operation, traceOf(this.#operation, true, subject), undefined, ...rest);
  }
}
