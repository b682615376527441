// Rows of lookups of a path, with few and with many mounts, and the time until a watcher reports a mount.
import { statSync } from 'node:fs';
import { isMountPoint, isMountPointSync, mountAtSync, mountSync, umountSync, watchMountTable } from 'linux-mount';
import { libraryAsync, libraryAtOnce, librarySync } from '../library.js';
import { crowdOfBinds } from '../place.js';

const AT_ONCE = 64;
const MANY = { times: 500 }; // for calls that take less than a microsecond

export const IS_MOUNT_POINT = 'isMountPointSync';
export const FEW_PATHS = 'whether a path is a mount point';

/** The rows with few mounts, and the rows with `many` other mounts. */
export function lookupRows(place, peers, many) {
  const { path } = place;
  const asked = (name, before) => ({
    name,
    before,
    contenders: [
      peers.c('is-mount-point', [path], MANY),
      librarySync(IS_MOUNT_POINT, () => isMountPointSync(path), MANY),
      { ...librarySync('statSync, which finds no mount points', () => statSync(path), MANY), who: 'Node' },
      peers.moby('is-mount-point', [path], MANY),
      librarySync('mountAtSync', () => mountAtSync(path), MANY),
      libraryAsync('await isMountPoint', () => isMountPoint(path)),
      libraryAtOnce(AT_ONCE, () => isMountPoint(path)),
      peers.forked('mountpoint(1)', 'util-linux', [['mountpoint', '-q', path]], { every: 5 }),
    ],
  });
  const watched = (name, before) => ({
    name,
    before,
    contenders: [libraryAsync('tmpfs mount and umount, each reported', watch, { times: 1 })],
  });
  const crowd = () => crowdOfBinds(place, many);
  const beside = `beside ${many.toLocaleString('en')} mounts`;
  return [
    asked(FEW_PATHS, undefined),
    asked(`${FEW_PATHS}, ${beside}`, crowd),
    watched('a mount and its umount until the watcher reports them', undefined),
    watched(`a mount and its umount until the watcher reports them, ${beside}`, crowd),
  ];

  async function watch() {
    const watcher = watchMountTable({ under: place.target });
    const attached = watcher.next();
    mountSync('x', place.target, 'tmpfs');
    await attached;
    const detached = watcher.next();
    umountSync(place.target);
    await detached;
    await watcher.return();
  }
}

/** The name of the row of a lookup with this number of other mounts. */
export const pathBeside = (many) => `${FEW_PATHS}, beside ${many.toLocaleString('en')} mounts`;
