// Tests `reason` in the errors of mountOverlay(): each case breaks one thing, and each strategy reports the same cause.
import { mkdirSync, readdirSync, symlinkSync } from 'node:fs';
import { beforeEach, describe, expect } from 'vitest';
import {
  constants,
  type MountError,
  mountSync,
  type OverlayMountOptions,
  type OverlayStrategy,
  umountSync,
} from '../../../lib/index.js';
import { NOTHING_LEFT, RESOURCE_FUNCTIONS, runNode, withoutPrivilege } from '../../support/child.js';
import { patience, times } from '../../support/effort.js';
import { isRealRoot, lacks, pass } from '../../support/environment.js';
import { lacksOverlay, lacksStrategy, overlayForms, overlayStrategies } from '../../support/kernel-features.js';
import { type Place, test } from '../../support/place.js';
import { tableEntry } from '../../support/table.js';
import { rejectionOf } from '../../support/values.js';

beforeEach(({ skip }) => skip(lacksOverlay !== undefined, lacksOverlay));

const { MS_BIND, MS_RDONLY, MS_REMOUNT, MS_UNBINDABLE } = constants;

/** Directories that make a valid overlay; each case breaks one thing. */
function layersIn(place: Place) {
  return {
    lower: [place.directory('lower1'), place.directory('lower2')],
    upper: place.directory('upper'),
    work: place.directory('work'),
    target: place.directory('merged'),
  };
}

type Layers = ReturnType<typeof layersIn>;

interface Broken {
  readonly name: string;
  /** Breaks one thing, and returns the options that differ from {@link layersIn}. */
  readonly set: (place: Place, layers: Layers) => object;
  readonly code: string | readonly string[];
  readonly reason: RegExp;
  readonly strategies?: readonly OverlayStrategy[];
  readonly skip?: string | undefined;
}

const readonlyOverlay = { upper: undefined, work: undefined };

function mountedAt(place: Place, name: string, fsType: string, flags = 0, data: string | null = null): string {
  const path = place.directory(name);
  mountSync(fsType, path, fsType, flags, data);
  return path;
}

/** Mounts an overlay that has another overlay as a lower layer, and returns its path. */
function twoOverlays(place: Place): string {
  const first = place.directory('first');
  const second = place.directory('second');
  const [a, b, c] = ['a', 'b', 'c'].map((name) => place.directory(name)) as [string, string, string];
  mountSync('overlay', first, 'overlay', 0, `lowerdir=${a}:${b}`);
  mountSync('overlay', second, 'overlay', 0, `lowerdir=${c}:${first}`);
  return second;
}

const inUserNamespace = isRealRoot ? 'only in a user namespace' : undefined;

