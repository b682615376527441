// Tests that a target in a root directory never leads outside while an attacker exchanges directories for links.
import { mkdirSync, readdirSync, symlinkSync } from 'node:fs';
import { expect, vi } from 'vitest';
import { mountSync } from '../../../lib/index.js';
import { runNode } from '../../support/child.js';
import { patience, times } from '../../support/effort.js';
import { exchangeProgram, lacks, pass } from '../../support/environment.js';
import { HolderProcess } from '../../support/holder.js';
import { lacksClone, lacksDetached, lacksOverlay } from '../../support/kernel-features.js';
import { type Place, test } from '../../support/place.js';
import { mountTable, tableEntry } from '../../support/table.js';

vi.setConfig({ testTimeout: patience(600_000) });

// Two kinds of attacker double the number of tries: the root pass makes 100,000 tries for each main operation, the
// other passes fewer.
const TRIES = times(pass === 'root' ? 50_000 : 5_000, 100);
const FEWER = Math.max(TRIES / 10, times(1_000, 100));

const OLDER = ['open_tree=ENOSYS', 'move_mount=ENOSYS', 'fsopen=ENOSYS', 'mount_setattr=ENOSYS'];

const OUTSIDE_MOUNTS = ['outside/two/target', 'outside/target'];

/**
 * Makes a root directory in which an attacker exchanges each directory of "one/two/target" for a link that leads
 * outside, to directories of the same names.
 */
function prepareAttack(place: Place) {
  const root = place.directory('root');
  place.directory('root/one/two/target');
  place.directory('root/other/two/target');
  place.directory('root/one/spare');
  for (const path of ['outside', 'outside/two', 'outside/two/target', 'outside/target']) place.directory(path);
  // The mounts of other processes outside must stay as they are.
  for (const path of OUTSIDE_MOUNTS) mountSync('precious', place.path(path), 'tmpfs');
  symlinkSync(place.path('outside'), place.path('root/link-one'));
  symlinkSync('../../outside/two', place.path('root/one/link-two'));
  symlinkSync(place.path('outside/target'), place.path('root/one/two/link-target'));
  const pairs = [
    ['one', 'link-one'],
    ['one/two', 'one/link-two'],
    ['one/two/target', 'one/two/link-target'],
    ['one', 'other'],
    ['one/two', 'one/spare'],
  ];
  return { root, exchanged: pairs.flat().map((path) => `${root}/${path}`) };
}

/** Inside the root directory only the directories of the test are left; outside nothing has changed. */
function expectNothingLeft(place: Place, mountsBefore: number) {
  expect(mountTable().length).toBe(mountsBefore);
  expect(readdirSync(place.path('outside')).sort()).toEqual(['target', 'two']);
  expect(readdirSync(place.path('outside/two'))).toEqual(['target']);
  for (const path of OUTSIDE_MOUNTS) {
    expect(tableEntry(place.path(path))).toMatchObject({ source: 'precious', options: ['rw', 'relatime'] });
    expect(readdirSync(place.path(path))).toEqual([]);
  }
}

// Each operation that mounts. The handle of the mount unmounts it.
const OPERATIONS = {
  bind: `mountBindSync(source, target, { readonly: true })`,
  file: `mountBindSync(source + '/file', { ...target, path: '/one/two/file', create: 'file' }, { readonly: true })`,
  tmpfs: `mountTmpfsSync(target, { size: 4096 })`,
  overlay: `mountOverlaySync({ lower: [source, lower], target })`,
  tree: `attached(detachedBindSync(source))`,
  clone: `detached.attachSync(target, { clone: true })`,
  recursive: `mountBindSync(source, target, { recursive: true, readonly: true })`,
  create: `mountTmpfsSync({ ...target, path: '/one/two/new/target', create: 'directory' }, { size: 4096 })`,
} as const;

