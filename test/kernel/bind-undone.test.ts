import { describe, expect } from 'vitest';
import { constants, mountSync } from '../../lib/index.js';
import { runNode } from '../support/child.js';
import { injectProgram, lacks } from '../support/environment.js';
import { type Place, test } from '../support/place.js';
import { mountTable } from '../support/table.js';

// A bind that is made in several steps (before Linux 5.2, or in a sandbox) and fails in the middle is taken down again. A
// copy of a shared mount is its peer, so that what is taken from it is taken from its source; and what was looked up in
// a root is what lies below it. Once the mounts below the source went with it, and another mount lost its propagation.

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
      return left === undefined ? code : 'left';
    }
  };
  const inRoot = { root: place + '/root', path };
  const atPath = place + '/root/' + path;`;

const IN_ROOT = `${BIND}
  console.log(JSON.stringify([await bind(inRoot)]));`;

/** With no descriptor to be had once the target has been looked up. */
const UNOPENED_IN_ROOT = `${BIND}
  const { arm, disarm } = await import(${JSON.stringify(new URL('../faults/injector.js', import.meta.url))});
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
    ['is left, as what was mounted cannot be opened', UNOPENED_IN_ROOT, [], [injectProgram], ['left']],
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
      if (ends[0] !== 'left') expect(after).toHaveLength(before.length);
    }
  });
});
