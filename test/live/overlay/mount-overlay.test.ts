import { lstatSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { beforeEach, describe, expect } from 'vitest';
import {
  MountError,
  mountOverlay,
  mountOverlaySync,
  mountSync,
  type OverlayMountOptions,
  overlayData,
  pageSize,
  umountSync,
} from '../../../lib/index.js';
import { isRealRoot } from '../../support/environment.js';
import { lacksOverlay } from '../../support/kernel-features.js';
import { type Place, test } from '../../support/place.js';
import { tableEntry } from '../../support/table.js';
import { rejectionOf } from '../../support/values.js';

beforeEach(({ skip }) => skip(lacksOverlay !== undefined, lacksOverlay));

const forms = [
  ['mountOverlaySync', async (options: OverlayMountOptions) => mountOverlaySync(options)],
  ['mountOverlay', mountOverlay],
] as const;

// In a user namespace overlayfs may not write trusted.* attributes, and is told to write user.* ones.
const attributes = isRealRoot ? {} : { userxattr: true };

function layersIn(place: Place) {
  return {
    lower: [
      place.directory('lower1', { a: 'a of lower1', b: 'b of lower1' }),
      place.directory('lower2', { a: 'a of lower2', z: 'z of lower2' }),
    ],
    upper: place.directory('upper', { c: 'c of upper' }),
    work: place.directory('work'),
    target: place.directory('merged'),
  };
}

describe.each(forms)('%s', (_, doMount) => {
  const failure = async (options: unknown) => rejectionOf((async () => doMount(options as OverlayMountOptions))());

  test('merges the layers, the first lower is topmost', async ({ place }) => {
    const layers = layersIn(place);
    await using merged = await doMount(layers);
    expect(merged).toMatchObject({ target: layers.target, strategy: 'data' });
    const shown = readdirSync(layers.target).map((name) => readFileSync(`${layers.target}/${name}`, 'utf8'));
    expect(shown).toEqual(['a of lower1', 'b of lower1', 'c of upper', 'z of lower2']);
  });

  test('copies up what is written to, and covers what is deleted', async ({ place }) => {
    const { lower, upper, work, target } = layersIn(place);
    await using _merged = await doMount({ lower, upper, work, target, ...attributes });
    writeFileSync(`${target}/b`, 'new b');
    rmSync(`${target}/a`);
    expect(readFileSync(`${upper}/b`, 'utf8')).toBe('new b');
    expect(readFileSync(`${lower[0]}/b`, 'utf8')).toBe('b of lower1');
    expect(readdirSync(target)).toEqual(['b', 'c', 'z']);
    const whiteout = lstatSync(`${upper}/a`);
    expect([whiteout.isCharacterDevice(), whiteout.rdev]).toEqual([true, 0]);
    expect(readFileSync(`${lower[0]}/a`, 'utf8')).toBe('a of lower1');
  });

  test('without upper nothing can be written', async ({ place }) => {
    const { lower, target } = layersIn(place);
    await using _merged = await doMount({ lower, target });
    expect(readFileSync(`${target}/z`, 'utf8')).toBe('z of lower2');
    expect(() => writeFileSync(`${target}/z`, '')).toThrow(expect.objectContaining({ code: 'EROFS' }));
    expect(() => writeFileSync(`${target}/new`, '')).toThrow(expect.objectContaining({ code: 'EROFS' }));
  });

  test('sets attributes and source of the mount', async ({ place }) => {
    const options = {
      ...layersIn(place),
      source: 'box',
      noSuid: true,
      noDev: true,
      noExec: true,
      atime: 'noatime',
    } as const;
    await using _merged = await doMount({ ...options, noDirAtime: true, noSymFollow: true });
    const entry = tableEntry(options.target);
    expect(entry).toMatchObject({ fsType: 'overlay', source: 'box' });
    expect(entry?.options.toSorted()).toEqual([
      'noatime',
      'nodev',
      'nodiratime',
      'noexec',
      'nosuid',
      'nosymfollow',
      'rw',
    ]);
  });

  test('readonly is read-only, upper or not', async ({ place }) => {
    const layers = layersIn(place);
    await using _merged = await doMount({ ...layers, readonly: true });
    expect(() => writeFileSync(`${layers.target}/new`, '')).toThrow(expect.objectContaining({ code: 'EROFS' }));
    expect(readdirSync(layers.upper)).toEqual(['c']);
  });

  test('starts relative paths where the process is', async ({ place }) => {
    const { lower, target } = layersIn(place);
    const relative = (path: string) => `..${'/..'.repeat(process.cwd().split('/').length)}${path}`;
    const merged = await doMount({ lower: lower.map(relative), target: relative(target) });
    expect(readdirSync(target)).toEqual(['a', 'b', 'z']);
    expect(merged.target).toBe(`${process.cwd()}/${relative(target)}`);
    await merged.unmount();
    expect(tableEntry(target)).toBeUndefined();
  });

  test.for(['x', 'ü', '→'])(
    'option data of one byte less than a page mounts the right layers: %s',
    async (letter, { place }) => {
      const target = place.directory('merged');
      const lower = [place.directory('top', { top: '' })];
      const room = () =>
        pageSize - 1 - Buffer.byteLength(overlayData({ lower: [...lower, `${place.root}/`], ...attributes }));
      // A name is at most 4095 bytes long, which a page of 64 KiB is not filled by.
      while (room() > 3000) lower.push(place.directory(deepName(2000 + lower.length, letter)));
      const deep = deepName(room(), letter);
      const last = place.directory(deep, { last: '' });
      expect(Buffer.byteLength(overlayData({ lower: [...lower, last], ...attributes }))).toBe(pageSize - 1);
      {
        await using _merged = await doMount({ lower: [...lower, last], target, strategy: 'data', ...attributes });
        expect(readdirSync(target).filter((name) => ['top', 'last'].includes(name))).toEqual(['last', 'top']);
      }

      // One byte more: cut to a page it would name the directory without its last letter, which is there too.
      const longer = place.directory(`${deep}x`, { longer: '' });
      const error = await failure({ lower: [...lower, longer], target, strategy: 'data', ...attributes });
      expect(error).toMatchObject({ code: 'E2BIG', path: 'overlay', dest: target, fsType: 'overlay' });
      expect((error as MountError).reason).toContain(`${pageSize + 1} bytes`);
      expect(tableEntry(target)).toBeUndefined();

      // Unless a way is asked for, there is one without that limit.
      await using merged = await doMount({ lower: [...lower, longer], target, ...attributes });
      expect(['fsconfig', 'descriptors']).toContain(merged.strategy);
      expect(readdirSync(target).filter((name) => ['top', 'longer'].includes(name))).toEqual(['longer', 'top']);
    },
  );

  test.for<[string, (place: Place) => object, string | RegExp]>([
    ['a layer that is missing', ({ root }) => ({ lower: [`${root}/lower1`, `${root}/missing`] }), 'ENOENT'],
    // EINVAL since Linux 6.5, ENOTDIR before
    ['a layer that is a file', ({ root }) => ({ lower: [`${root}/lower1`, `${root}/lower1/a`] }), /^(EINVAL|ENOTDIR)$/],
    ['a target that is missing', ({ root }) => ({ target: `${root}/missing` }), 'ENOENT'],
    ['a target that is a file', ({ root }) => ({ target: `${root}/lower1/a` }), 'ENOTDIR'],
    ['work inside upper', ({ root }) => ({ work: `${root}/upper` }), 'EINVAL'],
  ])('fails and leaves nothing: %s', async ([_name, wrong, code], { place }) => {
    const options = { ...layersIn(place), ...wrong(place) };
    const error = await failure(options);
    expect(error).toBeInstanceOf(MountError);
    const said = typeof code === 'string' ? code : expect.stringMatching(code);
    expect(error).toMatchObject({ code: said, syscall: 'mount', fsType: 'overlay' });
    expect(tableEntry(options.target)).toBeUndefined();
  });

  test.for<[string, object, string]>([
    ['an unknown option', { metaCopy: true }, 'ERR_INVALID_ARG_VALUE'],
    ['upper without work', { work: undefined }, 'ERR_INVALID_ARG_VALUE'],
    ['no target', { target: undefined }, 'ERR_INVALID_ARG_TYPE'],
    ['a target with a NUL', { target: '/t\0' }, 'ERR_INVALID_ARG_VALUE'],
    ['a source that is no string', { source: 1 }, 'ERR_INVALID_ARG_TYPE'],
    ['a source that is null', { source: null }, 'ERR_INVALID_ARG_TYPE'],
    ['a source that is ill-formed', { source: '\ud800' }, 'ERR_INVALID_ARG_VALUE'],
    ['an attribute that is no boolean', { noSuid: 1 }, 'ERR_INVALID_ARG_TYPE'],
    ['an atime that is not known', { atime: 'never' }, 'ERR_INVALID_ARG_VALUE'],
    ['a layer that is a number', { lower: [1, 2] }, 'ERR_INVALID_ARG_TYPE'],
  ])('refuses %s', async ([_name, wrong, code], { place }) => {
    const options = layersIn(place);
    expect(await failure({ ...options, ...wrong })).toMatchObject({ code });
    expect(tableEntry(options.target)).toBeUndefined();
  });
});

/** A relative path of exactly this many bytes: directories named by that letter, filled up with x. */
function deepName(bytes: number, letter: string): string {
  const width = Buffer.byteLength(letter);
  const directory = (length: number) => letter.repeat(length / width) + 'x'.repeat(length % width);
  const parts: string[] = [];
  let rest = bytes;
  while (rest > 200) {
    parts.push(directory(150));
    rest -= 151;
  }
  return [...parts, directory(rest)].join('/');
}

test('names each option as the kernel does', ({ place }) => {
  const { lower, upper, work, target } = layersIn(place);
  using _merged = mountOverlaySync({ lower, upper, work, target, defaultPermissions: true, redirectDir: 'nofollow' });
  expect(tableEntry(target)?.superOptions).toMatch(/,default_permissions,redirect_dir=nofollow/);
});

// Every pair of two options, with and without upper: what we refuse the kernel refuses or ignores, and what we let
// through it takes. Only said of kernels that know all the options.
describe('options that exclude each other', () => {
  const values: readonly (readonly [name: string, value: unknown, word: string])[] = [
    ['redirectDir', 'follow', 'redirect_dir=follow'],
    ['redirectDir', 'nofollow', 'redirect_dir=nofollow'],
    ['redirectDir', 'on', 'redirect_dir=on'],
    ['index', true, 'index=on'],
    ['index', false, 'index=off'],
    ['uuid', 'null', 'uuid=null'],
    ['uuid', 'on', 'uuid=on'],
    ['nfsExport', true, 'nfs_export=on'],
    ['nfsExport', false, 'nfs_export=off'],
    ['userxattr', true, 'userxattr'],
    ['xino', 'on', 'xino=on'],
    ['metacopy', true, 'metacopy=on'],
    ['metacopy', false, 'metacopy=off'],
    ['verity', 'require', 'verity=require'],
    ['volatile', true, 'volatile'],
    ['overrideCreds', true, 'override_creds'],
    ['overrideCreds', false, 'nooverride_creds'],
    ['defaultPermissions', true, 'default_permissions'],
  ];
  // Others are not shown in the mount table when they are the default, or ever.
  const SHOWN =
    /^(index=on|uuid=(null|on)|nfs_export=on|userxattr|metacopy=on|verity=require|volatile|default_permissions|redirect_dir=(on|nofollow))$/;

  test.for(['with upper', 'without upper'])('%s', (kind, { place, skip }) => {
    skip(!isRealRoot, 'in a user namespace some options need privilege');
    const lower = [place.directory('l1'), place.directory('l2')];
    const target = place.directory('merged');
    let count = 0;
    const layers = () => {
      count += 1;
      const writable = { upper: place.directory(`u${count}`), work: place.directory(`w${count}`) };
      return { lower, ...(kind === 'with upper' ? writable : {}) };
    };
    const everything = values.filter(([name], index) => values.findIndex(([other]) => other === name) === index);
    const unknown = everything.filter(([name, value]) => kernelSays(layers(), { [name]: value }, target) === undefined);
    skip(unknown.length > 0, `this kernel does not know ${unknown.map(([, , word]) => word).join(', ')}`);

    const wrong: string[] = [];
    for (const [index, [name, value, word]] of values.entries()) {
      for (const [otherName, otherValue, otherWord] of values.slice(index + 1)) {
        if (name === otherName) continue;
        const options = { [name]: value, [otherName]: otherValue };
        const spec = layers();
        const ours = accepts({ ...spec, ...options });
        const shown = kernelSays(spec, options, target);
        const kernels =
          shown !== undefined && [word, otherWord].every((each) => !SHOWN.test(each) || shown.includes(each));
        if (ours !== kernels) wrong.push(`${word},${otherWord}: ours ${ours}, kernel ${shown}`);
      }
    }
    expect(wrong).toEqual([]);
  });

  function accepts(spec: object): boolean {
    try {
      overlayData(spec as Parameters<typeof overlayData>[0]);
      return true;
    } catch {
      return false;
    }
  }

  /** The options that the table shows after mounting these without any check of ours; undefined when it is refused. */
  function kernelSays(spec: { lower: string[]; upper?: string; work?: string }, options: object, target: string) {
    const words = Object.entries(options).map(
      ([name, value]) => values.find(([n, v]) => n === name && v === value)?.[2],
    );
    const layers = spec.upper ? `,upperdir=${spec.upper},workdir=${spec.work}` : '';
    const data = [`lowerdir=${spec.lower.join(':')}${layers}`, ...words].join(',');
    return mountedOptions(data, target);
  }
});

/** The options that the table shows when this string is mounted as it is; undefined when the kernel refuses it. */
function mountedOptions(data: string, target: string): string[] | undefined {
  try {
    mountSync('overlay', target, 'overlay', 0, data);
  } catch {
    return undefined;
  }
  // Later kernels write volatile as fsync=volatile.
  const shown = tableEntry(target)?.superOptions.replace('fsync=volatile', 'volatile').split(',');
  umountSync(target);
  return shown;
}
