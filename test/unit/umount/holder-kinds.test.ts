// Tests of which holders of a mount are found, and of the reason that names them.
import { describe, expect, test } from 'vitest';
import type { HoldersScan, ProcessUse } from '../../../lib/kernel/native.js';
import { busyReason } from '../../../lib/umount/busy-reason.js';
import { holdersIn } from '../../../lib/umount/holder-kinds.js';

const TABLE = [
  '20 1 8:1 / / rw - ext4 /dev/sda1 rw',
  '21 20 8:2 / /m rw - ext4 /dev/sda2 rw',
  '22 20 8:3 / /mm rw - ext4 /dev/sda3 rw',
  '23 21 8:4 / /m/sub rw - ext4 /dev/sda4 rw',
  '24 23 8:5 / /m/sub/deeper rw - ext4 /dev/sda5 rw',
  '25 20 0:30 / /merged rw - overlay overlay rw,lowerdir=/m/a:/mm/b:relative,upperdir=/m/sub/u,workdir=/m/w',
  '26 20 0:31 / /odd rw - overlay overlay rw,lowerdir=/m/a,option_of_next_year=on',
].join('\n');

const scan = (parts: Partial<HoldersScan> = {}): HoldersScan => ({
  ...{ mountId: 21n, uses: [], namespaces: [], loops: [], table: Buffer.from(TABLE), swaps: null },
  ...{ processes: 100, unseen: 0 },
  ...parts,
});
const use = (parts: Partial<ProcessUse>): ProcessUse => ({
  ...{ pid: 4121, command: Buffer.from('node'), how: 'file', fd: 3, path: Buffer.from('/m/log'), byDevice: false },
  ...parts,
});
const file = (path: string) => ({ device: '/dev/loop0', file: Buffer.from(path) });
const kinds = (parts: Partial<HoldersScan>, kind: string) =>
  holdersIn(scan(parts), false).filter((holder) => holder.kind === kind);

describe('holdersIn', () => {
  test('holdersIn finds loop devices whose file is on the mount, and none on a mount below', () => {
    const loops = ['/m/img', '/m', '/mm/img', '/m.img', '/m/sub/img', '/m/sub2', '/m/gone (deleted)'].map(file);
    expect(kinds({ loops }, 'loop').map(({ path }) => path)).toEqual(['/m/img', '/m', '/m/sub2', '/m/gone (deleted)']);
  });

  test('holdersIn finds swap files with unescaped names, and no swap partitions', () => {
    const swaps = Buffer.from(
      'Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n' +
        '/m/swap\\040file                          file\t\t1020\t\t0\t\t-2\n' +
        '/m/partition                            partition\t1020\t\t0\t\t-3\n' +
        '/mm/swap                                file\t\t1020\t\t0\t\t-4\n',
    );
    expect(kinds({ swaps }, 'swap')).toEqual([{ kind: 'swap', path: '/m/swap file', blocks: true }]);
  });

  test('holdersIn finds mounts below the mount, parents first, and overlays with a layer on the mount', () => {
    expect(kinds({}, 'mount').map(({ path }) => path)).toEqual(['/m/sub', '/m/sub/deeper']);
    expect(kinds({}, 'overlay')).toEqual([
      { kind: 'overlay', path: '/merged', layer: '/m/w', how: 'work', blocks: false },
      { kind: 'overlay', path: '/merged', layer: '/m/a', how: 'lower', blocks: false },
    ]);
  });

  test('holdersIn marks a process that is known only by device as blocking when the filesystem has no other mount', () => {
    const mapped = [use({ how: 'mapped', byDevice: true })];
    expect(kinds({ uses: mapped }, 'process')).toMatchObject([{ byDevice: true, blocks: true }]);
    const twice = Buffer.from(`${TABLE}\n27 20 8:2 /d /bound rw - ext4 /dev/sda2 rw`);
    expect(kinds({ uses: mapped, table: twice }, 'process')).toMatchObject([{ byDevice: true, blocks: false }]);
    const namespaces = [{ inode: 1n, pid: 7, command: Buffer.from('x'), mountPoint: Buffer.from('/m') }];
    expect(kinds({ uses: mapped, namespaces }, 'process')).toMatchObject([{ byDevice: true, blocks: false }]);
  });
});

describe('busyReason', () => {
  const bare = Buffer.from('21 20 8:2 / /m rw - ext4 /dev/sda2 rw\n28 20 8:2 /d /b rw - ext4 /dev/sda2 rw');

  test('the EBUSY reason names the first three processes, each once, and counts the others', () => {
    const uses = [
      use({ path: Buffer.from('/m/a') }),
      use({ how: 'cwd', path: Buffer.from('/m') }),
      use({ pid: 2, command: Buffer.from('we\nird') }),
      use({ pid: 3 }),
      use({ pid: 4 }),
    ];
    expect(busyReason(scan({ uses, table: bare }))).toBe(
      "the mount is in use: node (pid 4121) has open file '/m/a' and working directory '/m', " +
        "and we\\x0aird (pid 2) has open file '/m/log', and node (pid 3) has open file '/m/log', " +
        'and holders() lists the other 1; end each use first',
    );
  });

  test('the EBUSY reason names what was searched and what could not be searched when no holder is found', () => {
    const nobody = busyReason(scan({ table: bare }));
    expect(nobody).toMatch(/^the scan of 100 processes found no holder of the mount: unmount again, .* cannot see: /);
    expect(nobody).not.toContain('cannot be examined');
    const uses = [use({ how: 'mapped', byDevice: true })];
    const perhaps = busyReason(scan({ uses, table: bare, unseen: 60 }));
    expect(perhaps).toContain('the scan of 40 processes');
    expect(perhaps).toContain(
      "files of the same filesystem, perhaps of this mount, are in use: node (pid 4121) has mapped file '/m/log'",
    );
    expect(perhaps).toContain('60 of the 100 processes cannot be examined without CAP_SYS_PTRACE');
  });
});
