import { describe, expect } from 'vitest';
import { constants, mountSync } from '../../../lib/index.js';
import { runNode } from '../../support/child.js';
import { injectProgram, lacks } from '../../support/environment.js';
import { lacksOverlay } from '../../support/kernel-features.js';
import { type Place, test } from '../../support/place.js';
import { mountTable } from '../../support/table.js';

// What has been mounted at a target and is of no use is taken down again, and nothing else with it.

// A bind that is made in several steps (before Linux 5.2, or in a sandbox) may fail in the middle. A copy of a shared
// mount is its peer, so that what is taken from it is taken from its source; and what was looked up in a root is what
// lies below it. Once the mounts below the source went with it, and another mount lost its propagation.

const INJECTOR = JSON.stringify(new URL('../../hunts/faults/injector.js', import.meta.url));
const OLDER = ['open_tree=ENOSYS', 'mount_setattr=ENOSYS'];
const { MS_SHARED, MS_REC } = constants;

/** A shared tree to bind, and a root to bind in, where a shared mount is already. */
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

/** With no descriptor to be had once the target has been looked up. */
const UNOPENED_IN_ROOT = `${BIND}
  const { arm, disarm } = await import(${INJECTOR});
  arm({ name: 'openat2', index: 2, code: 'EMFILE', stays: true });
  const end = await bind(inRoot);
  disarm();
  console.log(JSON.stringify([end]));`;

/** With one descriptor more to be had each time, until it is mounted. */
const WITH_FEW_DESCRIPTORS = `${BIND}
  const told = [];
  for (const target of [inRoot, atPath]) {
    const all = [];
    try { for (;;) all.push(openSync('/', 'r')); } catch {}
    let end = await bind(target);
    for (; typeof end === 'string'; end = await bind(target)) {
      told.push(end);
      closeSync(all.pop());
    }
    for (const fd of all) closeSync(fd);
    await end.unmount({ recursive: true });
  }
  console.log(JSON.stringify(told));`;

describe.each(['mountBind', 'mountBindSync'])('%s, recursive', (form) => {
  test.for([
    ['is left, as what was mounted cannot be opened', UNOPENED_IN_ROOT, [], [injectProgram], ['EMFILE, left']],
    ['fails, as it cannot be remounted', IN_ROOT, ['remount=EPERM'], [], ['EPERM']],
    ['fails for want of descriptors', WITH_FEW_DESCRIPTORS, [], ['prlimit', '--nofile=64:64', '--'], ['EMFILE']],
  ] as const)('%s, and no other mount is touched', async ([, program, deny, wrapper, ends], { place, skip }) => {
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
  });
});

const MEANWHILE = {
  tmpfs: `mountFilesystem('new', target, 'tmpfs', { strategy: 'data' })`,
  bind: `mountBind(place + '/source', target, { readonly: true })`,
  overlay: `mountOverlay({ lower: [place + '/source', place + '/root'], target, strategy: 'data' })`,
} as const;

test.for(Object.keys(MEANWHILE) as (keyof typeof MEANWHILE)[])(
  'where somebody else takes it down before it can be opened, what was mounted there before stays: %s',
  async (way, { place, skip }) => {
    skip(lacks.deny !== undefined, lacks.deny);
    skip(way === 'overlay' && lacksOverlay !== undefined, lacksOverlay);
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
       // The first looks the target up.
       hold('openat2', 2);
       const ended = ${MEANWHILE[way]}.catch((error) => error);
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
