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

// Twice as many in all, as there are two kinds of attacker: a hundred thousand for each of the main ways in the pass that
// is about it, fewer in the others.
const TRIES = times(pass === 'root' ? 50_000 : 5_000, 100);
const FEWER = Math.max(TRIES / 10, times(1_000, 100));

const OLDER = ['open_tree=ENOSYS', 'move_mount=ENOSYS', 'fsopen=ENOSYS', 'mount_setattr=ENOSYS'];

const PRECIOUS = ['outside/two/target', 'outside/target'];

/**
 * A root in which every directory of "one/two/target" is exchanged for a link out of it all the time, to places outside
 * that look just the same.
 */
function battlefield(place: Place) {
  const root = place.directory('root');
  place.directory('root/one/two/target');
  place.directory('root/other/two/target');
  place.directory('root/one/spare');
  for (const path of ['outside', 'outside/two', 'outside/two/target', 'outside/target']) place.directory(path);
  // What somebody else has mounted outside must stay as it is, too.
  for (const path of PRECIOUS) mountSync('precious', place.path(path), 'tmpfs');
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

/** Inside the root nothing is left but what was there; outside nothing at all. */
function expectNothingLeft(place: Place, mountsBefore: number) {
  expect(mountTable().length).toBe(mountsBefore);
  expect(readdirSync(place.path('outside')).sort()).toEqual(['target', 'two']);
  expect(readdirSync(place.path('outside/two'))).toEqual(['target']);
  for (const path of PRECIOUS) {
    expect(tableEntry(place.path(path))).toMatchObject({ source: 'precious', options: ['rw', 'relatime'] });
    expect(readdirSync(place.path(path))).toEqual([]);
  }
}

// Each way to mount, and to take down: with the mount's own handle, or by the place once more.
const WAYS = {
  bind: `mountBindSync(source, target, { readonly: true })`,
  file: `mountBindSync(source + '/file', { ...target, path: '/one/two/file', create: 'file' }, { readonly: true })`,
  tmpfs: `mountTmpfsSync(target, { size: 4096 })`,
  overlay: `mountOverlaySync({ lower: [source, lower], target })`,
  tree: `attached(detachedBindSync(source))`,
  clone: `detached.attachSync(target, { clone: true })`,
  recursive: `mountBindSync(source, target, { recursive: true, readonly: true })`,
  create: `mountTmpfsSync({ ...target, path: '/one/two/new/target', create: 'directory' }, { size: 4096 })`,
} as const;

// The program starts the attacker, so that nobody fights while Node starts.
const script = (way: keyof typeof WAYS, tries: number) => `
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
  const detached = ${way === 'clone' ? 'detachedBindSync(source)' : 'undefined'};
  const attached = (tree) => { try { return tree.attachSync(target); } finally { tree.closeSync(); } };
  const table = () => readFileSync('/proc/self/mountinfo', 'latin1').trimEnd().split('\\n').map((line) => line.split(' '));
  const before = new Set(table().map(([id]) => id));
  const added = () => table().filter(([id]) => !before.has(id));
  const found = { tries: 0, mounted: 0, outside: [], codes: {}, stuck: 0, untrue: [] };
  // Whether what is mounted is where it may be, and what was asked for.
  const check = (mounted) => {
    for (const [, , , , point, options] of added()) {
      if (!point.startsWith(root + '/')) found.outside.push(point);
      if (${way === 'bind' || way === 'file' || way === 'recursive'} && mounted && !options.startsWith('ro,')) found.outside.push(point + ' ' + options);
    }
  };
  const tell = (where, { code, reason }) => {
    const key = where + ' ' + code;
    found.codes[key] = (found.codes[key] ?? 0) + 1;
    if (reason === undefined) found.untrue.push(key);
  };
  // As many as asked for, and on a busy machine so many more that both have had a turn.
  const undecided = () => (found.mounted === 0 || found.mounted === found.tries) && found.tries < ${tries * 100};
  for (; (found.tries < ${tries} || undecided()) && found.outside.length === 0; found.tries += 1) {
    let mount;
    try {
      mount = ${WAYS[way]};
    } catch (error) {
      tell('mount', error);
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
        tell('unmount', error);
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
  way: keyof typeof WAYS,
  options: { deny?: readonly string[]; apart?: boolean; tries?: number; emulate?: boolean },
): Promise<Found> {
  const { deny = [], apart = false, tries = TRIES, emulate = false } = options;
  const { exchanged } = battlefield(place);
  place.directory('source', { file: 'source' });
  mkdirSync(place.path('source/below'));
  place.directory('lower');
  const mounts = mountTable().length;
  const before = apart ? ['unshare', '--mount', '--propagation', 'private', '--'] : [];
  const { stdout, stderr, status } = await runNode(script(way, tries), {
    args: [place.root, emulate ? 'emulate' : '', ...before, exchangeProgram, ...exchanged],
    deny,
    timeout: 500_000,
  });
  expect({ stderr, status }).toEqual({ stderr: '', status: 0 });
  const result: Found & Record<string, unknown> = JSON.parse(stdout);
  console.log(`   ${way}${apart ? ' (apart)' : ''}${deny.length > 0 ? ' (older)' : ''}: ${JSON.stringify(result)}`);
  expect(result).toMatchObject({ outside: [], left: [], stuck: 0, descriptors: 0, untrue: [] });
  expect(result.tries).toBeGreaterThanOrEqual(tries);
  expectNothingLeft(place, mounts);
  return result;
}

/** Both happened: the attacker was in the way, and was not all the time. */
function expectBattle({ mounted, tries }: Found) {
  expect(mounted).toBeGreaterThan(0);
  expect(tries - mounted).toBeGreaterThan(0);
}

const here = [
  ['from this namespace', false],
  ['from another namespace, where mount points may be renamed', true],
] as const;

test.for(here)('without a root the attacker wins, %s', async ([_name, apart], { place, skip }) => {
  skip(lacks.mountNamespace !== undefined, lacks.mountNamespace);
  const { exchanged, root } = battlefield(place);
  const before = apart ? ['unshare', '--mount', '--propagation', 'private', '--'] : [];
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
});

for (const [name, apart] of here) {
  test.for(Object.keys(WAYS) as (keyof typeof WAYS)[])(
    `an attacker does not get %s out, ${name}`,
    async (way, { place, skip }) => {
      skip(lacks.mountNamespace !== undefined, lacks.mountNamespace);
      const why = { tree: lacksDetached, clone: lacksClone, overlay: lacksOverlay }[way as string];
      skip(why !== undefined, why);
      const isMain = way === 'bind' || way === 'tmpfs';
      expectBattle(await attack(place, way, { apart, tries: isMain ? TRIES : FEWER }));
    },
  );

  test.for(['bind', 'file', 'tmpfs', 'overlay', 'recursive'] as const)(
    `nor by the calls of older kernels, %s, ${name}`,
    async (way, { place, skip }) => {
      skip(lacks.mountNamespace !== undefined, lacks.mountNamespace);
      skip(lacks.deny !== undefined, lacks.deny);
      skip(way === 'overlay' && lacksOverlay !== undefined, lacksOverlay);
      expectBattle(await attack(place, way, { deny: OLDER, apart, tries: way === 'bind' ? TRIES : FEWER }));
    },
  );

  test.for(['bind', 'tmpfs', 'file'] as const)(
    `nor where openat2 is emulated, %s, ${name}`,
    async (way, { place, skip }) => {
      skip(lacks.mountNamespace !== undefined, lacks.mountNamespace);
      skip(lacks.deny !== undefined, lacks.deny);
      const deny = [...OLDER, 'openat2=ENOSYS'];
      expectBattle(await attack(place, way, { deny, apart, emulate: true, tries: FEWER }));
    },
  );
}
