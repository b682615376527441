// The scratch tmpfs of the benchmark: directories that the rows need, and large numbers of other mounts.
import { mkdirSync, mkdtempSync, readFileSync, rmdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { constants, mountSync, umountSync } from 'linux-mount';
import { ScratchDirectory } from '../test/support/scratch-directory.js';

const AT_ONCE = 64;

/** Makes the scratch tmpfs and changes into it, so that names of layers can be short. */
export function makePlace() {
  const path = mkdtempSync(join(tmpdir(), 'linux-mount-bench-'));
  mountSync('bench', path, 'tmpfs');
  const before = process.cwd();
  process.chdir(path);
  const scratch = new ScratchDirectory(path);
  const directory = (name) => scratch.directory(name);
  const several = (count, name) => Array.from({ length: count }, (_, index) => directory(`${name}${index}`));
  return {
    path,
    directory,
    several,
    source: directory('source'),
    target: directory('target'),
    /** The targets of parallel mounts. */
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
 * Makes `count` other mounts, and returns a function that unmounts them.
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

/** Makes `count` bind mounts. Most are made in batches: each batch after the first is a recursive bind of the first. */
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

/** Returns the number of mounts, and the limit of mounts in a mount namespace. */
export function mountLimit() {
  const current = readFileSync('/proc/self/mountinfo', 'latin1').split('\n').length - 1;
  return { current, most: Number(readFileSync('/proc/sys/fs/mount-max', 'latin1')) };
}
