// Where it is measured: a tmpfs of its own, with the directories that the rows need, and crowds of other mounts.
import { mkdirSync, mkdtempSync, readFileSync, rmdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { constants, mountSync, umountSync } from 'linux-mount';

const AT_ONCE = 64;

/** Makes the place and goes there, so that names of layers can be short. */
export function makePlace() {
  const path = mkdtempSync(join(tmpdir(), 'linux-mount-bench-'));
  mountSync('bench', path, 'tmpfs');
  const before = process.cwd();
  process.chdir(path);
  const directory = (name) => {
    mkdirSync(join(path, name), { recursive: true });
    return join(path, name);
  };
  const several = (count, name) => Array.from({ length: count }, (_, index) => directory(`${name}${index}`));
  return {
    path,
    directory,
    several,
    source: directory('source'),
    target: directory('target'),
    /** As many targets as are mounted on at once. */
    targets: several(AT_ONCE, 'target'),
    end() {
      process.chdir(before);
      umountSync(path, constants.MNT_DETACH);
      rmdirSync(path);
    },
  };
}

const BATCH = 1000;

/**
 * Mounts that many beside what is measured, each in its own way; gives what takes them down.
 *
 * @param {(path: string, index: number) => void} mountOne
 */
export function crowd(place, count, mountOne) {
  const top = place.directory('crowd');
  mountSync('crowd', top, 'tmpfs');
  for (let index = 0; index < count; index += 1) {
    const path = join(top, `mount${index}`);
    mkdirSync(path);
    mountOne(path, index);
  }
  return () => umountSync(top, constants.MNT_DETACH);
}

/** The same with binds, most of them made by batches: each after the first is a recursive bind of that. */
export function crowdOfBinds(place, count) {
  const top = place.directory('crowd');
  mountSync('crowd', top, 'tmpfs');
  const make = (name) => {
    mkdirSync(join(top, name));
    return join(top, name);
  };
  const bind = (name) => mountSync(place.source, make(name), null, constants.MS_BIND);
  let left = count - 1;
  for (let batch = 0; left >= BATCH; batch += 1, left -= BATCH) {
    const path = make(`batch${batch}`);
    if (batch === 0) {
      mountSync('batch', path, 'tmpfs');
      for (let index = 1; index < BATCH; index += 1) bind(`batch0/mount${index}`);
    } else {
      mountSync(join(top, 'batch0'), path, null, constants.MS_BIND | constants.MS_REC);
    }
  }
  for (let index = 0; index < left; index += 1) bind(`mount${index}`);
  return () => umountSync(top, constants.MNT_DETACH);
}

/** How many mounts there are, and how many there may be in a mount namespace. */
export function mountLimit() {
  const there = readFileSync('/proc/self/mountinfo', 'latin1').split('\n').length - 1;
  return { there, most: Number(readFileSync('/proc/sys/fs/mount-max', 'latin1')) };
}
