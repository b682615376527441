// The operation `changes`: iterates over what the upper layer of an overlay changes in the lower layers.
import { isUtf8 } from 'node:buffer';
import {
  absolutePath,
  booleanOption,
  encodingOption,
  nonEmptyPathArgument,
  optionsArgument,
} from '../arguments/check.js';
import { invalidArgType, invalidArgValue } from '../kernel/errors.js';
import { type Failure, isFailure, type LayerWalk, native } from '../kernel/native.js';
import type { Bytes } from '../kernel/words.js';
import { abortError, signalOption, whenAborted } from '../operation/abort.js';
import { OperationChannel } from '../operation/channel.js';
import { ChangeDecoder, type LayerRoots } from './change-decoder.js';
import { layerFailure } from './reasons.js';
import type { Change, ChangesSpec, LayerChanges } from './types.js';

const KNOWN: ReadonlySet<string> = new Set(['lower', 'upper', 'dataOnly', 'userxattr', 'encoding', 'signal']);
const CHANGES = new OperationChannel('changes');
const NOTHING_MORE = { done: true, value: undefined } as const;

interface ChangesPlan {
  readonly upper: Bytes;
  readonly lower: readonly Bytes[];
  readonly dataOnly: readonly Bytes[];
  readonly userxattr: boolean;
  readonly asBuffers: boolean;
  readonly signal: AbortSignal | undefined;
}

// Paths are made absolute here, because the walk starts with the first next(), and the working directory of the process
// can change until then.
function layersArgument(name: string, value: unknown): Bytes[] {
  if (!Array.isArray(value)) throw invalidArgType(name, 'an instance of Array', value);
  // Array.from() also visits the holes of a sparse array, and map() does not.
  return Array.from(value, (layer, index) => absolutePath(nonEmptyPathArgument(`${name}[${index}]`, layer)));
}

function planChanges(spec: ChangesSpec): ChangesPlan {
  const { lower, upper, dataOnly, userxattr, encoding, signal } = optionsArgument('spec', spec, KNOWN);
  const plan = {
    upper: absolutePath(nonEmptyPathArgument('spec.upper', upper)),
    lower: layersArgument('spec.lower', lower),
    dataOnly: dataOnly === undefined ? [] : layersArgument('spec.dataOnly', dataOnly),
    userxattr: booleanOption('spec.userxattr', userxattr) ?? false,
    asBuffers: encodingOption(encoding) === 'buffer',
    signal: signalOption('spec.signal', signal),
  };
  if (plan.lower.length === 0) throw invalidArgValue('spec.lower', 'must have at least one layer');
  return plan;
}

function rootsOf({ upper, lower, dataOnly, asBuffers }: ChangesPlan): LayerRoots {
  const withSlash = (path: Bytes) =>
    Buffer.concat([typeof path === 'string' ? Buffer.from(path) : path, Buffer.from('/')]);
  const roots = [upper, ...lower, ...dataOnly].map(withSlash);
  return { roots, texts: roots.map((root) => (!asBuffers && isUtf8(root) ? root.toString() : null)), asBuffers };
}

class Walk implements LayerChanges {
  readonly #plan: ChangesPlan;
  readonly #layers: LayerRoots;
  readonly #forget: () => void;
  #walk: Promise<LayerWalk | Failure> | undefined;
  #batch: ChangeDecoder | undefined;
  /** The batch after #batch, which a thread produces while the caller takes the changes of #batch. */
  #following: Promise<Buffer | Failure> | undefined;
  /** Settles when the walk is closed; undefined until the walk begins to close. */
  #closing: Promise<void> | undefined;
  /**
   * Rejects the pending next() when the signal is aborted. If no next() is pending, #error keeps the error for the
   * following next().
   */
  #reject: ((error: Error) => void) | undefined;
  #error: Error | undefined;
  /** The last call of next() that had to wait. A later call of next() waits until this call settles. */
  #last: Promise<unknown> = Promise.resolve();
  #waiting = 0;

  constructor(plan: ChangesPlan) {
    this.#plan = plan;
    this.#layers = rootsOf(plan);
    const { signal } = plan;
    this.#forget = whenAborted(signal, this, (walk) => walk.#aborted());
    if (signal?.aborted === true) this.#aborted();
  }

  next(): Promise<IteratorResult<Change, undefined>> {
    if (this.#waiting === 0 && this.#batch !== undefined && !this.#batch.isEmpty) {
      return Promise.resolve({ done: false, value: this.#batch.take() });
    }
    this.#waiting += 1;
    const next = this.#last.then(() => this.#wait());
    this.#last = next.then(
      () => this.#answered(),
      () => this.#answered(),
    );
    return next;
  }

  async return(): Promise<IteratorResult<Change, undefined>> {
    await this.#close();
    await this.#last;
    return NOTHING_MORE;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return();
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  #answered(): void {
    this.#waiting -= 1;
  }

  /** Settles with the next change or with the error of the signal, whichever is first. */
  #wait(): Promise<IteratorResult<Change, undefined>> {
    return new Promise((resolve, reject) => {
      const error = this.#error;
      this.#error = undefined;
      if (error !== undefined) return reject(error);
      this.#reject = reject;
      this.#advance().then(resolve, reject);
    });
  }

