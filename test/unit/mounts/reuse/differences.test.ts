// Tests of the comparison between a requested mount and the mount at the target.
import { describe, expect, test } from 'vitest';
import type { PathFacts } from '../../../../lib/kernel/native.js';
import { type FilesystemOptions, planFilesystem } from '../../../../lib/mounts/filesystem/plan.js';
import { probeFilesystem } from '../../../../lib/mounts/filesystem/reuse.js';
import { tmpfsDiffers } from '../../../../lib/mounts/filesystem/tmpfs-reuse.js';
import { optionsDiffer } from '../../../../lib/mounts/overlay/option-reuse.js';
import { mountDiffers } from '../../../../lib/mounts/reuse/differences.js';
import type { ReuseAnswer } from '../../../../lib/operation/driver.js';

const SAME_DEVICE = { error: 0, mode: 0o060_600, special: 9n, path: '/dev/sdb' };

/**
 * The result of probeFilesystem when the mount table has this line (from the field of the root on) and the source is
 * this device.
 */
function found(
  line: string,
  fsType: string,
  options: FilesystemOptions = {},
  device = SAME_DEVICE,
): ReuseAnswer<unknown> {
  const facts = { error: 0, mountId: 7n, uniqueId: 4_294_967_303n, isMountPoint: true, device: 9n } as PathFacts;
  const looking = probeFilesystem(planFilesystem('/dev/sdb', '/m', fsType, options));
  looking.next();
  const number = fsType === 'btrfs' ? '0:9' : '8:16';
  looking.next({ paths: [facts], files: [Buffer.from(`7 1 ${number} ${line}\n`)], upper: null });
  return looking.next({ paths: [{ ...device, path: Buffer.from(device.path) } as PathFacts], files: [], upper: null })
    .value as ReuseAnswer<unknown>;
}

const why = (...call: Parameters<typeof found>) => {
  const { kind, why } = found(...call) as { kind: string; why?: string };
  return why === undefined ? kind : `${kind}: ${why}`;
};

describe('filesystem reuse', () => {
  test.each<[string, string, FilesystemOptions, string]>([
    ['the whole filesystem', '/ /m rw,relatime - ext4 /dev/sdb rw', {}, 'same'],
    [
      'only a directory of the filesystem',
      '/x /m rw,relatime - ext4 /dev/sdb rw',
      {},
      "other: the mount at the target is a filesystem, but shows only its directory '/x'",
    ],
    [
      'a filesystem that became read-only after an error',
      '/ /m rw,relatime - ext4 /dev/sdb ro,errors=remount-ro',
      {},
      'other: the mount at the target is a filesystem that is read-only as a whole',
    ],
    ['a read-only mount as requested', '/ /m ro,relatime - ext4 /dev/sdb ro', { readonly: true }, 'same'],
    ['a filesystem that is always read-only', '/ /m rw,relatime - squashfs /dev/sdb ro,errors=continue', {}, 'same'],
    [
      'an idmapped mount',
      '/ /m rw,relatime,idmapped - ext4 /dev/sdb rw',
      {},
      'other: the mount at the target is a filesystem with an ID map',
    ],
    [
      'a subvolume',
      '/@ /m rw,relatime - btrfs /dev/sdb rw,subvolid=256,subvol=/@',
      { parameters: { subvol: '/@' } },
      'same',
    ],
    [
      'a subvolume by its ID',
      '/@ /m rw,relatime - btrfs /dev/sdb rw,subvolid=256,subvol=/@',
      { parameters: { subvolid: 256 } },
      'same',
    ],
    [
      'a directory of a subvolume',
      '/@/x /m rw,relatime - btrfs /dev/sdb rw,subvolid=256,subvol=/@',
      { parameters: { subvol: '/@' } },
      "other: the mount at the target is a filesystem, but shows only its directory '/@/x'",
    ],
    [
      'a subvolume that was not requested',
      '/@ /m rw,relatime - btrfs /dev/sdb rw,subvolid=256,subvol=/@',
      {},
      "other: the mount at the target is a filesystem, but shows only its directory '/@'",
    ],
  ])('probeFilesystem compares the mount at the target with the request: %s', (_name, line, options, expected) => {
    const [, fsType = ''] = /- (\S+)/.exec(line) ?? [];
    expect(why(line, fsType, options)).toBe(expected);
  });
});

