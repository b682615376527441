// Tests of parseMountInfo with tables of real machines and with random tables.
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type MountEntry, parseMountInfo } from '../../../../lib/index.js';
import { times } from '../../../support/effort.js';
import { detachedBuffer, must, thrownBy } from '../../../support/values.js';

const fixture = (name: string) => readFileSync(new URL(`../../../fixtures/${name}.mountinfo`, import.meta.url));
const entryAt = (entries: readonly MountEntry[], target: string) => must(entries.find((e) => e.target === target));

test('parseMountInfo returns every field of the example in proc_pid_mountinfo(5)', () => {
  const line = '36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw,errors=continue\n';
  expect(parseMountInfo(line)).toEqual([
    {
      id: 36n,
      parentId: 35n,
      uniqueId: null,
      device: { major: 98, minor: 0 },
      root: '/mnt1',
      rootDeleted: false,
      target: '/mnt2',
      targetDeleted: false,
      options: ['rw', 'noatime'],
      propagation: { shared: null, master: 1, propagateFrom: null, unbindable: false },
      fsType: 'ext3',
      subtype: null,
      source: '/dev/root',
      superOptions: ['rw', 'errors=continue'],
      superOptionsText: 'rw,errors=continue',
    },
  ]);
});

describe('parseMountInfo on mount tables of real machines', () => {
  test.each([
    ['systemd-host', 24],
    ['docker-host', 7],
    ['docker-container', 11],
    ['kubernetes-node', 11],
    ['btrfs', 5],
    ['autofs-nfs', 7],
    ['wsl', 4],
    ['odd-names', 6],
  ])('parseMountInfo reads every line of the real table %s', (name, count) => {
    const entries = parseMountInfo(fixture(name));
    expect(entries).toHaveLength(count);
    for (const { target, superOptions } of entries) {
      expect(target.length).toBeGreaterThan(0);
      expect(superOptions[0]).toMatch(/^r[ow]$/);
    }
  });

  test('parseMountInfo reads SELinux labels with commas, namespace files and deleted roots of a systemd host', () => {
    const entries = parseMountInfo(fixture('systemd-host'));
    expect(entryAt(entries, '/tmp').superOptions.slice(0, 2)).toEqual([
      'rw',
      'context="system_u:object_r:tmp_t:s0:c127,c456"',
    ]);
    expect(entryAt(entries, '/run/netns/blue')).toMatchObject({ root: 'net:[4026532281]', rootDeleted: false });
    expect(entryAt(entries, '/run/box/ns')).toMatchObject({ root: 'mnt:[4026532300]', rootDeleted: true });
    expect(entryAt(entries, '/run/user/1000/doc')).toMatchObject({ fsType: 'fuse.portal', subtype: 'portal' });
    expect(entryAt(entries, '/run/credentials/systemd-sysctl.service').options).toContain('nosymfollow');
  });

  test('parseMountInfo reads the master and propagate_from peer groups of the mounts of a container', () => {
    const entries = parseMountInfo(fixture('docker-container'));
    expect(entryAt(entries, '/').propagation).toMatchObject({ shared: null, master: 210, propagateFrom: null });
    expect(entryAt(entries, '/sys/fs/cgroup').propagation).toMatchObject({ master: 11, propagateFrom: 1 });
    expect(entryAt(entries, '/work')).toMatchObject({ root: '/home/ci/work', rootDeleted: true });
  });

  test('parseMountInfo reads mounts of btrfs, autofs, NFS, CIFS and WSL', () => {
    expect(entryAt(parseMountInfo(fixture('btrfs')), '/mnt/whole disk').superOptions).toContain('subvolid=5');
    expect(entryAt(parseMountInfo(fixture('btrfs')), '/var/lib/machines')).toMatchObject({
      root: '/root/var/lib/machines/a\\b',
      propagation: { unbindable: true, shared: null },
    });
    const autofs = parseMountInfo(fixture('autofs-nfs'));
    expect(autofs.filter(({ target }) => target === '/mnt/data').map(({ fsType }) => fsType)).toEqual([
      'autofs',
      'cifs',
    ]);
    expect(must(autofs.find(({ fsType }) => fsType === 'cifs'))).toMatchObject({ source: '//nas/Shäre/13. SI' });
    const wsl = parseMountInfo(fixture('wsl'));
    expect(entryAt(wsl, '/Docker/host').superOptions).toContain(
      'aname=drvfs;path=C:\\Program Files\\Docker\\Docker\\resources;symlinkroot=/mnt/',
    );
    expect(entryAt(wsl, '/mnt/empty').source).toBe('');
  });

  test('parseMountInfo reads names that contain any bytes', () => {
    const entries = parseMountInfo(fixture('odd-names'));
    expect(entries.map(({ target }) => target)).toEqual([
      '/',
      '/a b\tc\nd\\e',
      Buffer.from('/raw\'"#\xff\xfe', 'latin1'),
      '/grüße/中',
      '/- - tmpfs',
      '/cr\r\v\f\u00a0end',
    ]);
    expect(entries[1]?.source).toBe('new\nline');
    expect(entries[2]?.source).toEqual(Buffer.from([0xff]));
    expect(entries[4]).toMatchObject({
      root: '/x (deleted)',
      rootDeleted: false,
      fsType: 'fuse.my type',
      subtype: 'my type',
    });
    expect(entries[4]?.superOptions).toEqual(['rw', 'name=a,b', 'other=\\', Buffer.from('third=\xff', 'latin1')]);
    expect(entries[4]?.superOptionsText).toEqual(Buffer.from('rw,name=a\\054b,other=\\134,third=\xff', 'latin1'));
  });
});

