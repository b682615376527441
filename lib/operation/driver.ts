import type { MountError } from '../kernel/errors.js';
import * as native from '../kernel/native.js';
import { cancellable, orAborted, throwIfAborted } from './abort.js';
import type { OperationChannel, OperationSubject } from './channel.js';
import type { IfMounted, OperationPlan } from './options.js';

/** What is to be examined: with `inRoot`, the first path is one inside the root of the target. */
export interface Look {
  readonly ask: native.ExamineArguments;
  readonly inRoot: boolean;
}

/** What `ifMounted: 'reuse'` has found at the target. */
export type Found<S> =
  /** Nothing is mounted there: mount. */
  | { readonly kind: 'vacant' }
  /** What was asked for is there already. */
  | { readonly kind: 'same'; readonly id: bigint; readonly strategy: S }
  /** Something else is. */
  | { readonly kind: 'other'; readonly why: string }
  /** Something is, and whether it is what was asked for cannot be told. */
  | { readonly kind: 'untold'; readonly why: string };

/** Looks at what is there: yields what has to be examined, and is given what was found. */
export type Looking<S> = Generator<Look, Found<S>, native.Examination>;

/** The part of a plan that the drivers look at. */
export interface DrivenPlan extends OperationPlan {
  readonly ifMounted?: IfMounted;
}

/**
 * An operation as its two drivers see it: pure functions of its plan, and the native call in its two forms. `O` is what
 * the call gives when it does not fail, `T` what the operation gives.
 */
export interface Driven<P extends DrivenPlan, O, T> {
  /** Where it is told of to those who listen. */
  readonly channel: OperationChannel;
  subject(plan: P): OperationSubject;
  start(plan: P, ticket: native.Ticket | null): Promise<O | native.Failure>;
  startSync(plan: P): O | native.Failure;
  /** Turns what came of it into the result. */
  finish(plan: P, outcome: O): T;
  /** What to examine after a failure, once and only then; null where the failed step says why by itself. */
  questions(plan: P, failure: native.Failure): native.ExamineArguments | null;
  surroundings(plan: P): native.Surroundings;
  error(plan: P, failure: native.Failure, examination: native.Examination | native.Failure | null): MountError;
  /** Of operations that can take what is there already. */
  readonly reuse?: {
    look(plan: P): Looking<unknown>;
    same(plan: P, found: Found<unknown> & { readonly kind: 'same' }): T;
    /** What refuses anything else. */
    other(plan: P, reason: string): MountError;
  };
}

/** Runs an operation on threads of ours. */
export function run<P extends DrivenPlan, O, T>(driven: Driven<P, O, T>, plan: P): Promise<T> {
  const { channel } = driven;
  return channel.isWatched ? channel.run(driven.subject(plan), perform<P, O, T>, driven, plan) : perform(driven, plan);
}

/** The same on the calling thread. */
export function runSync<P extends DrivenPlan, O, T>(driven: Driven<P, O, T>, plan: P): T {
  const { channel } = driven;
  return channel.isWatched
    ? channel.runSync(driven.subject(plan), performSync<P, O, T>, driven, plan)
    : performSync(driven, plan);
}

async function perform<P extends DrivenPlan, O, T>(driven: Driven<P, O, T>, plan: P): Promise<T> {
  throwIfAborted(plan.signal);
  const { reuse } = driven;
  if (plan.ifMounted === 'reuse' && reuse !== undefined) {
    const looking = reuse.look(plan);
    let step = looking.next();
    while (!step.done) {
      const looked = native.examine(step.value.ask, lookFrom(driven, plan, step.value));
      const examination = await orAborted(looked, plan.signal);
      if (native.isFailure(examination)) throw driven.error(plan, examination, null);
      step = looking.next(examination);
    }
    if (step.value.kind === 'same') return reuse.same(plan, step.value);
    if (step.value.kind !== 'vacant') throw reuse.other(plan, reasonOf(step.value));
  }
  const outcome = await cancellable(plan.signal, (ticket) => driven.start(plan, ticket));
  if (!isFailed(outcome)) return driven.finish(plan, outcome);
  const ask = driven.questions(plan, outcome);
  if (ask === null) throw driven.error(plan, outcome, null);
  // To find out why may take as long as the call itself. When nobody waits for that any more, what is left is still told.
  const isLeft = outcome.left || (outcome.leftMade ?? null) !== null;
  const examining = orAborted(native.examine(ask, driven.surroundings(plan)), plan.signal);
  const examination = await (isLeft ? examining.catch(() => null) : examining);
  throw driven.error(plan, outcome, examination);
}

function performSync<P extends DrivenPlan, O, T>(driven: Driven<P, O, T>, plan: P): T {
  throwIfAborted(plan.signal);
  const { reuse } = driven;
  if (plan.ifMounted === 'reuse' && reuse !== undefined) {
    const looking = reuse.look(plan);
    let step = looking.next();
    while (!step.done) {
      const examination = native.examineSync(step.value.ask, lookFrom(driven, plan, step.value));
      if (native.isFailure(examination)) throw driven.error(plan, examination, null);
      step = looking.next(examination);
    }
    if (step.value.kind === 'same') return reuse.same(plan, step.value);
    if (step.value.kind !== 'vacant') throw reuse.other(plan, reasonOf(step.value));
  }
  const outcome = driven.startSync(plan);
  if (!isFailed(outcome)) return driven.finish(plan, outcome);
  const ask = driven.questions(plan, outcome);
  throw driven.error(plan, outcome, ask === null ? null : native.examineSync(ask, driven.surroundings(plan)));
}

function reasonOf({ kind, why }: { readonly kind: 'other' | 'untold'; readonly why: string }): string {
  return `${why}, ${kind === 'other' ? 'which is not' : 'and so is not known to be'} what was asked for`;
}

function lookFrom<P extends DrivenPlan, O, T>(driven: Driven<P, O, T>, plan: P, { inRoot }: Look): native.Surroundings {
  const surroundings = driven.surroundings(plan);
  return inRoot ? surroundings : { ...surroundings, root: null };
}

function isFailed<O>(outcome: O | native.Failure): outcome is native.Failure {
  return native.isFailure(outcome as native.Outcome);
}
