// Tests that SIGKILL during operations in a root directory leaves no mount outside and no writable mount.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync, symlinkSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, vi } from 'vitest';
import { umountSync } from '../../../lib/index.js';
import { patience, times } from '../../support/effort.js';
import { exchangeProgram, lacks, pass, projectRoot } from '../../support/environment.js';
import { HolderProcess } from '../../support/holder.js';
import { test } from '../../support/place.js';
import { mountTable } from '../../support/table.js';

vi.setConfig({ testTimeout: patience(300_000) });

const KILLS = times(pass === 'root' ? 100 : 20, 5);

// Mounts and unmounts in a root directory with several concurrent operations until it is killed.
const PROGRAM = `
  import * as library from 'linux-mount';
  const [place] = process.argv.slice(1);
  const root = place + '/root';
  const lower = [place + '/source', place + '/other'];
  const readonly = true;
  let rounds = 0;
  const again = async (path, mount) => {
    for (;;) {
      const target = { root, path: path + '/' + (rounds++ % 7) + '/t', create: 'match' };
      await mount(target).then((made) => made.unmount({ then: 'lazy' })).catch(() => {});
    }
  };
  again('one/bind', (target) => library.mountBind(place + '/source', target, { readonly }));
  again('one/tree', (target) => library.mountBind(place + '/source', target, { readonly, recursive: true }));
  again('one/file', (target) => library.mountBind(place + '/source/file', target, { readonly }));
  again('one/overlay', (target) => library.mountOverlay({ lower, target, readonly }));
  again('one/tmpfs', (target) => library.mountTmpfs(target, { readonly }));
  again('one/detached', async (target) => (await library.detachedBind(place + '/source', { readonly })).attach(target));
  console.log('ready');
`;

test('a process killed at random moments leaves no mount outside the root directory and no writable mount', async ({
  place,
  skip,
}) => {
  skip(lacks.treeCalls !== undefined, lacks.treeCalls);
  const root = place.directory('root');
  for (const path of ['root/one', 'root/other', 'outside', 'other']) place.directory(path);
  place.directory('source', { file: 'content' });
  mkdirSync(place.path('source/below'));
  symlinkSync(place.path('outside'), `${root}/link`);
  const before = mountTable().length;
  let left = 0;
  {
    await using _attacker = await HolderProcess.start([exchangeProgram, `${root}/one`, `${root}/link`]);
    // The test continues until one kill leaves a mount, which proves that the kills hit the critical moment.
    for (let kill = 0; kill < KILLS || (left === 0 && kill < 50 * KILLS); kill += 1) {
      const child = spawn(process.execPath, ['--input-type=module', '--eval', PROGRAM, '--', place.root], {
        cwd: projectRoot,
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      await once(child.stdout, 'data');
      await sleep(Math.random() * patience(30));
      child.kill('SIGKILL');
      await once(child, 'close');
      const mounts = mountTable().slice(before);
      left += mounts.length;
      for (const { mountPoint, options } of mounts) {
        expect(mountPoint.startsWith(`${root}/`)).toBe(true);
        expect(options).toContain('ro');
      }
      // Whoever comes next can unmount what is left, the last mount first. The attacker renames the directories all the
      // time, so each attempt reads the current path of the mount.
      for (let tries = 0; tries < 10_000 && mountTable().length > before; tries += 1) {
        const place = mountTable().at(-1)?.mountPoint ?? '';
        try {
          umountSync({ root, path: place.slice(root.length) });
        } catch (error) {
          expect(['ENOENT', 'EINVAL', 'EAGAIN']).toContain((error as { code: string }).code);
        }
      }
      expect(mountTable().length).toBe(before);
      expect(readdirSync(place.path('outside'))).toEqual([]);
    }
  }
  expect(left).toBeGreaterThan(0);
  expect(readdirSync(place.path('source')).sort()).toEqual(['below', 'file']);
});