test('parseMountInfo returns all names as Buffers with encoding: "buffer"', () => {
  const [, entry] = parseMountInfo(fixture('odd-names'), { encoding: 'buffer' });
  expect(entry?.target).toEqual(Buffer.from('/a b\tc\nd\\e'));
  expect(entry?.superOptions).toEqual([Buffer.from('rw')]);
});

test('parseMountInfo accepts a string or a Buffer, and ignores indentation and empty lines around the table', () => {
  const bytes = fixture('autofs-nfs');
  expect(parseMountInfo(bytes.toString())).toEqual(parseMountInfo(bytes));
  expect(parseMountInfo(new Uint8Array(bytes))).toEqual(parseMountInfo(bytes));
  expect(parseMountInfo(`\n${bytes.toString().replace(/^/gm, '    ')}\n\n`)).toEqual(parseMountInfo(bytes));
  expect(parseMountInfo('')).toEqual([]);
  expect(parseMountInfo('\n')).toEqual([]);
});

test('parseMountInfo skips optional fields that it does not know', () => {
  const [entry] = parseMountInfo('1 0 0:1 / / rw shared:2 future other:foo:bar unbindable - tmpfs none rw');
  expect(entry?.propagation).toEqual({ shared: 2, master: null, propagateFrom: null, unbindable: true });
});

test('parseMountInfo reads a line of one megabyte', () => {
  const layers = Array.from({ length: 500 }, (_, index) => `/layers/${index}/${'x'.repeat(2000)}`);
  const [entry] = parseMountInfo(
    `9 1 0:9 / /m rw - overlay overlay rw,${layers.map((l) => `lowerdir+=${l}`).join()}\n`,
  );
  expect(entry?.superOptions).toHaveLength(501);
  expect(entry?.superOptions.at(-1)).toBe(`lowerdir+=${layers.at(-1)}`);
});

test('parseMountInfo throws for a malformed line, with the line number and the content', () => {
  const good = '1 0 0:1 / / rw - tmpfs none rw';
  const bad = [
    'garbage',
    '1 0 0:1 / / rw tmpfs none rw',
    '1 0 0:1 / / rw - tmpfs none',
    '1 0 0:1 / / rw - tmpfs none ',
    '1 0 01 / / rw - tmpfs none rw',
    '1 0 0:1  / rw - tmpfs none rw',
    '1 0 0:1 / relative rw - tmpfs none rw',
    '1 0 0:1 / /  - tmpfs none rw',
    'x 0 0:1 / / rw - tmpfs none rw',
    '-1 0 0:1 / / rw - tmpfs none rw',
    '12345678901 0 0:1 / / rw - tmpfs none rw',
    '1 0 0:1 / / rw shared:x - tmpfs none rw',
    '1 0 0:1 / / rw -',
    '1 0 0:1 / / rw - ',
    '1',
  ];
  for (const line of bad) {
    for (const text of [`${good}\n${line}\n${good}\n`, `${good}\n${line}`]) {
      const error = thrownBy(() => parseMountInfo(text)) as Error;
      expect(error, line).toMatchObject({ code: 'ERR_INVALID_ARG_VALUE' });
      expect(error.message).toBe(`The "text" argument is not a mount table: line 2 is '${line}'`);
    }
  }
  expect((thrownBy(() => parseMountInfo(`${good}\n\n${good}`)) as Error).message).toContain("line 2 is ''");
  expect((thrownBy(() => parseMountInfo(`\n\n${good}\na\tb\xff`)) as Error).message).toContain('line 4 is');
  const long = thrownBy(() => parseMountInfo(Buffer.from(`\x1b${'\xff'.repeat(1000)}`, 'latin1'))) as Error;
  expect(long.message).toMatch(/line 1 is '\\x1b(\\xff)+' and 701 more bytes$/);
});

