// Tests of the package: exported names, imports on other platforms, and what an installation runs.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import * as library from '../../../lib/index.js';
import * as layers from '../../../lib/layers/index.js';
import { runNode } from '../../support/child.js';
import { projectRoot } from '../../support/environment.js';

const NAMES = [
  'DetachedMount',
  'Mount',
  'MountError',
  'MountTable',
  'constants',
  'detachedBind',
  'detachedBindSync',
  'detachedFilesystem',
  'detachedFilesystemSync',
  'detachedOverlay',
  'detachedOverlaySync',
  'holders',
  'holdersSync',
  'isMountPoint',
  'isMountPointSync',
  'mount',
  'mountAt',
  'mountAtSync',
  'mountBind',
  'mountBindSync',
  'mountFilesystem',
  'mountFilesystemSync',
  'mountOverlay',
  'mountOverlaySync',
  'mountSync',
  'mountTmpfs',
  'mountTmpfsSync',
  'moveMount',
  'moveMountSync',
  'overlayData',
  'overlaySupport',
  'pageSize',
  'parseMountInfo',
  'parseOverlayData',
  'readMountTable',
  'readMountTableSync',
  'remountFilesystem',
  'remountFilesystemSync',
  'setAddon',
  'setMountAttributes',
  'setMountAttributesSync',
  'setPropagation',
  'setPropagationSync',
  'umount',
  'umountSync',
  'watchMountTable',
];

const LAYER_NAMES = [
  'MountError',
  'changes',
  'isOpaque',
  'isOpaqueSync',
  'isWhiteout',
  'isWhiteoutSync',
  'makeOpaque',
  'makeOpaqueSync',
  'makeWhiteout',
  'makeWhiteoutSync',
];

/** Node.js adds these names to the exports of a CommonJS module. */
const isPublic = (name: string) => !['__esModule', 'default', 'module.exports'].includes(name);

test('the package exports exactly the public names', () => {
  expect(Object.keys(library).sort()).toEqual(NAMES);
  expect(Object.keys(layers).sort()).toEqual(LAYER_NAMES);
  expect(layers.MountError).toBe(library.MountError);
});

test.each([
  ['import', `import * as all from 'linux-mount/layers';`, false],
  ['require()', `const all = require('linux-mount/layers');`, true],
])('linux-mount/layers exports the same names when loaded by %s', async (_, source, commonjs) => {
  const { stdout } = await runNode(`${source} console.log(JSON.stringify(Object.keys(all).sort()));`, { commonjs });
  const names = (JSON.parse(stdout) as string[]).filter(isPublic);
  expect(names).toEqual(LAYER_NAMES);
});

test.each([
  ['import', `import * as all from 'linux-mount'; console.log(JSON.stringify(Object.keys(all).sort()));`, false],
  ['import()', `console.log(JSON.stringify(Object.keys(await import('linux-mount')).sort()));`, false],
  ['require()', `const all = require('linux-mount'); console.log(JSON.stringify(Object.keys(all).sort()));`, true],
])('the built package exports the same names when loaded by %s', async (_, source, commonjs) => {
  const { stdout, status } = await runNode(source, { commonjs });
  expect(status).toBe(0);
  expect(JSON.parse(stdout).filter(isPublic)).toEqual(NAMES);
});

test('import and require() give the same objects', async () => {
  const { stdout } = await runNode(
    `import { createRequire } from 'node:module';
     import { MountError } from 'linux-mount';
     console.log(createRequire(import.meta.url)('linux-mount').MountError === MountError);`,
  );
  expect(stdout).toBe('true\n');
});

test('on another platform the package imports, pure functions work, and each call throws ERR_UNSUPPORTED_PLATFORM', async () => {
  const { status, stdout, stderr } = await runNode(
    `Object.defineProperty(process, 'platform', { value: 'darwin' });
     const all = await import('linux-mount');
     const spec = { lower: ['/a', '/b'], target: '/t' };
     const calls = [() => all.mount('x', '/t', 'tmpfs'), () => all.mountSync('x', '/t', 'tmpfs'), () => all.umount('/t'),
       () => all.umountSync('/t'), () => all.mountOverlay(spec), () => all.mountOverlaySync(spec),
       () => all.readMountTable(), () => all.readMountTableSync(), () => all.isMountPoint('/'), () => all.isMountPointSync('/'),
       () => all.mountAt('/'), () => all.mountAtSync('/'), () => all.watchMountTable()];
     for (const call of calls) try { await call(); console.log('done'); } catch (error) { console.log(error.code, error.message); }
     console.log(all.overlayData({ lower: ['/a:b', '/c'] }), all.parseOverlayData('lowerdir=/a:/b').lower.length, all.constants.MS_BIND, all.pageSize);`,
  );
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  const lines = stdout.trim().split('\n');
  expect(lines).toHaveLength(14);
  for (const line of lines.slice(0, -1)) {
    expect(line).toMatch(
      /^ERR_UNSUPPORTED_PLATFORM (mount|umount2|listmount|statx|statmount) is a system call of Linux, and this platform is darwin: run /,
    );
  }
  expect(lines.at(-1)).toBe('lowerdir=/a\\:b:/c 2 4096 NaN');
});

