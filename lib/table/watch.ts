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
import { type MountInfoOptions, parseTable } from './mountinfo/parse.js';
import { bytesText, isWithin, tablePath } from './mountinfo/path.js';

/** Options of {@link watchMountTable}. */
export interface WatchOptions extends MountInfoOptions {
  /** Ends the watching: whoever waits is told that there is nothing more. */
  signal?: AbortSignal;
  /** Only changes of mounts at this path or below it, or that were there before: absolute, without `..` and links. */
  under?: PathLike;
  /**
   * The mount namespace to watch, that of a container for example; paths are as its root sees them. It is kept as long as
   * it is watched, and with it its mounts, even when nobody is in it any more.
   */
  namespace?: Namespace;
}

/** What {@link watchMountTable} gives: to be iterated once, and ended by `break`, `return()`, `using` or the signal. */
export interface MountTableWatcher<Name extends MountName = MountName>
  extends AsyncIterableIterator<MountTableChange<Name>>,
    AsyncDisposable {
  /** Ends the watching. When it is fulfilled no thread and no descriptor is left. */
  return(): Promise<IteratorResult<MountTableChange<Name>, undefined>>;
  /** Itself. */
  [Symbol.asyncIterator](): MountTableWatcher<Name>;
}

const KNOWN: ReadonlySet<string> = new Set(['signal', 'under', 'encoding', 'namespace']);
const WATCH = new OperationChannel('watchMountTable');
const NOTHING_MORE = { done: true, value: undefined } as const;

function failureOf(failure: Failure, namespace: NativeNamespace): MountError {
  const { error: errno, syscall, step } = failure;
  const reason = namespace === null ? reasonOfProc(errno) : namespaceReasonOfStep(failure, namespace);
  return new MountError({ errno, syscall, step, path: '/proc/thread-self/mountinfo', reason });
}

interface WatchPlan {
  readonly encoding: 'utf8' | 'buffer';
  readonly under: string;
  /** The same as it was given. */
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
  /** Calls of next() wait for each other: one at a time looks. */
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
    return NOTHING_MORE;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return();
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async #next(): Promise<IteratorResult<MountTableChange, undefined>> {
    for (;;) {
      if (this.#isClosed) return NOTHING_MORE;
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
 * Tells what is mounted, unmounted and changed, from now on.
 *
 * The table is read once at the call, on the calling thread, and again whenever the kernel says that it has changed; what
 * is different is told, by ids that are never used again (from Linux 6.8 on). Between two looks nothing is missed: only
 * a mount that comes and goes between them is not seen, and several changes of one mount are one. So a burst costs a few
 * looks, no queue can overflow, and the last state told is the state there is. While nobody asks for the next change no
 * thread waits, nothing keeps the process alive, and what happens meanwhile is told at the next look.
 *
 * Of each look first is told what was detached, the last mounted first, then what changed, then what was attached. The
 * kernel says nothing of a changed propagation, and of a filesystem that is reconfigured without its mount (fspick(2)):
 * these are told with the next change of something else.
 *
 * @param options when to end, what to tell of, and how names come
 * @throws {@link MountError} when the table cannot be opened; `TypeError` with Node's codes for wrong arguments
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
