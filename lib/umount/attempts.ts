import { constants } from 'node:os';
import {
  type ArgumentsOf,
  type Cancellation,
  type Failure,
  type NativeCall,
  native,
  type ResultOf,
  type UmountFailure,
} from '../kernel/native.js';
import { abortError, pause, pauseSync } from '../operation/abort.js';
import type { UmountPlan } from './options.js';

/**
 * The attempts of one umount and the pauses between them: one sequence, as a generator that says what is to be done
 * next, and two drivers that do it.
 *
 * A pause is a timer here and not a sleep in the native call: it keeps no thread, and can be ended at any time. Between
 * two attempts nothing is half done; what must not be interrupted is inside one attempt (src-native/umount/umount_tree.h).
 */
type Step = { readonly kind: 'attempt'; readonly flags: number } | { readonly kind: 'pause'; readonly for: number };

/** How it ended: the failure, with the flags of that attempt. */
export interface UmountEnd {
  readonly failure: UmountFailure;
  readonly flags: number;
  readonly attempts: number;
}

const FIRST_PAUSE = 2;
const LONGEST_PAUSE = 200;
const { EBUSY, ECANCELED } = constants.errno;

function* attempts({ flags, retryFor, last }: UmountPlan): Generator<Step, UmountEnd | undefined, ResultOf<'umount'>> {
  const start = performance.now();
  let count = 0;
  let failure: UmountFailure;
  for (let next = FIRST_PAUSE; ; next = Math.min(next * 2, LONGEST_PAUSE)) {
    const outcome = yield { kind: 'attempt', flags };
    count += 1;
    if (outcome === undefined) return undefined;
    failure = outcome;
    const rest = start + retryFor - performance.now();
    if (failure.error !== EBUSY || isHopeless(failure)) return { failure, flags, attempts: count };
    if (rest <= 0) break;
    // The last attempt is at the very end.
    yield { kind: 'pause', for: Math.min(next, rest) };
  }
  if (last === 0) return { failure, flags, attempts: count };
  const outcome = yield { kind: 'attempt', flags: flags | last };
  return outcome === undefined ? undefined : { failure: outcome, flags: flags | last, attempts: count + 1 };
}

// The process's root stays it.
function isHopeless({ step }: Failure): boolean {
  return step === 'check root';
}

// Nearly every umount is one attempt, which costs less than a sequence of one.
function isSingle({ retryFor, last, signal }: UmountPlan): boolean {
  return retryFor === 0 && last === 0 && signal === undefined;
}

function asEnd({ flags }: UmountPlan, outcome: ResultOf<'umount'>): UmountEnd | undefined {
  return outcome === undefined ? undefined : { failure: outcome, flags, attempts: 1 };
}

/** Undefined when it is down. Once the signal is aborted nothing more is begun. */
export async function runUmount(plan: UmountPlan): Promise<UmountEnd | undefined> {
  const { signal } = plan;
  if (isSingle(plan)) return asEnd(plan, await attempt(plan, plan.flags));
  const steps = attempts(plan);
  let step = steps.next();
  while (!step.done) {
    if (signal?.aborted) throw abortError(signal);
    if (step.value.kind === 'pause') {
      await pause(step.value.for, signal);
      step = steps.next();
    } else {
      const outcome = await attempt(plan, step.value.flags);
      if (outcome?.error === ECANCELED && signal?.aborted) throw abortError(signal);
      step = steps.next(outcome);
    }
  }
  return step.value;
}

/** {@link runUmount} on the calling thread. Of a handle, whose asynchronous calls are not asking the kernel just now. */
export function runUmountSync(plan: UmountPlan): UmountEnd | undefined {
  if (isSingle(plan)) return asEnd(plan, attemptSync(plan, plan.flags));
  const steps = attempts(plan);
  let step = steps.next();
  while (!step.done) {
    if (step.value.kind === 'pause') {
      pauseSync(step.value.for);
      step = steps.next();
    } else {
      step = steps.next(attemptSync(plan, step.value.flags));
    }
  }
  return step.value;
}

// Of the calls of a handle one asks at a time, and none any more when it is down, whichever of them did it.
async function attempt(plan: UmountPlan, flags: number): Promise<ResultOf<'umount'>> {
  const { turn, signal } = plan;
  if (turn === undefined) return ask(plan, flags);
  while (turn.calling !== undefined) await turn.calling;
  if (turn.isDown) return undefined;
  if (signal?.aborted) throw abortError(signal);
  const asked = ask(plan, flags);
  const over = (isDown: boolean) => {
    turn.calling = undefined;
    turn.isDown ||= isDown;
  };
  turn.calling = asked.then(
    (outcome) => over(outcome === undefined),
    () => over(false),
  );
  return asked;
}

async function ask(plan: UmountPlan, flags: number): Promise<ResultOf<'umount'>> {
  const { signal } = plan;
  const call = (cancellation: Cancellation | null) => callOf(plan).async(argumentsOf(plan, flags, cancellation));
  if (signal === undefined) return call(null);
  // A native call that has not called the kernel yet when the signal is aborted does not call it any more.
  const cancellation = native.newCancellation.sync({});
  const cancel = () => void native.cancel.sync({ cancellation });
  signal.addEventListener('abort', cancel, { once: true });
  try {
    return await call(cancellation);
  } finally {
    signal.removeEventListener('abort', cancel);
  }
}

function attemptSync(plan: UmountPlan, flags: number): ResultOf<'umount'> {
  return callOf(plan).sync(argumentsOf(plan, flags, null));
}

function callOf({ recursive, stack }: UmountPlan): NativeCall<'umountTree'> | NativeCall<'umount'> {
  return recursive || stack ? native.umountTree : native.umount;
}

// umount() of one mount ignores `recursive` and `stack`, which are false then.
function argumentsOf(plan: UmountPlan, flags: number, cancellation: Cancellation | null): ArgumentsOf<'umountTree'> {
  const { target, id, recursive, stack, namespace } = plan;
  return { target, flags, id, recursive, stack, namespace, cancellation };
}