const BROKEN: readonly Broken[] = [
  {
    name: 'a lower layer is missing',
    set: ({ root }, { lower }) => ({ lower: [lower[0], `${root}/missing`] }),
    code: 'ENOENT',
    reason: /^lower\[1\] '.*\/missing' does not exist/,
  },
  {
    name: 'several lower layers are missing',
    set: ({ root }, { lower }) => ({ lower: [`${root}/x`, lower[0], `${root}/y`] }),
    code: 'ENOENT',
    reason: /^lower\[[02]\] '.*\/[xy]' and lower\[2\] '.*\/y' do not exist/,
  },
  {
    name: 'the name of a missing lower layer is not UTF-8',
    set: ({ root }, { lower }) => ({ lower: [lower[0], Buffer.from(`${root}/\xff`, 'latin1')] }),
    code: 'ENOENT',
    reason: /^lower\[1\] '.*\/\\xff' does not exist/,
  },
  {
    name: 'a lower layer is a symbolic link to a missing directory',
    set: (place, { lower }) => {
      symlinkSync('nowhere', place.path('link'));
      return { lower: [place.path('link'), lower[0]] };
    },
    code: 'ENOENT',
    reason: /^lower\[0\] '.*\/link' does not exist, or is a dangling symbolic link/,
  },
  {
    name: 'a lower layer is a symbolic link to itself',
    set: (place, { lower }) => {
      symlinkSync('round', place.path('round'));
      return { lower: [place.path('round'), lower[0]] };
    },
    code: 'ELOOP',
    reason: /^lower\[0\] '.*\/round' leads through too many symbolic links/,
  },
  {
    name: 'the name of a lower layer is too long',
    set: ({ root }, { lower }) => ({ lower: [`${root}/${'n'.repeat(256)}`, lower[0]] }),
    code: 'ENAMETOOLONG',
    reason: /^lower\[0\] '.*n+' is too long.*255/,
  },
  {
    name: 'a lower layer is a file',
    set: (place, { lower }) => ({ lower: [lower[0], place.file('file')] }),
    code: ['EINVAL', 'ENOTDIR'],
    reason: /^lower\[1\] '.*\/file' is a file, not a directory/,
  },
  {
    name: 'the path of a lower layer leads through a file',
    set: (place, { lower }) => ({ lower: [lower[0], `${place.file('file')}/below`] }),
    code: 'ENOTDIR',
    reason: /^lower\[1\] '.*\/file\/below' is not a directory, or leads through a file/,
  },
  {
    name: 'the upper directory is missing',
    set: ({ root }) => ({ upper: `${root}/missing` }),
    code: 'ENOENT',
    reason: /^upper '.*\/missing' does not exist/,
  },
  {
    name: 'upper is a file',
    set: (place) => ({ upper: place.file('file') }),
    code: ['EINVAL', 'ENOTDIR'],
    reason: /^upper '.*\/file' is a file, not a directory/,
  },
  {
    name: 'the work directory is missing',
    set: ({ root }) => ({ work: `${root}/missing` }),
    code: 'ENOENT',
    reason: /^work '.*\/missing' does not exist/,
  },
  {
    name: 'work is a file',
    set: (place) => ({ work: place.file('file') }),
    code: ['EINVAL', 'ENOTDIR'],
    reason: /^work '.*\/file' is a file, not a directory/,
  },
  {
    name: 'the target is missing',
    set: ({ root }) => ({ target: `${root}/missing` }),
    code: 'ENOENT',
    reason: /^the target '.*\/missing' does not exist/,
  },
  {
    name: 'the target is a file',
    set: (place) => ({ target: place.file('file') }),
    code: 'ENOTDIR',
    reason: /^the target '.*\/file' is a file, not a directory/,
  },
  {
    name: 'work is on another filesystem than upper',
    set: (place) => ({ work: mountedAt(place, 'other', 'tmpfs') }),
    code: 'EINVAL',
    reason:
      /^work and upper must be on the same mount: work '.*\/other' is on the mount at '.*\/other' \(tmpfs\), upper '.*\/upper' is on the mount at '.*place-\w+' \(tmpfs\)/,
  },
  {
    name: 'work is on another mount of the filesystem of upper',
    set: (place, { work }) => {
      mountSync(work, place.directory('bind'), null, MS_BIND);
      return { work: place.path('bind') };
    },
    code: 'EINVAL',
    reason: /^work and upper must be on the same mount: work '.*\/bind' is on the mount at '.*\/bind'/,
  },
  {
    name: 'work is inside upper',
    set: (place) => ({ work: place.directory('upper/work') }),
    code: 'EINVAL',
    reason: /^work '.*\/upper\/work' is inside upper '.*\/upper'/,
  },
  {
    name: 'upper is inside work',
    set: (place) => ({ upper: place.directory('work/upper') }),
    code: 'EINVAL',
    reason: /^upper '.*\/work\/upper' is inside work '.*\/work'/,
  },
  {
    name: 'upper and work are the same directory',
    set: (_, { upper }) => ({ work: upper }),
    code: 'EINVAL',
    reason: /^upper '.*\/upper' and work '.*\/upper' are the same directory/,
  },
  {
    name: 'one directory is two lower layers',
    set: (_, { lower }) => ({ lower: [...lower, lower[0]] }),
    code: 'ELOOP',
    reason: /^lower\[0\] '.*\/lower1' and lower\[2\] '.*\/lower1' are the same directory/,
  },
  {
    name: 'one directory is two lower layers, once through a bind',
    set: (place, { lower: [first = '', second] }) => {
      mountSync(first, place.directory('bind'), null, MS_BIND);
      return { lower: [first, second, place.path('bind')], ...readonlyOverlay };
    },
    code: 'ELOOP',
    reason: /^lower\[0\] '.*\/lower1' and lower\[2\] '.*\/bind' are the same directory/,
  },
  {
    name: 'a lower layer is inside another lower layer',
    set: (place, { lower }) => ({ lower: [...lower, place.directory('lower1/deep')] }),
    code: 'ELOOP',
    reason: /^the layers overlap, as lower\[2\] '.*\/lower1\/deep' is inside lower\[0\] '.*\/lower1'/,
  },
  {
    name: 'a lower layer is inside another lower layer, through a bind',
    set: (place, { lower }) => {
      mountSync(place.directory('lower1/deep'), place.directory('bind'), null, MS_BIND);
      return { lower: [...lower, place.path('bind')] };
    },
    code: 'ELOOP',
    reason: /^the layers overlap, as lower\[2\] '.*\/bind' is inside lower\[0\] '.*\/lower1'/,
  },
  {
    name: 'a lower layer is the upper directory',
    set: (_, { lower, upper }) => ({ lower: [...lower, upper] }),
    code: 'ELOOP',
    reason: /^lower\[2\] '.*\/upper' and upper '.*\/upper' are the same directory/,
  },
  {
    name: 'a lower layer is inside the upper directory',
    set: (place, { lower }) => ({ lower: [...lower, place.directory('upper/lower')] }),
    code: 'ELOOP',
    reason: /^the layers overlap, as lower\[2\] '.*\/upper\/lower' is inside upper '.*\/upper'/,
  },
  {
    name: 'overlayfs cannot empty the work directory',
    set: (place) => {
      mkdirSync(`${place.path('work')}/work/some/thing/nested`, { recursive: true });
      return {};
    },
    code: 'EROFS',
    reason:
      /^overlayfs could not replace the directory 'work' in work '.*\/work', because '.*\/work\/work' is not empty.*: give an empty work directory/,
  },
  {
    name: 'the work directory was used by a volatile overlay',
    set: (_, layers) => {
      const data = `lowerdir=${layers.lower[0]},upperdir=${layers.upper},workdir=${layers.work},volatile${isRealRoot ? '' : ',userxattr'}`;
      mountSync('overlay', layers.target, 'overlay', 0, data);
      umountSync(layers.target);
      return {};
    },
    code: 'EINVAL',
    reason: /^work '.*\/work' was used by an overlay mounted with volatile/,
  },
  {
    name: 'upper is on a read-only filesystem',
    set: (place) => {
      const path = mountedAt(place, 'ro', 'tmpfs');
      mkdirSync(`${path}/upper`);
      mkdirSync(`${path}/work`);
      mountSync(null, path, null, MS_REMOUNT | MS_RDONLY);
      return { upper: `${path}/upper`, work: `${path}/work` };
    },
    code: 'EINVAL',
    reason: /^upper '.*\/ro\/upper' is on a read-only mount/,
  },
  {
    name: 'upper is on a read-only bind',
    set: (place, { upper }) => {
      mountSync(place.root, place.directory('bind'), null, MS_BIND | MS_RDONLY);
      return { upper: upper.replace('/upper', '/bind/upper'), work: place.path('bind/work') };
    },
    code: ['EINVAL', 'EROFS'], // Linux 5.10 reports EROFS.
    reason: /^upper '.*\/bind\/upper' is on a read-only mount/,
  },
  {
    name: 'upper is on an overlay',
    set: (place, { lower }) => {
      const path = place.directory('over');
      const data = `lowerdir=${lower[0]},upperdir=${place.directory('u')},workdir=${place.directory('w')}`;
      mountSync('overlay', path, 'overlay', 0, `${data}${isRealRoot ? '' : ',userxattr'}`);
      mkdirSync(`${path}/upper`);
      mkdirSync(`${path}/work`);
      return { lower: [lower[1]], upper: `${path}/upper`, work: `${path}/work` };
    },
    code: 'EINVAL',
    reason: /^upper '.*\/over\/upper' is on a filesystem that cannot hold an upper directory \(overlay\)/,
  },
  {
    name: 'upper is on proc',
    set: (place) => {
      const path = mountedAt(place, 'proc', 'proc');
      return { upper: `${path}/sys`, work: `${path}/fs` };
    },
    code: ['EINVAL', 'EROFS'],
    reason: /^upper '.*\/proc\/sys' is on a filesystem that cannot hold an upper directory \(proc\)/,
    skip: lacks.realRoot,
  },
  {
    name: 'upper is on sysfs',
    set: (place) => {
      const path = mountedAt(place, 'sysfs', 'sysfs');
      return { upper: `${path}/kernel`, work: `${path}/fs` };
    },
    code: ['EINVAL', 'EROFS'],
    reason: /^upper '.*\/sysfs\/kernel' is on a filesystem that cannot hold an upper directory \(sysfs\)/,
    skip: lacks.realRoot,
  },
  {
    name: 'there are more than 500 lower layers',
    set: (place) => ({ lower: Array.from({ length: 501 }, (_, index) => place.directory(`l${index}`)) }),
    code: ['EINVAL', 'ENOMEM'], // Linux 5.10 reports ENOMEM.
    reason: /^the overlay has 501 lower layers, and overlayfs takes at most 500/,
    strategies: ['fsconfig', 'descriptors'],
  },
  {
    name: 'overlays are stacked too deep',
    set: (place, { lower }) => ({ lower: [lower[0], twoOverlays(place)], ...readonlyOverlay }),
    code: 'EINVAL',
    reason:
      /^the overlays are stacked too deep, .*: lower\[1\] '.*\/second' is on the mount at '.*\/second' \(overlay\)/,
  },
  {
    name: 'another overlay uses the upper directory',
    set: (place, layers) => {
      const userxattr = isRealRoot ? '' : ',userxattr';
      const data = `lowerdir=${layers.lower[0]},upperdir=${layers.upper},workdir=${layers.work}${userxattr}`;
      mountSync('overlay', place.directory('other'), 'overlay', 0, data);
      return {};
    },
    code: 'EBUSY',
    reason: /^the overlay mounted at '.*\/other' has the same upper or work directory/,
  },
  {
    name: 'another overlay uses the upper directory and the kernel detects it',
    set: (place, layers) => {
      const data = `lowerdir=${layers.lower[0]},upperdir=${layers.upper},workdir=${layers.work},index=on`;
      mountSync('overlay', place.directory('other'), 'overlay', 0, data);
      return { allowSharedUpper: true, index: true };
    },
    code: 'EBUSY',
    reason: /^upper '.*\/upper' is in use by the overlay mounted at '.*\/other'/,
    skip: lacks.realRoot,
  },
  {
    name: 'a lazily unmounted overlay uses the upper directory',
    set: (place, layers) => {
      const data = `lowerdir=${layers.lower[0]},upperdir=${layers.upper},workdir=${layers.work},index=on`;
      const other = place.directory('other');
      mountSync('overlay', other, 'overlay', 0, data);
      mountSync('tmpfs', place.directory('hold'), 'tmpfs');
      mountSync(other, place.path('hold'), null, MS_BIND);
      mountSync(place.path('hold'), place.directory('hold2'), null, MS_BIND);
      for (const each of [other, place.path('hold')]) umountSync(each);
      return { allowSharedUpper: true, index: true };
    },
    code: 'EBUSY',
    reason: /^upper '.*\/upper' is in use by the overlay mounted at '.*\/hold2'/,
    skip: lacks.realRoot,
  },
  {
    name: 'an upper directory with an index gets other lower layers',
    set: (_, layers) => {
      const data = `lowerdir=${layers.lower[0]},upperdir=${layers.upper},workdir=${layers.work},index=on`;
      mountSync('overlay', layers.target, 'overlay', 0, data);
      umountSync(layers.target);
      return { lower: [layers.lower[1]], index: true };
    },
    code: 'ESTALE',
    reason: /^with index: true upper '.*\/upper' can be mounted only with the lower layers/,
    skip: lacks.realRoot,
  },
  {
    name: 'a lower layer is on an unbindable mount',
    set: (place, { lower }) => {
      const path = mountedAt(place, 'alone', 'tmpfs');
      mountSync(null, path, null, MS_UNBINDABLE);
      return { lower: [lower[0], path] };
    },
    code: 'EINVAL',
    reason: /^lower\[1\] '.*\/alone' is on the mount at '.*\/alone' \(tmpfs\), which is unbindable/,
  },
  {
    name: 'the target is a mount point and ifMounted is error',
    set: (place) => ({ target: mountedAt(place, 'taken', 'tmpfs'), ifMounted: 'error' }),
    code: 'EBUSY',
    reason: /^the target is already a mount point/,
  },
  {
    name: 'the option data is longer than a page',
    set: (place) => ({
      lower: Array.from({ length: 400 }, (_, index) => place.directory(`l${'x'.repeat(170)}${index}`)),
    }),
    code: 'E2BIG',
    reason: /^the option data has \d+ bytes/,
    strategies: ['data'],
  },
  {
    name: 'an option needs trusted attributes in a user namespace',
    set: () => ({ redirectDir: 'on' }),
    code: 'EPERM',
    reason: /^redirect_dir=on needs extended attributes trusted\.\*/,
    skip: inUserNamespace ?? (lacksStrategy('fsconfig') && 'overlayfs before Linux 6.5 ignores the option'),
  },
  {
    name: 'a lower layer has inherited mounts below it in a user namespace',
    set: (_, { lower }) => ({ lower: [lower[0], '/'], ...readonlyOverlay }),
    code: 'EINVAL',
    reason: /^lower\[1\] '\/' has mounts below/,
    skip: inUserNamespace,
  },
];

