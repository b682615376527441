import { mkdirSync, readdirSync, renameSync, rmdirSync, rmSync } from 'node:fs';
import { release } from 'node:os';
import { join } from 'node:path';
import { expect, vi } from 'vitest';
import {
  constants,
  mountSync,
  type OverlaySupport,
  overlaySupport,
  type Support,
  umountSync,
} from '../../../lib/index.js';
import { patience } from '../../support/effort.js';
import { isRealRoot, lacks } from '../../support/environment.js';
import { type Place, test } from '../../support/place.js';
import { tableEntry } from '../../support/table.js';
import { rejectionOf } from '../../support/values.js';
import { lacksOverlay } from '../../support/ways.js';

vi.setConfig({ testTimeout: patience(60_000) });

/** All answers by name: `options.uuid.on`. */
function answers(value: object, path = ''): [name: string, support: Support][] {
  return Object.entries(value).flatMap(([key, each]): [string, Support][] => {
    if (typeof each !== 'object') return [];
    return 'supported' in each ? [[path + key, each as Support]] : answers(each, `${path}${key}.`);
  });
}

const reasonOf = (support: Support) => (support.supported ? undefined : support.reason);

/** Mounts by mount(2) with no check of ours; what the table shows, or the error's code. */
function tryMount(data: string, target: string, inside: () => void = () => {}): string {
  try {
    mountSync('overlay', target, 'overlay', 0, data);
  } catch (error) {
    return (error as { code: string }).code;
  }
  try {
    inside();
    return tableEntry(target)?.superOptions ?? '';
  } catch (error) {
    return (error as { code: string }).code;
  } finally {
    umountSync(target);
  }
}

/** What the kernel does with an option when it is really mounted in this place. */
class Reality {
  readonly place: Place;
  readonly words: string[];
  #count = 0;

  constructor(place: Place, words: string[]) {
    this.place = place;
    this.words = words;
    place.directory('lower/d', { f: 'x' });
    place.directory('merged');
  }

  mount(words: readonly string[], inside?: (merged: string) => void): string {
    this.#count += 1;
    const [upper, work] = ['u', 'w'].map((name) => this.place.directory(`${name}${this.#count}`));
    const merged = this.place.path('merged');
    const data = [`lowerdir=${this.place.path('lower')},upperdir=${upper},workdir=${work}`, ...this.words, ...words];
    return tryMount(data.join(','), merged, () => inside?.(merged));
  }
}

// Option, what is mounted, and what the table shows when it is in effect; true: that it mounts is all there is to see.
const OPTIONS: [name: string, words: string[], sign: RegExp | true][] = [
  ['defaultPermissions', ['default_permissions'], /,default_permissions/],
  ['redirectDir.off', ['redirect_dir=off'], true],
  ['redirectDir.nofollow', ['redirect_dir=nofollow'], true],
  ['redirectDir.follow', ['redirect_dir=follow'], true],
  ['index', ['index=on'], /,index=on/],
  ['uuid.off', ['uuid=off'], /,uuid=off/],
  ['uuid.null', ['uuid=null'], /,uuid=null/],
  ['uuid.auto', ['uuid=auto'], true],
  ['uuid.on', ['uuid=on'], /,uuid=on/],
  ['nfsExport', ['nfs_export=on', 'index=on'], /,nfs_export=on/],
  ['xino.off', ['xino=off'], true],
  ['xino.auto', ['xino=auto'], true],
  ['metacopy', ['metacopy=on'], /,metacopy=on/],
  ['verity.off', ['verity=off'], true],
  ['verity.on', ['verity=on'], /,verity=on/],
  ['verity.require', ['verity=require'], /,verity=require/],
  ['volatile', ['volatile'], /,(fsync=)?volatile/],
  ['fsync.auto', ['fsync=auto'], true],
  ['fsync.strict', ['fsync=strict'], /,fsync=strict/],
  ['fsync.volatile', ['fsync=volatile'], /,(fsync=)?volatile/],
  ['overrideCreds', ['nooverride_creds'], true],
];

/** A merged directory is deleted and made anew: what fails on a filesystem that only seems to do. */
function replaceDirectory(merged: string): void {
  rmSync(join(merged, 'd'), { recursive: true });
  mkdirSync(join(merged, 'd'));
}

