// Stands in for the addon where none can be loaded: on another operating system, or where no file fits.
import type { Addon } from './addon.js';

type Call = Exclude<keyof Addon, 'pageSize'>;

/** The functions of the addon, each with the system call that it makes. */
const CALLS: Readonly<Record<Call, string>> = {
  mountSync: 'mount',
  mount: 'mount',
  umountSync: 'umount2',
  umount: 'umount2',
  umountUsualSync: 'umount2',
  umountTreeSync: 'umount2',
  umountTree: 'umount2',
  overlaySync: 'mount',
  overlay: 'mount',
  overlayUsualSync: 'mount',
  bindSync: 'mount',
  bind: 'mount',
  filesystemSync: 'mount',
  filesystem: 'mount',
  changeSync: 'mount_setattr',
  change: 'mount_setattr',
  reconfigureSync: 'fspick',
  reconfigure: 'fspick',
  moveSync: 'move_mount',
  move: 'move_mount',
  attachSync: 'move_mount',
  attach: 'move_mount',
  closeSync: 'close',
  close: 'close',
  descriptorNumber: 'close',
  newCancellation: 'mount',
  cancel: 'mount',
  examineSync: 'statx',
  examine: 'statx',
  holdersSync: 'statx',
  holders: 'statx',
  scratch: 'mount',
  tableSync: 'listmount',
  table: 'listmount',
  mountRootSync: 'statx',
  mountRoot: 'statx',
  mountAtSync: 'statmount',
  mountAt: 'statmount',
  watchOpen: 'listmount',
  watchWait: 'listmount',
  watchClose: 'listmount',
  layerOpen: 'getdents64',
  layerNext: 'getdents64',
  layerClose: 'getdents64',
  makeWhiteoutSync: 'mknodat',
  makeWhiteout: 'mknodat',
  makeOpaqueSync: 'fsetxattr',
  makeOpaque: 'fsetxattr',
  isWhiteoutSync: 'lgetxattr',
  isWhiteout: 'lgetxattr',
  isOpaqueSync: 'lgetxattr',
  isOpaque: 'lgetxattr',
};

/** An addon whose every function throws what `errorOf` makes of the system call's name. */
export function absentAddon(errorOf: (call: string) => Error): Addon {
  const calls = Object.entries(CALLS).map(([name, call]) => [
    name,
    () => {
      throw errorOf(call);
    },
  ]);
  return { pageSize: Number.NaN, ...Object.fromEntries(calls) };
}

/** The functions that an object lacks to be the addon of this version. */
export function missingCalls(addon: object): string[] {
  return Object.keys(CALLS).filter((name) => typeof (addon as Record<string, unknown>)[name] !== 'function');
}
