// Tests makeWhiteout(), isWhiteout(), makeOpaque() and isOpaque() and their synchronous forms.
import { existsSync, lstatSync, readdirSync, symlinkSync } from 'node:fs';
import { describe, expect } from 'vitest';
import { mountOverlaySync, mountSync, umountSync } from '../../../lib/index.js';
import * as layers from '../../../lib/layers/index.js';
import { runNode, withoutPrivilege } from '../../support/child.js';
import { isRealRoot, lacks } from '../../support/environment.js';
import { lacksOverlay } from '../../support/kernel-features.js';
import { lacksOverlayAttributes, prefix } from '../../support/layers.js';
import { attributesOf } from '../../support/native-files.js';
import { test } from '../../support/place.js';
import { rejectionOf, thrownBy } from '../../support/values.js';

const userxattr = !isRealRoot;

/** Both forms of each function, as functions that return a promise. */
const forms = [
  {
    name: 'asynchronous',
    makeWhiteout: layers.makeWhiteout,
    isWhiteout: layers.isWhiteout,
    makeOpaque: layers.makeOpaque,
    isOpaque: layers.isOpaque,
  },
  {
    name: 'synchronous',
    makeWhiteout: async (...args: Parameters<typeof layers.makeWhiteout>) => layers.makeWhiteoutSync(...args),
    isWhiteout: async (...args: Parameters<typeof layers.isWhiteout>) => layers.isWhiteoutSync(...args),
    makeOpaque: async (...args: Parameters<typeof layers.makeOpaque>) => layers.makeOpaqueSync(...args),
    isOpaque: async (...args: Parameters<typeof layers.isOpaque>) => layers.isOpaqueSync(...args),
  },
];

