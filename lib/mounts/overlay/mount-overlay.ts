// Mounts overlays: `mountOverlay` and `mountOverlaySync`.
import { type Made, native, OVERLAY_STRATEGIES } from '../../kernel/native.js';
import { OperationChannel, type OperationSubject } from '../../operation/channel.js';
import { type Operation, run, runSync } from '../../operation/driver.js';
import type { OverlayStrategy } from '../../overlay/spec.js';
import { Mount } from '../handle.js';
import { isWritable, type OverlayMountOptions, type OverlayPlan, planOverlay } from './plan.js';
import { notTheSame, overlayError } from './reasons.js';
import { probeOverlay } from './reuse.js';

/**
 * Mounts an overlay, which merges directories into one: mount(2) with type `overlay`.
 *
 * For each name, the overlay shows the file of the topmost layer that has the name, and merges directories. With
 * `upper`, all changes go to the upper directory: overlayfs copies up a file before the first write, and hides a
 * deleted name by a whiteout. Without `upper`, every write fails with `EROFS`.
 *
 * The system calls run on a thread of this library; see {@link mount}.
 *
 * @param options layers, target, options of overlayfs, and attributes of the mount
 * @returns the handle that unmounts the overlay
 * @throws {@link MountError} with the `reason` if a system call fails: `ENOENT` if a directory does not exist, `EINVAL`
 *   if overlayfs refuses the layers or an option, `EBUSY` if another overlay uses the upper directory, `ENODEV` if the
 *   kernel has no overlayfs, `EPERM` without CAP_SYS_ADMIN; `TypeError` with Node's codes for wrong options; an
 *   `AbortError`
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
 * Mounts an overlay on the calling thread, which waits for the kernel: the synchronous form of {@link mountOverlay}.
 *
 * @example
 * ```ts
 * using merged = mountOverlaySync({ lower: ['/top', '/base'], target: '/merged' });
 * ```
 */
export function mountOverlaySync(options: OverlayMountOptions): Mount {
  return runSync(OVERLAY, planOverlay(options));
}

/** The part of the operation that attached and detached overlays have in common. */
export const OVERLAY_CALL: Omit<Operation<OverlayPlan, 'overlay', never>, 'channel' | 'result'> = {
  subject: subjectOf,
  call: native.overlay,
  arguments: (plan, cancellation) => {
    const { source, target, upper, work, flags, data, strategies, exclusive, detached, idMaps, namespace } = plan;
    // An option string names all layers, so the addon needs upper and work only to look for another overlay that uses
    // them.
    const isByData = data !== null;
    const hasDirectories = !isByData || exclusive;
    return {
      source,
      target,
      lower: isByData ? NONE : plan.lower,
      dataOnly: isByData ? NONE : plan.dataOnly,
      upper: hasDirectories ? upper : null,
      work: hasDirectories ? work : null,
      options: isByData ? NONE : plan.words,
      flags,
      data,
      strategies,
      writable: isWritable(plan),
      exclusive,
      requireUnmounted: plan.ifMounted === 'error',
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

// The tracing channel reports the names of the option string, even if the overlay is mounted without an option string.
function subjectOf({ source, target, detached, upper, words }: OverlayPlan): OperationSubject {
  const layers = ['lowerdir', ...(upper === null ? [] : ['upperdir', 'workdir'])];
  return { source, target: detached ? undefined : target, fsType: 'overlay', words: [...layers, ...words] };
}

/**
 * Returns the strategy that made an overlay, from the record that the addon returns for a strategy other than `'data'`.
 */
export function strategyOf({ strategy }: Made): OverlayStrategy {
  return strategy === OVERLAY_STRATEGIES.fsconfig ? 'fsconfig' : 'descriptors';
}

function handle(plan: OverlayPlan, id: bigint, strategy: OverlayStrategy, reused: boolean): Mount {
  const { absoluteTarget, namespace, named } = plan;
  return new Mount({ target: absoluteTarget, namespace, id, strategy, reused, named });
}
