import { booleanOption, choiceOption, flagsArgument, optionsArgument } from '../arguments/check.js';
import { type Namespace, namespaceArgument, refuseRelative } from '../arguments/namespace.js';
import { hasNames } from '../arguments/object.js';
import { mountedArgument, type Target } from '../arguments/target.js';
import { constants } from '../kernel/constants.js';
import { invalidArgType, invalidArgValue, outOfRange } from '../kernel/errors.js';
import type { NativeNamespace, NativeTarget } from '../kernel/words.js';
import { signalOption } from '../operation/abort.js';

/** How long to try again. */
export interface UmountRetry {
  /** Milliseconds from the first attempt on; `Infinity` with a signal, or for as long as it takes. */
  for: number;
  /** Ends it; as `signal` of the options does. */
  signal?: AbortSignal;
}

/** How {@link umount} takes a mount down. Those that exclude each other are refused. */
export interface UmountOptions {
  /**
   * `MNT_DETACH`: the mount is out of sight at once, with everything below it, and ends when nobody uses it any more.
   * Until then its filesystem, device and layers stay in use, which nothing shows.
   */
  lazy?: boolean;
  /** `MNT_FORCE`: requests that are under way fail, and data may be lost. NFS, FUSE and few others know it. */
  force?: boolean;
  /** `MNT_EXPIRE`: the first call marks the mount (`EAGAIN`), the next takes it down if nobody used it in between. */
  expire?: boolean;
  /** `UMOUNT_NOFOLLOW`: a target that is a symbolic link is refused. */
  noFollow?: boolean;
  /**
   * Everything below goes first, deepest first, hidden mounts as well. What is below a mount that is busy goes all the
   * same; that mount and what it is on stay, and are in `error.left`.
   */
  recursive?: boolean;
  /** All mounts at that place, not the topmost only. */
  stack?: boolean;
  /** While it is busy (`EBUSY`), to try again after pauses that grow from 2 to 200 milliseconds. */
  retry?: UmountRetry;
  /** When it is busy to the last, one more attempt by force, or lazily. */
  then?: 'force' | 'lazy';
  /**
   * Rejects the promise at once, with an `AbortError`. The system call that is under way cannot be stopped and may
   * still succeed; no other follows. Of the asynchronous forms only.
   */
  signal?: AbortSignal;
  /** The mount namespace to act in. The target is a path there, and must be absolute. */
  namespace?: Namespace;
}

/** Where the mount is that is to be taken down. */
export interface UmountPlace {
  readonly target: NativeTarget;
  readonly namespace: NativeNamespace;
}

/**
 * How far the calls that take one mount down have come. They go on side by side, each by its own options, but ask the
 * kernel one at a time: the id is looked at before umount2(2), which goes by path, so that of two at once the second could
 * take down what was below.
 */
export interface UmountTurn {
  isDown: boolean;
  /** What the kernel is being asked on another thread; it settles when that is over, and is never rejected. */
  calling: Promise<void> | undefined;
}

/** What a handle has put up. */
export interface UmountOwn extends UmountPlace {
  readonly id: bigint;
  /** It came with mounts below it. */
  readonly isTree: boolean;
  readonly turn: UmountTurn;
}

/** What is to be done, checked. */
export interface UmountPlan extends UmountPlace {
  readonly flags: number;
  /** The lasting id that the mount must have; null when it does not matter. */
  readonly id: bigint | null;
  readonly recursive: boolean;
  readonly stack: boolean;
  /** Milliseconds to try again for. */
  readonly retryFor: number;
  /** The flag of the last attempt; 0 when there is none. */
  readonly last: number;
  readonly signal: AbortSignal | undefined;
  /** That of a handle. */
  readonly turn: UmountTurn | undefined;
}

/** Who asks: what makes no sense for some. */
export interface UmountForm {
  readonly isSync: boolean;
  /** The mount of a handle, and where it was put. */
  readonly of?: UmountOwn;
}

const KNOWN: ReadonlySet<string> = new Set([
  ...['lazy', 'force', 'expire', 'noFollow', 'recursive', 'stack', 'retry', 'then', 'signal', 'namespace'],
]);
const KNOWN_OF_RETRY: ReadonlySet<string> = new Set(['for', 'signal']);

// What excludes what, and why.
const CONFLICTS = [
  ['expire', 'force', 'the kernel refuses the two together'],
  ['expire', 'lazy', 'the kernel refuses the two together'],
  ['expire', 'recursive', 'it would mark one mount after the other and take none down'],
  ['expire', 'stack', 'it would mark the topmost only'],
  ['expire', 'then', 'a mount that is in use is to be kept'],
  ['lazy', 'retry', 'a lazy umount is never busy'],
  ['lazy', 'then', 'a lazy umount is never busy'],
] as const;

/** Turns what the user asked into a plan, without doing anything. */
export function planUmount(target: Target, options: number | UmountOptions | undefined, form: UmountForm): UmountPlan {
  const { of } = form;
  if (options === undefined && of !== undefined) return plainPlan(of, 0);
  const own = of ?? { ...NOBODYS, target: mountedArgument('target', target) };
  const { id, namespace: home, isTree, turn } = own;
  if (options === undefined || typeof options === 'number') {
    const flags = flagsArgument('options', options);
    if ((flags & constants.MNT_EXPIRE) !== 0 && id !== null) throw noExpiry('options');
    return plainPlan(own, flags);
  }
  if (!hasNames(options)) throw invalidArgType('options', 'of type number or object', options);
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
  // Before what it cannot go with: that some of it was never asked for by name, as recursive of a tree, is beside the point.
  if (on.expire && id !== null) throw noExpiry('options.expire');
  for (const [one, other, why] of CONFLICTS) {
    if (on[one] && on[other]) throw invalidArgValue(`options.${other}`, `cannot go with options.${one}: ${why}`);
  }
  if (on.force && on.then === 'force') {
    throw invalidArgValue('options.then', "cannot be 'force' with options.force: all attempts are by force already");
  }
  if (on.stack && id !== null) {
    throw invalidArgValue('options.stack', 'is not for a handle, which takes down only what it put up: use umount()');
  }
  if (given['namespace'] !== undefined && of !== undefined) {
    throw invalidArgValue('options.namespace', 'is not for a handle, which knows where its mount is');
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
    turn,
  };
}

const NOBODYS = { id: null, namespace: null, isTree: false, turn: undefined } as const;

function plainPlan(own: UmountOwn | (typeof NOBODYS & Pick<UmountPlace, 'target'>), flags: number): UmountPlan {
  const { target, namespace, id, isTree, turn } = own;
  // A lazy umount takes along what is below.
  const recursive = isTree && (flags & constants.MNT_DETACH) === 0;
  return { target, namespace, id, flags, recursive, stack: false, retryFor: 0, last: 0, signal: undefined, turn };
}

// A mark is gone as soon as somebody looks at the mount, and a handle looks first whether it is still its own.
function noExpiry(name: string): TypeError {
  return invalidArgValue(name, 'cannot expire the mount of a handle, since to identify it counts as use: use umount()');
}

function waiting(given: Readonly<Record<string, unknown>>, isSync: boolean) {
  const signals: AbortSignal[] = [];
  const collect = (name: string, value: unknown) => {
    const signal = signalOption(name, value);
    if (signal === undefined) return;
    if (isSync) throw invalidArgValue(name, 'is of no use to a synchronous call: nothing can abort it meanwhile');
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
