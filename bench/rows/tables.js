// The mount table, of few mounts and of many: beside the bare read of its file.
import { readMountTable, readMountTableSync } from 'linux-mount';
import { ours, oursAsync, oursAtOnce } from '../ours.js';
import { crowdOfBinds, mountLimit } from '../place.js';

const AT_ONCE = 64;
const MOST_AT_ONCE = 1000; // 64 tables of more are a test of memory

export const FINDMNT = 'findmnt(8)';
export const READ = 'await readMountTable';
export const tableName = (count) => `mount table of ${count.toLocaleString('en')} mounts`;

/** How many mounts there can be: as many as were asked for, or what the namespace has room for. */
export function possible(count) {
  const { there, most } = mountLimit();
  const room = most - there - 1000; // what else is measured
  return count <= room ? count : Math.floor(room / 1000) * 1000;
}

export function tableRows(place, peers, counts) {
  return counts.map((asked) => {
    const count = possible(asked);
    const times = Math.max(1, Math.round(1000 / count));
    // What takes minutes is measured once.
    const slow = count > 20_000 ? { every: Number.POSITIVE_INFINITY } : { every: count >= 10_000 ? 5 : 10 };
    const note = `The most that a mount namespace may have here is ${asked.toLocaleString('en')} (fs.mount-max), with what is there already.`;
    return {
      name: tableName(count),
      note: count < asked ? note : undefined,
      before: () => crowdOfBinds(place, count),
      contenders: [
        { ...peers.c('table', [], { times }), how: 'bare read, nothing parsed' },
        ours('readMountTableSync', () => readMountTableSync(), { times }),
        oursAsync(READ, () => readMountTable(), { times }),
        peers.moby('table', [], { times }),
        ...(count > MOST_AT_ONCE ? [] : [oursAtOnce(AT_ONCE, () => readMountTable(), undefined, { every: 5 })]),
        peers.forked(FINDMNT, 'util-linux', [['findmnt']], slow),
        peers.forked(FINDMNT, 'util-linux', [['findmnt', '--json']], { how: 'spawnSync, --json', ...slow }),
      ],
    };
  });
}
