// Tests that the answers of overlaySupport() agree with what the kernel does when overlays are mounted.
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
import { lacksOverlay } from '../../support/kernel-features.js';
import { type Place, test } from '../../support/place.js';
import { tableEntry } from '../../support/table.js';
import { rejectionOf } from '../../support/values.js';

vi.setConfig({ testTimeout: patience(60_000) });

/** Every answer with its name, such as `options.uuid.on`. */
function answers(value: object, path = ''): [name: string, support: Support][] {
  return Object.entries(value).flatMap(([key, each]): [string, Support][] => {
    if (typeof each !== 'object') return [];
    return 'supported' in each ? [[path + key, each as Support]] : answers(each, `${path}${key}.`);
  });
}

const reasonOf = (support: Support) => (support.supported ? undefined : support.reason);

/** Mounts without any check by this library; returns the options in the mount table, or the code of the error. */
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

/** Mounts overlays with given options, to see what the kernel does with each option. */
class OverlayTrial {
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

// Option, mounted words, and what the mount table shows when the option is in effect; `true` if only success shows it.
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

/**
 * Deletes a merged directory and creates it anew, which fails on a filesystem that only seems to support an upper
 * layer.
 */
function replaceDirectory(merged: string): void {
  rmSync(join(merged, 'd'), { recursive: true });
  mkdirSync(join(merged, 'd'));
}

test('overlaySupport() reports exactly the options that take effect in a real overlay', async ({ place, skip }) => {
  skip(lacksOverlay !== undefined, lacksOverlay);
  const support = await overlaySupport(place.root);
  const plain = new OverlayTrial(place, []).mount([], replaceDirectory);
  const byUserXattr = new OverlayTrial(place, ['userxattr']).mount([], replaceDirectory);
  const upperWorks = plain.startsWith('rw') || byUserXattr.startsWith('rw');
  expect(support.filesystem.upper.supported).toBe(upperWorks);
  expect(support.options.userxattr.supported).toBe(byUserXattr.startsWith('rw'));
  skip(!upperWorks, 'this kernel takes no upper directory on the filesystem of the tests');

  const trial = new OverlayTrial(place, plain.startsWith('rw') ? [] : ['userxattr']);
  const answerByName = new Map(answers(support.options));
  const wrong = OPTIONS.filter(([name, words, sign]) => {
    const shown = trial.mount(words);
    const works = shown.startsWith('rw') && (sign === true || sign.test(shown));
    return answerByName.get(name)?.supported !== works;
  });
  expect(wrong).toEqual([]);
  const renamed = trial.mount(['redirect_dir=on'], (merged) => renameSync(join(merged, 'd'), join(merged, 'e')));
  expect(support.options.redirectDir.on.supported).toBe(renamed.startsWith('rw'));
});

test('overlaySupport() reports the number of layers and the data-only layers that the kernel accepts', async ({
  place,
  skip,
}) => {
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
  expect(() => mountLayers(support.maxLayers + 1)).toThrow(/EINVAL|ENOMEM/); // Linux 5.10 reports ENOMEM.
  const withData = tryMount(`lowerdir=${names[0]}:${names[1]}::${names[2]},metacopy=on,redirect_dir=follow`, target);
  expect(support.dataOnly.supported).toBe(withData.startsWith('ro'));
});

test('every negative answer of overlaySupport() has a reason, and all answers are frozen', async ({ place }) => {
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

test('a second overlaySupport() call for one filesystem returns the cached answer', async ({ place }) => {
  const directory = place.directory('gone');
  const first = await overlaySupport(directory);
  rmdirSync(directory);
  // The directory does not exist any more, so a new test of the kernel would fail.
  expect(await overlaySupport(directory)).toBe(first);
  const again = await overlaySupport(place.root);
  expect(await overlaySupport(Buffer.from(place.root))).toEqual(again);
  // This directory is on the same filesystem.
  expect(await overlaySupport(place.directory('other'))).toEqual(again);
});

test('overlaySupport() rejects with ENOENT for a missing directory and with ENOTDIR for a file', async ({
  place,
  skip,
}) => {
  skip(lacksOverlay !== undefined, lacksOverlay);
  const missing = await rejectionOf(overlaySupport(place.path('missing')));
  expect(missing).toMatchObject({ name: 'MountError', code: 'ENOENT', syscall: 'chdir', path: place.path('missing') });
  expect(await rejectionOf(overlaySupport(place.file('file')))).toMatchObject({ code: 'ENOTDIR' });
  expect(await rejectionOf(overlaySupport(''))).toMatchObject({ code: 'ERR_INVALID_ARG_VALUE' });
  // A failed call is not cached.
  place.directory('missing');
  expect((await overlaySupport(place.path('missing'))).overlay).toEqual({ supported: true });
});

test('overlaySupport() reports a read-only directory as usable for lower layers only', async ({ place, skip }) => {
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

test('overlaySupport() for ramfs reports that an overlay mounts and cannot delete a lower directory', async ({
  place,
  skip,
}) => {
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

test('overlaySupport() for proc reports that nothing can be created in the directory', async ({ skip }) => {
  skip(lacksOverlay !== undefined, lacksOverlay);
  const { filesystem, maxLayers } = await overlaySupport('/proc');
  expect(maxLayers).toBe(500);
  expect(reasonOf(filesystem.upper)).toMatch(/^no file can be made in the directory/);
});

test('overlaySupport() for a directory on an overlay reports that it cannot hold an upper layer', async ({
  place,
  skip,
}) => {
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

// Results measured by hand on real kernels, on ext4 as root: feature, and the first kernel series that has it.
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

test('overlaySupport() reports the features that were measured by hand on the same kernel series', async ({ skip }) => {
  skip(process.env['KERNEL_VM'] === undefined, 'only in the virtual machines with other kernels');
  skip(lacks.realRoot !== undefined, lacks.realRoot);
  const [major = 0, minor = 0] = release().split('.').map(Number);
  const series = major + minor / 100;
  const support: OverlaySupport = await overlaySupport('/var/tmp');
  const answerByName = new Map(answers(support));
  console.log(
    release(),
    [...answerByName].filter(([, each]) => !each.supported).map(([name, each]) => `${name}: ${reasonOf(each)}`),
  );
  expect(FIRST.map(([name]) => `${name} ${answerByName.get(name)?.supported}`)).toEqual(
    FIRST.map(([name, first]) => `${name} ${series >= first}`),
  );
});
