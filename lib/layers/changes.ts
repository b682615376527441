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
import { layerFailure } from './reasons.js';
import { ChangeBatch, type RecordNames } from './record.js';
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

// The walk begins when the first change is asked for, and the process may be somewhere else by then.
function layersArgument(name: string, value: unknown): Bytes[] {
  if (!Array.isArray(value)) throw invalidArgType(name, 'an instance of Array', value);
  // Array.from() sees holes too.
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

function namesOf({ upper, lower, dataOnly, asBuffers }: ChangesPlan): RecordNames {
  const withSlash = (path: Bytes) =>
    Buffer.concat([typeof path === 'string' ? Buffer.from(path) : path, Buffer.from('/')]);
  const roots = [upper, ...lower, ...dataOnly].map(withSlash);
  return { roots, texts: roots.map((root) => (!asBuffers && isUtf8(root) ? root.toString() : null)), asBuffers };
}

class Walk implements LayerChanges {
  readonly #plan: ChangesPlan;
  readonly #names: RecordNames;
  readonly #forget: () => void;
  #walk: Promise<LayerWalk | Failure> | undefined;
  #batch: ChangeBatch | undefined;
  /** The batch after that one, which is made while that one is read. */
  #following: Promise<Buffer | Failure> | undefined;
  /** Once it has begun; then it is over. */
  #closing: Promise<void> | undefined;
  /** Of who waits now; and what the next one is rejected with, as nobody waited. */
  #reject: ((error: Error) => void) | undefined;
  #error: Error | undefined;
  /** Calls of next() that cannot be answered at once wait for each other. */
  #last: Promise<unknown> = Promise.resolve();
  #waiting = 0;

  constructor(plan: ChangesPlan) {
    this.#plan = plan;
    this.#names = namesOf(plan);
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

  /** The next change, or the rejection by the signal, whichever is first. */
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
      this.#batch = new ChangeBatch(bytes, this.#names);
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

  // Whoever closes waits until all is closed, whoever has begun it.
  #close(): Promise<void> {
    this.#closing ??= this.#closeAll();
    return this.#closing;
  }

  async #closeAll(): Promise<void> {
    this.#batch = undefined;
    this.#following = undefined;
    this.#reject = undefined;
    this.#forget();
    // That it could not be opened has been told to who asked for it.
    const walk = await this.#walk?.catch(() => undefined);
    if (walk !== undefined && !isFailure(walk)) await native.layerClose.async({ walk });
  }
}

function walk(plan: ChangesPlan): Walk {
  return new Walk(plan);
}

/**
 * What the upper layer of an overlay did to the lower ones, without mounting anything: what overlayfs would show with it
 * and without it, compared. An image manager makes an archive of that, or another layer.
 *
 * **Order.** Each entry is told once: a directory before what is in it, the names in one directory by their bytes.
 *
 * **What is a change.** `added`: there was nothing of that name. `deleted`: there is nothing any more; of a directory that
 * is told once, without what was in it. So of a directory that was made anew (it is opaque) each of the topmost entries
 * that are gone is told, and of one that was renamed (a redirect) everything is deleted in one place and added in the
 * other. `modified`: the mode, the owner, the device number or an extended attribute differs, or of what is no directory the time of
 * modification, the size or the content; or it is of another kind (`before`), with all that this implies. The times of
 * directories do not count, as they change with what is in them. A file that was copied up and is as it was is no
 * change: where all else is the same the contents are compared, as a file can have other content with the time of the
 * old one. A whiteout over nothing is none either, and neither is the root itself.
 *
 * Whiteouts, as devices and as attributes, opaque directories, redirects and metacopies count as overlayfs takes them (with
 * `redirect_dir=follow` and `metacopy=on`), in lower layers as well. One thing is not in the layers: with `index=on` a file
 * that had several names below, and was written to under one of them, shows that under all of them, by the index in the
 * work directory. It is told for the names that are in the upper layer only.
 *
 * **How it looks.** Each name by itself, in a directory that is open, links are never followed, and what is mounted on the
 * layers is not seen, where CAP_SYS_ADMIN allows that, and an error otherwise (`EXDEV`). Nothing leads out of the layers,
 * whoever is changing them meanwhile; but the result is then a mixture, or an error. It happens on a thread of its own, in
 * batches of a few hundred that are made when they are needed: memory is bounded by the largest directory.
 *
 * @param spec the layers; they are opened when the first change is asked for
 * @throws {@link MountError} (when the next change is asked for) whose `path` is the entry in its layer: `EACCES` and the like;
 *   `EPERM` when `trusted.*` attributes are hidden from this process; `ESTALE` or `ENOENT` for what was exchanged or
 *   removed during the walk. `AbortError`. `TypeError` with Node's codes for wrong arguments, at once.
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
