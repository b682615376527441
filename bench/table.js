// What the mount table costs, beside the bare read of its file and beside findmnt(8), and what it costs to ask about one
// path: among few mounts and among many.
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import {
  constants,
  isMountPoint,
  isMountPointSync,
  mountAtSync,
  mountSync,
  readMountTable,
  readMountTableSync,
  umountSync,
  watchMountTable,
} from 'linux-mount';

const MANY = 10_000;
const READ = `the mount table, of ${MANY} mounts`;
const FEW_PATHS = 'one path';
const MANY_PATHS = `one path, beside ${MANY} mounts`;
const WATCH = 'a mount until the watcher tells of it';
const WATCH_MANY = `${WATCH}, beside ${MANY} mounts`;

const FILE = 'readFileSync of mountinfo';
const FINDMNT = 'findmnt(8)';
const ASYNC = 'await readMountTable';
const IS_MOUNT_POINT = 'isMountPointSync';

/** @param {string} place a directory for mounts */
export function tableGroups(place) {
  const crowded = join(place, 'crowded');
  const target = join(place, 'watched');
  for (const path of [crowded, target]) mkdirSync(path);
  const crowd = () => {
    mountSync('crowd', crowded, 'tmpfs');
    for (let index = 0; index < MANY; index += 1) {
      const path = join(crowded, `mount${index}`);
      mkdirSync(path);
      mountSync('tmpfs', path, 'tmpfs');
    }
    return () => umountSync(crowded, constants.MNT_DETACH);
  };
  const times = (action) => (count) => {
    for (let index = 0; index < count; index += 1) action();
  };
  const path = (before) => ({
    'fs.statSync': { before, run: times(() => statSync(place)) },
    [IS_MOUNT_POINT]: { run: times(() => isMountPointSync(place)) },
    mountAtSync: { run: times(() => mountAtSync(place)) },
    'await isMountPoint': {
      run: async (count) => {
        for (let index = 0; index < count; index += 1) await isMountPoint(place);
      },
    },
  });
  const watch = (before) => ({
    'mount + umount, both told': {
      before,
      times: 1,
      run: async () => {
        const watcher = watchMountTable({ under: target });
        const attached = watcher.next();
        mountSync('x', target, 'tmpfs');
        await attached;
        const detached = watcher.next();
        umountSync(target);
        await detached;
        await watcher.return();
      },
    },
  });
  return {
    [READ]: {
      [FILE]: { before: crowd, times: 1, turns: 15, run: () => void readFileSync('/proc/self/mountinfo') },
      readMountTableSync: { times: 1, run: () => void readMountTableSync() },
      [ASYNC]: { times: 1, run: async () => void (await readMountTable()) },
      [FINDMNT]: { times: 1, run: () => void spawnSync('findmnt', [], { maxBuffer: 2 ** 30 }) },
    },
    [FEW_PATHS]: path(undefined),
    [MANY_PATHS]: path(crowd),
    [WATCH]: watch(undefined),
    [WATCH_MANY]: watch(crowd),
  };
}

/** Lines of the summary: the group that has to be there, the name, and the figure. */
export const tableLines = [
  [READ, `${MANY} mounts, the table read and parsed over the bare read`, (group) => group[ASYNC].ratio],
  [
    READ,
    `${MANY} mounts, findmnt over readMountTable`,
    (group) => group[FINDMNT].nanoseconds / group[ASYNC].nanoseconds,
  ],
  [FEW_PATHS, 'isMountPointSync, µs', (group) => group[IS_MOUNT_POINT].nanoseconds / 1000],
  [MANY_PATHS, `the same beside ${MANY} mounts, µs`, (group) => group[IS_MOUNT_POINT].nanoseconds / 1000],
];
