// Features that read mounts: mount table, IDs, watching, holders.
import {
  isMountPoint,
  mountAt,
  mountSync,
  overlaySupport,
  readMountTable,
  watchMountTable,
} from '../../../lib/index.js';
import { type Features, fallsBack, type Outcome, same, works } from './feature.js';

/** The newer system calls return unique mount IDs (Linux 6.8); the older ones do not, and the library returns null. */
const byIds = (id: bigint | null | undefined, newer: string, older: string): Outcome =>
  typeof id === 'bigint' ? works(newer) : fallsBack(older);

export const questions: Features = {
  isMountPoint: async (scratch) => {
    const target = scratch.directory('t');
    same(await isMountPoint(target), false);
    mountSync('t', target, 'tmpfs');
    same(await isMountPoint(target), true);
    return works('statx');
  },
  mountAt: async (scratch) => {
    const target = scratch.directory('t');
    mountSync('source', target, 'tmpfs');
    const { source, uniqueId } = await mountAt(scratch.directory('t/below'));
    same(source, 'source');
    return byIds(uniqueId, 'statmount', 'from the mount table');
  },
  'readMountTable, ids that are never used again': async (scratch) => {
    const target = scratch.directory('t');
    mountSync('source', target, 'tmpfs');
    const entry = (await readMountTable()).at(target);
    same(entry?.source, 'source');
    return byIds(entry?.uniqueId, 'listmount', 'uniqueId is null: there are the ids only that may be used again');
  },
  watchMountTable: async (scratch) => {
    const target = scratch.directory('t');
    const watcher = watchMountTable({ under: scratch.root });
    mountSync('watched', target, 'tmpfs');
    const { value } = await watcher.next();
    same([value?.type, value?.entry.source], ['attached', 'watched']);
    await watcher.return();
    return byIds(value?.entry.uniqueId, 'listmount', 'tables are compared without ids that are never used again');
  },
  overlaySupport: async (scratch) => {
    const { overlay, filesystem } = await overlaySupport(scratch.root);
    const { supported } = overlay;
    return supported
      ? works(filesystem.upper.supported ? 'upper layers too' : 'lower layers only')
      : works('no overlays');
  },
};
