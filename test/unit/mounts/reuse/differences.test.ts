import { describe, expect, test } from 'vitest';
import type { PathFacts } from '../../../../lib/kernel/native.js';
import { type FilesystemOptions, planFilesystem } from '../../../../lib/mounts/filesystem/plan.js';
import { probeFilesystem } from '../../../../lib/mounts/filesystem/reuse.js';
import { tmpfsDiffers } from '../../../../lib/mounts/filesystem/tmpfs-reuse.js';
import { optionsDiffer } from '../../../../lib/mounts/overlay/option-reuse.js';
import { mountDiffers } from '../../../../lib/mounts/reuse/differences.js';
import type { ReuseAnswer } from '../../../../lib/operation/driver.js';

const SAME_DEVICE = { error: 0, mode: 0o060_600, special: 9n, path: '/dev/sdb' };

/** What is found where the table has this line, from the root on, and the source is this device. */
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

describe('a filesystem', () => {
  test.each<[string, string, FilesystemOptions, string]>([
    ['all of it', '/ /m rw,relatime - ext4 /dev/sdb rw', {}, 'same'],
    [
      'a directory',
      '/x /m rw,relatime - ext4 /dev/sdb rw',
      {},
      "other: the mount at the target is a filesystem, but shows only its directory '/x'",
    ],
    [
      'turned read-only after an error',
      '/ /m rw,relatime - ext4 /dev/sdb ro,errors=remount-ro',
      {},
      'other: the mount at the target is a filesystem that is read-only as a whole',
    ],
    ['read-only as asked', '/ /m ro,relatime - ext4 /dev/sdb ro', { readonly: true }, 'same'],
    ['never written', '/ /m rw,relatime - squashfs /dev/sdb ro,errors=continue', {}, 'same'],
    [
      'with mapped ids',
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
      'a subvolume by its number',
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
      'a subvolume that was not asked for',
      '/@ /m rw,relatime - btrfs /dev/sdb rw,subvolid=256,subvol=/@',
      {},
      "other: the mount at the target is a filesystem, but shows only its directory '/@'",
    ],
  ])('%s', (_name, line, options, expected) => {
    const [, fsType = ''] = /- (\S+)/.exec(line) ?? [];
    expect(why(line, fsType, options)).toBe(expected);
  });
});

test('a device by the name of another', () => {
  const ext4 = ['/ /m rw,relatime - ext4 /dev/sdb rw', 'ext4', {}] as const;
  const btrfs = ['/ /m rw,relatime - btrfs /dev/sdb rw', 'btrfs', {}] as const;
  expect(why(...ext4, { ...SAME_DEVICE, path: '/dev/sdx' })).toBe('same');
  expect(why(...ext4, { ...SAME_DEVICE, special: 8n })).toBe(
    "other: the mount at the target is another device, which had the name '/dev/sdb' when it was mounted",
  );
  expect(why(...btrfs, { ...SAME_DEVICE, special: 8n })).toBe('same');
  expect(why(...btrfs, { ...SAME_DEVICE, special: 8n, path: '/dev/sdc' })).toMatch(
    /^untold: .* the source '\/dev\/sdb', a symbolic link/,
  );
  expect(why(...ext4, { ...SAME_DEVICE, mode: 0o100_600, special: 0n })).toBe('same');
  expect(why(...ext4, { ...SAME_DEVICE, error: 2 })).toBe('same');
  expect(why(...ext4, { ...SAME_DEVICE, error: 24 })).toMatch(
    /^untold: the mount at the target cannot be compared, because the source cannot be examined/,
  );
});

describe('a tmpfs', () => {
  const all = Buffer.from('         0          0 4294967295\n');
  const mapped = Buffer.from('         0     100000      65536\n');
  const own = [process.geteuid?.() ?? 0, process.getegid?.() ?? 0] as const;
  const told = (words: string[], shown: string, map: Buffer | null) =>
    tmpfsDiffers(
      words,
      shown.split(',').map((word) => Buffer.from(word)),
      [map, map],
    )?.kind ?? 'same';

  test.each<[string, string[], string, Buffer | null, string]>([
    ['by default', [], own[0] === 0 ? 'rw' : `rw,uid=${own[0]},gid=${own[1]}`, all, 'same'],
    ['ids in a user namespace', ['uid=5', 'gid=7'], 'rw,uid=100005,gid=100007', mapped, 'same'],
    ['own ids in a user namespace', [], `rw,uid=${100_000 + own[0]},gid=${100_000 + own[1]}`, mapped, 'same'],
    ['ids in one inside of another', ['uid=5', 'gid=7'], 'rw,uid=300005,gid=300007', mapped, 'untold'],
    ['ids without a map', ['uid=5', 'gid=7'], 'rw,uid=5,gid=7', null, 'untold'],
    ['another id', ['uid=5', 'gid=7'], 'rw,uid=6,gid=7', all, 'other'],
    ['an id that was not asked for', ['uid=0', 'gid=0'], 'rw,uid=6', all, 'other'],
    ['a size', ['uid=0', 'gid=0', 'size=1m'], 'rw,size=1024k,inode64', all, 'same'],
    ['a size in percent', ['uid=0', 'gid=0', 'size=5%'], 'rw,size=1024k', all, 'untold'],
    ['a size that was not asked for', ['uid=0', 'gid=0'], 'rw,size=1024k', all, 'other'],
    ['the default size in percent', ['uid=0', 'gid=0', 'size=50%'], 'rw', all, 'untold'],
    ['a mode', ['uid=0', 'gid=0', 'mode=0700'], 'rw,mode=700', all, 'same'],
    ['the default mode', ['uid=0', 'gid=0', 'mode=1777'], 'rw', all, 'same'],
    ['32 bits of inode', ['uid=0', 'gid=0', 'inode32'], 'rw', all, 'same'],
    ['64 bits of inode', ['uid=0', 'gid=0', 'inode32'], 'rw,inode64', all, 'other'],
    ['a policy in other words', ['uid=0', 'gid=0', 'mpol=interleave'], 'rw,mpol=interleave:0-1', all, 'untold'],
    ['a word more', ['uid=0', 'gid=0'], 'rw,noswap', all, 'other'],
  ])('%s', (_name, words, shown, map, expected) => {
    expect(told(words, shown, map)).toBe(expected);
  });
});

