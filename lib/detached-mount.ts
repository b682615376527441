import { booleanOption, choiceOption, optionsArgument } from './arguments.js';
import type { MountAttributes } from './attributes.js';
import { constants } from './constants.js';
import { type Driven, type DrivenPlan, run, runSync } from './drivers.js';
import { invalidArgValue, invalidState } from './errors.js';
import { changeOf } from './mount-attributes.js';
import { Mount, type MountStrategy } from './mount-handle.js';
import { refuseRelative } from './namespace.js';
import * as native from './native.js';
import { OPERATION_NAMES, type OperationOptions, operationPlan } from './operation.js';
import { OperationChannel } from './operation-channel.js';
import { type OperationCase, operationError, operationQuestions } from './operation-failure.js';
import type { NamedLayers } from './overlay-live.js';
import { lastingTarget, surroundingsOf, type Target, type TargetWords, targetArgument } from './target.js';

/** How {@link DetachedMount.attach} goes about it. */
export interface AttachOptions extends OperationOptions {
  /** Below the mount that is at the target, see {@link moveMount}. Since Linux 6.5. */
  beneath?: boolean;
  /** Attach a copy, so that this one can be attached again. Since Linux 6.15. */
  clone?: boolean;
  /** What to do where the target is a mount point already: mount on top of it, or refuse with `EBUSY`. */
  ifMounted?: 'stack' | 'error';
}

/** How a mount was made, as its handles want to know it. */
interface DetachedOrigin {
  readonly strategy: MountStrategy;
  /** Whether it came with mounts below it. */
  readonly isTree: boolean;
  readonly named?: NamedLayers;
}

/** What a mount without a place is made of. */
export interface DetachedParts extends DetachedOrigin {
  readonly tree: native.Tree;
}

interface AttachPlan extends DrivenPlan {
  readonly tree: native.Tree;
  readonly origin: DetachedOrigin;
  readonly target: TargetWords;
  readonly lasting: TargetWords;
  readonly clone: boolean;
  readonly beneath: boolean;
  readonly vacant: boolean;
}

const ATTACH_KNOWN: ReadonlySet<string> = new Set(['beneath', 'clone', 'ifMounted', ...OPERATION_NAMES]);

function planAttach(tree: native.Tree, origin: DetachedOrigin, target: Target, options: AttachOptions): AttachPlan {
  const checked = optionsArgument('options', options, ATTACH_KNOWN);
  const ifMounted = choiceOption('options.ifMounted', checked['ifMounted'], ['stack', 'error']);
  const beneath = booleanOption('options.beneath', checked['beneath']) === true;
  if (beneath && ifMounted === 'error') {
    throw invalidArgValue('options.ifMounted', "cannot be 'error' with beneath, which needs a mount at the target");
  }
  const at = targetArgument('target', target);
  const operation = operationPlan(checked);
  refuseRelative(operation.namespace, [['target', at[1] ?? at[0]]]);
  return {
    tree,
    origin,
    target: at,
    lasting: lastingTarget(at),
    clone: booleanOption('options.clone', checked['clone']) === true,
    beneath,
    vacant: ifMounted === 'error',
    ...operation,
  };
}

function attachArguments(plan: AttachPlan, ticket: native.Ticket | null): native.AttachArguments {
  const { tree, target, clone, beneath, vacant, namespace } = plan;
  return [tree, ...target, clone, beneath, vacant, namespace, ticket];
}

function attachCase({ target, namespace }: AttachPlan): OperationCase {
  return { source: null, target, fsType: null, flags: constants.MS_MOVE, hasData: false, namespace };
}

const ATTACH: Driven<AttachPlan, bigint, Mount> = {
  channel: new OperationChannel('DetachedMount.attach'),
  subject: ({ target }) => ({ target }),
  start: async (plan, ticket) => (await native.attach(...attachArguments(plan, ticket))) as bigint,
  startSync: (plan) => native.attachSync(...attachArguments(plan, null)) as bigint,
  finish: ({ lasting, namespace, origin }, id) =>
    new Mount({ target: lasting, namespace, id, reused: false, ...origin }),
  questions: (plan, failure) => operationQuestions(failure, attachCase(plan)),
  surroundings: surroundingsOf,
  error: (plan, failure, examination) => operationError(failure, attachCase(plan), examination),
};

interface AttributesPlan extends DrivenPlan {
  readonly tree: native.Tree;
  readonly change: native.ChangeWords;
}

const CLOSE = new OperationChannel('DetachedMount.close');

const NOWHERE: TargetWords = ['', null, 0, 0];

const ATTRIBUTES: Driven<AttributesPlan, undefined, void> = {
  channel: new OperationChannel('DetachedMount.setAttributes'),
  subject: () => ({}),
  start: async ({ tree, change }, ticket) =>
    (await native.change(tree, ...NOWHERE, ...change, null, ticket)) as undefined,
  startSync: ({ tree, change }) => native.changeSync(tree, ...NOWHERE, ...change, null, null) as undefined,
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
   * Changes its attributes before anybody sees it: mount_setattr(2).
   *
   * @example
   * ```ts
   * await mount.setAttributes({ readonly: true, noSuid: true }, { recursive: true });
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
