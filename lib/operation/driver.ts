// Runs an operation, which is defined once, in its two forms: asynchronous and synchronous.
import type { ArgumentsOf, CallName, Cancellation, Failure, NativeCall, ResultOf } from '../kernel/native.js';
import { isFailure } from '../kernel/native.js';
import { cancellable, orAborted, throwIfAborted } from './abort.js';
import type { OperationChannel, OperationSubject } from './channel.js';
import type { IfMounted } from './options.js';

/**
 * A native call that a sequence of steps waits for: `sync` makes the call on this thread, `async` on another thread.
 */
export interface Step {
  readonly sync: () => unknown;
  readonly async: () => Promise<unknown>;
}

/** A sequence of native calls and of decisions by their results, which {@link answer} or {@link answerSync} runs. */
export type Steps<T> = Generator<Step, T, unknown>;

/** Makes a native call as one step of a sequence: `const examination = yield* ask(native.examine, { … })`. */
export function* ask<K extends CallName>(
  call: NativeCall<K>,
  args: ArgumentsOf<K>,
): Generator<Step, ResultOf<K>, unknown> {
  return (yield { sync: () => call.sync(args), async: () => call.async(args) }) as ResultOf<K>;
}

/** Returns a sequence without steps, whose result is `value`. */
// biome-ignore lint/correctness/useYield: the sequence has no step
export function* settled<T>(value: T): Steps<T> {
  return value;
}

/**
 * Runs the native calls of a sequence on other threads. Rejects with an `AbortError` when the signal is aborted.
 *
 * @param ifAborted the result that an aborted step gets, if the sequence must continue after an abort
 */
export async function answer<T>(steps: Steps<T>, signal?: AbortSignal, ifAborted?: Failure): Promise<T> {
  let step = steps.next();
  while (!step.done) {
    const result = orAborted(step.value.async(), signal);
    step = steps.next(await (ifAborted === undefined ? result : result.catch(() => ifAborted)));
  }
  return step.value;
}

/** Runs the native calls of a sequence on the calling thread. */
export function answerSync<T>(steps: Steps<T>): T {
  let step = steps.next();
  while (!step.done) step = steps.next(step.value.sync());
  return step.value;
}

/** The result of comparing the mount at the target with the requested mount, for `ifMounted: 'reuse'`. */
export type ReuseAnswer<S> =
  /** The target is no mount point, so the operation mounts. */
  | { readonly kind: 'unmounted' }
  /** The mount at the target is what the caller asked for. */
  | { readonly kind: 'same'; readonly id: bigint; readonly strategy: S }
  /** The mount at the target differs from what the caller asked for. */
  | { readonly kind: 'other'; readonly why: string }
  /** The kernel does not show enough of the mount at the target to compare it. */
  | { readonly kind: 'unknown'; readonly why: string }
  /** The target could not be examined. */
  | { readonly kind: 'failed'; readonly failure: Failure };

/** The members of a plan that the drivers read. */
export interface Plan {
  readonly signal?: AbortSignal | undefined;
  readonly ifMounted?: IfMounted;
}

/**
 * The definition of an operation: its native call, and functions that make the arguments, the result and the error from
 * the plan.
 */
export interface Operation<P extends Plan, K extends CallName, T> {
  readonly channel: OperationChannel;
  subject(plan: P): OperationSubject;
  readonly call: NativeCall<K>;
  arguments(plan: P, cancellation: Cancellation | null): ArgumentsOf<K>;
  /** Converts the result of the native call to the result of the operation. */
  result(plan: P, value: Exclude<ResultOf<K>, Failure>): T;
  /** Makes the error that explains a failure of the native call. */
  error(plan: P, failure: Failure): Steps<Error>;
  /** The implementation of `ifMounted: 'reuse'`, for an operation that has this option. */
  readonly reuse?: {
    probe(plan: P): Steps<ReuseAnswer<unknown>>;
    same(plan: P, answer: ReuseAnswer<unknown> & { readonly kind: 'same' }): T;
    other(plan: P, reason: string): Error;
  };
}

/** Runs an operation on another thread. */
export function run<P extends Plan, K extends CallName, T>(operation: Operation<P, K, T>, plan: P): Promise<T> {
  const { channel } = operation;
  return channel.isWatched
    ? channel.run(operation.subject(plan), perform<P, K, T>, operation, plan)
    : perform(operation, plan);
}

/** Runs an operation on the calling thread. */
export function runSync<P extends Plan, K extends CallName, T>(operation: Operation<P, K, T>, plan: P): T {
  const { channel } = operation;
  return channel.isWatched
    ? channel.runSync(operation.subject(plan), performSync<P, K, T>, operation, plan)
    : performSync(operation, plan);
}

async function perform<P extends Plan, K extends CallName, T>(operation: Operation<P, K, T>, plan: P): Promise<T> {
  const { signal } = plan;
  throwIfAborted(signal);
  if (plan.ifMounted === 'reuse') {
    const reused = await answer(reuse(operation, plan), signal);
    if (reused !== undefined) return reused.result;
  }
  const { call } = operation;
  const value = await cancellable(signal, (cancellation) => call.async(operation.arguments(plan, cancellation)));
  if (!isFailure(value)) return operation.result(plan, value as Exclude<ResultOf<K>, Failure>);
  // If the operation has left something behind, the caller gets this error even after an abort, because nothing else
  // reports what is left.
  const isLeft = value.left || (value.leftMade ?? null) !== null;
  throw await answer(operation.error(plan, value), signal, isLeft ? value : undefined);
}

function performSync<P extends Plan, K extends CallName, T>(operation: Operation<P, K, T>, plan: P): T {
  throwIfAborted(plan.signal);
  if (plan.ifMounted === 'reuse') {
    const reused = answerSync(reuse(operation, plan));
    if (reused !== undefined) return reused.result;
  }
  const value = operation.call.sync(operation.arguments(plan, null));
  if (!isFailure(value)) return operation.result(plan, value as Exclude<ResultOf<K>, Failure>);
  throw answerSync(operation.error(plan, value));
}

/** Returns the result for a reused mount at the target; undefined if the target is no mount point. */
function* reuse<P extends Plan, K extends CallName, T>(
  operation: Operation<P, K, T>,
  plan: P,
): Steps<{ readonly result: T } | undefined> {
  const { reuse: rules } = operation;
  if (rules === undefined) return undefined;
  const found = yield* rules.probe(plan);
  switch (found.kind) {
    case 'unmounted':
      return undefined;
    case 'same':
      return { result: rules.same(plan, found) };
    case 'other':
      throw rules.other(plan, `${found.why}, which is not what was asked for`);
    case 'unknown':
      throw rules.other(plan, `${found.why}, and so is not known to be what was asked for`);
    case 'failed':
      throw yield* operation.error(plan, found.failure);
  }
}