describe.each(forms)('$name', ({ makeWhiteout, isWhiteout, makeOpaque, isOpaque }) => {
  test('makeWhiteout makes a device that overlayfs treats as a whiteout', async ({ place, skip }) => {
    skip(lacksOverlay !== undefined, lacksOverlay);
    const [upper, lower] = [place.directory('upper'), place.directory('lower', { gone: '', kept: '' })];
    await makeWhiteout(`${upper}/gone`);
    expect(lstatSync(`${upper}/gone`)).toMatchObject({ mode: 0o020000, rdev: 0 });
    expect(await isWhiteout(`${upper}/gone`)).toBe(true);
    using merged = mountOverlaySync({ lower: [upper, lower], target: place.directory('merged') });
    expect(readdirSync(merged.target as string)).toEqual(['kept']);
  });

  test('makeWhiteout with form: "xattr" marks a file and its directory, and an opaque directory stays opaque', async ({
    place,
    skip,
  }) => {
    skip(lacksOverlayAttributes(place) !== undefined, lacksOverlayAttributes(place));
    const layer = place.directory('layer');
    await makeWhiteout(`${layer}/gone`, { form: 'xattr', userxattr });
    expect(attributesOf(`${layer}/gone`)).toEqual({ [`${prefix}whiteout`]: '' });
    expect(attributesOf(layer)).toEqual({ [`${prefix}opaque`]: 'x' });
    expect(lstatSync(`${layer}/gone`)).toMatchObject({ mode: 0o100000, size: 0 });
    expect(await isWhiteout(`${layer}/gone`, { userxattr })).toBe(true);
    // A second whiteout in the directory changes nothing, and an opaque directory stays opaque.
    await makeWhiteout(`${layer}/other`, { form: 'xattr', userxattr });
    await makeOpaque(layer, { userxattr });
    await makeWhiteout(`${layer}/third`, { form: 'xattr', userxattr });
    expect(attributesOf(layer)).toEqual({ [`${prefix}opaque`]: 'y' });
  });

  test('makeOpaque makes a directory opaque for overlayfs, and isOpaque returns true for the directory', async ({
    place,
    skip,
  }) => {
    skip(lacksOverlayAttributes(place) !== undefined, lacksOverlayAttributes(place));
    place.directory('upper/d', { new: '' });
    const [upper, lower] = [place.path('upper'), place.directory('lower')];
    place.directory('lower/d', { old: '' });
    expect(await isOpaque(`${upper}/d`, { userxattr })).toBe(false);
    await makeOpaque(`${upper}/d`, { form: 'x', userxattr });
    expect(await isOpaque(`${upper}/d`, { userxattr })).toBe(false);
    await makeOpaque(`${upper}/d`, { userxattr });
    expect(await isOpaque(`${upper}/d`, { userxattr })).toBe(true);
    expect(await isOpaque(`${upper}/d/new`, { userxattr })).toBe(false);
    const work = place.directory('work');
    using merged = mountOverlaySync({
      ...{ lower: [lower], upper, work, target: place.directory('merged') },
      ...(userxattr ? { userxattr } : {}),
    });
    expect(readdirSync(`${merged.target}/d`)).toEqual(['new']);
  });

  test('isWhiteout is false for directories, files, empty files and symbolic links', async ({ place }) => {
    place.directory('d', { file: 'content', empty: '' });
    symlinkSync('nowhere', place.path('d/link'));
    for (const name of ['d', 'd/file', 'd/empty', 'd/link']) {
      expect(await isWhiteout(place.path(name), { userxattr })).toBe(false);
    }
  });

  test('makeWhiteout, makeOpaque, isWhiteout and isOpaque reject a wrong path with code, syscall and reason', async ({
    place,
    skip,
  }) => {
    const file = place.file('file');
    symlinkSync(place.directory('d'), place.path('link'));
    expect(await rejectionOf(makeWhiteout(file))).toMatchObject({
      ...{ name: 'MountError', code: 'EEXIST', syscall: 'mknodat', path: file },
      reason: 'a file with this path exists: remove the file first',
    });
    expect(await rejectionOf(makeWhiteout(place.path('x/y')))).toMatchObject({ code: 'ENOENT', syscall: 'mknodat' });
    for (const is of [isWhiteout, isOpaque]) {
      expect(await rejectionOf(is(place.path('x')))).toMatchObject({ code: 'ENOENT', syscall: 'statx' });
    }
    expect(await rejectionOf(makeOpaque(file, { userxattr }))).toMatchObject({ code: 'ENOTDIR', syscall: 'open' });
    expect(await rejectionOf(makeOpaque(place.path('link'), { userxattr }))).toMatchObject({
      code: expect.stringMatching(/^(ENOTDIR|ELOOP)$/),
    });
    mountSync('x', place.path('d'), 'tmpfs', 1);
    expect(await rejectionOf(makeWhiteout(place.path('d/x')))).toMatchObject({
      ...{ code: 'EROFS', reason: expect.stringContaining('read-only') },
    });
    umountSync(place.path('d'));
    skip(!existsSync('/proc/self/status'), '/proc is not mounted');
    // The filesystem proc has no such attributes.
    expect(await rejectionOf(makeOpaque('/proc/self/task', { userxattr: true }))).toMatchObject({
      ...{ code: expect.stringMatching(/^(EOPNOTSUPP|ENOTSUP|EPERM|EACCES)$/), reason: expect.any(String) },
    });
  });

  test('makeWhiteout with form: "xattr" sets no attribute when the file exists already', async ({ place, skip }) => {
    skip(lacksOverlayAttributes(place) !== undefined, lacksOverlayAttributes(place));
    const layer = place.directory('layer', { taken: '' });
    expect(await rejectionOf(makeWhiteout(`${layer}/taken`, { form: 'xattr', userxattr }))).toMatchObject({
      ...{ code: 'EEXIST', syscall: 'openat' },
    });
    expect(attributesOf(layer)).toEqual({});
    expect(readdirSync(layer)).toEqual(['taken']);
  });

  test('functions for whiteouts and opacity reject with EPERM and name userxattr in a user namespace', async ({
    place,
    skip,
  }) => {
    skip(isRealRoot, 'root may use trusted attributes');
    const layer = place.directory('layer', { empty: '', full: 'content' });
    const refused = { code: 'EPERM', reason: expect.stringContaining('userxattr: true') };
    expect(await rejectionOf(makeOpaque(layer))).toMatchObject(refused);
    expect(await rejectionOf(makeWhiteout(`${layer}/x`, { form: 'xattr' }))).toMatchObject(refused);
    expect(await rejectionOf(isOpaque(layer))).toMatchObject(refused);
    expect(await rejectionOf(isWhiteout(`${layer}/empty`))).toMatchObject(refused);
    // A file with content is never a whiteout, so the hidden attributes do not matter.
    expect(await isWhiteout(`${layer}/full`)).toBe(false);
    expect(readdirSync(layer).sort()).toEqual(['empty', 'full']);
  });
});

