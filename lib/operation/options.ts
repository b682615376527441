// The options that every operation takes: the mount namespace, the signal and ifMounted.
import { choiceOption } from '../arguments/check.js';
import { type Namespace, namespaceArgument } from '../arguments/namespace.js';
import type { NativeNamespace } from '../kernel/words.js';
import { signalOption } from './abort.js';

/**
 * Options that every operation takes.
 *
 * Asynchronous operations of this process that mount at the same target run one after the other, in the order of their
 * calls. So no operation meets a mount that an aborted operation has not undone yet. Two targets are the same if their
 * root and path are spelled alike and both are in the same mount namespace.
 */
export interface OperationOptions {
  /**
   * The mount namespace to act in, for example the namespace of a container. All paths are paths in that namespace, and
   * must be absolute. A temporary thread enters the namespace with setns(2); the process stays in its own namespace.
   *
   * @see https://man7.org/linux/man-pages/man2/setns.2.html
   */
  namespace?: Namespace;
  /**
   * Cancels the operation: the promise rejects at once with an `AbortError`. The kernel does not interrupt a system
   * call. If the system call succeeds after the abort, the addon undoes the effect of the call. An operation that has
   * taken effect before the abort is not cancelled, and resolves. A synchronous form checks the signal once, before the
   * operation starts.
   */
  signal?: AbortSignal;
}

/** Options that every operation that mounts a filesystem takes. */
export interface MountingOptions extends OperationOptions {
  /**
   * What to do if the target is a mount point. `'stack'`, the default, mounts on top, as the kernel does. `'error'`
   * rejects with `EBUSY`. `'reuse'` resolves with a handle to the mount at the target if that mount is what the caller
   * asks for, and rejects with `EBUSY` otherwise. `'reuse'` also rejects if the kernel does not show enough to compare
   * the mounts: ID maps, mounts below a bind, and overlay layers that are named by a relative path, by a file
   * descriptor or through a symbolic link.
   */
  ifMounted?: 'stack' | 'error' | 'reuse';
}

export const OPERATION_NAMES: readonly string[] = ['namespace', 'signal'];
export const MOUNTING_NAMES: readonly string[] = [...OPERATION_NAMES, 'ifMounted'];

export type IfMounted = 'stack' | 'error' | 'reuse';

const IF_MOUNTED: readonly IfMounted[] = ['stack', 'error', 'reuse'];

/** The checked {@link OperationOptions}. */
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