test('probeFilesystem compares the source by device number, not by name, when the mount table shows a device', () => {
  const ext4 = ['/ /m rw,relatime - ext4 /dev/sdb rw', 'ext4', {}] as const;
  const btrfs = ['/ /m rw,relatime - btrfs /dev/sdb rw', 'btrfs', {}] as const;
  expect(why(...ext4, { ...SAME_DEVICE, path: '/dev/sdx' })).toBe('same');
  expect(why(...ext4, { ...SAME_DEVICE, special: 8n })).toBe(
    "other: the mount at the target shows another device, which had the name '/dev/sdb' when it was mounted",
  );
  expect(why(...btrfs, { ...SAME_DEVICE, special: 8n })).toBe('same');
  expect(why(...btrfs, { ...SAME_DEVICE, special: 8n, path: '/dev/sdc' })).toMatch(
    /^unknown: .* the source '\/dev\/sdb', a symbolic link/,
  );
  expect(why(...ext4, { ...SAME_DEVICE, mode: 0o100_600, special: 0n })).toBe('same');
  expect(why(...ext4, { ...SAME_DEVICE, error: 2 })).toBe('same');
  expect(why(...ext4, { ...SAME_DEVICE, error: 24 })).toMatch(
    /^unknown: the mount at the target cannot be compared, because the source cannot be examined/,
  );
});

describe('tmpfs reuse', () => {
  const all = Buffer.from('         0          0 4294967295\n');
  const mapped = Buffer.from('         0     100000      65536\n');
  const own = [process.geteuid?.() ?? 0, process.getegid?.() ?? 0] as const;
  const kindOfDifference = (words: string[], shown: string, map: Buffer | null) =>
    tmpfsDiffers(
      words,
      shown.split(',').map((word) => Buffer.from(word)),
      [map, map],
    )?.kind ?? 'same';

  test.each<[string, string[], string, Buffer | null, string]>([
    ['no options', [], own[0] === 0 ? 'rw' : `rw,uid=${own[0]},gid=${own[1]}`, all, 'same'],
    ['IDs in a user namespace', ['uid=5', 'gid=7'], 'rw,uid=100005,gid=100007', mapped, 'same'],
    [
      "the caller's own IDs in a user namespace",
      [],
      `rw,uid=${100_000 + own[0]},gid=${100_000 + own[1]}`,
      mapped,
      'same',
    ],
    ['IDs in a nested user namespace', ['uid=5', 'gid=7'], 'rw,uid=300005,gid=300007', mapped, 'unknown'],
    ['IDs without a readable ID map', ['uid=5', 'gid=7'], 'rw,uid=5,gid=7', null, 'unknown'],
    ['another ID', ['uid=5', 'gid=7'], 'rw,uid=6,gid=7', all, 'other'],
    ['an ID that was not requested', ['uid=0', 'gid=0'], 'rw,uid=6', all, 'other'],
    ['a size', ['uid=0', 'gid=0', 'size=1m'], 'rw,size=1024k,inode64', all, 'same'],
    ['a size in percent', ['uid=0', 'gid=0', 'size=5%'], 'rw,size=1024k', all, 'unknown'],
    ['a size that was not requested', ['uid=0', 'gid=0'], 'rw,size=1024k', all, 'other'],
    ['the default size in percent', ['uid=0', 'gid=0', 'size=50%'], 'rw', all, 'unknown'],
    ['a mode', ['uid=0', 'gid=0', 'mode=0700'], 'rw,mode=700', all, 'same'],
    ['the default mode', ['uid=0', 'gid=0', 'mode=1777'], 'rw', all, 'same'],
    ['32-bit inode numbers', ['uid=0', 'gid=0', 'inode32'], 'rw', all, 'same'],
    ['64-bit inode numbers', ['uid=0', 'gid=0', 'inode32'], 'rw,inode64', all, 'other'],
    [
      'a memory policy in another notation',
      ['uid=0', 'gid=0', 'mpol=interleave'],
      'rw,mpol=interleave:0-1',
      all,
      'unknown',
    ],
    ['one more option', ['uid=0', 'gid=0'], 'rw,noswap', all, 'other'],
  ])(
    'tmpfsDiffers compares the requested tmpfs options with those of the mounted tmpfs: %s',
    (_name, words, shown, map, expected) => {
      expect(kindOfDifference(words, shown, map)).toBe(expected);
    },
  );
});