test('what it says of options is what happens', async ({ place, skip }) => {
  skip(lacksOverlay !== undefined, lacksOverlay);
  const support = await overlaySupport(place.root);
  const plain = new Reality(place, []).mount([], replaceDirectory);
  const byUserXattr = new Reality(place, ['userxattr']).mount([], replaceDirectory);
  const upperWorks = plain.startsWith('rw') || byUserXattr.startsWith('rw');
  expect(support.filesystem.upper.supported).toBe(upperWorks);
  expect(support.options.userxattr.supported).toBe(byUserXattr.startsWith('rw'));
  skip(!upperWorks, 'nothing here can be an upper layer in this kernel');

  const reality = new Reality(place, plain.startsWith('rw') ? [] : ['userxattr']);
  const said = new Map(answers(support.options));
  const wrong = OPTIONS.filter(([name, words, sign]) => {
    const shown = reality.mount(words);
    const works = shown.startsWith('rw') && (sign === true || sign.test(shown));
    return said.get(name)?.supported !== works;
  });
  expect(wrong).toEqual([]);
  const renamed = reality.mount(['redirect_dir=on'], (merged) => renameSync(join(merged, 'd'), join(merged, 'e')));
  expect(support.options.redirectDir.on.supported).toBe(renamed.startsWith('rw'));
});

test('what it says of layers is what happens', async ({ place, skip }) => {
  skip(lacksOverlay !== undefined, lacksOverlay);
  const support = await overlaySupport(place.root);
  const target = place.directory('m');
  const names = Array.from({ length: support.maxLayers + 1 }, (_, index) => place.directory(`${index}`));
  const mountLayers = (count: number) =>
    mountSync(
      null,
      target,
      'overlay',
      0,
      `lowerdir=${names
        .slice(0, count)
        .map((_, index) => index)
        .join(':')}`,
      {
        cwd: place.root,
      },
    );
  expect(support.overlay).toEqual({ supported: true });
  expect(support.maxLayers).toBe(500);
  mountLayers(support.maxLayers);
  umountSync(target);
  expect(() => mountLayers(support.maxLayers + 1)).toThrow(/EINVAL|ENOMEM/); // 5.10 says the latter
  const withData = tryMount(`lowerdir=${names[0]}:${names[1]}::${names[2]},metacopy=on,redirect_dir=follow`, target);
  expect(support.dataOnly.supported).toBe(withData.startsWith('ro'));
});

test('every no has a reason, and answers cannot be changed', async ({ place }) => {
  const support = await overlaySupport(place.root);
  const all = answers(support);
  expect(all.length).toBe(35);
  for (const [name, answer] of all) {
    if (answer.supported) continue;
    expect(answer.reason, name).toMatch(/^[a-z_].{15,}[^.]$/s);
  }
  expect(support.inUserNamespace).toBe(!isRealRoot);
  for (const each of [support, support.options, support.options.uuid, support.overlay]) {
    expect(Object.isFrozen(each)).toBe(true);
  }
});

test('a second call gives the same answer without asking', async ({ place }) => {
  const directory = place.directory('gone');
  const first = await overlaySupport(directory);
  rmdirSync(directory);
  // Whoever asked would find nothing there.
  expect(await overlaySupport(directory)).toBe(first);
  const again = await overlaySupport(place.root);
  expect(await overlaySupport(Buffer.from(place.root))).toEqual(again);
  // Another directory of the same filesystem.
  expect(await overlaySupport(place.directory('other'))).toEqual(again);
});

test('a directory that is not there, and a file', async ({ place, skip }) => {
  skip(lacksOverlay !== undefined, lacksOverlay);
  const missing = await rejectionOf(overlaySupport(place.path('missing')));
  expect(missing).toMatchObject({ name: 'MountError', code: 'ENOENT', syscall: 'chdir', path: place.path('missing') });
  expect(await rejectionOf(overlaySupport(place.file('file')))).toMatchObject({ code: 'ENOTDIR' });
  expect(await rejectionOf(overlaySupport(''))).toMatchObject({ code: 'ERR_INVALID_ARG_VALUE' });
  // What failed is asked again.
  place.directory('missing');
  expect((await overlaySupport(place.path('missing'))).overlay).toEqual({ supported: true });
});

