// Checks the options of umount() and converts them to a plan.
import { booleanOption, choiceOption, flagsArgument, optionsArgument } from '../arguments/check.js';
import { type Namespace, namespaceArgument, refuseRelative } from '../arguments/namespace.js';
import { isOptionsObject } from '../arguments/object.js';
import { mountPointArgument, type Target } from '../arguments/target.js';
import { constants } from '../kernel/constants.js';
import { invalidArgType, invalidArgValue, outOfRange } from '../kernel/errors.js';
import type { NativeNamespace, NativeTarget } from '../kernel/words.js';
import { signalOption } from '../operation/abort.js';

/** How long umount() repeats its attempts while the mount is busy. */
export interface UmountRetry {
  /** The time in milliseconds from the first attempt to the last one; `Infinity` for no limit. */
  for: number;
  /** A signal that rejects the promise with an `AbortError`, as {@link UmountOptions.signal} does. */
  signal?: AbortSignal;
}

/** The options of {@link umount}. Options that exclude each other are refused with a `TypeError`. */
export interface UmountOptions {
  /**
   * Whether the unmount is lazy: `MNT_DETACH`. The kernel detaches the mount and all mounts below it at once, and
   * releases the filesystem after its last user. Until then the filesystem, its device and its layers stay in use,
   * although no mount table shows the mount.
   */
  lazy?: boolean;
  /**
   * Whether pending requests are aborted: `MNT_FORCE`. The abort may lose data, and only NFS, FUSE and a few other
   * filesystems support the flag.
   */
  force?: boolean;
  /**
   * Whether to unmount only an unused mount: `MNT_EXPIRE`. The first call marks the mount and rejects with `EAGAIN`;
   * the next call unmounts the mount if no process used it in between.
   */
  expire?: boolean;
  /** Whether a target that is a symbolic link is refused with `EINVAL`: `UMOUNT_NOFOLLOW`. */
  noFollow?: boolean;
  /**
   * Whether all mounts below the target are unmounted first, the deepest first, including hidden mounts. If a mount is
   * busy, that mount and its parents stay mounted, and `error.left` lists them; all other mounts are unmounted.
   */
  recursive?: boolean;
  /** Whether all mounts stacked at the target are unmounted, instead of only the topmost one. */
  stack?: boolean;
  /** How long to repeat the attempt while the mount is busy (`EBUSY`). The pauses grow from 2 to 200 milliseconds. */
  retry?: UmountRetry;
  /** How to make one last attempt if the mount is still busy: with `MNT_FORCE`, or lazily with `MNT_DETACH`. */
  then?: 'force' | 'lazy';
  /**
   * A signal that rejects the promise at once with an `AbortError`. A system call in progress cannot be stopped and may
   * still succeed, but no further system call follows. Synchronous calls refuse a signal with a `TypeError`.
   */
  signal?: AbortSignal;
  /** The mount namespace that has the mount. The target is a path in that mount namespace, and must be absolute. */
  namespace?: Namespace;
}

/** The location of the mount to unmount. */
export interface MountLocation {
  readonly target: NativeTarget;
  readonly namespace: NativeNamespace;
}

/**
 * The state that all unmount() calls of one handle share. Each call keeps its own options, but their attempts are
 * serialised: an attempt checks the mount ID before umount2(2), which takes a path, so that the second of two
 * concurrent attempts could unmount the mount below.
 */
export interface HandleState {
  /** Whether the mount of the handle is unmounted, so that further attempts have nothing to do. */
  isUnmounted: boolean;
  /** The attempt in progress on another thread: a promise that resolves at the end of the attempt and never rejects. */
  attempt: Promise<void> | undefined;
}

/** The mount of a handle. */
export interface OwnMount extends MountLocation {
  readonly id: bigint;
  /** Whether the operation also made mounts below this mount, which are unmounted together with it. */
  readonly isTree: boolean;
  readonly state: HandleState;
}

/** The checked options of one umount() or unmount() call. */
export interface UmountPlan extends MountLocation {
  readonly flags: number;
  /** The mount ID that the mount at the target must have; null for any mount. */
  readonly id: bigint | null;
  readonly recursive: boolean;
  readonly stack: boolean;
  /** The time in milliseconds during which the attempt is repeated. */
  readonly retryFor: number;
  /** The flag that one last attempt adds if the mount is still busy; 0 for no such attempt. */
  readonly last: number;
  readonly signal: AbortSignal | undefined;
  /** The shared state of the handle whose mount is unmounted. */
  readonly state: HandleState | undefined;
}

/** The kind of caller, for which some options are refused. */
export interface UmountForm {
  readonly isSync: boolean;
  /** The mount of the handle whose unmount() was called; undefined for umount(). */
  readonly of?: OwnMount;
}

const KNOWN: ReadonlySet<string> = new Set([
  ...['lazy', 'force', 'expire', 'noFollow', 'recursive', 'stack', 'retry', 'then', 'signal', 'namespace'],
]);
const KNOWN_OF_RETRY: ReadonlySet<string> = new Set(['for', 'signal']);

