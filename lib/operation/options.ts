import { choiceOption } from '../arguments/check.js';
import { type Namespace, namespaceArgument } from '../arguments/namespace.js';
import type { NativeNamespace } from '../kernel/words.js';
import { signalOption } from './abort.js';

/** What every operation can be told besides what it is about. */
export interface OperationOptions {
  /**
   * The mount namespace to act in, that of a container for example. All paths are paths there, and must be absolute. A
   * thread that is thrown away goes there; the process stays where it is.
   *
   * @see https://man7.org/linux/man-pages/man2/setns.2.html
   */
  namespace?: Namespace;
  /**
   * Cancels the operation: its promise is rejected at once with an `AbortError`. A call of the kernel cannot be stopped;
   * if it ends later with success, it is undone. An operation that has taken effect when the signal comes is not
   * cancelled. Synchronous forms look at it before they begin only.
   */
  signal?: AbortSignal;
}

/** What operations that mount something can be told in addition. */
export interface MountingOptions extends OperationOptions {
  /**
   * What to do where the target is a mount point already: mount on top of it as the kernel does, refuse with `EBUSY`, or
   * take what is there if it is what was asked for and refuse with `EBUSY` otherwise, also where the kernel does not show
   * enough to tell: mapped ids, mounts below a bind, and the layers of an overlay by relative names, by descriptors or
   * through symbolic links.
   */
  ifMounted?: 'stack' | 'error' | 'reuse';
}

export const OPERATION_NAMES: readonly string[] = ['namespace', 'signal'];
export const MOUNTING_NAMES: readonly string[] = [...OPERATION_NAMES, 'ifMounted'];

export type IfMounted = 'stack' | 'error' | 'reuse';

const IF_MOUNTED: readonly IfMounted[] = ['stack', 'error', 'reuse'];

/** {@link OperationOptions}, checked. */
export interface OperationPlan {
  readonly namespace: NativeNamespace;
  readonly signal: AbortSignal | undefined;
}

export function operationPlan(options: Readonly<Record<string, unknown>>): OperationPlan {
  const { namespace, signal } = options;
  return {
    namespace: namespaceArgument('options.namespace', namespace),
    signal: signalOption('options.signal', signal),
  };
}

export function ifMountedOption(options: Readonly<Record<string, unknown>>): IfMounted {
  return choiceOption('options.ifMounted', options['ifMounted'], IF_MOUNTED) ?? 'stack';
}