// The program starts the attacker, so that the attack begins when Node.js has started.
const script = (operation: keyof typeof OPERATIONS, tries: number) => `
  import { spawn } from 'node:child_process';
  import { once } from 'node:events';
  import { readdirSync, readFileSync } from 'node:fs';
  import { detachedBindSync, mountBindSync, mountOverlaySync, mountTmpfsSync, umountSync } from 'linux-mount';
  const [top, allowEmulation, program, ...words] = process.argv.slice(1);
  const attacker = spawn(program, words, { stdio: ['ignore', 'pipe', 'inherit'] });
  await once(attacker.stdout, 'data');
  const [root, source, lower] = ['root', 'source', 'lower'].map((name) => top + '/' + name);
  const target = { root, path: '/one/two/target', allowEmulation: allowEmulation === 'emulate' };
  const descriptors = readdirSync('/proc/self/fd').length;
  const detached = ${operation === 'clone' ? 'detachedBindSync(source)' : 'undefined'};
  const attached = (tree) => { try { return tree.attachSync(target); } finally { tree.closeSync(); } };
  const table = () => readFileSync('/proc/self/mountinfo', 'latin1').trimEnd().split('\\n').map((line) => line.split(' '));
  const before = new Set(table().map(([id]) => id));
  const added = () => table().filter(([id]) => !before.has(id));
  const found = { tries: 0, mounted: 0, outside: [], codes: {}, stuck: 0, untrue: [] };
  // Checks that every new mount is inside the root directory and has the attributes that were asked for.
  const check = (mounted) => {
    for (const [, , , , point, options] of added()) {
      if (!point.startsWith(root + '/')) found.outside.push(point);
      if (${operation === 'bind' || operation === 'file' || operation === 'recursive'} && mounted && !options.startsWith('ro,')) found.outside.push(point + ' ' + options);
    }
  };
  const record = (where, { code, reason }) => {
    const key = where + ' ' + code;
    found.codes[key] = (found.codes[key] ?? 0) + 1;
    if (reason === undefined) found.untrue.push(key);
  };
  // On a busy machine the loop continues until the attacker has prevented at least one mount and missed at least one.
  const undecided = () => (found.mounted === 0 || found.mounted === found.tries) && found.tries < ${tries * 100};
  for (; (found.tries < ${tries} || undecided()) && found.outside.length === 0; found.tries += 1) {
    let mount;
    try {
      mount = ${OPERATIONS[operation]};
    } catch (error) {
      record('mount', error);
      if (found.tries % 16 === 0) check(false);
      continue;
    }
    found.mounted += 1;
    if (found.mounted % 4 === 0) check(true);
    for (let attempt = 0; ; attempt += 1) {
      try {
        mount.unmountSync();
        break;
      } catch (error) {
        record('unmount', error);
        if (attempt === 1000) { found.stuck += 1; break; }
      }
    }
  }
  detached?.closeSync();
  console.log(JSON.stringify({ ...found, left: added().map((line) => line.join(' ')), descriptors: readdirSync('/proc/self/fd').length - descriptors }));
  attacker.kill('SIGKILL');
`;

interface Found {
  readonly tries: number;
  readonly mounted: number;
  readonly codes: Readonly<Record<string, number>>;
}

async function attack(
  place: Place,
  operation: keyof typeof OPERATIONS,
  options: { deny?: readonly string[]; separateNamespace?: boolean; tries?: number; emulate?: boolean },
): Promise<Found> {
  const { deny = [], separateNamespace = false, tries = TRIES, emulate = false } = options;
  const { exchanged } = prepareAttack(place);
  place.directory('source', { file: 'source' });
  mkdirSync(place.path('source/below'));
  place.directory('lower');
  const mounts = mountTable().length;
  const before = separateNamespace ? ['unshare', '--mount', '--propagation', 'private', '--'] : [];
  const { stdout, stderr, status } = await runNode(script(operation, tries), {
    args: [place.root, emulate ? 'emulate' : '', ...before, exchangeProgram, ...exchanged],
    deny,
    timeout: 500_000,
  });
  expect({ stderr, status }).toEqual({ stderr: '', status: 0 });
  const result: Found & Record<string, unknown> = JSON.parse(stdout);
  console.log(
    `   ${operation}${separateNamespace ? ' (separate namespace)' : ''}${deny.length > 0 ? ' (older)' : ''}: ${JSON.stringify(result)}`,
  );
  expect(result).toMatchObject({ outside: [], left: [], stuck: 0, descriptors: 0, untrue: [] });
  expect(result.tries).toBeGreaterThanOrEqual(tries);
  expectNothingLeft(place, mounts);
  return result;
}