test('parseMountInfo rejects invalid arguments', () => {
  expect(thrownBy(() => parseMountInfo(1 as never))).toMatchObject({ code: 'ERR_INVALID_ARG_TYPE' });
  expect(thrownBy(() => parseMountInfo(detachedBuffer()))).toMatchObject({ code: 'ERR_INVALID_ARG_VALUE' });
  expect(thrownBy(() => parseMountInfo('', { encoding: 'hex' as never }))).toMatchObject({
    code: 'ERR_INVALID_ARG_VALUE',
  });
  expect(thrownBy(() => parseMountInfo('', { encodin: 'utf8' } as never))).toMatchObject({
    code: 'ERR_INVALID_ARG_VALUE',
  });
});

// Escapes a name as mangle() in fs/proc_namespace.c does. Option values also have their commas escaped.
const mangled = (bytes: Buffer, more = '') =>
  bytes
    .toString('latin1')
    .replace(new RegExp(`[ \\t\\n\\\\${more}]`, 'g'), (c) => `\\${c.charCodeAt(0).toString(8).padStart(3, '0')}`);
const anyName = fc
  .uint8Array({ min: 1, minLength: 1, maxLength: 20 })
  .map((bytes) => Buffer.from(bytes))
  .filter((bytes) => !bytes.includes('//deleted') && !bytes.includes('"'));
const id = fc.integer({ min: 0, max: 2 ** 31 - 1 });
const group = fc.option(fc.integer({ min: 1, max: 2 ** 31 - 1 }));

const anyEntry = fc.record({
  id,
  parentId: id,
  device: fc.record({ major: fc.integer({ min: 0, max: 4095 }), minor: fc.integer({ min: 0, max: 2 ** 20 - 1 }) }),
  root: anyName,
  rootDeleted: fc.boolean(),
  target: anyName.map((name) => Buffer.concat([Buffer.from('/'), name])),
  options: fc.subarray(['nosuid', 'nodev', 'noexec', 'relatime']).map((more) => ['rw', ...more]),
  propagation: fc.record({ shared: group, master: group, propagateFrom: group, unbindable: fc.boolean() }),
  subtype: fc.option(fc.stringMatching(/^[a-z]{1,5}$/)),
  source: fc.option(anyName).map((name) => name ?? Buffer.alloc(0)),
  superOptions: fc.array(anyName, { maxLength: 3 }).map((more) => [Buffer.from('rw'), ...more]),
});

test('parseMountInfo recovers any mounts from the text that the kernel writes', () => {
  fc.assert(
    fc.property(fc.array(anyEntry, { maxLength: 5 }), (wanted) => {
      const lines = wanted.map((entry) => {
        const { propagation: p, device, superOptions } = entry;
        return [
          `${entry.id} ${entry.parentId} ${device.major}:${device.minor} `,
          `${mangled(entry.root)}${entry.rootDeleted ? '//deleted' : ''} ${mangled(entry.target)} ${entry.options} `,
          p.shared === null ? '' : `shared:${p.shared} `,
          p.master === null ? '' : `master:${p.master} `,
          p.propagateFrom === null ? '' : `propagate_from:${p.propagateFrom} `,
          p.unbindable ? 'unbindable ' : '',
          `- fuse${entry.subtype === null ? '' : `.${entry.subtype}`} ${mangled(entry.source)} `,
          `${superOptions.map((option) => mangled(option, ',')).join()}\n`,
        ].join('');
      });
      const entries = parseMountInfo(Buffer.from(lines.join(''), 'latin1'), { encoding: 'buffer' });
      expect(entries).toEqual(
        wanted.map((entry, index) => ({
          ...entry,
          id: BigInt(entry.id),
          parentId: BigInt(entry.parentId),
          uniqueId: null,
          targetDeleted: false,
          fsType: entry.subtype === null ? 'fuse' : `fuse.${entry.subtype}`,
          superOptionsText: Buffer.from(must(lines[index]).slice(0, -1).split(' ').at(-1) ?? '', 'latin1'),
        })),
      );
    }),
    { numRuns: times(500, 20) },
  );
});