test('makeWhiteout and isWhiteout accept names that are not UTF-8, and relative paths', async ({ place }) => {
  const name = Buffer.concat([Buffer.from(`${place.root}/`), Buffer.from([0xff, 0x0a])]);
  await layers.makeWhiteout(name);
  expect(layers.isWhiteoutSync(name)).toBe(true);
  const { stdout } = await runNode(
    `process.chdir(process.argv[1]);
     const { isWhiteout, isWhiteoutSync, makeWhiteout, makeWhiteoutSync } = await import('linux-mount/layers');
     const pending = makeWhiteout('one');
     process.chdir('/');
     await pending;
     process.chdir(process.argv[1]);
     makeWhiteoutSync('two');
     console.log(await isWhiteout('one'), isWhiteoutSync('two'));`,
    { args: [place.root] },
  );
  expect(stdout).toBe('true true\n');
});

test('makeWhiteoutSync makes a whiteout device without privilege (Linux 5.8)', async ({ place, skip }) => {
  skip(lacks.setpriv !== undefined, lacks.setpriv);
  place.directory('layer');
  const { stdout, stderr } = await runNode(
    `const { makeWhiteoutSync, isWhiteoutSync } = await import('linux-mount/layers');
     makeWhiteoutSync(process.argv[1]);
     console.log(isWhiteoutSync(process.argv[1]));`,
    { args: [place.path('layer/gone')], wrapper: withoutPrivilege },
  );
  expect({ stdout, stderr }).toEqual({ stdout: 'true\n', stderr: '' });
});

test.for([
  [() => layers.makeWhiteoutSync(''), 'ERR_INVALID_ARG_VALUE'],
  [() => layers.makeWhiteoutSync('/x', { form: 'file' as 'device' }), 'ERR_INVALID_ARG_VALUE'],
  [() => layers.makeOpaqueSync('/x', { form: 'z' as 'x' }), 'ERR_INVALID_ARG_VALUE'],
  [() => layers.isOpaqueSync('/x', { form: 'y' } as object), 'ERR_INVALID_ARG_VALUE'],
  [() => layers.isWhiteoutSync(1 as unknown as string), 'ERR_INVALID_ARG_TYPE'],
  [() => layers.makeOpaqueSync('/x', { userxattr: 'y' as unknown as boolean }), 'ERR_INVALID_ARG_TYPE'],
] as const)(
  'makeWhiteoutSync, makeOpaqueSync, isWhiteoutSync and isOpaqueSync throw for wrong arguments: %s',
  ([call, code]) => {
    expect(thrownBy(call)).toMatchObject({ code });
  },
);

test('isOpaqueSync and isWhiteoutSync throw EMFILE when the process has no free descriptor', async ({
  place,
  skip,
}) => {
  skip(lacks.prlimit !== undefined, lacks.prlimit);
  const { stdout, stderr } = await runNode(
    `import { openSync } from 'node:fs';
     import { isOpaqueSync, isWhiteoutSync } from 'linux-mount/layers';
     const [layer, empty] = process.argv.slice(1);
     try { for (;;) openSync('/dev/null'); } catch {}
     for (const ask of [() => isOpaqueSync(layer), () => isWhiteoutSync(empty)]) {
       try { console.log(ask()); } catch ({ code }) { console.log(code); }
     }`,
    {
      args: [place.directory('layer', { empty: '' }), place.path('layer/empty')],
      wrapper: ['prlimit', '--nofile=64', '--'],
    },
  );
  expect({ stdout, stderr }).toEqual({ stdout: 'EMFILE\n'.repeat(2), stderr: '' });
});
