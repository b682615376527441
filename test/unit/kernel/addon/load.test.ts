import { copyFileSync, cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { addonFiles, findAddon } from '../../../../lib/kernel/addon/load.js';
import { runNode } from '../../../support/child.js';
import { addonFile, projectRoot } from '../../../support/environment.js';
import { thrownBy } from '../../../support/values.js';

const BUILT = 'build/Release/linux_mount.node';
const PREBUILT = 'prebuilds/linux-here/linux-mount.node';

// Nothing is ever mounted in here.
let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "it's the package "));
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(root, { recursive: true });
});

/** The path of a file in the package, whose folder exists afterwards. */
function place(file: string): string {
  mkdirSync(dirname(join(root, file)), { recursive: true });
  return join(root, file);
}

const quoted = (file: string) => `'${join(root, file).replace("'", `'\\''`)}'`;
const find = () => findAddon(join(root, 'dist/kernel/addon/load.js'), 'here');

describe('the search', () => {
  test('loads the prebuilt addon of the architecture', () => {
    copyFileSync(addonFile, place(PREBUILT));
    expect(find()).toHaveProperty('mountSync');
  });

  test('loads an addon that was built in the package rather than the prebuilt one', () => {
    writeFileSync(place(PREBUILT), 'nothing that could be loaded');
    copyFileSync(addonFile, place(BUILT));
    expect(find()).toHaveProperty('mountSync');
  });

  test('loads an addon beside a bundle', () => {
    copyFileSync(addonFile, place('out/linux-mount.node'));
    expect(findAddon(join(root, 'out/bundle.js'), 'here')).toHaveProperty('mountSync');
  });

  test('finds the package that is installed where a bundle lies', () => {
    const installed = 'node_modules/linux-mount';
    writeFileSync(place(`${installed}/package.json`), '{}');
    copyFileSync(addonFile, place(join(installed, PREBUILT)));
    const file = join(root, 'out/bundle.js');
    const files = ['out/linux-mount.node', join(installed, BUILT), join(installed, PREBUILT)];
    expect(addonFiles(file, 'here')).toEqual(files.map((name) => join(root, name)));
    expect(findAddon(file, 'here')).toHaveProperty('mountSync');
  });

  test('loads nothing from the folder above a bundle, where others may write', () => {
    for (const file of [BUILT, PREBUILT]) copyFileSync(addonFile, place(file));
    expect(() => findAddon(join(root, 'out/bundle.js'), 'here')).toThrow('has no addon');
  });

  test('does not go on after a file that does not load', () => {
    writeFileSync(place(BUILT), 'nothing that could be loaded');
    copyFileSync(addonFile, place(PREBUILT));
    const error = thrownBy(find) as Error;
    expect(error).toMatchObject({ code: 'ERR_DLOPEN_FAILED', cause: expect.any(Error) });
    expect(error.message).toContain(`linux-mount cannot load ${quoted(BUILT)}: `);
    expect(error.message).toContain((error.cause as Error).message.split('\n', 1)[0]);
  });

  test('refuses an addon that lacks a function', () => {
    copyFileSync(join(projectRoot, 'test/native/build/Release/files.node'), place(BUILT));
    const error = thrownBy(find) as Error;
    expect(error).toMatchObject({ code: 'ERR_DLOPEN_FAILED' });
    expect(error.message).toContain(
      `${quoted(BUILT)} is not the addon of this version of linux-mount: it lacks mountSync, mount, umountSync`,
    );
  });

  test('does not take a folder that may not be searched for one without an addon', () => {
    // A name that is too long cannot be looked up by anybody, root included.
    const error = thrownBy(() => findAddon(join(root, 'x'.repeat(256), 'dist/kernel/addon/load.js'), 'here'));
    expect(error).toMatchObject({ code: 'ENAMETOOLONG', syscall: 'stat' });
  });
});

describe('without an addon the error names every place and the remedy', () => {
  test('in an installed package: a command for the shell', () => {
    const error = thrownBy(find) as Error;
    expect(error).toMatchObject({ code: 'ERR_DLOPEN_FAILED' });
    const quotedRoot = quoted('').replace(/\/'$/, "'");
    expect(error.message).toBe(
      `linux-mount has no addon for linux-here: it looked for ${quoted(BUILT)} and ${quoted(PREBUILT)}. ` +
        `To build it, with a C++ compiler (C++20), make and python3: cd ${quotedRoot} && npm run build:source`,
    );
  });

  test('in a bundle: an installed package, a copy, or a name', () => {
    const error = thrownBy(() => findAddon(join(root, 'out/bundle.js'), 'here')) as Error;
    expect(error.message).toBe(
      `linux-mount has no addon for linux-here: it looked for ${quoted('out/linux-mount.node')}. ` +
        `${quoted('out/bundle.js')} is a bundle, and linux-mount is not installed in its directory: install linux-mount there, or copy ` +
        'the file prebuilds/linux-here/linux-mount.node of the package beside the bundle, or name that file with ' +
        'LINUX_MOUNT_ADDON or setAddon()',
    );
  });

  test('the package is imported all the same, and each call throws the error with a stack of its own', async () => {
    for (const part of ['dist', 'package.json']) cpSync(join(projectRoot, part), join(root, part), { recursive: true });
    const { status, stdout, stderr } = await runNode(
      `const { mountSync, mount, pageSize, overlayData } = await import(process.argv[1]);
       console.log(pageSize, overlayData({ lower: ['/a', '/b'] }));
       function caller() { mountSync('x', '/x', 'tmpfs'); }
       try { caller(); } catch (error) { console.log(error.code, error.stack.includes('at caller'), error.cause.code); }
       await mount('x', '/x', 'tmpfs').catch((error) => console.log(error.code));`,
      { args: [join(root, 'dist/index.js')] },
    );
    expect({ status, stdout, stderr }).toEqual({
      status: 0,
      stdout: 'NaN lowerdir=/a:/b\nERR_DLOPEN_FAILED true ERR_DLOPEN_FAILED\nERR_DLOPEN_FAILED\n',
      stderr: '',
    });
  });

  test('where Node may load no addons: the option of Node', async () => {
    const { stderr } = await runNode("import { umountSync } from 'linux-mount'; umountSync('/nowhere');", {
      nodeArgs: ['--no-addons'],
    });
    expect(stderr).toContain(
      'this process may load no native addon: start Node with --allow-addons, or without --no-addons',
    );
    expect(stderr).toContain("code: 'ERR_DLOPEN_FAILED'");
    expect(stderr).not.toContain('build:source');
  });
});

describe('LINUX_MOUNT_ADDON', () => {
  test('names the file in place of the search', () => {
    writeFileSync(place(BUILT), 'nothing that could be loaded');
    copyFileSync(addonFile, place('elsewhere.node'));
    vi.stubEnv('LINUX_MOUNT_ADDON', join(root, 'elsewhere.node'));
    expect(find()).toHaveProperty('mountSync');
  });

  test('that names no addon is an error, although the search would find one', () => {
    copyFileSync(addonFile, place(BUILT));
    vi.stubEnv('LINUX_MOUNT_ADDON', join(root, 'missing.node'));
    const error = thrownBy(find) as Error;
    expect(error).toMatchObject({ code: 'ERR_DLOPEN_FAILED' });
    expect(error.message).toMatch(/^linux-mount cannot load .*missing\.node': .*\. LINUX_MOUNT_ADDON names this file$/);
  });

  test('that is empty counts as unset', () => {
    copyFileSync(addonFile, place(BUILT));
    vi.stubEnv('LINUX_MOUNT_ADDON', '');
    expect(find()).toHaveProperty('mountSync');
  });
});

describe('setAddon()', () => {
  /** Runs statements in a process whose import of the package has found no addon. */
  const run = (statements: string) => {
    for (const part of ['dist', 'package.json']) cpSync(join(projectRoot, part), join(root, part), { recursive: true });
    copyFileSync(addonFile, place('my addon.node'));
    return runNode(
      `const { createRequire } = require('node:module');
       const library = require(process.argv[1]);
       const { setAddon, isMountPointSync } = library;
       const file = process.argv[2];
       ${statements}
       console.log(isMountPointSync('/proc'), library.pageSize > 0);`,
      { args: [join(root, 'dist/index.js'), join(root, 'my addon.node')], commonjs: true },
    );
  };

  test.each([
    ['a path', 'setAddon(file);'],
    ['a URL', "setAddon(require('node:url').pathToFileURL(file));"],
    ['the exports', 'setAddon(require(file));'],
    ['a relative path', "process.chdir(require('node:path').dirname(file)); setAddon('my addon.node');"],
  ])('takes %s', async (_, statements) => {
    const { stdout, stderr } = await run(statements);
    expect({ stdout, stderr }).toEqual({ stdout: 'true true\n', stderr: '' });
  });

  test('rejects a relative path in a working directory that is gone', async () => {
    const { stdout } = await run(
      `setAddon(file);
       const { mkdirSync, rmdirSync } = require('node:fs');
       mkdirSync(file + '.gone');
       process.chdir(file + '.gone');
       rmdirSync(file + '.gone');
       try { setAddon('x'); } catch ({ code, message }) { console.log(code, message.includes('ENOENT')); }`,
    );
    expect(stdout).toBe('ERR_DLOPEN_FAILED true\ntrue true\n');
  });

  test('that fails leaves the addon in use', async () => {
    const { stdout } = await run(
      `setAddon(file);
       for (const wrong of [file + 'x', {}, null, 7, '', 'a\\0b', new URL('file:///%ff'), new URL('http://host/x')]) {
         try { setAddon(wrong); console.log('taken'); } catch ({ code }) { console.log(code); }
       }`,
    );
    expect(stdout.split('\n')).toEqual([
      'ERR_DLOPEN_FAILED',
      'ERR_INVALID_ARG_VALUE',
      'ERR_INVALID_ARG_TYPE',
      'ERR_INVALID_ARG_TYPE',
      'ERR_INVALID_ARG_VALUE',
      'ERR_INVALID_ARG_VALUE',
      'ERR_INVALID_ARG_VALUE',
      'ERR_INVALID_URL_SCHEME',
      'true true',
      '',
    ]);
  });

  test('replaces an addon that the search has found', async () => {
    copyFileSync(addonFile, place('other.node'));
    const { stdout } = await runNode(
      `const { setAddon, umountSync } = require('linux-mount');
       const addon = { ...require(process.argv[1]), umountSync: () => ({ error: 5, syscall: 'umount2', step: 'umount' }) };
       setAddon(addon);
       try { umountSync('/nowhere'); } catch ({ code }) { console.log(code); }`,
      { args: [join(root, 'other.node')], commonjs: true },
    );
    expect(stdout).toBe('EIO\n');
  });
});
