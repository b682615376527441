// DetachedMount: the owner of a mount that is not attached to the mount tree.
import type { MountAttributes } from '../../arguments/attributes.js';
import { DETACHED_TARGET, type Target } from '../../arguments/target.js';
import { constants } from '../../kernel/constants.js';
import { invalidState } from '../../kernel/errors.js';
import { native, type Tree } from '../../kernel/native.js';
import { OperationChannel } from '../../operation/channel.js';
import { answer, answerSync, ask, type Operation, run, runSync, type Steps } from '../../operation/driver.js';
import { type OperationCase, operationError } from '../failure.js';
import { Mount, type MountStrategy } from '../handle.js';
import {
  type AttachOptions,
  type AttachPlan,
  type DetachedChangePlan,
  type DetachedOrigin,
  planAttach,
  planDetachedChange,
} from './plan.js';

const NO_CASE: OperationCase = {
  source: null,
  target: undefined,
  fsType: null,
  flags: 0,
  hasData: false,
  namespace: null,
};

const ATTACH: Operation<AttachPlan, 'attach', Mount> = {
  channel: new OperationChannel('DetachedMount.attach'),
  subject: ({ target }) => ({ target }),
  call: native.attach,
  arguments: ({ tree, target, clone, beneath, requireUnmounted, namespace }, cancellation) => ({
    tree,
    target,
    clone,
    beneath,
    requireUnmounted,
    namespace,
    cancellation,
  }),
  result: ({ absoluteTarget, namespace, origin }, id) =>
    new Mount({ target: absoluteTarget, namespace, id, reused: false, ...origin }),
  error: ({ target, namespace }, failure) =>
    operationError(failure, { ...NO_CASE, target, flags: constants.MS_MOVE, namespace }),
};

const CHANGE: Operation<DetachedChangePlan, 'change', void> = {
  channel: new OperationChannel('DetachedMount.setAttributes'),
  subject: () => ({}),
  call: native.change,
  arguments: ({ tree, change }, cancellation) => ({
    tree,
    target: DETACHED_TARGET,
    change,
    namespace: null,
    cancellation,
  }),
  result: () => undefined,
  error: (_, failure) => operationError(failure, NO_CASE),
};

const CLOSE = new OperationChannel('DetachedMount.close');

/** The properties that a new {@link DetachedMount} is made from. */
export interface DetachedParts extends DetachedOrigin {
  readonly tree: Tree;
}

/**
 * A detached mount: a mount that is not attached to the mount tree, and that only this process can reach. Files are
 * accessible through {@link path}, a child process can inherit the file descriptor, and {@link attach} attaches the
 * mount. The kernel unmounts the mount when the file descriptor is closed: by {@link close}, `using` or garbage
 * collection, or when the worker or the process ends.
 *
 * @example
 * ```ts
 * await using merged = await detachedOverlay({ lower: ['/top', '/base'] });
 * const names = await readdir(merged.path);
 * spawn('ls', ['-l', '/proc/self/fd/3/'], { stdio: ['ignore', 'inherit', 'inherit', merged.fd] });
 * ```
 */
export class DetachedMount implements AsyncDisposable, Disposable {
  /** The strategy that made the mount. */
  readonly strategy: MountStrategy;
  readonly #origin: DetachedOrigin;
  #tree: Tree | undefined;
  #end = 'closed';
  #isBeingAttached = false;

  /** @internal */
  constructor({ tree, ...origin }: DetachedParts) {
    this.#tree = tree;
    this.#origin = origin;
    this.strategy = origin.strategy;
  }

  #open(): Tree {
    if (this.#tree !== undefined) return this.#tree;
    throw invalidState(`This detached mount has been ${this.#end} and can no longer be used`);
  }