describe('the options of an overlay', () => {
  const Y = Buffer.from('Y\n');
  const N = Buffer.from('N\n');
  const usual = [N, Y, N, N, N, N];
  const none = Array<null>(6).fill(null);
  const told = (
    words: string[],
    shown: string[],
    parameters: readonly (Buffer | null)[],
    hasUpper = true,
    isOnOneFilesystem = true,
  ) => optionsDiffer({ words, hasUpper, isOnOneFilesystem }, shown, parameters)?.kind ?? 'same';

  test.each<[string, string, string, readonly (Buffer | null)[], string]>([
    ['nothing', '', 'uuid=on', usual, 'same'],
    ['what is so by default', 'index=off', 'uuid=null', usual, 'same'],
    ['what is not so by default', 'index=on', '', usual, 'other'],
    ['what is so by default, by a parameter', 'index=on', '', [N, Y, Y, N, N, N], 'same'],
    ['what was not asked for', '', 'index=on', usual, 'other'],
    ['off, where following is the default', 'redirect_dir=off', '', usual, 'same'],
    ['off, where it is not', 'redirect_dir=off', 'redirect_dir=nofollow', [N, N, N, N, N, N], 'same'],
    ['off, where it is on by default', 'redirect_dir=off', '', [Y, Y, N, N, N, N], 'other'],
    ['off, as older kernels show it', 'redirect_dir=off', 'redirect_dir=off', [Y, Y, N, N, N, N], 'same'],
    ['on for metacopy', 'metacopy=on', 'metacopy=on,redirect_dir=on', usual, 'same'],
    ['on for nobody', '', 'redirect_dir=on', usual, 'other'],
    ['metacopy for verity', 'verity=on', 'verity=on,metacopy=on,redirect_dir=on', usual, 'same'],
    ['index for nfs_export', 'nfs_export=on', 'nfs_export=on,index=on', usual, 'same'],
    ['volatile by its other name', 'volatile', 'fsync=volatile', usual, 'same'],
    ['xino, which one filesystem does not need', 'xino=on', '', usual, 'same'],
    ['credentials, which are never shown', 'nooverride_creds', '', usual, 'untold'],
    ['what cannot be told without parameters', 'index=off', '', none, 'untold'],
    ['nothing, without parameters', '', 'uuid=on', none, 'same'],
    ['what is shown, without parameters', 'index=on', 'index=on', none, 'same'],
    ['one that is another, and one that cannot be told', 'nooverride_creds', 'index=on', usual, 'other'],
  ])('%s', (_name, asked, shown, parameters, expected) => {
    const words = (text: string) => text.split(',').filter((word) => word !== '');
    expect(told(words(asked), words(shown), parameters)).toBe(expected);
  });

  test('without an upper layer', () => {
    expect(told([], ['redirect_dir=on'], usual, false)).toBe('same');
    expect(told(['redirect_dir=follow'], ['redirect_dir=on'], usual, false)).toBe('same');
    expect(told([], ['redirect_dir=on'], [N, N, N, N, N, N], false)).toBe('other');
    expect(told(['uuid=off'], ['uuid=null'], usual, false)).toBe('same');
    expect(told(['nfs_export=on'], [], usual, false)).toBe('other');
  });

  test('xino on several filesystems', () => {
    expect(told(['xino=on'], ['xino=on'], usual, true, false)).toBe('same');
    expect(told(['xino=on'], [], usual, true, false)).toBe('untold');
    expect(told([], ['xino=on'], usual, true, false)).toBe('other');
  });
});

test('a map of ids cannot be compared with another', () => {
  const mapped = ['rw', 'relatime', 'idmapped'];
  const plain = ['rw', 'relatime'];
  expect(mountDiffers('a bind', plain, plain)).toBeUndefined();
  expect(mountDiffers('a bind', mapped, plain)?.kind).toBe('other');
  expect(mountDiffers('a bind', plain, mapped)?.kind).toBe('other');
  expect(mountDiffers('a bind', mapped, mapped)?.kind).toBe('untold');
  // What is known to be another is said first.
  expect(mountDiffers('a bind', [...mapped, 'noexec'], mapped)?.why).toBe(
    'the mount at the target is a bind with noexec',
  );
});
