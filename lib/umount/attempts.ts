// Repeats the attempts of one umount while the mount is busy.
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
 * One step of an umount: an attempt, or a pause before the next attempt. A generator yields the steps, and a
 * synchronous or an asynchronous driver executes them.
 *
 * A pause is a timer and not a sleep in the native call, so that it occupies no thread and can be cancelled at any
 * time. An abort between two attempts leaves no mount in an intermediate state, because everything that must not be
 * interrupted is inside one attempt (src-native/umount/umount_tree.h).
 */
type Step = { readonly kind: 'attempt'; readonly flags: number } | { readonly kind: 'pause'; readonly for: number };

/** The failure of the last attempt, with the flags of that attempt and the number of attempts. */
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
    // The last pause is shorter, so that the last attempt starts exactly at the end of the retry time.
    yield { kind: 'pause', for: Math.min(next, rest) };
  }
  if (last === 0) return { failure, flags, attempts: count };
  const outcome = yield { kind: 'attempt', flags: flags | last };
  return outcome === undefined ? undefined : { failure: outcome, flags: flags | last, attempts: count + 1 };
}

// Retrying cannot help: the target is the root directory of this process.
function isHopeless({ step }: Failure): boolean {
  return step === 'check root';
}

// A single attempt runs without the generator, which saves 0.3 µs of each call.
function isSingle({ retryFor, last, signal }: UmountPlan): boolean {
  return retryFor === 0 && last === 0 && signal === undefined;
}

function asEnd({ flags }: UmountPlan, outcome: ResultOf<'umount'>): UmountEnd | undefined {
  return outcome === undefined ? undefined : { failure: outcome, flags, attempts: 1 };
}

/**
 * Makes the umount2(2) attempts of a plan; returns undefined on success. After an abort of the signal no further
 * attempt starts.
 */
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

/**
 * Makes the umount2(2) attempts of a plan on the calling thread: the synchronous form of {@link runUmount}. A handle
 * calls this only while no attempt is in progress.
 */
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

// Concurrent attempts of one handle are serialised; after one attempt succeeds, the others resolve without a system
// call.
async function attempt(plan: UmountPlan, flags: number): Promise<ResultOf<'umount'>> {
  const { state, signal } = plan;
  if (state === undefined) return ask(plan, flags);
  while (state.attempt !== undefined) await state.attempt;
  if (state.isUnmounted) return undefined;
  if (signal?.aborted) throw abortError(signal);
  const asked = ask(plan, flags);
  const over = (isUnmounted: boolean) => {
    state.attempt = undefined;
    state.isUnmounted ||= isUnmounted;
  };
  state.attempt = asked.then(
    (outcome) => over(outcome === undefined),
    () => over(false),
  );
  return asked;
}

async function ask(plan: UmountPlan, flags: number): Promise<ResultOf<'umount'>> {
  const { signal } = plan;
  const call = (cancellation: Cancellation | null) => callOf(plan).async(argumentsOf(plan, flags, cancellation));
  if (signal === undefined) return call(null);
  // An abort cancels the attempt if its system call has not started yet.
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

// The native call `umount` ignores `recursive` and `stack`, which are false for a single mount.
function argumentsOf(plan: UmountPlan, flags: number, cancellation: Cancellation | null): ArgumentsOf<'umountTree'> {
  const { target, id, recursive, stack, namespace } = plan;
  return { target, flags, id, recursive, stack, namespace, cancellation };
}