  // A second attach would move the mount away from the first target, and the handle of the first attach would be wrong.
  #planAttach(target: Target, options: AttachOptions): AttachPlan {
    const plan = planAttach(this.#open(), this.#origin, target, options);
    if (this.#isBeingAttached && !plan.clone)
      throw invalidState('This detached mount is being attached: await attach(), or pass clone to attach a copy');
    return plan;
  }

  /**
   * The number of the mount's file descriptor. The object owns the file descriptor: the caller must not close it, and
   * the number is invalid after {@link close}.
   *
   * @throws `Error` with code `ERR_INVALID_STATE` if the mount is closed or attached
   */
  get fd(): number {
    return native.descriptorNumber.sync({ tree: this.#open() });
  }

  /** The path of the mount's root directory for this process: `/proc/self/fd/N`. */
  get path(): string {
    return `/proc/self/fd/${this.fd}`;
  }

  /** Whether the detached mount has been closed or attached. */
  get closed(): boolean {
    return this.#tree === undefined;
  }

  /**
   * Attaches the mount to the mount tree: move_mount(2). Afterwards this object is closed, and the returned handle
   * unmounts the mount. With `clone` the call attaches a copy, and this object stays open.
   *
   * @param target the mount point, or a path inside a root, in this mount namespace or another
   * @returns the handle to the attached mount
   * @throws {@link MountError} with a `reason`; an `Error` with code `ERR_INVALID_STATE` if the mount is closed or
   *   already attached; an `AbortError`
   * @example
   * ```ts
   * const tools = await detachedBind('/opt/tools', { readonly: true });
   * await using _ = await tools.attach('/opt/tools', { namespace: { pid: container.pid } });
   * ```
   * @see https://man7.org/linux/man-pages/man2/move_mount.2.html
   */
  async attach(target: Target, options: AttachOptions = {}): Promise<Mount> {
    const plan = this.#planAttach(target, options);
    if (plan.clone) return run(ATTACH, plan);
    this.#isBeingAttached = true;
    try {
      const mount = await run(ATTACH, plan);
      // An open file descriptor would keep the attached mount busy (EBUSY).
      await answer(this.#closeSteps('attached'));
      return mount;
    } finally {
      this.#isBeingAttached = false;
    }
  }

  /** Attaches the mount on the calling thread: the synchronous form of {@link attach}. */
  attachSync(target: Target, options: AttachOptions = {}): Mount {
    const plan = this.#planAttach(target, options);
    const mount = runSync(ATTACH, plan);
    if (!plan.clone) answerSync(this.#closeSteps('attached'));
    return mount;
  }

  /**
   * Changes the attributes of the mount before the mount is attached: mount_setattr(2), since Linux 5.12.
   *
   * @example
   * ```ts
   * const tools = await detachedBind('/opt/tools');
   * await tools.setAttributes({ readonly: true, noSuid: true }, { recursive: true });
   * ```
   */
  async setAttributes(attributes: MountAttributes, options: { recursive?: boolean } = {}): Promise<void> {
    return run(CHANGE, planDetachedChange(this.#open(), attributes, options));
  }

  /** Changes the attributes of the mount on the calling thread: the synchronous form of {@link setAttributes}. */
  setAttributesSync(attributes: MountAttributes, options: { recursive?: boolean } = {}): void {
    runSync(CHANGE, planDetachedChange(this.#open(), attributes, options));
  }

  /** Closes the file descriptor on a separate thread, and thereby unmounts the mount. Further calls do nothing. */
  async close(): Promise<void> {
    const close = () => answer(this.#closeSteps('closed'));
    await (CLOSE.isWatched ? CLOSE.run({}, close) : close());
  }

  /** Closes the file descriptor on the calling thread: the synchronous form of {@link close}. */
  closeSync(): void {
    const close = () => answerSync(this.#closeSteps('closed'));
    if (CLOSE.isWatched) CLOSE.runSync({}, close);
    else close();
  }

  // close(2) releases the descriptor even if it reports an error.
  *#closeSteps(end: string): Steps<void> {
    const tree = this.#tree;
    if (tree === undefined) return;
    this.#end = end;
    this.#tree = undefined;
    yield* ask(native.close, { tree });
  }

  /** Closes the file descriptor at the end of a `using` block: {@link closeSync}. */
  [Symbol.dispose](): void {
    this.closeSync();
  }

  /** Closes the file descriptor at the end of an `await using` block: {@link close}. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
