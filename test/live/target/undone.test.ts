// Tests that the undo of a failed mount unmounts only the mount of the failed call, and no other mount.
import { describe, expect } from 'vitest';
import { constants, mountSync } from '../../../lib/index.js';
import { runNode } from '../../support/child.js';
import { injectProgram, lacks } from '../../support/environment.js';
import { lacksOverlay } from '../../support/kernel-features.js';
import { type Place, test } from '../../support/place.js';
import { mountTable } from '../../support/table.js';

// A bind that is made in several steps (before Linux 5.2, or in a sandbox) can fail between two steps. The copy of a
// shared mount is a peer of that mount, so an unmount below the copy propagates to the source; and a path inside a root
// directory may lead to the mount below the copy. In earlier versions the undo unmounted the mounts below the source,
// and took the propagation of another mount away.

const INJECTOR = JSON.stringify(new URL('../../hunts/faults/injector.js', import.meta.url));
const OLDER = ['open_tree=ENOSYS', 'mount_setattr=ENOSYS'];
const { MS_SHARED, MS_REC } = constants;

/** Makes a shared tree to bind, and a root directory that contains a shared mount. */
function prepare(place: Place): void {
  const source = place.directory('source');
  mountSync('source', source, 'tmpfs');
  mountSync('below', place.directory('source/below'), 'tmpfs');
  mountSync('deeper', place.directory('source/below/deeper'), 'tmpfs');
  mountSync(null, source, null, MS_SHARED | MS_REC);
  place.directory('root/empty');
  mountSync('other', place.directory('root/other'), 'tmpfs');
  mountSync(null, place.path('root/other'), null, MS_SHARED);
}

const BIND = `
  import { closeSync, openSync } from 'node:fs';
  import * as library from 'linux-mount';
  const [place, path, form] = process.argv.slice(1);
  const bind = async (target) => {
    try {
      return await library[form](place + '/source', target, { recursive: true, readonly: true });
    } catch ({ code, left }) {
      return left === undefined ? code : code + ', left';
    }
  };
  const inRoot = { root: place + '/root', path };
  const atPath = place + '/root/' + path;`;

const IN_ROOT = `${BIND}
  console.log(JSON.stringify([await bind(inRoot)]));`;

/** Binds without a free descriptor after the lookup of the target. */
const UNOPENED_IN_ROOT = `${BIND}
  const { arm, disarm } = await import(${INJECTOR});
  arm({ name: 'openat2', index: 2, code: 'EMFILE', stays: true });
  const end = await bind(inRoot);
  disarm();
  console.log(JSON.stringify([end]));`;

/** Binds repeatedly with one more free descriptor each time, until the bind succeeds. */
const WITH_FEW_DESCRIPTORS = `${BIND}
  const results = [];
  for (const target of [inRoot, atPath]) {
    const all = [];
    try { for (;;) all.push(openSync('/', 'r')); } catch {}
    let end = await bind(target);
    for (; typeof end === 'string'; end = await bind(target)) {
      results.push(end);
      closeSync(all.pop());
    }
    for (const fd of all) closeSync(fd);
    await end.unmount({ recursive: true });
  }
  console.log(JSON.stringify(results));`;

describe.each(['mountBind', 'mountBindSync'])('%s with recursive', (form) => {
  test.for([
    ['is left because the new mount cannot be opened', UNOPENED_IN_ROOT, [], [injectProgram], ['EMFILE, left']],
    ['fails because its remount is refused', IN_ROOT, ['remount=EPERM'], [], ['EPERM']],
    ['fails for lack of descriptors', WITH_FEW_DESCRIPTORS, [], ['prlimit', '--nofile=64:64', '--'], ['EMFILE']],
  ] as const)(
    'a recursive bind that fails changes no other mount: the bind %s',
    async ([, program, deny, wrapper, ends], { place, skip }) => {
      skip(lacks.deny !== undefined || lacks.prlimit !== undefined, lacks.deny ?? lacks.prlimit);
      prepare(place);
      const before = mountTable();
      for (const path of ['empty', 'other']) {
        const args = [place.root, path, form];
        const { stdout, stderr } = await runNode(program, { args, deny: [...OLDER, ...deny], wrapper });
        expect(stderr).toBe('');
        expect([...new Set(JSON.parse(stdout))]).toEqual(ends);
        const after = mountTable();
        expect(after.filter(({ id }) => before.some((line) => line.id === id))).toEqual(before);
        if (!ends[0].endsWith('left')) expect(after).toHaveLength(before.length);
      }
    },
  );
});

const OPERATIONS = {
  tmpfs: `mountFilesystem('new', target, 'tmpfs', { strategy: 'data' })`,
  bind: `mountBind(place + '/source', target, { readonly: true })`,
  overlay: `mountOverlay({ lower: [place + '/source', place + '/root'], target, strategy: 'data' })`,
} as const;

test.for(Object.keys(OPERATIONS) as (keyof typeof OPERATIONS)[])(
  'a mount below the new mount stays when another process unmounts the new mount before it can be opened: %s',
  async (operation, { place, skip }) => {
    skip(lacks.deny !== undefined, lacks.deny);
    skip(operation === 'overlay' && lacksOverlay !== undefined, lacksOverlay);
    place.directory('source');
    const target = place.directory('root/target');
    mountSync('before', target, 'tmpfs');
    const before = mountTable();
    const { stdout, stderr } = await runNode(
      `import { readFileSync } from 'node:fs';
       import { setTimeout as sleep } from 'node:timers/promises';
       import { mountBind, mountFilesystem, mountOverlay, umountSync } from 'linux-mount';
       import { disarm, hold, isHeld, release } from ${INJECTOR};
       const [place] = process.argv.slice(1);
       const target = { root: place + '/root', path: 'target' };
       // The first openat2(2) looks up the target.
       hold('openat2', 2);
       const ended = ${OPERATIONS[operation]}.catch((error) => error);
       while (!isHeld()) await sleep(1);
       umountSync(place + '/root/target');
       release();
       const { code, step, left } = await ended;
       disarm();
       console.log(JSON.stringify({ code, step, left }));`,
      { args: [place.root], deny: OLDER, wrapper: [injectProgram] },
    );
    expect(stderr).toBe('');
    expect(JSON.parse(stdout)).toEqual({ code: 'ENOENT', step: 'locate target' });
    expect(mountTable()).toEqual(before);
  },
);
