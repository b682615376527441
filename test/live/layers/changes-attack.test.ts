// Tests that changes() never reads outside of the layers while another process exchanges files in the layers.
import { closeSync, openSync, readSync, symlinkSync, utimesSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { expect, vi } from 'vitest';
import { type Change, changes, MountError } from '../../../lib/layers/index.js';
import { inEveryPass, patience } from '../../support/effort.js';
import { exchangeProgram, isRealRoot, lacks, pass } from '../../support/environment.js';
import { HolderProcess } from '../../support/holder.js';
import { makeNode, S_IFCHR, watchOpens } from '../../support/native-files.js';
import { test } from '../../support/place.js';

vi.setConfig({ testTimeout: patience(600_000) });

const WALKS = inEveryPass(pass === 'root' ? 5_000 : 1_000, 200);

test('changes() reports nothing from outside of the layers while directories are exchanged for symbolic links', async ({
  place,
}) => {
  for (const name of ['outside', 'outside/d', 'outside/d/e'])
    place.directory(name, { secret: 'secret', file: 'secret' });
  const pairs: string[] = [];
  for (const layer of ['upper', 'lower']) {
    place.directory(layer, { plain: layer });
    for (const name of ['d', 'd/e', 'other', 'd/other'])
      place.directory(`${layer}/${name}`, { file: layer, own: layer });
    const root = place.path(layer);
    symlinkSync(place.path('outside/d'), `${root}/link`);
    symlinkSync('../../outside/d/e', `${root}/d/link`);
    symlinkSync(place.path('outside/secret'), `${root}/d/e/link`);
    pairs.push(`${root}/d`, `${root}/link`, `${root}/d/e`, `${root}/d/link`, `${root}/d/e/file`, `${root}/d/e/link`);
    pairs.push(`${root}/d`, `${root}/other`, `${root}/d/e`, `${root}/d/other`);
  }
  await using _attacker = await HolderProcess.start([exchangeProgram, ...pairs]);
  const codes: Record<string, number> = {};
  let changeCount = 0;
  // The test continues until the attacker disturbs a walk. On one processor each walk may end before the attacker runs.
  const wasDisturbed = () => Object.keys(codes).length > 0 || availableParallelism() === 1;
  let walks = 0;
  for (; walks < WALKS || (!wasDisturbed() && walks < 50 * WALKS); walks += 1) {
    const found: Change[] = [];
    try {
      for await (const change of changes({
        lower: [place.path('lower')],
        upper: place.path('upper'),
        userxattr: !isRealRoot,
      })) {
        found.push(change);
      }
    } catch (error) {
      expect(error).toBeInstanceOf(MountError);
      const { code, reason, path } = error as MountError;
      expect(String(reason), (error as Error).message).toContain('stop the process that changes the layer');
      expect(String(path)).not.toContain('outside');
      codes[code] = (codes[code] ?? 0) + 1;
    }
    changeCount += found.length;
    for (const change of found) {
      expect(String(change.path)).not.toContain('secret');
      if (change.type !== 'deleted') expect(change.size).not.toBe('secret'.length);
    }
  }
  console.log(`pass ${pass}: ${walks} walks, ${changeCount} changes, failed with ${JSON.stringify(codes)}`);
  expect(wasDisturbed()).toBe(true);
  expect(changeCount).toBeGreaterThan(walks / 10);
});

test('changes() does not open a device that another process exchanges for a file', async ({ place, skip }) => {
  skip(lacks.realRoot !== undefined, lacks.realRoot);
  for (const layer of ['upper', 'lower']) {
    utimesSync(`${place.directory(layer, { file: layer })}/file`, 1, 1);
  }
  const [file, device] = ['upper/file', 'device'].map((name) => place.path(name)) as [string, string];
  makeNode(device, S_IFCHR | 0o666, 1, 3);
  const opened = watchOpens(device);
  const wasOpened = () => {
    try {
      return readSync(opened, Buffer.alloc(1024)) > 0;
    } catch (error) {
      expect(error).toMatchObject({ code: 'EAGAIN' });
      return false;
    }
  };
  closeSync(openSync(device, 'r'));
  expect(wasOpened()).toBe(true);
  try {
    await using _attacker = await HolderProcess.start([exchangeProgram, file, device]);
    for (let walk = 0; walk < WALKS; walk += 1) {
      const found = changes({ lower: [place.path('lower')], upper: place.path('upper') });
      await found.next().catch((error) => expect(error).toBeInstanceOf(MountError));
      await found.return();
    }
    expect(wasOpened()).toBe(false);
  } finally {
    closeSync(opened);
  }
});
