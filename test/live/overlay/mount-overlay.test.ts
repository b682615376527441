// Tests mountOverlay() and mountOverlaySync(): layers, attributes, the length of the option data and excluded options.
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

// In a user namespace overlayfs may not write trusted.* attributes; with `userxattr` overlayfs writes user.* attributes
// instead.
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

  test('mountOverlay merges the layers, and the first lower layer hides the next', async ({ place }) => {
    const layers = layersIn(place);
    await using merged = await doMount(layers);
    expect(merged).toMatchObject({ target: layers.target, strategy: 'data' });
    const shown = readdirSync(layers.target).map((name) => readFileSync(`${layers.target}/${name}`, 'utf8'));
    expect(shown).toEqual(['a of lower1', 'b of lower1', 'c of upper', 'z of lower2']);
  });

  test('a write to an overlay copies the file up, and a deletion leaves a whiteout in the upper directory', async ({
    place,
  }) => {
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

  test('an overlay without an upper directory rejects writes with EROFS', async ({ place }) => {
    const { lower, target } = layersIn(place);
    await using _merged = await doMount({ lower, target });
    expect(readFileSync(`${target}/z`, 'utf8')).toBe('z of lower2');
    expect(() => writeFileSync(`${target}/z`, '')).toThrow(expect.objectContaining({ code: 'EROFS' }));
    expect(() => writeFileSync(`${target}/new`, '')).toThrow(expect.objectContaining({ code: 'EROFS' }));
  });

  test('mountOverlay sets the attributes and the source of the mount', async ({ place }) => {
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

  test('mountOverlay with readonly rejects writes with EROFS also when there is an upper directory', async ({
    place,
  }) => {
    const layers = layersIn(place);
    await using _merged = await doMount({ ...layers, readonly: true });
    expect(() => writeFileSync(`${layers.target}/new`, '')).toThrow(expect.objectContaining({ code: 'EROFS' }));
    expect(readdirSync(layers.upper)).toEqual(['c']);
  });

  test('mountOverlay resolves relative paths against the working directory of the process', async ({ place }) => {
    const { lower, target } = layersIn(place);
    const relative = (path: string) => `..${'/..'.repeat(process.cwd().split('/').length)}${path}`;
    const merged = await doMount({ lower: lower.map(relative), target: relative(target) });
    expect(readdirSync(target)).toEqual(['a', 'b', 'z']);
    expect(merged.target).toBe(`${process.cwd()}/${relative(target)}`);
    await merged.unmount();
    expect(tableEntry(target)).toBeUndefined();
  });

  test.for(['x', 'ü', '→'])(
    'option data of PAGE_SIZE - 1 bytes mounts exactly the named layers, and one more byte rejects with E2BIG: %s',
    async (letter, { place }) => {
      const target = place.directory('merged');
      const lower = [place.directory('top', { top: '' })];
      const room = () =>
        pageSize - 1 - Buffer.byteLength(overlayData({ lower: [...lower, `${place.root}/`], ...attributes }));
      // A path has at most 4095 bytes, so a page of 64 KiB needs several layers.
      while (room() > 3000) lower.push(place.directory(deepName(2000 + lower.length, letter)));
      const deep = deepName(room(), letter);
      const last = place.directory(deep, { last: '' });
      expect(Buffer.byteLength(overlayData({ lower: [...lower, last], ...attributes }))).toBe(pageSize - 1);
      {
        await using _merged = await doMount({ lower: [...lower, last], target, strategy: 'data', ...attributes });
        expect(readdirSync(target).filter((name) => ['top', 'last'].includes(name))).toEqual(['last', 'top']);
      }

      // Data cut to one page would name the directory without its last letter, and a directory of that name exists.
      const longer = place.directory(`${deep}x`, { longer: '' });
      const error = await failure({ lower: [...lower, longer], target, strategy: 'data', ...attributes });
      expect(error).toMatchObject({ code: 'E2BIG', path: 'overlay', dest: target, fsType: 'overlay' });
      expect((error as MountError).reason).toContain(`${pageSize + 1} bytes`);
      expect(tableEntry(target)).toBeUndefined();

      // Without a strategy, mountOverlay takes a strategy that has no limit of one page.
      await using merged = await doMount({ lower: [...lower, longer], target, ...attributes });
      expect(['fsconfig', 'descriptors']).toContain(merged.strategy);
      expect(readdirSync(target).filter((name) => ['top', 'longer'].includes(name))).toEqual(['longer', 'top']);
    },
  );

  test.for<[string, (place: Place) => object, string | RegExp]>([
    ['a layer is missing', ({ root }) => ({ lower: [`${root}/lower1`, `${root}/missing`] }), 'ENOENT'],
    // Linux 6.5 and later report EINVAL, earlier kernels ENOTDIR.
    ['a layer is a file', ({ root }) => ({ lower: [`${root}/lower1`, `${root}/lower1/a`] }), /^(EINVAL|ENOTDIR)$/],
    ['the target is missing', ({ root }) => ({ target: `${root}/missing` }), 'ENOENT'],
    ['the target is a file', ({ root }) => ({ target: `${root}/lower1/a` }), 'ENOTDIR'],
    ['the work directory is the upper directory', ({ root }) => ({ work: `${root}/upper` }), 'EINVAL'],
  ])('mountOverlay rejects with a MountError and leaves no mount: %s', async ([_name, wrong, code], { place }) => {
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
    ['an undefined target', { target: undefined }, 'ERR_INVALID_ARG_TYPE'],
    ['a target with a NUL character', { target: '/t\0' }, 'ERR_INVALID_ARG_VALUE'],
    ['a source that is not a string', { source: 1 }, 'ERR_INVALID_ARG_TYPE'],
    ['a source that is null', { source: null }, 'ERR_INVALID_ARG_TYPE'],
    ['a source that is not well-formed UTF-16', { source: '\ud800' }, 'ERR_INVALID_ARG_VALUE'],
    ['an attribute that is not a boolean', { noSuid: 1 }, 'ERR_INVALID_ARG_TYPE'],
    ['an unknown atime', { atime: 'never' }, 'ERR_INVALID_ARG_VALUE'],
    ['a layer that is a number', { lower: [1, 2] }, 'ERR_INVALID_ARG_TYPE'],
  ])(
    'mountOverlay throws or rejects with an ERR_* code for a wrong argument: %s',
    async ([_name, wrong, code], { place }) => {
      const options = layersIn(place);
      expect(await failure({ ...options, ...wrong })).toMatchObject({ code });
      expect(tableEntry(options.target)).toBeUndefined();
    },
  );
});

/** A relative path of exactly `bytes` bytes: directory names repeat the letter and are filled up with x. */
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

test('mountOverlay passes each option to the kernel under the name that the kernel uses', ({ place }) => {
  const { lower, upper, work, target } = layersIn(place);
  using _merged = mountOverlaySync({ lower, upper, work, target, defaultPermissions: true, redirectDir: 'nofollow' });
  expect(tableEntry(target)?.superOptions).toMatch(/,default_permissions,redirect_dir=nofollow/);
});

// Tests every pair of two options, with and without an upper directory: each pair that this library refuses is refused
// or ignored by the kernel, and each pair that this library accepts is accepted by the kernel. The comparison needs a
// kernel that knows every option.
describe('overlay options that exclude each other', () => {
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
  // The mount table never shows the other options, or shows them only when they differ from the default.
  const SHOWN =
    /^(index=on|uuid=(null|on)|nfs_export=on|userxattr|metacopy=on|verity=require|volatile|default_permissions|redirect_dir=(on|nofollow))$/;

  test.for(['with upper', 'without upper'])(
    'overlayData() accepts exactly the pairs of options that the kernel accepts: %s',
    (kind, { place, skip }) => {
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
      const unknown = everything.filter(
        ([name, value]) => kernelSays(layers(), { [name]: value }, target) === undefined,
      );
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
    },
  );

  function accepts(spec: object): boolean {
    try {
      overlayData(spec as Parameters<typeof overlayData>[0]);
      return true;
    } catch {
      return false;
    }
  }

  /**
   * The options in the mount table after a mount without any check by this library; undefined if the kernel refuses
   * them.
   */
  function kernelSays(spec: { lower: string[]; upper?: string; work?: string }, options: object, target: string) {
    const words = Object.entries(options).map(
      ([name, value]) => values.find(([n, v]) => n === name && v === value)?.[2],
    );
    const layers = spec.upper ? `,upperdir=${spec.upper},workdir=${spec.work}` : '';
    const data = [`lowerdir=${spec.lower.join(':')}${layers}`, ...words].join(',');
    return mountedOptions(data, target);
  }
});

/** The options in the mount table after a mount with this option data; undefined if the kernel refuses the data. */
function mountedOptions(data: string, target: string): string[] | undefined {
  try {
    mountSync('overlay', target, 'overlay', 0, data);
  } catch {
    return undefined;
  }
  // Later kernels show volatile as fsync=volatile.
  const shown = tableEntry(target)?.superOptions.replace('fsync=volatile', 'volatile').split(',');
  umountSync(target);
  return shown;
}
