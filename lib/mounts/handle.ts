// The class Mount: a handle that unmounts only its own mount.
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
import { type OwnMount, planUmount, type UmountOptions } from '../umount/options.js';
import { unmountPlanned, unmountPlannedSync } from '../umount/umount.js';

/**
 * The way in which a mount was made. An overlay has one of the overlay strategies. A bind has `'tree'` (open_tree(2),
 * attributes set before the mount is attached, move_mount(2)) or `'remount'` (mount(2) twice). Another filesystem has
 * `'fsconfig'` (fsopen(2), fsconfig(2), fsmount(2)) or `'data'` (mount(2) with an option string). A mount that was
 * moved has `'move'`.
 */
export type MountStrategy = OverlayStrategy | 'tree' | 'remount' | 'move';

/** The properties that a new {@link Mount} is made from. */
export interface MountParts {
  readonly target: NativeTarget;
  readonly namespace: NativeNamespace;
  readonly id: bigint;
  readonly strategy: MountStrategy;
  readonly reused: boolean;
  /** Whether the operation also attached mounts below the mount. `unmount()` then unmounts these mounts as well. */
  readonly isTree?: boolean;
  /** For an overlay, the absolute paths of the layers as the caller named them. */
  readonly named?: NamedLayers;
}

const OVERLAY = new OperationChannel('Mount.overlay');

/**
 * A handle to a mount that an operation of this library made. The handle unmounts this mount and no other.
 *
 * The kernel unmounts by path, and another process may have mounted a different filesystem at the path. A handle
 * therefore keeps the mount ID of its mount, and the native call that unmounts checks the mount ID first. Since Linux
 * 6.8 the ID is unique; earlier kernels may give the ID to a later mount.
 *
 * The mount stays when its handle is garbage-collected.
 *
 * @example
 * ```ts
 * await using merged = await mountOverlay({ lower: ['/top', '/base'], target: '/merged' });
 * // … the end of the block unmounts the overlay
 * ```
 */
export class Mount implements AsyncDisposable, Disposable {
  /**
   * The absolute path of the mount point, a string or Buffer as the caller gave the target. If the target is inside a
   * root, the path includes the root. The path is also a Buffer if the target is relative and the working directory's
   * path is not UTF-8.
   */
  readonly target: string | Buffer;
  /** The unique mount ID, which the kernel never reuses, or before Linux 6.8 the mount ID: `stx_mnt_id` of statx(2). */
  readonly id: bigint;
  /** The way in which the mount was made. */
  readonly strategy: MountStrategy;

  /**
   * Whether the mount existed before the operation (`ifMounted: 'reuse'`). The handle of such a mount unmounts nothing.
   */
  readonly reused: boolean;

  readonly #own: OwnMount;
  readonly #named: NamedLayers | undefined;

  /** @internal */
  constructor({ target, namespace, id, strategy, reused, isTree = false, named }: MountParts) {
    // The copy protects the path that the handle unmounts from a caller who changes the public Buffer.
    this.target = copyOf(pathOfTarget(target));
    this.id = id;
    this.strategy = strategy;
    this.reused = reused;
    this.#own = { id, target, namespace, isTree, state: { isUnmounted: reused, attempt: undefined } };
    this.#named = named;
  }

  /**
   * Reads the current layers and options of the overlay from the mount table, on a separate thread. If the mount table
   * shows a relative path or the number of a file descriptor, the result has the path that the overlay was mounted
   * with.
   *
   * @throws {@link MountError} with `EINVAL` if the mount at the target is another mount, or is no overlay
   * @example
   * ```ts
   * const { lower, upper } = await merged.overlay();
   * ```
   */
  async overlay(): Promise<OverlaySpec> {
    const steps = () => answer(this.#overlaySteps());
    return OVERLAY.isWatched ? OVERLAY.run(this.#own, steps) : steps();
  }

  /**
   * Reads the current layers and options of the overlay on the calling thread: the synchronous form of {@link overlay}.
   */
  overlaySync(): OverlaySpec {
    const steps = () => answerSync(this.#overlaySteps());
    return OVERLAY.isWatched ? OVERLAY.runSync(this.#own, steps) : steps();
  }

  *#overlaySteps(): Steps<OverlaySpec> {
    const { target } = this.#own;
    const question = { ...readQuestions(target.path), ...surroundingsOf(this.#own) };
    return readOverlay(yield* ask(native.examine, question), pathOfTarget(target), this.id, this.#named);
  }

  /**
   * Unmounts the mount: statx(2) and umount2(2), on a separate thread. After a success further calls do nothing. After
   * a failure the caller may call again.
   *
   * Each of several concurrent calls has its own options: the `signal` of one call does not affect the others, and a
   * `lazy` call does not wait for the `retry` of another. The system calls are serialised, and after one call succeeds
   * the others resolve.
   *
   * @param options the options of {@link umount} without `stack` and `namespace`, because the handle does not own
   *   mounts on top of its mount. `recursive` also unmounts every mount below, including mounts of other owners
   * @throws {@link MountError}: `EBUSY` if the mount is in use; `EINVAL` if the mount at the target is not this mount
   *   any more, because another mount covers the target or the mount was unmounted. The call then unmounts nothing
   * @example
   * ```ts
   * await merged.unmount({ retry: { for: 1_000 } });
   * ```
   * @see https://man7.org/linux/man-pages/man2/umount.2.html
   */
  async unmount(options?: number | UmountOptions): Promise<void> {
    const plan = planUmount(this.target, options, { isSync: false, of: this.#own });
    if (this.#own.state.isUnmounted) return;
    await orAborted(unmountPlanned(plan), plan.signal);
  }

  /**
   * Unmounts the mount on the calling thread: the synchronous form of {@link unmount}. The call is possible while
   * {@link unmount} waits between two attempts.
   *
   * @throws the errors of {@link unmount}, and an `Error` with code `ERR_INVALID_STATE` during a system call of
   *   {@link unmount}. Two system calls at once could unmount the mount below, and waiting for the first needs the event
   *   loop
   */
  unmountSync(options?: number | UmountOptions): void {
    const plan = planUmount(this.target, options, { isSync: true, of: this.#own });
    const { state } = this.#own;
    if (state.isUnmounted) return;
    if (state.attempt !== undefined) throw invalidState('unmount() is unmounting this mount: await its promise');
    unmountPlannedSync(plan);
    state.isUnmounted = true;
  }

  /**
   * Unmounts the mount at the end of a `using` block: {@link unmountSync}. Does nothing during a system call of
   * {@link unmount}.
   */
  [Symbol.dispose](): void {
    if (this.#own.state.attempt === undefined) this.unmountSync();
  }

  /** Unmounts the mount at the end of an `await using` block: {@link unmount}. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.unmount();
  }
}