test('on another platform a valid call rejects with ERR_UNSUPPORTED_PLATFORM and not with an argument error', async () => {
  const { status, stdout, stderr } = await runNode(
    `Object.defineProperty(process, 'platform', { value: 'darwin' });
     const { mountFilesystem, mountTmpfs, mountOverlay } = await import('linux-mount');
     const long = 'x'.repeat(300);
     const calls = [() => mountFilesystem('x', '/t', 'ext4', { parameters: { long } }), () => mountTmpfs('/t', { parameters: { long } }),
       () => mountFilesystem('x', '/t', 'ext4', { parameters: { long }, strategy: 'data' }),
       () => mountOverlay({ lower: ['/' + long, '/b'], target: '/t', strategy: 'data' })];
     for (const call of calls) try { await call(); console.log('done'); } catch (error) { console.log(error.code); }`,
  );
  expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: 'ERR_UNSUPPORTED_PLATFORM\n'.repeat(4), stderr: '' });
});

test('on another platform an abort after the rejected first read of changes() has no effect', async () => {
  const { status, stdout, stderr } = await runNode(
    `Object.defineProperty(process, 'platform', { value: 'darwin' });
     const { changes } = await import('linux-mount/layers');
     const controller = new AbortController();
     const walk = changes({ lower: ['/a'], upper: '/b', signal: controller.signal });
     await walk.next().catch(({ code }) => console.log(code));
     controller.abort();
     await new Promise(setImmediate);
     console.log((await walk.next()).done, (await walk.return()).done);`,
  );
  expect({ status, stdout, stderr }).toEqual({
    status: 0,
    stdout: 'ERR_UNSUPPORTED_PLATFORM\ntrue true\n',
    stderr: '',
  });
});

test('on another platform linux-mount/layers imports, and each call throws ERR_UNSUPPORTED_PLATFORM', async () => {
  const { status, stdout, stderr } = await runNode(
    `Object.defineProperty(process, 'platform', { value: 'win32' });
     const all = await import('linux-mount/layers');
     const calls = [() => all.changes({ lower: ['/a'], upper: '/b' }).next()];
     for (const name of ['makeWhiteout', 'makeOpaque', 'isWhiteout', 'isOpaque']) {
       calls.push(() => all[name]('/x'), () => all[name + 'Sync']('/x'));
     }
     for (const call of calls) try { await call(); console.log('done'); } catch (error) { console.log(error.code, error.message); }`,
  );
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  const lines = stdout.trim().split('\n');
  expect(lines).toHaveLength(9);
  for (const line of lines) {
    expect(line).toMatch(
      /^ERR_UNSUPPORTED_PLATFORM (getdents64|mknodat|[fl][gs]etxattr) is a system call of Linux, and this platform is win32: run /,
    );
  }
});

test('installing the package runs no script and installs no dependency', () => {
  const manifest = JSON.parse(readFileSync(join(projectRoot, 'package.json'), 'utf8'));
  expect(Object.keys(manifest.scripts)).not.toEqual(
    expect.arrayContaining([expect.stringMatching(/^((pre|post)?install|(pre|post)?prepare)$/)]),
  );
  // Without `gypfile: false` npm runs node-gyp in a clone. Package managers run node-gyp in a package with a
  // binding.gyp at its top.
  expect(manifest.gypfile).toBe(false);
  expect(manifest.files).not.toContain('binding.gyp');
  expect(manifest).not.toHaveProperty('dependencies');
  expect(manifest).not.toHaveProperty('optionalDependencies');
  expect(manifest).not.toHaveProperty('os');
  // Building from source must install the versions that the tests use.
  for (const name of ['node-addon-api', 'node-api-headers']) {
    expect(manifest.scripts['build:source']).toContain(` ${name}@${manifest.devDependencies[name]} `);
  }
});

test('dist/ has no static import or require() that an ES module bundle could not resolve', () => {
  const files = readdirSync(join(projectRoot, 'dist'), { recursive: true, encoding: 'utf8' }).filter((name) =>
    name.endsWith('.js'),
  );
  const texts = files.map((name) => readFileSync(join(projectRoot, 'dist', name), 'utf8')).join('');
  expect(texts).toContain('process.getBuiltinModule("node:fs")');
  // An ES module bundle has no require(), and a CommonJS bundle has no import.meta.
  expect(texts.match(/\brequire\("(?!\.\.?\/)[^"]*"\)|^import |\bimport\.meta\b/gm)).toBeNull();
});