describe('overlay reuse', () => {
  const Y = Buffer.from('Y\n');
  const N = Buffer.from('N\n');
  const usual = [N, Y, N, N, N, N];
  const none = Array<null>(6).fill(null);
  const kindOfDifference = (
    words: string[],
    shown: string[],
    parameters: readonly (Buffer | null)[],
    hasUpper = true,
    isOnOneFilesystem = true,
  ) => optionsDiffer({ words, hasUpper, isOnOneFilesystem }, shown, parameters)?.kind ?? 'same';

  test.each<[string, string, string, readonly (Buffer | null)[], string]>([
    ['no options', '', 'uuid=on', usual, 'same'],
    ['the default', 'index=off', 'uuid=null', usual, 'same'],
    ['not the default', 'index=on', '', usual, 'other'],
    ['the default that a module parameter sets', 'index=on', '', [N, Y, Y, N, N, N], 'same'],
    ['an option that was not requested', '', 'index=on', usual, 'other'],
    ['redirect_dir=off while follow is the default', 'redirect_dir=off', '', usual, 'same'],
    [
      'redirect_dir=off while nofollow is the default',
      'redirect_dir=off',
      'redirect_dir=nofollow',
      [N, N, N, N, N, N],
      'same',
    ],
    ['redirect_dir=off while on is the default', 'redirect_dir=off', '', [Y, Y, N, N, N, N], 'other'],
    ['redirect_dir=off as older kernels show it', 'redirect_dir=off', 'redirect_dir=off', [Y, Y, N, N, N, N], 'same'],
    ['redirect_dir=on that metacopy implies', 'metacopy=on', 'metacopy=on,redirect_dir=on', usual, 'same'],
    ['redirect_dir=on that no option implies', '', 'redirect_dir=on', usual, 'other'],
    ['metacopy that verity implies', 'verity=on', 'verity=on,metacopy=on,redirect_dir=on', usual, 'same'],
    ['index that nfs_export implies', 'nfs_export=on', 'nfs_export=on,index=on', usual, 'same'],
    ['volatile by its other name', 'volatile', 'fsync=volatile', usual, 'same'],
    ['xino, which one filesystem does not need', 'xino=on', '', usual, 'same'],
    ['nooverride_creds, which the mount table never shows', 'nooverride_creds', '', usual, 'unknown'],
    ['a default without readable module parameters', 'index=off', '', none, 'unknown'],
    ['no options without readable module parameters', '', 'uuid=on', none, 'same'],
    ['an option that is shown, without readable module parameters', 'index=on', 'index=on', none, 'same'],
    ['one option that differs and one that cannot be compared', 'nooverride_creds', 'index=on', usual, 'other'],
  ])(
    'optionsDiffer compares the requested overlay options with those of the mounted overlay: %s',
    (_name, asked, shown, parameters, expected) => {
      const words = (text: string) => text.split(',').filter((word) => word !== '');
      expect(kindOfDifference(words(asked), words(shown), parameters)).toBe(expected);
    },
  );

  test('optionsDiffer accepts the values that the kernel shows for an overlay without an upper directory', () => {
    expect(kindOfDifference([], ['redirect_dir=on'], usual, false)).toBe('same');
    expect(kindOfDifference(['redirect_dir=follow'], ['redirect_dir=on'], usual, false)).toBe('same');
    expect(kindOfDifference([], ['redirect_dir=on'], [N, N, N, N, N, N], false)).toBe('other');
    expect(kindOfDifference(['uuid=off'], ['uuid=null'], usual, false)).toBe('same');
    expect(kindOfDifference(['nfs_export=on'], [], usual, false)).toBe('other');
  });

  test('optionsDiffer compares xino only when the layers are on several filesystems', () => {
    expect(kindOfDifference(['xino=on'], ['xino=on'], usual, true, false)).toBe('same');
    expect(kindOfDifference(['xino=on'], [], usual, true, false)).toBe('unknown');
    expect(kindOfDifference([], ['xino=on'], usual, true, false)).toBe('other');
  });
});

test('mountDiffers reports two idmapped mounts as not comparable', () => {
  const mapped = ['rw', 'relatime', 'idmapped'];
  const plain = ['rw', 'relatime'];
  expect(mountDiffers('a bind', plain, plain)).toBeUndefined();
  expect(mountDiffers('a bind', mapped, plain)?.kind).toBe('other');
  expect(mountDiffers('a bind', plain, mapped)?.kind).toBe('other');
  expect(mountDiffers('a bind', mapped, mapped)?.kind).toBe('unknown');
  // A known difference is reported before one that cannot be compared.
  expect(mountDiffers('a bind', [...mapped, 'noexec'], mapped)?.why).toBe(
    'the mount at the target is a bind with noexec',
  );
});
