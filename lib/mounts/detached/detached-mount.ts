import type { MountAttributes } from '../../arguments/attributes.js';
import { changeOf } from '../../arguments/attributes.js';
import { booleanOption, optionsArgument } from '../../arguments/check.js';
import { DETACHED_TARGET, type Target } from '../../arguments/target.js';
import { invalidState } from '../../kernel/errors.js';
import * as native from '../../kernel/native.js';
import { OperationChannel } from '../../operation/channel.js';
import { type Driven, type DrivenPlan, run, runSync } from '../../operation/driver.js';
import { operationError } from '../failure.js';
import type { Mount, MountStrategy } from '../handle.js';
import { ATTACH, type AttachOptions, type AttachPlan, type DetachedOrigin, planAttach } from './attach.js';

interface AttributesPlan extends DrivenPlan {
  readonly tree: native.Tree;
  readonly change: native.ChangeWords;
}

const CLOSE = new OperationChannel('DetachedMount.close');

const ATTRIBUTES: Driven<AttributesPlan, undefined, void> = {
  channel: new OperationChannel('DetachedMount.setAttributes'),
  subject: () => ({}),
  start: async ({ tree, change }, ticket) =>
    (await native.change(tree, ...DETACHED_TARGET, ...change, null, ticket)) as undefined,
  startSync: ({ tree, change }) => native.changeSync(tree, ...DETACHED_TARGET, ...change, null, null) as undefined,
  finish: () => undefined,
  questions: () => null,
  surroundings: () => native.HERE,
  error: (_, failure) =>
    operationError(
      failure,
      { source: null, target: undefined, fsType: null, flags: 0, hasData: false, namespace: null },
      null,
    ),
};

/** What a mount without a place is made of. */
export interface DetachedParts extends DetachedOrigin {
  readonly tree: native.Tree;
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
  #tree: native.Tree | undefined;
  #end = 'closed';
  #isBeingAttached = false;

  /** @internal */
  constructor({ tree, ...origin }: DetachedParts) {
    this.#tree = tree;
    this.#origin = origin;
    this.strategy = origin.strategy;
  }

  #open(): native.Tree {
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
    return native.descriptorNumber(this.#open());
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
      await this.#closeAs('attached');
      return mount;
    } finally {
      this.#isBeingAttached = false;
    }
  }

  /** {@link attach} on the calling thread. */
  attachSync(target: Target, options: AttachOptions = {}): Mount {
    const plan = this.#planAttach(target, options);
    const mount = runSync(ATTACH, plan);
    if (!plan.clone) this.#closeSyncAs('attached');
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
    return run(ATTRIBUTES, this.#planAttributes(attributes, options));
  }

  /** {@link setAttributes} on the calling thread. */
  setAttributesSync(attributes: MountAttributes, options: { recursive?: boolean } = {}): void {
    runSync(ATTRIBUTES, this.#planAttributes(attributes, options));
  }

  #planAttributes(attributes: MountAttributes, options: { recursive?: boolean }): AttributesPlan {
    const { recursive } = optionsArgument('options', options, new Set(['recursive']));
    const { set, clear } = changeOf(attributes);
    const isRecursive = booleanOption('options.recursive', recursive) === true;
    return { tree: this.#open(), change: [set, clear, 0, isRecursive], namespace: null, signal: undefined };
  }

  /** Closes the descriptor, on a thread of its own, as that takes the mount down. To call it again does nothing. */
  async close(): Promise<void> {
    await (CLOSE.isWatched ? CLOSE.run({}, () => this.#closeAs('closed')) : this.#closeAs('closed'));
  }

  /** {@link close} on the calling thread. */
  closeSync(): void {
    if (CLOSE.isWatched) CLOSE.runSync({}, () => this.#closeSyncAs('closed'));
    else this.#closeSyncAs('closed');
  }

  async #closeAs(end: string): Promise<void> {
    const tree = this.#forget(end);
    if (tree !== undefined) await native.close(tree);
  }

  #closeSyncAs(end: string): void {
    const tree = this.#forget(end);
    if (tree !== undefined) native.closeSync(tree);
  }

  #forget(end: string): native.Tree | undefined {
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
