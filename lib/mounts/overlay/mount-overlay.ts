import { surroundingsOf } from '../../arguments/target.js';
import * as native from '../../kernel/native.js';
import { OperationChannel, type OperationSubject } from '../../operation/channel.js';
import type { Driven } from '../../operation/driver.js';
import { run, runSync } from '../../operation/driver.js';
import type { OverlayStrategy } from '../../overlay/spec.js';
import { Mount } from '../handle.js';
import { overlayQuestions } from './case.js';
import { isWritable, type OverlayMountOptions, type OverlayPlan, planOverlay, WAYS } from './plan.js';
import { needsExamination, notTheSame, overlayFailure } from './reasons.js';
import { lookAtTarget } from './reuse.js';

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
 * @throws {@link MountError} when the kernel says no, with the `reason`: `ENOENT` a directory is missing, `EINVAL`
 *   overlayfs does not accept the layers or an option, `EBUSY` another overlay has the upper layer, `ENODEV` no
 *   overlayfs in this kernel, `EPERM` no CAP_SYS_ADMIN; `TypeError` with Node's codes for options that are wrong in
 *   themselves; an `AbortError`
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
  return run(OVERLAY, planOverlay(options));
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
  return runSync(OVERLAY, planOverlay(options));
}

/** What detached overlays have in common with those that have a place. */
export const OVERLAY_CALL: Omit<Driven<OverlayPlan, bigint | native.Made, never>, 'channel' | 'finish'> = {
  subject: subjectOf,
  start: (plan, ticket) => callWith(native.overlay, plan, ticket),
  startSync: (plan) => usualCall(plan) ?? callWith(native.overlaySync, plan, null),
  questions: (plan, failure) => (needsExamination(failure, plan) ? overlayQuestions(plan) : null),
  surroundings: surroundingsOfPlan,
  error: (plan, failure, examination) => overlayFailure(failure, plan, examination),
};

const OVERLAY: Driven<OverlayPlan, bigint | native.Made, Mount> = {
  ...OVERLAY_CALL,
  channel: new OperationChannel('mountOverlay'),
  finish: (plan, outcome) =>
    typeof outcome === 'bigint'
      ? handle(plan, outcome, 'data', false)
      : handle(plan, outcome.mountId, strategyOf(outcome), false),
  reuse: {
    look: lookAtTarget,
    same: (plan, { id, strategy }) => handle(plan, id, strategy as OverlayStrategy, true),
    other: notTheSame,
  },
};

// The layers by the kernel's names in an option string, whichever way they are given.
function subjectOf({ source, at, detached, upper, words }: OverlayPlan): OperationSubject {
  const layers = ['lowerdir', ...(upper === null ? [] : ['upperdir', 'workdir'])];
  return { source, target: detached ? undefined : at, fsType: 'overlay', words: [...layers, ...words] };
}

/** The way that was taken, of those by descriptors. */
export function strategyOf({ way }: native.Mounted): OverlayStrategy {
  return way === WAYS.fsconfig ? 'fsconfig' : 'descriptors';
}

function handle(plan: OverlayPlan, id: bigint, strategy: OverlayStrategy, reused: boolean): Mount {
  const { handleTarget, namespace, named } = plan;
  return new Mount({ target: handleTarget, namespace, id, strategy, reused, named });
}

function surroundingsOfPlan({ at, namespace }: OverlayPlan): native.Surroundings {
  return surroundingsOf({ target: at, namespace });
}

// Nothing but an option string and a path: nearly always.
function usualCall(plan: OverlayPlan): bigint | native.Made | native.Failure | undefined {
  const { source, at, data, flags, exclusive, namespace, ifMounted } = plan;
  if (source !== 'overlay') return undefined;
  if (data === null || exclusive || at[1] !== null || namespace !== null || ifMounted === 'error') return undefined;
  return native.overlayUsualSync(at[0], flags, data, isWritable(plan));
}

// The arguments one by one: to spread an array of them takes as long as all the rest.
function callWith<T>(
  call: (...plan: native.OverlayArguments) => T,
  plan: OverlayPlan,
  ticket: native.Ticket | null,
): T {
  const { source, at, upper, work, flags, data, ways, exclusive, detached, idMaps, namespace } = plan;
  const writable = isWritable(plan);
  const vacant = plan.ifMounted === 'error';
  const [path, root, create, resolve] = at;
  // biome-ignore format: one call, and one line for each part of it
  if (data === null) {
    const { lower, dataOnly, words } = plan;
    return call(
      source, path, root, create, resolve, lower, dataOnly, upper, work, words, flags, null,
      ways, writable, exclusive, vacant, detached, idMaps, namespace, ticket,
    );
  }
  // An option string says it all about the layers, unless they are to be looked for.
  const [above, beside] = exclusive ? [upper, work] : [null, null];
  // biome-ignore format: as above
  return call(
    source, path, root, create, resolve, NONE, NONE, above, beside, NONE, flags, data,
    ways, writable, exclusive, vacant, false, NONE, namespace, ticket,
  );
}

const NONE: readonly never[] = [];
