// Rows of reading the mount table with few and many mounts, next to a plain read of its file.
import { readMountTable, readMountTableSync } from 'linux-mount';
import { libraryAsync, libraryAtOnce, librarySync } from '../library.js';
import { crowdOfBinds, mountLimit } from '../place.js';

const AT_ONCE = 64;
const MOST_AT_ONCE = 1000; // 64 larger tables would measure memory
const MARGIN = 1000; // for mounts of other programs

export const FINDMNT = 'findmnt(8)';
export const READ = 'await readMountTable';
export const tableName = (count) => `mount table of ${count.toLocaleString('en')} mounts`;

/** Returns the rows for tables of these sizes, including the existing mounts, up to the limit of mounts. */
export function tableRows(place, peers, counts) {
  const { current, most } = mountLimit();
  return counts.map((asked) => {
    const count = Math.min(asked, Math.floor((most - MARGIN) / 1000) * 1000);
    const times = Math.max(1, Math.round(1000 / count));
    // A measurement that takes minutes is made once.
    const slow = { every: count > 20_000 ? Number.POSITIVE_INFINITY : count >= 10_000 ? 5 : 10 };
    return {
      name: tableName(count),
      note:
        count < asked
          ? `A mount namespace may have ${most.toLocaleString('en')} mounts here (fs.mount-max).`
          : undefined,
      before: () => crowdOfBinds(place, count - current),
      contenders: [
        { ...peers.c('table', [], { times }), how: 'bare read, nothing parsed' },
        librarySync('readMountTableSync', () => readMountTableSync(), { times }),
        libraryAsync(READ, () => readMountTable(), { times }),
        peers.moby('table', [], { times }),
        ...(count > MOST_AT_ONCE ? [] : [libraryAtOnce(AT_ONCE, () => readMountTable(), undefined, { every: 5 })]),
        peers.forked(FINDMNT, 'util-linux', [['findmnt']], slow),
        peers.forked(FINDMNT, 'util-linux', [['findmnt', '--json']], { how: 'spawnSync, --json', ...slow }),
      ],
    };
  });
}
