// Features of mountFilesystem, mountTmpfs and umount.
import { existsSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import {
  detachedFilesystem,
  holders,
  mountFilesystem,
  mountSync,
  mountTmpfs,
  mountTmpfsSync,
  remountFilesystem,
  type TmpfsOptions,
  umount,
  umountSync,
} from '../../../lib/index.js';
import { lacks } from '../../support/environment.js';
import { HolderProcess } from '../../support/holder.js';
import { mountTable, tableEntry } from '../../support/table.js';
import { type Features, fallsBack, refused, same, type Use, works } from './feature.js';
import { NOBODY, onlyOne } from './ids.js';

/** Mounts a tmpfs with a parameter that the mount table must show. */
const parameter =
  (options: TmpfsOptions, shown: string): Use =>
  async (scratch) => {
    const target = scratch.directory('t');
    await using mount = await mountTmpfs(target, options);
    same(tableEntry(target)?.superOptions.split(',').includes(shown), true);
    return works(mount.strategy);
  };

export const filesystems: Features = {
  "strategy 'data'": async (scratch) => {
    await using _mount = await mountFilesystem('x', scratch.directory('t'), 'tmpfs', { strategy: 'data' });
    same(tableEntry(scratch.path('t'))?.source, 'x');
    return works();
  },
  "strategy 'fsconfig'": async (scratch) => {
    const options = { strategy: 'fsconfig', readonly: true } as const;
    await using _mount = await mountFilesystem('x', scratch.directory('t'), 'tmpfs', options);
    same(tableEntry(scratch.path('t'))?.source, 'x');
    refused('EROFS', () => writeFileSync(scratch.path('t/x'), ''));
    return works();
  },
  detachedFilesystem: async () => {
    await using mount = await detachedFilesystem('x', 'tmpfs');
    writeFileSync(`${mount.path}/x`, '');
    same(readdirSync(mount.path), ['x']);
    return works();
  },
  'tmpfs: size, nrInodes, mode': async (scratch) => {
    const target = scratch.directory('t');
    await using mount = await mountTmpfs(target, { size: '64k', nrInodes: 10, mode: 0o700 });
    same(statSync(target).mode & 0o777, 0o700);
    refused('ENOSPC', () => writeFileSync(`${target}/x`, Buffer.alloc(100_000)));
    return works(mount.strategy);
  },
  'tmpfs: inode64': parameter({ inode64: true }, 'inode64'),
  'tmpfs: huge': parameter({ huge: 'advise' }, 'huge=advise'),
  'tmpfs: noSwap': parameter({ noSwap: true }, 'noswap'),
  'tmpfs: usrQuota': parameter({ usrQuota: true }, 'usrquota'),
  'tmpfs: idmap': async (scratch) => {
    const target = scratch.directory('t');
    await using mount = await mountTmpfs(target, { idmap: onlyOne });
    same(statSync(target).uid, NOBODY);
    return works(mount.strategy);
  },
  remountFilesystem: async (scratch) => {
    const target = scratch.directory('t');
    await using _mount = await mountTmpfs(target, { size: '1m', noExec: true });
    await remountFilesystem(target, { parameters: { size: '2m' } });
    same(tableEntry(target)?.superOptions.split(',').includes('size=2048k'), true);
    same(tableEntry(target)?.options.includes('noexec'), true);
    return lacks.fsopen === undefined ? works('fspick') : fallsBack('remount');
  },
};

export const unmounting: Features = {
  lazy: async (scratch) => {
    const target = scratch.directory('t');
    mountSync('t', target, 'tmpfs');
    await using _holder = await HolderProcess.shell('', { cwd: target });
    refused('EBUSY', () => umountSync(target));
    await umount(target, { lazy: true });
    same(tableEntry(target), undefined);
    return works();
  },
  expire: async (scratch) => {
    const target = scratch.directory('t');
    mountSync('t', target, 'tmpfs');
    refused('EAGAIN', () => umountSync(target, { expire: true }));
    await umount(target, { expire: true });
    same(tableEntry(target), undefined);
    return works();
  },
  recursive: async (scratch) => {
    const before = mountTable().length;
    const target = scratch.directory('t');
    mountSync('t', target, 'tmpfs');
    mountSync('below', scratch.directory('t/a'), 'tmpfs');
    mountSync('hides', target, 'tmpfs');
    await umount(target, { recursive: true, stack: true });
    same(mountTable().length, before);
    return works();
  },
  retry: async (scratch) => {
    const target = scratch.directory('t');
    mountSync('t', target, 'tmpfs');
    const holder = await HolderProcess.shell('', { cwd: target });
    const done = umount(target, { retry: { for: 60_000 } });
    await holder[Symbol.asyncDispose]();
    await done;
    same(existsSync(target), true);
    return works();
  },
  holders: async (scratch) => {
    const target = scratch.directory('t');
    mountSync('t', target, 'tmpfs');
    const holder = await HolderProcess.shell('', { cwd: target });
    same(
      (await holders(target)).map((each) => 'pid' in each && each.pid),
      [holder.pid],
    );
    await holder[Symbol.asyncDispose]();
    umountSync(target, { retry: { for: 60_000 } });
    return works();
  },
  'a handle takes down its own mount only': async (scratch) => {
    const target = scratch.directory('t');
    const mount = mountTmpfsSync(target);
    const other = mountTmpfsSync(target);
    refused('EINVAL', () => mount.unmountSync());
    other.unmountSync();
    mount.unmountSync();
    return works();
  },
};
