import { constants } from './constants.js';
import { Mount } from './mount-handle.js';
import * as native from './native.js';
import { needsExamination, notTheSame, overlayFailure } from './overlay-failure.js';
import { absoluteNames } from './overlay-names.js';
import { type OverlayMountOptions, type OverlayPlan, planOverlay, WAYS } from './overlay-plan.js';
import { overlayQuestions } from './overlay-questions.js';
import { type Found, lookAtTarget } from './overlay-reuse.js';

/**
 * Merges directories into one by overlayfs: mount(2) with type `overlay`.
 *
 * What is in several layers is seen from the topmost, directories are merged. With `upper`, all changes go there: a
 * file is copied up when it is first written to, and a name that is deleted is covered by a whiteout. Without, nothing
 * can be written (`EROFS`).
 *
 * The call runs on a thread of its own; see {@link mount}.
 *
 * @param options layers, target, options of overlayfs, and attributes of the mount
 * @returns the handle that takes it down again
 * @throws {@link MountError} when the kernel says no: `ENOENT` a directory is missing, `EINVAL` overlayfs does not
 *   accept the layers or an option, `E2BIG` the layers' names need a page or more, `ENODEV` no overlayfs in this kernel,
 *   `EPERM` no CAP_SYS_ADMIN; `TypeError` with Node's codes for options that are wrong in themselves
 * @example
 * ```ts
 * await using merged = await mountOverlay({
 *   lower: ['/images/app', '/images/base'],
 *   upper: '/run/box/changes',
 *   work: '/run/box/work',
 *   target: '/run/box/root',
 *   noDev: true,
 * });
 * ```
 * @see https://docs.kernel.org/filesystems/overlayfs.html
 */
export async function mountOverlay(options: OverlayMountOptions): Promise<Mount> {
  const plan = planOverlay(options);
  if (plan.ifMounted === 'reuse') {
    const look = lookAtTarget(plan);
    let step = look.next();
    while (!step.done) step = look.next(examined(await native.examine(...step.value), plan));
    const reused = asReused(step.value, plan);
    if (reused !== undefined) return reused;
  }
  const mounting = callWith(native.overlay, plan);
  // Now, as the working directory may be another when that is done.
  const named = absoluteNames(plan);
  const outcome = await mounting;
  if (!native.isFailure(outcome)) return asMount(outcome, named);
  // Only now, and as the mount itself on a thread of ours.
  const isUnclear = needsExamination(outcome, plan);
  throw overlayFailure(outcome, plan, isUnclear ? await native.examine(...overlayQuestions(plan)) : null);
}

/**
 * {@link mountOverlay} on the calling thread, which waits for the kernel.
 *
 * @example
 * ```ts
 * using merged = mountOverlaySync({ lower: ['/top', '/base'], target: '/merged' });
 * ```
 */
export function mountOverlaySync(options: OverlayMountOptions): Mount {
  const plan = planOverlay(options);
  if (plan.ifMounted === 'reuse') {
    const look = lookAtTarget(plan);
    let step = look.next();
    while (!step.done) step = look.next(examined(native.examineSync(...step.value), plan));
    const reused = asReused(step.value, plan);
    if (reused !== undefined) return reused;
  }
  const outcome = callWith(native.overlaySync, plan);
  if (!native.isFailure(outcome)) return asMount(outcome, absoluteNames(plan));
  const isUnclear = needsExamination(outcome, plan);
  throw overlayFailure(outcome, plan, isUnclear ? native.examineSync(...overlayQuestions(plan)) : null);
}

// The arguments one by one: to spread an array of them takes as long as all the rest.
function callWith<T>(call: (...plan: native.OverlayArguments) => T, plan: OverlayPlan): T {
  const { source, target, upper, work, flags, data, ways, exclusive } = plan;
  const writable = upper !== null && (flags & constants.MS_RDONLY) === 0;
  const vacant = plan.ifMounted === 'error';
  if (data === null) {
    const { lower, dataOnly, words } = plan;
    return call(source, target, lower, dataOnly, upper, work, words, flags, null, ways, writable, exclusive, vacant);
  }
  // An option string says it all about the layers, unless they are to be looked for.
  const [above, beside] = exclusive ? [upper, work] : [null, null];
  return call(source, target, NONE, NONE, above, beside, NONE, flags, data, ways, writable, exclusive, vacant);
}

const NONE: readonly never[] = [];

function asMount(outcome: bigint | native.Mounted, named: ReturnType<typeof absoluteNames>): Mount {
  const { target } = named;
  if (typeof outcome === 'bigint') return new Mount({ target, id: outcome, strategy: 'data', reused: false, named });
  const strategy = outcome.way === WAYS.fsconfig ? 'fsconfig' : 'descriptors';
  return new Mount({ target, id: outcome.mountId, strategy, reused: false, named });
}

function examined(examination: native.Examination | native.Failure, plan: OverlayPlan): native.Examination {
  if (native.isFailure(examination)) throw overlayFailure(examination, plan, null);
  return examination;
}

function asReused(found: Found, plan: OverlayPlan): Mount | undefined {
  if (found.kind === 'vacant') return undefined;
  if (found.kind === 'other') throw notTheSame(plan, found.why);
  const named = absoluteNames(plan);
  return new Mount({ target: named.target, id: found.id, strategy: found.strategy, reused: true, named });
}
