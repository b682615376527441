// Rows of what the rest of the process notices, and of the search for holders in other processes.
import { promises as fs } from 'node:fs';
import { constants, holders, holdersSync, mount, mountSync, umount, umountSync } from 'linux-mount';
import { libraryAsync, librarySync } from '../library.js';

export const LATE = 'the longest that the event loop stands still';

export function processRows(place, peers) {
  const { source, targets } = place;
  return [late(), held()];

  // Measures the longest turn of the event loop while operations run.
  function late() {
    const longest = async (underWay) => {
      let isDone = false;
      let most = 0;
      const done = underWay().then(() => {
        isDone = true;
      });
      for (let before = process.hrtime.bigint(); !isDone; ) {
        await new Promise((resolve) => setImmediate(resolve));
        const now = process.hrtime.bigint();
        most = Math.max(most, Number(now - before));
        before = now;
      }
      await done;
      return most;
    };
    const bind = (each) => mount(source, each, null, constants.MS_BIND);
    const umountIt = (each) => umount(each);
    const all = (action) => Promise.all(targets.map((each) => action(each)));
    const contender = (who, how, ...actions) => {
      const underWay = async () => {
        for (const action of actions) await all(action);
      };
      return { who, how, times: 1, run: () => longest(underWay) };
    };
    return {
      name: LATE,
      note: 'With two processors, waiting is mostly waiting for a processor.',
      contenders: [
        contender('Node', `${targets.length} × fs.promises.access, then as many again`, fs.access, fs.access),
        contender('linux-mount', `${targets.length} binds, then their umounts`, bind, umountIt),
      ],
    };
  }

  function held() {
    const busy = place.directory('busy');
    return {
      name: 'who holds a mount, among all processes',
      before: () => {
        mountSync('busy', busy, 'tmpfs');
        return () => umountSync(busy);
      },
      contenders: [
        librarySync('holdersSync', () => holdersSync(busy), { times: 1 }),
        libraryAsync('await holders', () => holders(busy), { times: 1 }),
        // These commands report the result by their exit status.
        peers.forked('fuser(1)', 'psmisc', [['fuser', '--mount', busy]], { isAnyStatus: true }),
        peers.forked('lsof(8)', 'lsof', [['lsof', busy]], { isAnyStatus: true }),
      ],
    };
  }
}
