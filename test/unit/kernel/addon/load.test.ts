// Tests of the search for the addon file, LINUX_MOUNT_ADDON and setAddon().
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

// No test mounts anything in this directory, so that it can be removed recursively.
let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "it's the package "));
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(root, { recursive: true });
});

/** Returns the path of a file in the package, and makes the folder of the file. */
function place(file: string): string {
  mkdirSync(dirname(join(root, file)), { recursive: true });
  return join(root, file);
}

const quoted = (file: string) => `'${join(root, file).replace("'", `'\\''`)}'`;
const find = () => findAddon(join(root, 'dist/kernel/addon/load.js'), 'here');

describe('findAddon', () => {
  test('findAddon loads the prebuilt addon of the architecture', () => {
    copyFileSync(addonFile, place(PREBUILT));
    expect(find()).toHaveProperty('mountSync');
  });

  test('findAddon prefers an addon that was built in the package to the prebuilt addon', () => {
    writeFileSync(place(PREBUILT), 'nothing that could be loaded');
    copyFileSync(addonFile, place(BUILT));
    expect(find()).toHaveProperty('mountSync');
  });

  test('findAddon loads linux-mount.node from the folder of a bundle', () => {
    copyFileSync(addonFile, place('out/linux-mount.node'));
    expect(findAddon(join(root, 'out/bundle.js'), 'here')).toHaveProperty('mountSync');
  });

  test('findAddon loads the addon of a package that is installed in a folder above the bundle', () => {
    const installed = 'node_modules/linux-mount';
    writeFileSync(place(`${installed}/package.json`), '{}');
    copyFileSync(addonFile, place(join(installed, PREBUILT)));
    const file = join(root, 'out/bundle.js');
    const files = ['out/linux-mount.node', join(installed, BUILT), join(installed, PREBUILT)];
    expect(addonFiles(file, 'here')).toEqual(files.map((name) => join(root, name)));
    expect(findAddon(file, 'here')).toHaveProperty('mountSync');
  });

  test('findAddon ignores an addon in the parent folder of a bundle, where other users may write', () => {
    for (const file of [BUILT, PREBUILT]) copyFileSync(addonFile, place(file));
    expect(() => findAddon(join(root, 'out/bundle.js'), 'here')).toThrow('has no addon');
  });

  test('findAddon throws when a file does not load, and tries no other file', () => {
    writeFileSync(place(BUILT), 'nothing that could be loaded');
    copyFileSync(addonFile, place(PREBUILT));
    const error = thrownBy(find) as Error;
    expect(error).toMatchObject({ code: 'ERR_DLOPEN_FAILED', cause: expect.any(Error) });
    expect(error.message).toContain(`linux-mount cannot load ${quoted(BUILT)}: `);
    expect(error.message).toContain((error.cause as Error).message.split('\n', 1)[0]);
  });

  test('findAddon rejects an addon that lacks a function and names the missing functions', () => {
    copyFileSync(join(projectRoot, 'test/native/build/Release/files.node'), place(BUILT));
    const error = thrownBy(find) as Error;
    expect(error).toMatchObject({ code: 'ERR_DLOPEN_FAILED' });
    expect(error.message).toContain(
      `${quoted(BUILT)} is not the addon of this version of linux-mount: it lacks mountSync, mount, umountSync`,
    );
  });

  test('findAddon throws the error of stat(2) when a folder cannot be searched', () => {
    // No user can look up a name longer than 255 bytes, not even root.
    const error = thrownBy(() => findAddon(join(root, 'x'.repeat(256), 'dist/kernel/addon/load.js'), 'here'));
    expect(error).toMatchObject({ code: 'ENAMETOOLONG', syscall: 'stat' });
  });
});

describe('the error when the addon is missing', () => {
  test('the error for an installed package without an addon names the searched files and the build command', () => {
    const error = thrownBy(find) as Error;
    expect(error).toMatchObject({ code: 'ERR_DLOPEN_FAILED' });
    const quotedRoot = quoted('').replace(/\/'$/, "'");
    expect(error.message).toBe(
      `linux-mount has no addon for linux-here: it looked for ${quoted(BUILT)} and ${quoted(PREBUILT)}. ` +
        `To build it, with a C++ compiler (C++20), make and python3: cd ${quotedRoot} && npm run build:source`,
    );
  });

  test('the error for a bundle without an addon proposes to install the package, copy the addon or set its path', () => {
    const error = thrownBy(() => findAddon(join(root, 'out/bundle.js'), 'here')) as Error;
    expect(error.message).toBe(
      `linux-mount has no addon for linux-here: it looked for ${quoted('out/linux-mount.node')}. ` +
        `${quoted('out/bundle.js')} is a bundle, and linux-mount is not installed in its directory: install linux-mount there, or copy ` +
        'the file prebuilds/linux-here/linux-mount.node of the package beside the bundle, or name that file with ' +
        'LINUX_MOUNT_ADDON or setAddon()',
    );
  });

  test('importing the package succeeds without an addon, and each call throws the error with its own stack', async () => {
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

  test('the error under node --no-addons names the Node.js option', async () => {
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
  test('findAddon loads the file that LINUX_MOUNT_ADDON names and searches no folder', () => {
    writeFileSync(place(BUILT), 'nothing that could be loaded');
    copyFileSync(addonFile, place('elsewhere.node'));
    vi.stubEnv('LINUX_MOUNT_ADDON', join(root, 'elsewhere.node'));
    expect(find()).toHaveProperty('mountSync');
  });

  test('findAddon throws when the file that LINUX_MOUNT_ADDON names is missing, and tries no other file', () => {
    copyFileSync(addonFile, place(BUILT));
    vi.stubEnv('LINUX_MOUNT_ADDON', join(root, 'missing.node'));
    const error = thrownBy(find) as Error;
    expect(error).toMatchObject({ code: 'ERR_DLOPEN_FAILED' });
    expect(error.message).toMatch(/^linux-mount cannot load .*missing\.node': .*\. LINUX_MOUNT_ADDON names this file$/);
  });

  test('findAddon treats an empty LINUX_MOUNT_ADDON as unset', () => {
    copyFileSync(addonFile, place(BUILT));
    vi.stubEnv('LINUX_MOUNT_ADDON', '');
    expect(find()).toHaveProperty('mountSync');
  });
});

describe('setAddon()', () => {
  /** Runs statements in a process in which importing the package finds no addon. */
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
    ['the exports of an addon', 'setAddon(require(file));'],
    ['a relative path', "process.chdir(require('node:path').dirname(file)); setAddon('my addon.node');"],
  ])('setAddon accepts %s', async (_, statements) => {
    const { stdout, stderr } = await run(statements);
    expect({ stdout, stderr }).toEqual({ stdout: 'true true\n', stderr: '' });
  });

  test('setAddon throws ERR_DLOPEN_FAILED for a relative path when the working directory was deleted', async () => {
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

  test('setAddon keeps the current addon when it rejects its argument', async () => {
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

  test('setAddon replaces the addon that findAddon loaded', async () => {
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
