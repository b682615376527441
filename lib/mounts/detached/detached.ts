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

/** A call that can be cancelled and is about nothing but what it makes. */
export interface Cancellable {
  /** Cancels the call: see {@link OperationOptions.signal}. */
  signal?: AbortSignal;
}

/** What {@link detachedOverlay} merges. */
export type DetachedOverlayOptions = OverlayOptions & Cancellable;

/** How {@link detachedBind} binds. */
export interface DetachedBindOptions extends BindAttributes, Cancellable {}

/** How {@link detachedFilesystem} mounts. */
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
 * An overlay without a place: {@link mountOverlay} up to where it would get one. Where overlayfs takes no layers one by one
 * (before Linux 6.7) it is mounted where nobody sees it, and taken from there.
 *
 * @throws as {@link mountOverlay}
 * @example
 * ```ts
 * await using image = await detachedOverlay({ lower: ['/images/app', '/images/base'] });
 * await cp(join(image.path, 'etc'), '/tmp/etc', { recursive: true });
 * ```
 */
export async function detachedOverlay(options: DetachedOverlayOptions): Promise<DetachedMount> {
  return run(OVERLAY, planDetachedOverlay(options));
}

/** {@link detachedOverlay} on the calling thread. */
export function detachedOverlaySync(options: DetachedOverlayOptions): DetachedMount {
  return runSync(OVERLAY, planDetachedOverlay(options));
}

/**
 * A copy of a directory's or file's mount without a place: open_tree(2), mount_setattr(2). From Linux 5.2 on; mapped ids
 * and the propagation `'unbindable'` need 5.12.
 *
 * @throws as {@link mountBind}
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

/** {@link detachedBind} on the calling thread. */
export function detachedBindSync(source: PathLike, options: DetachedBindOptions = {}): DetachedMount {
  return runSync(BIND, planDetachedBind(source, options));
}

/**
 * A filesystem without a place: fsopen(2), fsconfig(2), fsmount(2).
 *
 * @throws as {@link mountFilesystem}
 * @example
 * ```ts
 * await using scratch = await detachedFilesystem('scratch', 'tmpfs', { parameters: { size: '16m', mode: '700' } });
 * await writeFile(join(scratch.path, 'key'), secret); // on no disk, and in no directory that anybody else can enter
 * ```
 */
export async function detachedFilesystem(
  source: PathLike | null,
  fsType: string,
  options: DetachedFilesystemOptions = {},
): Promise<DetachedMount> {
  return run(FILESYSTEM, planDetachedFilesystem(source, fsType, options));
}

/** {@link detachedFilesystem} on the calling thread. */
export function detachedFilesystemSync(
  source: PathLike | null,
  fsType: string,
  options: DetachedFilesystemOptions = {},
): DetachedMount {
  return runSync(FILESYSTEM, planDetachedFilesystem(source, fsType, options));
}
