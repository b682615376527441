import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { addonFiles, loadAddon } from '../lib/load-addon.js';
import { projectRoot } from './support/environment.js';
import { thrownBy } from './support/values.js';

const [real] = addonFiles(projectRoot);
const [, prebuilt] = addonFiles('', 'here');
const [built] = addonFiles('');

// Nothing is ever mounted in here.
let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "it's the package "));
});
afterEach(() => rmSync(root, { recursive: true }));

function place(file: string): string {
  mkdirSync(dirname(join(root, file)), { recursive: true });
  return join(root, file);
}

const load = () => loadAddon(`${root}/`, 'here');

test('loads the prebuild of the architecture', () => {
  copyFileSync(real, place(prebuilt));
  expect(load()).toHaveProperty('mountSync');
});

test('loads what was built there rather than the prebuild', () => {
  writeFileSync(place(prebuilt), 'nothing that could be loaded');
  copyFileSync(real, place(built));
  expect(load()).toHaveProperty('mountSync');
});

test('what was built there and does not load is not passed over', () => {
  writeFileSync(place(built), 'nothing that could be loaded');
  copyFileSync(real, place(prebuilt));
  const error = thrownBy(load) as Error;
  expect(error).toMatchObject({ code: 'ERR_DLOPEN_FAILED', cause: expect.any(Error) });
  expect(error.message).toContain(`linux-mount cannot load ${join(root, built)}: `);
  expect(error.message).toContain((error.cause as Error).message);
  expect(error.message).toContain('npm run build:source');
});

test('where nothing fits it says what to do, as a line for the shell', () => {
  mkdirSync(place('prebuilds/linux-elsewhere/linux-mount.node'), { recursive: true });
  const error = thrownBy(load) as Error;
  expect(error).toMatchObject({ code: 'ERR_DLOPEN_FAILED' });
  expect(error.message).toBe(
    'linux-mount is not built for linux-here. To build it there, with a C++ compiler (C++20), make and python3: ' +
      `cd '${root.replace("'", `'\\''`)}' && npm run build:source`,
  );
});

test('a folder that may not be searched is not taken for one in which nothing is', () => {
  // A name that is too long cannot be looked at by anybody, root included.
  const error = thrownBy(() => loadAddon(join(root, 'x'.repeat(256)), 'here'));
  expect(error).toMatchObject({ code: 'ENAMETOOLONG', syscall: 'stat' });
});

test('where Node may load no addons it says so, and not to build one', () => {
  const { stderr } = spawnSync(process.execPath, ['--no-addons', '--eval', "import('linux-mount')"], {
    cwd: projectRoot,
    encoding: 'utf8',
  });
  expect(stderr).toContain('this process may load none: start Node with --allow-addons, or without --no-addons');
  expect(stderr).toContain("code: 'ERR_DLOPEN_FAILED'");
  expect(stderr).not.toContain('build:source');
});
