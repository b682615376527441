// Features of targets inside a root directory.
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync } from 'node:fs';
import { mountBind, mountTmpfs, mountTmpfsSync } from '../../../lib/index.js';
import { runNode } from '../../support/child.js';
import type { ScratchDirectory } from '../../support/scratch-directory.js';
import { tableEntry } from '../../support/table.js';
import { type Features, fallsBack, refused, same, works } from './feature.js';

/** Makes a root directory with a symbolic link to an absolute path outside of it. */
function root(scratch: ScratchDirectory): string {
  const path = scratch.directory('root');
  scratch.directory('outside');
  mkdirSync(`${path}${scratch.path('outside')}`, { recursive: true });
  symlinkSync(scratch.path('outside'), `${path}/link`);
  return path;
}

/** Mounts on a symbolic link in a root, and prints the mount point. */
const EMULATED = `
  import { mountTmpfs, readMountTable } from 'linux-mount';
  const [root, path] = process.argv.slice(1);
  const mount = await mountTmpfs({ root, path, allowEmulation: true });
  console.log((await readMountTable()).under(root)[0]?.target);
  await mount.unmount();`;

export const targets: Features = {
  'a link does not lead out of the root': async (scratch) => {
    const path = root(scratch);
    await using _mount = await mountTmpfs({ root: path, path: '/link' });
    same(tableEntry(scratch.path('outside')), undefined);
    same(tableEntry(`${path}${scratch.path('outside')}`)?.fsType, 'tmpfs');
    return works('openat2');
  },
  create: async (scratch) => {
    const path = root(scratch);
    const source = scratch.file('file', 'content');
    const mount = await mountBind(source, { root: path, path: '/new/below/file', create: 'match' }, { readonly: true });
    same(readFileSync(`${path}/new/below/file`, 'utf8'), 'content');
    await mount.unmount();
    return works();
  },
  'what was made goes when it fails': (scratch) => {
    const path = root(scratch);
    const before = readdirSync(path);
    const target = { root: path, path: '/new/below', create: 'directory' } as const;
    refused('EINVAL', () => mountTmpfsSync(target, { parameters: { unknown: 'x' } }));
    same(readdirSync(path), before);
    return works();
  },
  noSymlinks: (scratch) => {
    const path = root(scratch);
    refused('ELOOP', () => mountTmpfsSync({ root: path, path: '/link', noSymlinks: true }));
    same(existsSync(scratch.path('outside')), true);
    return works();
  },
  noXdev: async (scratch) => {
    const path = root(scratch);
    await using _mount = await mountTmpfs(scratch.directory('root/mount'));
    mkdirSync(`${path}/mount/below`);
    refused('EXDEV', () => mountTmpfsSync({ root: path, path: '/mount/below', noXdev: true }));
    return works();
  },
  // All these kernels have openat2(2), so this program denies the call in its own process.
  'allowEmulation, where openat2 is denied': async (scratch) => {
    const path = root(scratch);
    const { stdout, stderr } = await runNode(EMULATED, { args: [path, '/link'], deny: ['openat2=ENOSYS'] });
    same([stdout.trim(), stderr], [`${path}${scratch.path('outside')}`, '']);
    return fallsBack('allowEmulation: looked up step by step, by descriptor');
  },
};