/** The attacker prevented at least one mount, and missed at least one. */
function expectBothOutcomes({ mounted, tries }: Found) {
  expect(mounted).toBeGreaterThan(0);
  expect(tries - mounted).toBeGreaterThan(0);
}

const attackers = [
  ['attacker in the same mount namespace', false],
  ['attacker in another mount namespace, which may rename mount points', true],
] as const;

test.for(attackers)(
  'a target without a root directory leads outside when another process exchanges directories for links: %s',
  async ([_name, separateNamespace], { place, skip }) => {
    skip(lacks.mountNamespace !== undefined, lacks.mountNamespace);
    const { exchanged, root } = prepareAttack(place);
    const before = separateNamespace ? ['unshare', '--mount', '--propagation', 'private', '--'] : [];
    await using _attacker = await HolderProcess.start([...before, exchangeProgram, ...exchanged]);
    const { stdout } = await runNode(
      `import { mountTmpfsSync } from 'linux-mount';
     import { readFileSync } from 'node:fs';
     let outside = false;
     for (let tries = 0; tries < 100_000 && !outside; tries += 1) {
       try {
         const mount = mountTmpfsSync(process.argv[1] + '/one/two/target');
         outside = readFileSync('/proc/self/mountinfo', 'latin1').split('\\n').some((line) => line.includes('/outside/') && !line.includes(' precious '));
         mount.unmountSync();
       } catch {}
     }
     console.log(outside);`,
      { args: [root] },
    );
    expect(stdout).toBe('true\n');
  },
);

for (const [attacker, separateNamespace] of attackers) {
  test.for(Object.keys(OPERATIONS) as (keyof typeof OPERATIONS)[])(
    `a target in a root directory never leads outside while another process exchanges directories: %s, ${attacker}`,
    async (operation, { place, skip }) => {
      skip(lacks.mountNamespace !== undefined, lacks.mountNamespace);
      const why = { tree: lacksDetached, clone: lacksClone, overlay: lacksOverlay }[operation as string];
      skip(why !== undefined, why);
      const isMain = operation === 'bind' || operation === 'tmpfs';
      expectBothOutcomes(await attack(place, operation, { separateNamespace, tries: isMain ? TRIES : FEWER }));
    },
  );

  test.for(['bind', 'file', 'tmpfs', 'overlay', 'recursive'] as const)(
    `a target in a root directory never leads outside on an older kernel: %s, ${attacker}`,
    async (operation, { place, skip }) => {
      skip(lacks.mountNamespace !== undefined, lacks.mountNamespace);
      skip(lacks.deny !== undefined, lacks.deny);
      skip(operation === 'overlay' && lacksOverlay !== undefined, lacksOverlay);
      expectBothOutcomes(
        await attack(place, operation, { deny: OLDER, separateNamespace, tries: operation === 'bind' ? TRIES : FEWER }),
      );
    },
  );

  test.for(['bind', 'tmpfs', 'file'] as const)(
    `a target in a root directory never leads outside with emulated openat2(2): %s, ${attacker}`,
    async (operation, { place, skip }) => {
      skip(lacks.mountNamespace !== undefined, lacks.mountNamespace);
      skip(lacks.deny !== undefined, lacks.deny);
      const deny = [...OLDER, 'openat2=ENOSYS'];
      expectBothOutcomes(await attack(place, operation, { deny, separateNamespace, emulate: true, tries: FEWER }));
    },
  );
}