describe.each(overlayForms)('%s', (_form, doMount) => {
  for (const { name, set, code, reason, strategies = overlayStrategies, skip: why } of BROKEN) {
    test.for(strategies)(
      `mountOverlay rejects with a reason that names the cause: ${name}, by %s`,
      async (strategy, { place, skip }) => {
        skip(why !== undefined, why);
        const lack = lacksStrategy(strategy);
        skip(lack !== undefined, lack);
        const layers = layersIn(place);
        const options = { ...layers, ...set(place, layers), strategy } as OverlayMountOptions;
        const before = tableEntry(String(options.target))?.id;
        const error = (await rejectionOf(doMount(options))) as MountError;
        expect({ code: error.code, reason: error.reason }).toEqual({
          code: typeof code === 'string' ? code : expect.toBeOneOf([...code]),
          reason: expect.stringMatching(reason),
        });
        expect(error.message).toContain(error.reason);
        if (process.env['SHOW_REASONS'] !== undefined) console.log(`${error.code} ${strategy}: ${error.reason}`);
        expect(tableEntry(String(options.target))?.id).toBe(before);
      },
    );
  }
});

/** Mounts with these options in a child process, with both forms, and returns the codes and reasons. */
async function reasonsInChild(options: object, how: Parameters<typeof runNode>[1]): Promise<string[]> {
  const { stdout, stderr } = await runNode(
    `import { mountOverlay, mountOverlaySync } from 'linux-mount';
     const options = JSON.parse(process.argv[1]);
     const say = ({ code, reason }) => console.log(code, reason);
     try { mountOverlaySync(options).unmountSync(); } catch (error) { say(error); }
     await mountOverlay(options).catch(say);`,
    { ...how, args: [JSON.stringify(options)] },
  );
  expect(stderr).toBe('');
  return stdout.trim().split('\n');
}

