// DetachedMount: the owner of a mount that is not attached to the mount tree.
import type { MountAttributes } from '../../arguments/attributes.js';
import { NOWHERE, type Target } from '../../arguments/target.js';
import { constants } from '../../kernel/constants.js';
import { invalidState } from '../../kernel/errors.js';
import { native, type Tree } from '../../kernel/native.js';
import { OperationChannel } from '../../operation/channel.js';
import { type Operation, type Plan, run, runSync } from '../../operation/driver.js';
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
  arguments: ({ tree, target, clone, beneath, vacant, namespace }, cancellation) => ({
    tree,
    target,
    clone,
    beneath,
    vacant,
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
  arguments: ({ tree, change }, cancellation) => ({ tree, target: NOWHERE, change, namespace: null, cancellation }),
  result: () => undefined,
  error: (_, failure) => operationError(failure, NO_CASE),
};

interface ClosePlan extends Plan {
  readonly tree: Tree;
}

const CLOSE: Operation<ClosePlan, 'close', void> = {
  channel: new OperationChannel('DetachedMount.close'),
  subject: () => ({}),
  call: native.close,
  arguments: ({ tree }) => ({ tree }),
  result: () => undefined,
  error: (_, failure) => operationError(failure, NO_CASE),
};

/** What a mount without a place is made of. */
export interface DetachedParts extends DetachedOrigin {
  readonly tree: Tree;
}

/**
 * A mount that has no place yet, and which only this process knows. It can be used through {@link path}, given to a child
 * process by its descriptor, and given a place. When the descriptor is closed, by `using`, as garbage, or because the
 * worker or the process ends in whatever way, the mount is gone: it cannot leak.
 *
 * @example
 * ```ts
 * await using merged = await detachedOverlay({ lower: ['/top', '/base'] });
 * const names = await readdir(merged.path);
 * spawn('ls', ['-l', '/proc/self/fd/3/'], { stdio: ['ignore', 'inherit', 'inherit', merged.fd] });
 * ```
 */
export class DetachedMount implements AsyncDisposable, Disposable {
  /** How it was made. */
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
    throw invalidState(`This mount has been ${this.#end} and can no longer be used`);
  }

  // A second attach would take the mount from the place that the first has given it, whose handle would then lie.
  #planAttach(target: Target, options: AttachOptions): AttachPlan {
    const plan = planAttach(this.#open(), this.#origin, target, options);
    if (this.#isBeingAttached && !plan.clone)
      throw invalidState('This mount is being attached, which can be done once');
    return plan;
  }

  /**
   * The number of its descriptor, which belongs to this object: it must not be closed, and is of no use when this is.
   *
   * @throws `Error` with code `ERR_INVALID_STATE` when it is closed or attached
   */
  get fd(): number {
    return native.descriptorNumber.sync({ tree: this.#open() });
  }

  /** A path that leads into it, for this process: `/proc/self/fd/N`. */
  get path(): string {
    return `/proc/self/fd/${this.fd}`;
  }

  /** Whether it is closed, or attached. */
  get closed(): boolean {
    return this.#tree === undefined;
  }

  /**
   * Gives the mount its place: move_mount(2). This object is closed then; the handle that is returned takes the mount
   * down. With `clone` a copy is attached, and this object stays as it is.
   *
   * @param target the mount point, or a place inside a root, in this mount namespace or another
   * @throws {@link MountError} with the `reason`; `Error` with code `ERR_INVALID_STATE`; an `AbortError`
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
      // A descriptor of a mount keeps it in use.
      const tree = this.#forget('attached');
      if (tree !== undefined) await native.close.async({ tree });
      return mount;
    } finally {
      this.#isBeingAttached = false;
    }
  }

  /** {@link attach} on the calling thread. */
  attachSync(target: Target, options: AttachOptions = {}): Mount {
    const plan = this.#planAttach(target, options);
    const mount = runSync(ATTACH, plan);
    const tree = plan.clone ? undefined : this.#forget('attached');
    if (tree !== undefined) native.close.sync({ tree });
    return mount;
  }

  /**
   * Changes its attributes before anybody sees it: mount_setattr(2), Linux 5.12.
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

  /** {@link setAttributes} on the calling thread. */
  setAttributesSync(attributes: MountAttributes, options: { recursive?: boolean } = {}): void {
    runSync(CHANGE, planDetachedChange(this.#open(), attributes, options));
  }

  /** Closes the descriptor, on a thread of its own, as that takes the mount down. To call it again does nothing. */
  async close(): Promise<void> {
    const tree = this.#forget('closed');
    if (tree !== undefined) await run(CLOSE, { tree });
  }

  /** {@link close} on the calling thread. */
  closeSync(): void {
    const tree = this.#forget('closed');
    if (tree !== undefined) runSync(CLOSE, { tree });
  }

  #forget(end: string): Tree | undefined {
    const tree = this.#tree;
    if (tree !== undefined) this.#end = end;
    this.#tree = undefined;
    return tree;
  }

  /** `using`: {@link closeSync}. */
  [Symbol.dispose](): void {
    this.closeSync();
  }

  /** `await using`: {@link close}. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
