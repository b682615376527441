import { describe, expect, test } from 'vitest';
import type { Found } from '../lib/drivers.js';
import { lookAtFilesystem } from '../lib/filesystem-reuse.js';
import { type FilesystemOptions, planFilesystem } from '../lib/mount-filesystem.js';
import { mountDiffers } from '../lib/mount-reuse.js';
import type { Examination, PathFacts } from '../lib/native.js';

/** What is found where the table has this line, from the root on. */
function found(line: string, fsType: string, options: FilesystemOptions = {}): Found<unknown> {
  const facts = { error: 0, mountId: 7n, lastingId: 4_294_967_303n, isMountPoint: true } as PathFacts;
  const looking = lookAtFilesystem(planFilesystem('/dev/sdb', '/m', fsType, options));
  looking.next();
  const examination: Examination = { paths: [facts], files: [Buffer.from(`7 1 0:9 ${line}\n`)], upper: null };
  return looking.next(examination).value as Found<unknown>;
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
      "other: only '/x' of such a filesystem is mounted there",
    ],
    [
      'turned read-only after an error',
      '/ /m rw,relatime - ext4 /dev/sdb ro,errors=remount-ro',
      {},
      'other: one whose filesystem is read-only is mounted there',
    ],
    ['read-only as asked', '/ /m ro,relatime - ext4 /dev/sdb ro', { readonly: true }, 'same'],
    ['never written', '/ /m rw,relatime - squashfs /dev/sdb ro,errors=continue', {}, 'same'],
    [
      'with mapped ids',
      '/ /m rw,relatime,idmapped - ext4 /dev/sdb rw',
      {},
      'other: one with mapped ids is mounted there',
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
      "other: only '/@/x' of such a filesystem is mounted there",
    ],
    [
      'a subvolume that was not asked for',
      '/@ /m rw,relatime - btrfs /dev/sdb rw,subvolid=256,subvol=/@',
      {},
      "other: only '/@' of such a filesystem is mounted there",
    ],
  ])('%s', (_name, line, options, expected) => {
    const [, fsType = ''] = /- (\S+)/.exec(line) ?? [];
    expect(why(line, fsType, options)).toBe(expected);
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
  expect(mountDiffers('a bind', [...mapped, 'noexec'], mapped)?.why).toBe('a bind with noexec is mounted there');
});