// The pairs of options that exclude each other, and the reason for the error message.
const CONFLICTS = [
  ['expire', 'force', 'umount2(2) refuses these flags together'],
  ['expire', 'lazy', 'umount2(2) refuses these flags together'],
  ['expire', 'recursive', 'each call would only mark the mounts and unmount none of them'],
  ['expire', 'stack', 'the call would only mark the topmost mount'],
  ['expire', 'then', 'expire keeps a mount that is in use'],
  ['lazy', 'retry', 'a lazy unmount never fails with EBUSY'],
  ['lazy', 'then', 'a lazy unmount never fails with EBUSY'],
] as const;

/** Checks the target and the options of umount() or unmount(), and unmounts nothing. */
export function planUmount(target: Target, options: number | UmountOptions | undefined, form: UmountForm): UmountPlan {
  const { of } = form;
  if (options === undefined && of !== undefined) return plainPlan(of, 0);
  const own = of ?? { ...NO_HANDLE, target: mountPointArgument('target', target) };
  const { id, namespace: home, isTree, state } = own;
  if (options === undefined || typeof options === 'number') {
    const flags = flagsArgument('options', options);
    if ((flags & constants.MNT_EXPIRE) !== 0 && id !== null) throw noExpiry('options');
    return plainPlan(own, flags);
  }
  if (!isOptionsObject(options)) throw invalidArgType('options', 'of type number or object', options);
  const given = optionsArgument('options', options, KNOWN);
  const flag = (name: string) => booleanOption(`options.${name}`, given[name]) === true;
  const on = {
    ...{ lazy: flag('lazy'), force: flag('force'), expire: flag('expire'), noFollow: flag('noFollow') },
    ...{
      recursive: booleanOption('options.recursive', given['recursive']) ?? (isTree && given['lazy'] !== true),
      stack: flag('stack'),
    },
    retry: given['retry'] !== undefined,
    then: choiceOption('options.then', given['then'], ['force', 'lazy']),
  };
  // This check precedes CONFLICTS, because the handle of a tree sets `recursive` even if the caller did not give it.
  if (on.expire && id !== null) throw noExpiry('options.expire');
  for (const [one, other, why] of CONFLICTS) {
    if (on[one] && on[other])
      throw invalidArgValue(`options.${other}`, `cannot be combined with options.${one}, because ${why}`);
  }
  if (on.force && on.then === 'force') {
    throw invalidArgValue(
      'options.then',
      "cannot be 'force' together with options.force, because every attempt already uses force",
    );
  }
  if (on.stack && id !== null) {
    throw invalidArgValue(
      'options.stack',
      'cannot be given for a handle, which unmounts only its own mount: call umount() instead',
    );
  }
  if (given['namespace'] !== undefined && of !== undefined) {
    throw invalidArgValue(
      'options.namespace',
      'cannot be given for a handle, which already has the mount namespace of its mount',
    );
  }
  const { retryFor, signals } = waiting(given, form.isSync);
  const namespace = home ?? namespaceArgument('options.namespace', given['namespace']);
  refuseRelative(namespace, [['target', own.target.root ?? own.target.path]]);
  return {
    target: own.target,
    id,
    namespace,
    flags:
      (on.lazy ? constants.MNT_DETACH : 0) |
      (on.force ? constants.MNT_FORCE : 0) |
      (on.expire ? constants.MNT_EXPIRE : 0) |
      (on.noFollow ? constants.UMOUNT_NOFOLLOW : 0),
    recursive: on.recursive,
    stack: on.stack,
    retryFor,
    last: on.then === 'force' ? constants.MNT_FORCE : on.then === 'lazy' ? constants.MNT_DETACH : 0,
    signal: signals.length > 1 ? AbortSignal.any(signals) : signals[0],
    state,
  };
}

const NO_HANDLE = { id: null, namespace: null, isTree: false, state: undefined } as const;

function plainPlan(own: OwnMount | (typeof NO_HANDLE & Pick<MountLocation, 'target'>), flags: number): UmountPlan {
  const { target, namespace, id, isTree, state } = own;
  // A lazy unmount detaches the mounts below as well, so it needs no recursion.
  const recursive = isTree && (flags & constants.MNT_DETACH) === 0;
  return { target, namespace, id, flags, recursive, stack: false, retryFor: 0, last: 0, signal: undefined, state };
}

// A handle checks the mount ID before each umount. This check uses the mount, so the kernel clears the expiry mark.
function noExpiry(name: string): TypeError {
  return invalidArgValue(
    name,
    'cannot expire the mount of a handle, because the check of the mount ID uses the mount: call umount() instead',
  );
}

function waiting(given: Readonly<Record<string, unknown>>, isSync: boolean) {
  const signals: AbortSignal[] = [];
  const collect = (name: string, value: unknown) => {
    const signal = signalOption(name, value);
    if (signal === undefined) return;
    if (isSync)
      throw invalidArgValue(name, 'cannot be given to a synchronous call, during which no code can abort the signal');
    signals.push(signal);
  };
  collect('options.signal', given['signal']);
  if (given['retry'] === undefined) return { retryFor: 0, signals };
  const retry = optionsArgument('options.retry', given['retry'], KNOWN_OF_RETRY);
  collect('options.retry.signal', retry['signal']);
  const retryFor = retry['for'];
  if (typeof retryFor !== 'number') throw invalidArgType('options.retry.for', 'of type number', retryFor);
  if (!(retryFor >= 0)) throw outOfRange('options.retry.for', '>= 0', retryFor);
  return { retryFor, signals };
}
