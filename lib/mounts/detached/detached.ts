// detachedOverlay(), detachedBind() and detachedFilesystem(): make a mount that is not attached to the mount tree.
import type { PathLike } from '../../arguments/check.js';
import type { Made, Tree } from '../../kernel/native.js';
import { OperationChannel } from '../../operation/channel.js';
import { type Operation, run, runSync } from '../../operation/driver.js';
import { BIND_CALL } from '../bind/mount-bind.js';
import { type BindAttributes, type BindPlan, planDetachedBind } from '../bind/plan.js';
import { FILESYSTEM_CALL } from '../filesystem/mount-filesystem.js';
import { type FilesystemAttributes, type FilesystemPlan, planDetachedFilesystem } from '../filesystem/plan.js';
import { OVERLAY_CALL, strategyOf } from '../overlay/mount-overlay.js';
import { type OverlayOptions, type OverlayPlan, planDetachedOverlay } from '../overlay/plan.js';
import { DetachedMount, type DetachedParts } from './detached-mount.js';

/** Options of the functions that make a detached mount. */
export interface Cancellable {
  /** Cancels the operation. See {@link OperationOptions.signal}. */
  signal?: AbortSignal;
}

/** Options of {@link detachedOverlay}. */
export type DetachedOverlayOptions = OverlayOptions & Cancellable;

/** Options of {@link detachedBind}. */
export interface DetachedBindOptions extends BindAttributes, Cancellable {}

/** Options of {@link detachedFilesystem}. */
export interface DetachedFilesystemOptions extends FilesystemAttributes, Cancellable {}

function detachedMount({ tree }: Made, parts: Omit<DetachedParts, 'tree'>): DetachedMount {
  return new DetachedMount({ tree: tree as Tree, ...parts });
}

const OVERLAY: Operation<OverlayPlan, 'overlay', DetachedMount> = {
  ...OVERLAY_CALL,
  channel: new OperationChannel('detachedOverlay'),
  result: ({ named }, made) =>
    detachedMount(made as Made, { strategy: strategyOf(made as Made), isTree: false, named }),
};

const BIND: Operation<BindPlan, 'bind', DetachedMount> = {
  ...BIND_CALL,
  channel: new OperationChannel('detachedBind'),
  result: ({ change }, made) => detachedMount(made, { strategy: 'tree', isTree: change.recursive }),
};

const FILESYSTEM: Operation<FilesystemPlan, 'filesystem', DetachedMount> = {
  ...FILESYSTEM_CALL,
  channel: new OperationChannel('detachedFilesystem'),
  result: (_, made) => detachedMount(made, { strategy: 'fsconfig', isTree: false }),
};

/**
 * Makes a detached overlay: {@link mountOverlay} without attaching the mount. Before Linux 6.7 overlayfs does not
 * accept layers one by one. The addon then mounts the overlay in a private mount namespace and takes the mount from
 * that namespace.
 *
 * @throws the errors of {@link mountOverlay}
 * @example
 * ```ts
 * await using image = await detachedOverlay({ lower: ['/images/app', '/images/base'] });
 * await cp(join(image.path, 'etc'), '/tmp/etc', { recursive: true });
 * ```
 */
export async function detachedOverlay(options: DetachedOverlayOptions): Promise<DetachedMount> {
  return run(OVERLAY, planDetachedOverlay(options));
}

/** Makes a detached overlay on the calling thread: the synchronous form of {@link detachedOverlay}. */
export function detachedOverlaySync(options: DetachedOverlayOptions): DetachedMount {
  return runSync(OVERLAY, planDetachedOverlay(options));
}

/**
 * Makes a detached bind of a directory or a file: open_tree(2) and mount_setattr(2). Since Linux 5.2; an ID map and the
 * propagation `'unbindable'` need Linux 5.12.
 *
 * @throws the errors of {@link mountBind}
 * @example
 * ```ts
 * await using tools = await detachedBind('/opt/tools', { readonly: true, recursive: true });
 * await tools.attach('/jail/opt/tools');
 * ```
 * @see https://man7.org/linux/man-pages/man2/open_tree.2.html
 */
export async function detachedBind(source: PathLike, options: DetachedBindOptions = {}): Promise<DetachedMount> {
  return run(BIND, planDetachedBind(source, options));
}

/** Makes a detached bind on the calling thread: the synchronous form of {@link detachedBind}. */
export function detachedBindSync(source: PathLike, options: DetachedBindOptions = {}): DetachedMount {
  return runSync(BIND, planDetachedBind(source, options));
}

/**
 * Makes a detached mount of a filesystem: fsopen(2), fsconfig(2), fsmount(2). Since Linux 5.2.
 *
 * @throws the errors of {@link mountFilesystem}
 * @example
 * ```ts
 * await using scratch = await detachedFilesystem('scratch', 'tmpfs', { parameters: { size: '16m', mode: '700' } });
 * await writeFile(join(scratch.path, 'key'), secret); // in memory, and in a directory that no other process can reach
 * ```
 */
export async function detachedFilesystem(
  source: PathLike | null,
  fsType: string,
  options: DetachedFilesystemOptions = {},
): Promise<DetachedMount> {
  return run(FILESYSTEM, planDetachedFilesystem(source, fsType, options));
}

/** Makes a detached mount of a filesystem on the calling thread: the synchronous form of {@link detachedFilesystem}. */
export function detachedFilesystemSync(
  source: PathLike | null,
  fsType: string,
  options: DetachedFilesystemOptions = {},
): DetachedMount {
  return runSync(FILESYSTEM, planDetachedFilesystem(source, fsType, options));
}
