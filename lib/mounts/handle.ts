import { copyOf } from '../arguments/check.js';
import { pathOfTarget, surroundingsOf } from '../arguments/target.js';
import { invalidState } from '../kernel/errors.js';
import { native } from '../kernel/native.js';
import type { NativeNamespace, NativeTarget } from '../kernel/words.js';
import { orAborted } from '../operation/abort.js';
import { OperationChannel } from '../operation/channel.js';
import { answer, answerSync, ask, type Steps } from '../operation/driver.js';
import { type NamedLayers, readOverlay, readQuestions } from '../overlay/read-back.js';
import type { OverlaySpec, OverlayStrategy } from '../overlay/spec.js';
import { planUmount, type UmountOptions, type UmountOwn } from '../umount/options.js';
import { takeDown, takeDownSync } from '../umount/umount.js';

/**
 * How something was mounted: an overlay by one of its ways; a bind by `'tree'` (open_tree(2), its attributes before it has
 * its place, move_mount(2)) or `'remount'` (mount(2) twice); another filesystem by `'fsconfig'` (fsopen(2) …) or `'data'`
 * (mount(2) with an option string); and `'move'` for what was mounted already and has got another place.
 */
export type MountStrategy = OverlayStrategy | 'tree' | 'remount' | 'move';

/** What a handle is made of. */
export interface MountParts {
  readonly target: NativeTarget;
  readonly namespace: NativeNamespace;
  readonly id: bigint;
  readonly strategy: MountStrategy;
  readonly reused: boolean;
  /** Whether it came with mounts below it, which then go with it. */
  readonly isTree?: boolean;
  /** Of an overlay, the layers as they were named, absolute. */
  readonly named?: NamedLayers;
}

const OVERLAY = new OperationChannel('Mount.overlay');

/**
 * A mount that an operation of this library made, and the right to take down that one and no other.
 *
 * The kernel goes by path when it takes a mount down, and anyone may have mounted something else there. A handle
 * remembers the mount's id and checks it first, in the same native call. From Linux 6.8 on an id is never used again,
 * so that "its own" is certain; before, it may be given to a later mount.
 *
 * A handle that nobody keeps leaves its mount where it is.
 *
 * @example
 * ```ts
 * await using merged = await mountOverlay({ lower: ['/top', '/base'], target: '/merged' });
 * // … and at the end of the block the mount is gone
 * ```
 */
export class Mount implements AsyncDisposable, Disposable {
  /**
   * The mount point, absolute, in the type in which it was given; inside a root, below that. Bytes also for a relative path
   * from a working directory whose name is not UTF-8.
   */
  readonly target: string | Buffer;
  /** The kernel's id of the mount: `stx_mnt_id` of statx(2), 64 bits and never used again from Linux 6.8 on. */
  readonly id: bigint;
  /** How it was mounted. */
  readonly strategy: MountStrategy;

  /** Whether it was there before (`ifMounted: 'reuse'`). Such a handle takes nothing down. */
  readonly reused: boolean;

  readonly #place: UmountOwn;
  readonly #named: NamedLayers | undefined;

  /** @internal */
  constructor({ target, namespace, id, strategy, reused, isTree = false, named }: MountParts) {
    // Whoever writes into it changes nothing: the handle has its own.
    this.target = copyOf(pathOfTarget(target));
    this.id = id;
    this.strategy = strategy;
    this.reused = reused;
    this.#place = { id, target, namespace, isTree, turn: { isDown: reused, calling: undefined } };
    this.#named = named;
  }

  /**
   * What the overlay is made of, as the kernel has it now: read from the mount table, on a thread of its own. Where the
   * table has no name that leads anywhere (a relative path, the number of a descriptor) it is the one it was made with.
   *
   * @throws {@link MountError} with `EINVAL` when the mount at the target is not this one any more, or is no overlay
   * @example
   * ```ts
   * const { lower, upper } = await merged.overlay();
   * ```
   */
  async overlay(): Promise<OverlaySpec> {
    const steps = () => answer(this.#overlaySteps());
    return OVERLAY.isWatched ? OVERLAY.run(this.#place, steps) : steps();
  }

  /** {@link overlay} on the calling thread. */
  overlaySync(): OverlaySpec {
    const steps = () => answerSync(this.#overlaySteps());
    return OVERLAY.isWatched ? OVERLAY.runSync(this.#place, steps) : steps();
  }

  *#overlaySteps(): Steps<OverlaySpec> {
    const { target } = this.#place;
    const question = { ...readQuestions(target.path), ...surroundingsOf(this.#place) };
    return readOverlay(yield* ask(native.examine, question), pathOfTarget(target), this.id, this.#named);
  }

  /**
   * Takes the mount down: statx(2), then umount2(2), on a thread of its own. Once that has succeeded, to call it again
   * does nothing. After a failure it can be tried again.
   *
   * Several calls at once each go by their own options: what one is told by its `signal` is nothing to the others, and one
   * that is `lazy` need not wait until another gives up its `retry`. They ask the kernel one after the other, and when one
   * has succeeded all have.
   *
   * @param options as those of {@link umount}, but for `stack` and `namespace`: what is mounted over it is not the
   *   handle's. With `recursive` what is mounted below goes too, whoever mounted it
   * @throws {@link MountError}: `EBUSY` in use; `EINVAL` when the mount at the target is not this one any more, because
   *   another was mounted over it or somebody took it down: then nothing is done
   * @example
   * ```ts
   * await merged.unmount({ retry: { for: 1_000 } });
   * ```
   * @see https://man7.org/linux/man-pages/man2/umount.2.html
   */
  async unmount(options?: number | UmountOptions): Promise<void> {
    const plan = planUmount(this.target, options, { isSync: false, of: this.#place });
    if (this.#place.turn.isDown) return;
    await orAborted(takeDown(plan), plan.signal);
  }

  /**
   * {@link unmount} on the calling thread. That one is under way does not matter while it waits to try again.
   *
   * @throws as {@link unmount}; `Error` with code `ERR_INVALID_STATE` while the kernel is taking the mount down for
   *   {@link unmount}: to do it twice at once could take down what is below, and to wait for it would need the event loop
   */
  unmountSync(options?: number | UmountOptions): void {
    const plan = planUmount(this.target, options, { isSync: true, of: this.#place });
    const { turn } = this.#place;
    if (turn.isDown) return;
    if (turn.calling !== undefined) throw invalidState('This mount is being taken down by unmount(): await that');
    takeDownSync(plan);
    turn.isDown = true;
  }

  /** `using`: {@link unmountSync}; where {@link unmount} is taking it down just now it is left to that, whose promise tells. */
  [Symbol.dispose](): void {
    if (this.#place.turn.calling === undefined) this.unmountSync();
  }

  /** `await using`: {@link unmount}. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.unmount();
  }
}