test('a read-only directory', async ({ place, skip }) => {
  skip(lacksOverlay !== undefined, lacksOverlay);
  const directory = place.directory('readonly', { file: 'x' });
  mountSync(directory, directory, null, constants.MS_BIND | constants.MS_RDONLY);
  const support = await overlaySupport(directory);
  expect(reasonOf(support.filesystem.upper)).toMatch(/^no file can be made in the directory: EROFS/);
  expect(reasonOf(support.options.volatile)).toMatch(/^volatile needs an upper layer: no file can be made .* EROFS/);
  expect(support.filesystem).toMatchObject({ lower: { supported: true }, dType: { supported: true } });
  expect(support.maxLayers).toBe(500);
  expect(support.options.xino.off).toEqual({ supported: true });
});

test('ramfs has no attributes: an overlay mounts there, and does not work', async ({ place, skip }) => {
  skip(lacksOverlay !== undefined, lacksOverlay);
  skip(lacks.realRoot !== undefined, lacks.realRoot);
  const directory = place.directory('ramfs');
  mountSync('ramfs', directory, 'ramfs');
  const { filesystem } = await overlaySupport(directory);
  expect(filesystem.lower).toEqual({ supported: true });
  expect(reasonOf(filesystem.upper)).toMatch(
    /^an overlay mounts, but a directory of a lower layer cannot be deleted: EIO/,
  );
  expect(reasonOf(filesystem.trustedXattrs)).toContain('has no extended attributes trusted.*');
  expect(reasonOf(filesystem.userXattrs)).toContain('has no extended attributes user.*');
  expect(readdirSync(directory)).toEqual([]);
});

test('proc, where nothing can be made', async ({ skip }) => {
  skip(lacksOverlay !== undefined, lacksOverlay);
  const { filesystem, maxLayers } = await overlaySupport('/proc');
  expect(maxLayers).toBe(500);
  expect(reasonOf(filesystem.upper)).toMatch(/^no file can be made in the directory/);
});

test('another overlay cannot be an upper layer', async ({ place, skip }) => {
  skip(lacksOverlay !== undefined, lacksOverlay);
  const [lower, upper, work] = ['l', 'u', 'w'].map((name) => place.directory(name));
  const merged = place.directory('merged');
  mountSync('overlay', merged, 'overlay', 0, `lowerdir=${lower},upperdir=${upper},workdir=${work}`);
  const { filesystem } = await overlaySupport(merged);
  expect(filesystem.lower).toEqual({ supported: true });
  expect(reasonOf(filesystem.upper)).toMatch(/^the kernel refuses the directory as upper layer: EINVAL/);
  expect(readdirSync(merged)).toEqual([]);
  skip(lacks.realRoot !== undefined, lacks.realRoot);
  expect(readdirSync(upper as string)).toEqual([]);
});

// The table of what was measured on kernels by hand, on ext4 as root: feature, and the first series that has it.
const FIRST: readonly [name: string, series: number][] = [
  ['overlay', 5.1],
  ['options.volatile', 5.1],
  ['options.index', 5.1],
  ['options.metacopy', 5.1],
  ['options.redirectDir.on', 5.1],
  ['options.nfsExport', 5.1],
  ['options.xino.on', 5.1],
  ['options.userxattr', 6.01],
  ['options.uuid.off', 6.01],
  ['userNamespace', 6.01],
  ['idmappedLower', 6.01],
  ['options.uuid.null', 6.12],
  ['options.uuid.auto', 6.12],
  ['options.verity.on', 6.12],
  ['dataOnly', 6.12],
  ['appendLayers', 6.12],
  ['layerDescriptors', 6.16],
  ['options.overrideCreds', 6.16],
];

test('on the kernels that were measured it finds what was found there', async ({ skip }) => {
  skip(process.env['KERNEL_VM'] === undefined, 'for the virtual machines with other kernels');
  skip(lacks.realRoot !== undefined, lacks.realRoot);
  const [major = 0, minor = 0] = release().split('.').map(Number);
  const series = major + minor / 100;
  const support: OverlaySupport = await overlaySupport('/var/tmp');
  const said = new Map(answers(support));
  console.log(
    release(),
    [...said].filter(([, each]) => !each.supported).map(([name, each]) => `${name}: ${reasonOf(each)}`),
  );
  expect(FIRST.map(([name]) => `${name} ${said.get(name)?.supported}`)).toEqual(
    FIRST.map(([name, first]) => `${name} ${series >= first}`),
  );
});