  async #advance(): Promise<IteratorResult<Change, undefined>> {
    if (this.#batch === undefined || this.#batch.isEmpty) {
      if (this.#isOver) return NOTHING_MORE;
      const bytes = await (this.#following ?? this.#fetch()).catch(async (error: unknown) => {
        await this.#close();
        throw error;
      });
      if (this.#isOver) return NOTHING_MORE;
      if (isFailure(bytes) || bytes.length === 0) {
        await this.#close();
        if (isFailure(bytes)) throw layerFailure(bytes, this.#plan);
        return NOTHING_MORE;
      }
      this.#batch = new ChangeDecoder(bytes, this.#layers);
      this.#following = this.#fetch();
    }
    this.#reject = undefined;
    return { done: false, value: this.#batch.take() };
  }

  async #fetch(): Promise<Buffer | Failure> {
    const { upper, lower, dataOnly, userxattr } = this.#plan;
    this.#walk ??= native.layerOpen.async({ upper, lower, dataOnly, userAttributes: userxattr });
    const walk = await this.#walk;
    return isFailure(walk) ? walk : native.layerNext.async({ walk });
  }

  #aborted(): void {
    if (this.#isOver) return;
    const error = abortError(this.#plan.signal as AbortSignal);
    if (this.#reject === undefined) this.#error = error;
    else this.#reject(error);
    void this.#close();
  }

  get #isOver(): boolean {
    return this.#closing !== undefined;
  }

  // Each caller of #close() waits until the walk is closed, even if an earlier call has begun to close the walk.
  #close(): Promise<void> {
    this.#closing ??= this.#closeAll();
    return this.#closing;
  }

  async #closeAll(): Promise<void> {
    this.#batch = undefined;
    this.#following = undefined;
    this.#reject = undefined;
    this.#forget();
    // A failure to open the walk has already rejected the next() that opened it.
    const walk = await this.#walk?.catch(() => undefined);
    if (walk !== undefined && !isFailure(walk)) await native.layerClose.async({ walk });
  }
}

function walk(plan: ChangesPlan): Walk {
  return new Walk(plan);
}

/**
 * Iterates over the changes that the upper layer of an overlay makes to the lower layers, without a mount: compares
 * what overlayfs would show with and without the upper layer. An image manager can make an archive or a new layer from
 * the changes.
 *
 * **Order.** Each entry is returned once. A directory precedes its entries, and the entries of a directory are in the
 * order of the bytes of their names.
 *
 * **Types of changes.** An `added` entry has no counterpart in the lower layers. A `deleted` entry exists in the lower
 * layers only; a deleted directory is one change, without its entries. An opaque directory therefore deletes each
 * former entry of the directory that it does not contain, and a renamed directory (a redirect) is deleted at one path
 * and added at the other. A `modified` entry differs in the mode, the owner, the device number or an extended
 * attribute; or, unless it is a directory, in the time of modification, the size or the content; or in its type
 * (`before`). The times of directories do not count, because they change with the entries.
 *
 * A file that was copied up and is unchanged is not a change. If all metadata are equal, the contents are compared,
 * because a file can have other content with the same time of modification. A whiteout that hides no entry is not a
 * change, and the root directory is never a change.
 *
 * Whiteouts in both forms, opaque directories, redirects and metacopies have the same effect as in overlayfs with
 * `redirect_dir=follow` and `metacopy=on`, in lower layers too. One change is not visible in the layers: if a file with
 * several hard links in a lower layer is written under one of its names with `index=on`, the index in the work
 * directory gives all its names the new content. `changes` returns this change only for the names that are in the upper
 * layer.
 *
 * **Safety.** The walk looks up one name at a time in an open directory, and follows no symbolic link, so it never
 * leaves the layers, even while another process changes the layers. If another process changes the layers, the result
 * can be a mixture of the old and the new state, or an error. With CAP_SYS_ADMIN, mounts on the layers are invisible;
 * without CAP_SYS_ADMIN, a mount on a layer is an error (`EXDEV`). The walk runs on a thread of this library, in
 * batches of some hundred changes that are produced on demand. The largest directory limits the memory that the walk
 * needs.
 *
 * @param spec the layers, which the first `next()` opens
 * @throws {@link MountError} from `next()`, whose `path` is the path of the entry in its layer: `EACCES` and other
 *   codes; `EPERM` when the kernel hides `trusted.*` attributes from this process; `ESTALE` or `ENOENT` for an entry
 *   that another process replaced or removed during the walk. `AbortError`. `TypeError` with Node's codes for wrong
 *   arguments, from the call itself.
 * @example
 * ```ts
 * for await (const change of changes({ lower: ['/images/app', '/images/base'], upper: '/run/box/changes' })) {
 *   if (change.type === 'deleted') console.log('D', change.path);
 *   else console.log(change.type === 'added' ? 'A' : 'M', change.path, change.kind, change.source);
 * }
 * ```
 * @see https://docs.kernel.org/filesystems/overlayfs.html
 */
export function changes(spec: ChangesSpec & { encoding: 'buffer' }): LayerChanges<Buffer>;
export function changes(spec: ChangesSpec): LayerChanges;
export function changes(spec: ChangesSpec): LayerChanges {
  const plan = planChanges(spec);
  return CHANGES.isWatched ? CHANGES.runSync({ source: plan.upper }, walk, plan) : walk(plan);
}
