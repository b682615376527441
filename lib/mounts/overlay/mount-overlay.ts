// mountOverlay().
import { type Made, native, OVERLAY_STRATEGIES } from '../../kernel/native.js';
import { OperationChannel, type OperationSubject } from '../../operation/channel.js';
import { type Operation, run, runSync } from '../../operation/driver.js';
import type { OverlayStrategy } from '../../overlay/spec.js';
import { Mount } from '../handle.js';
import { isWritable, type OverlayMountOptions, type OverlayPlan, planOverlay } from './plan.js';
import { notTheSame, overlayError } from './reasons.js';
import { probeOverlay } from './reuse.js';

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

/** What attached and detached overlays have in common. */
export const OVERLAY_CALL: Omit<Operation<OverlayPlan, 'overlay', never>, 'channel' | 'result'> = {
  subject: subjectOf,
  call: native.overlay,
  arguments: (plan, cancellation) => {
    const { source, target, upper, work, flags, data, ways, exclusive, detached, idMaps, namespace } = plan;
    // An option string names all layers. The addon then needs upper and work only to look for an overlay that uses them.
    const isByData = data !== null;
    const hasDirectories = !isByData || exclusive;
    return {
      source,
      target,
      lower: isByData ? NONE : plan.lower,
      dataOnly: isByData ? NONE : plan.dataOnly,
      upper: hasDirectories ? upper : null,
      work: hasDirectories ? work : null,
      words: isByData ? NONE : plan.words,
      flags,
      data,
      ways,
      writable: isWritable(plan),
      exclusive,
      vacant: plan.ifMounted === 'error',
      detached,
      idMaps,
      namespace,
      cancellation,
    };
  },
  error: (plan, failure) => overlayError(failure, plan),
};

const NONE: readonly never[] = [];

const OVERLAY: Operation<OverlayPlan, 'overlay', Mount> = {
  ...OVERLAY_CALL,
  channel: new OperationChannel('mountOverlay'),
  result: (plan, made) =>
    typeof made === 'bigint' ? handle(plan, made, 'data', false) : handle(plan, made.mountId, strategyOf(made), false),
  reuse: {
    probe: probeOverlay,
    same: (plan, { id, strategy }) => handle(plan, id, strategy as OverlayStrategy, true),
    other: notTheSame,
  },
};

// The names of the options are those of an option string, whichever strategy mounts the overlay.
function subjectOf({ source, target, detached, upper, words }: OverlayPlan): OperationSubject {
  const layers = ['lowerdir', ...(upper === null ? [] : ['upperdir', 'workdir'])];
  return { source, target: detached ? undefined : target, fsType: 'overlay', words: [...layers, ...words] };
}

/** The strategy that mounted an overlay, of those that give a record. */
export function strategyOf({ way }: Made): OverlayStrategy {
  return way === OVERLAY_STRATEGIES.fsconfig ? 'fsconfig' : 'descriptors';
}

function handle(plan: OverlayPlan, id: bigint, strategy: OverlayStrategy, reused: boolean): Mount {
  const { absoluteTarget, namespace, named } = plan;
  return new Mount({ target: absoluteTarget, namespace, id, strategy, reused, named });
}
