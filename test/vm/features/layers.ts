// Features of linux-mount/layers.
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { mountOverlay } from '../../../lib/index.js';
import { changes, isOpaque, isWhiteout, makeOpaque, makeWhiteout } from '../../../lib/layers/index.js';
import { isRealRoot } from '../../support/environment.js';
import { lacksOverlay } from '../../support/kernel-features.js';
import type { ScratchDirectory } from '../../support/scratch-directory.js';
import { type Features, inPart, same, works } from './feature.js';

// Only root in the initial user namespace can set trusted.* attributes.
const userxattr = !isRealRoot;
const marks = { userxattr };
const option = userxattr ? ({ userxattr: true } as const) : {};

const NO_XATTR_WHITEOUTS =
  "overlayfs shows it as an empty file: whiteouts of form 'xattr' are hidden since Linux 6.8, those of form 'device' always";

/** Makes a layer that contains a directory with two files. */
const layer = (scratch: ScratchDirectory, name: string) => {
  scratch.directory(`${name}/d`, { one: name, two: name });
  return scratch.path(name);
};

/**
 * Returns the names that an overlay shows in the directory, or undefined where this user cannot mount overlays, so that
 * the test only reads the marks back.
 */
async function shown(scratch: ScratchDirectory, ...lower: string[]): Promise<string[] | undefined> {
  if (lacksOverlay !== undefined) return undefined;
  const target = scratch.directory('merged');
  await using _mount = await mountOverlay({ lower, target, ...option });
  return readdirSync(`${target}/d`).sort();
}

export const layers: Features = {
  "makeWhiteout, isWhiteout, form 'device'": async (scratch) => {
    const [base, top] = [layer(scratch, 'base'), scratch.directory('top')];
    scratch.directory('top/d');
    await makeWhiteout(`${top}/d/one`);
    same([await isWhiteout(`${top}/d/one`, marks), await isWhiteout(`${base}/d/one`, marks)], [true, false]);
    same((await shown(scratch, top, base)) ?? ['two'], ['two']);
    return works();
  },
  "makeWhiteout, isWhiteout, form 'xattr'": async (scratch) => {
    const [base, top] = [layer(scratch, 'base'), scratch.directory('top')];
    scratch.directory('top/d');
    await makeWhiteout(`${top}/d/one`, { form: 'xattr', ...marks });
    same([await isWhiteout(`${top}/d/one`, marks), await isOpaque(`${top}/d`, marks)], [true, false]);
    const names = (await shown(scratch, top, base)) ?? ['two'];
    if (names.length === 2) return inPart(NO_XATTR_WHITEOUTS);
    same(names, ['two']);
    return works();
  },
  'makeOpaque, isOpaque': async (scratch) => {
    const [base, top] = [layer(scratch, 'base'), scratch.directory('top')];
    scratch.directory('top/d', { three: '' });
    same(await isOpaque(`${top}/d`, marks), false);
    await makeOpaque(`${top}/d`, marks);
    same(await isOpaque(`${top}/d`, marks), true);
    same((await shown(scratch, top, base)) ?? ['three'], ['three']);
    return works();
  },
  'changes, of what was done in an overlay': async (scratch) => {
    const lower = [layer(scratch, 'base'), scratch.directory('empty')];
    const [upper, work] = [scratch.directory('upper'), scratch.directory('work')];
    const target = scratch.directory('merged');
    await using _mount = await mountOverlay({ lower, upper, work, target });
    writeFileSync(`${target}/d/one`, 'changed');
    rmSync(`${target}/d/two`);
    writeFileSync(`${target}/d/three`, 'new');
    const found: string[] = [];
    for await (const { type, path } of changes({ lower, upper, userxattr })) found.push(`${type} ${path}`);
    same(found.filter((each) => each !== 'modified d').sort(), ['added d/three', 'deleted d/two', 'modified d/one']);
    same(readFileSync(scratch.path('base/d/one'), 'utf8'), 'base');
    return works();
  },
};
