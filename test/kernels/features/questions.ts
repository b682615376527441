import {
  isMountPoint,
  mountAt,
  mountSync,
  overlaySupport,
  readMountTable,
  watchMountTable,
} from '../../../lib/index.js';
import { type Features, fallsBack, same, works } from './feature.js';

export const questions: Features = {
  isMountPoint: async (ground) => {
    const target = ground.directory('t');
    same(await isMountPoint(target), false);
    mountSync('t', target, 'tmpfs');
    same(await isMountPoint(target), true);
    return works('statx');
  },
  mountAt: async (ground) => {
    const target = ground.directory('t');
    mountSync('source', target, 'tmpfs');
    const { source, uniqueId } = await mountAt(ground.directory('t/below'));
    same(source, 'source');
    return uniqueId === undefined ? fallsBack('the mount table') : works('statmount');
  },
  'readMountTable, ids that are never used again': async (ground) => {
    const target = ground.directory('t');
    mountSync('source', target, 'tmpfs');
    const entry = (await readMountTable()).at(target);
    same(entry?.source, 'source');
    return entry?.uniqueId === undefined ? fallsBack('ids that may be used again') : works('listmount');
  },
  watchMountTable: async (ground) => {
    const target = ground.directory('t');
    const watcher = watchMountTable({ under: ground.root });
    mountSync('watched', target, 'tmpfs');
    const { value } = await watcher.next();
    same([value?.type, value?.entry.source], ['attached', 'watched']);
    await watcher.return();
    return value?.entry.uniqueId === undefined ? fallsBack('comparing tables') : works('listmount');
  },
  overlaySupport: async (ground) => {
    const { overlay, filesystem } = await overlaySupport(ground.root);
    const { supported } = overlay;
    return supported
      ? works(filesystem.upper.supported ? 'upper layers too' : 'lower layers only')
      : works('no overlays');
  },
};