const twice = (pattern: RegExp) => Array(2).fill(expect.stringMatching(pattern));

test.for(overlayStrategies)(
  'mountOverlay rejects with a reason that names CAP_SYS_ADMIN without that capability: strategy %s',
  async (strategy, { place, skip }) => {
    skip(lacks.setpriv !== undefined, lacks.setpriv);
    const reasons = await reasonsInChild({ ...layersIn(place), strategy }, { wrapper: withoutPrivilege });
    expect(reasons).toEqual(twice(/^(?:EPERM|ENOTSUP) this process lacks CAP_SYS_ADMIN/));
  },
);

test('mountOverlay rejects with EMFILE and names RLIMIT_NOFILE for more layers than free descriptors', async ({
  place,
  skip,
}) => {
  skip(lacks.prlimit !== undefined, lacks.prlimit);
  const lower = Array.from({ length: 100 }, (_, index) => place.directory(`l${index}`));
  const wrapper = ['prlimit', '--nofile=80:80', '--'];
  for (const strategy of (['fsconfig', 'descriptors'] as const).filter((each) => lacksStrategy(each) === undefined)) {
    const reasons = await reasonsInChild({ ...layersIn(place), lower, strategy }, { wrapper });
    expect(reasons).toEqual(twice(/^EMFILE this process has reached its limit of open files.*: raise RLIMIT_NOFILE/));
  }
});

