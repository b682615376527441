// Watches the mount table for changes: watchMountTable().
import { encodingOption, nonEmptyPathArgument, optionsArgument, type PathLike } from '../arguments/check.js';
import { type Namespace, namespaceArgument } from '../arguments/namespace.js';
import { namespaceReasonOfStep, reasonOfProc } from '../kernel/call-reasons.js';
import { MountError } from '../kernel/errors.js';
import { type Failure, isFailure, native, type TableLines, type Watch } from '../kernel/native.js';
import type { Bytes, NativeNamespace } from '../kernel/words.js';
import { signalOption, whenAborted } from '../operation/abort.js';
import { OperationChannel } from '../operation/channel.js';
import { differences } from './diff.js';
import type { MountEntry, MountName, MountTableChange } from './mountinfo/entry.js';
import { bytesText, isWithin, tablePath } from './mountinfo/latin1.js';
import { type MountInfoOptions, parseTable } from './mountinfo/parse.js';

/** Options of {@link watchMountTable}. */
export interface WatchOptions extends MountInfoOptions {
  /** Ends the watch. A pending `next()` then resolves with `done: true`. */
  signal?: AbortSignal;
  /**
   * Reports only changes of mounts that are or were at this path or below. The path is absolute, and contains neither
   * `..` nor symbolic links.
   */
  under?: PathLike;
  /**
   * The mount namespace to watch, for example the namespace of a container. Paths start at the root of the namespace.
   * The watch keeps the namespace and its mounts alive, even when the last process of the namespace has ended.
   */
  namespace?: Namespace;
}

/**
 * The iterator that {@link watchMountTable} returns. A watcher is iterated once. `break`, `return()`, `await using` and
 * the signal end the watch.
 */
export interface MountTableWatcher<Name extends MountName = MountName>
  extends AsyncIterableIterator<MountTableChange<Name>>,
    AsyncDisposable {
  /** Ends the watch. The promise resolves when the watch holds no thread and no file descriptor any more. */
  return(): Promise<IteratorResult<MountTableChange<Name>, undefined>>;
  /** Returns this iterator. */
  [Symbol.asyncIterator](): MountTableWatcher<Name>;
}

const KNOWN: ReadonlySet<string> = new Set(['signal', 'under', 'encoding', 'namespace']);
const WATCH = new OperationChannel('watchMountTable');
const END = { done: true, value: undefined } as const;

function failureOf(failure: Failure, namespace: NativeNamespace): MountError {
  const { error: errno, syscall, step } = failure;
  const reason = namespace === null ? reasonOfProc(errno) : namespaceReasonOfStep(failure, namespace);
  return new MountError({ errno, syscall, step, path: '/proc/thread-self/mountinfo', reason });
}

interface WatchPlan {
  readonly encoding: 'utf8' | 'buffer';
  readonly under: string;
  /** The option `under` as the caller gave it, for the tracing channel. */
  readonly given: Bytes | undefined;
  readonly namespace: NativeNamespace;
  readonly signal: AbortSignal | undefined;
}

function planWatch(options: WatchOptions): WatchPlan {
  const { signal, under, encoding, namespace } = optionsArgument('options', options, KNOWN);
  const given = under === undefined ? undefined : nonEmptyPathArgument('options.under', under);
  return {
    encoding: encodingOption(encoding),
    under: given === undefined ? '/' : tablePath('options.under', given),
    given,
    namespace: namespaceArgument('options.namespace', namespace),
    signal: signalOption('options.signal', signal),
  };
}

class Watcher implements MountTableWatcher {
  readonly #watch: Watch;
  readonly #encoding: 'utf8' | 'buffer';
  readonly #under: string;
  readonly #namespace: NativeNamespace;
  readonly #forget: () => void;
  #found: Iterator<MountTableChange> = [][Symbol.iterator]();
  #isClosed = false;
  /** The last call of next(). Concurrent calls are serialised, because only one call may read the table at a time. */
  #last: Promise<unknown> = Promise.resolve();

  constructor({ encoding, under, namespace, signal }: WatchPlan) {
    const watch = native.watchOpen.sync({ namespace });
    if (isFailure(watch)) throw failureOf(watch, namespace);
    this.#watch = watch;
    this.#encoding = encoding;
    this.#under = under;
    this.#namespace = namespace;
    this.#forget = whenAborted(signal, this, (watcher) => watcher.#close());
    if (signal?.aborted === true) this.#close();
  }

  next(): Promise<IteratorResult<MountTableChange, undefined>> {
    const next = this.#last.then(() => this.#next());
    this.#last = next.catch(() => {});
    return next;
  }

  async return(): Promise<IteratorResult<MountTableChange, undefined>> {
    this.#close();
    await this.#last;
    return END;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return();
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async #next(): Promise<IteratorResult<MountTableChange, undefined>> {
    for (;;) {
      if (this.#isClosed) return END;
      for (let next = this.#found.next(); !next.done; next = this.#found.next()) {
        if (this.#isOurs(next.value)) return next;
      }
      const difference = await native.watchWait.async({ watch: this.#watch });
      if (isFailure(difference)) {
        this.#close();
        throw failureOf(difference, this.#namespace);
      }
      this.#found = differences(this.#read(difference.before), this.#read(difference.after))[Symbol.iterator]();
    }
  }

  #read({ table, ids }: TableLines): MountEntry[] {
    return parseTable(table, this.#encoding, ids);
  }

  #isOurs({ entry, previous }: MountTableChange): boolean {
    return [entry, previous].some((mount) => mount !== null && isWithin(bytesText(mount.target), this.#under));
  }

  #close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#forget();
    native.watchClose.sync({ watch: this.#watch });
  }
}

function open(plan: WatchPlan): Watcher {
  return new Watcher(plan);
}

/**
 * Watches the mount table, and reports each mount that is attached, detached or changed from now on: poll(2) on
 * `/proc/thread-self/mountinfo`, which reports `POLLPRI` when the table changes.
 *
 * The call reads the table once, on the calling thread. Whenever the kernel reports a change, the watcher reads the
 * table again and compares the two tables by unique mount IDs (since Linux 6.8). A mount that is attached and detached
 * between two reads is not reported, and several changes of one mount between two reads are reported as one. No other
 * change is lost: a burst of changes costs a few reads, no queue can overflow, and the last change reports the current
 * state. Between two calls of `next()` no thread waits, the watcher does not keep the process alive, and the next call
 * reports what changed meanwhile.
 *
 * After each read the watcher reports first the detached mounts, the last mounted first, then the changed mounts, then
 * the attached mounts. The kernel does not report a changed propagation, or a filesystem that is reconfigured with
 * fspick(2) without its mount. The watcher reports these two changes at the next change of another kind.
 *
 * @param options the signal that ends the watch, the path and the mount namespace to watch, and the form of names
 * @throws {@link MountError} if the table cannot be opened
 * @throws `TypeError` with Node's codes if an argument is invalid
 * @example
 * ```ts
 * for await (const { type, entry } of watchMountTable({ under: '/media', signal })) {
 *   console.log(type, entry.target, entry.fsType); // attached /media/usb vfat
 * }
 * ```
 * @see https://man7.org/linux/man-pages/man5/proc_pid_mounts.5.html
 */
export function watchMountTable(options: WatchOptions & { encoding: 'buffer' }): MountTableWatcher<Buffer>;
export function watchMountTable(options?: WatchOptions): MountTableWatcher;
export function watchMountTable(options: WatchOptions = {}): MountTableWatcher {
  const plan = planWatch(options);
  return WATCH.isWatched ? WATCH.runSync({ target: plan.given }, open, plan) : open(plan);
}