test.for([
  [
    'mount=ENODEV',
    'data',
    /^ENODEV the cause could not be found out; it is not a filesystem that this kernel does not/,
  ],
  [
    'mount=EPERM',
    'data',
    /^EPERM CAP_SYS_ADMIN is there, but (?:a seccomp filter is on this process|in a user namespace)/,
  ],
  [
    'move_mount=EINVAL',
    'fsconfig',
    /^EINVAL the cause could not be found out; it is not a path that leads to no directory, not more than 500/,
  ],
  ['unshare=EPERM', 'descriptors', /^EPERM no thread may have a working directory of its own here/],
] as const)(
  'mountOverlay rejects with a reason that excludes causes when the cause is unknown: %s',
  async ([deny, strategy, pattern], { place, skip }) => {
    const lack = lacks.deny ?? lacksStrategy(strategy);
    skip(lack !== undefined, lack);
    const { lower, target } = layersIn(place);
    expect(await reasonsInChild({ lower, target, strategy }, { deny: [deny] })).toEqual(twice(pattern));
  },
);

// At full effort the root pass runs 10,000 failures, and each other pass a fifth of that number.
const FAILING_ROUNDS = times(pass === 'root' ? 400 : 80, 4);

test('10,000 failed mounts leave no mount, no descriptor and no file', { timeout: patience(240_000) }, async ({
  place,
}) => {
  const layers = layersIn(place);
  const entries = () => (readdirSync(place.root, { recursive: true }) as string[]).toSorted();
  const before = entries();
  const { stdout, stderr } = await runNode(
    `${RESOURCE_FUNCTIONS}
     import { mount, mountOverlay, mountOverlaySync, mountSync } from 'linux-mount';
     const options = JSON.parse(process.argv[1]);
     const broken = ['data', 'fsconfig', 'descriptors'].flatMap((strategy) => [
       { ...options, lower: [options.lower[0], options.lower[1] + '/missing'], strategy },
       { ...options, lower: [...options.lower, options.upper], strategy },
       { ...options, work: options.upper, strategy },
       { ...options, target: options.target + '/missing', strategy },
     ]);
     const fail = async (rounds) => {
       let failures = 0;
       for (let round = 0; round < rounds; round++) {
         for (const each of broken) {
           try { mountOverlaySync(each); } catch ({ reason }) { if (reason) failures++; }
           await mountOverlay(each).catch(({ reason }) => { if (reason) failures++; });
         }
         try { mountSync('x', options.target + '/missing', 'tmpfs'); } catch ({ reason }) { if (reason) failures++; }
         await mount('x', options.target + '/missing', 'tmpfs').catch(({ reason }) => { if (reason) failures++; });
       }
       return failures;
     };
     await fail(1);
     const before = await resources();
     const failures = await fail(${FAILING_ROUNDS});
     console.log(JSON.stringify({ failures, left: await left(before) }));`,
    { args: [JSON.stringify(layers)], timeout: 230_000 },
  );
  expect(stderr).toBe('');
  expect(JSON.parse(stdout)).toEqual({ failures: FAILING_ROUNDS * 26, left: NOTHING_LEFT });
  // overlayfs itself creates `work` and `index` in the work directory; this library creates nothing.
  expect(entries().filter((entry) => !before.includes(entry) && !/^work\/(?:work|index)$/.test(entry))).toEqual([]);
});
