// Tests of MountTable: lookup by path, subtrees, filters and differences.
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type MountNode, MountTable, parseMountInfo } from '../../../lib/index.js';
import { must, thrownBy } from '../../support/values.js';

const table = (text: string) => new MountTable(parseMountInfo(text));
const fixture = (name: string) =>
  new MountTable(parseMountInfo(readFileSync(new URL(`../../fixtures/${name}.mountinfo`, import.meta.url))));
const line = (id: number, parent: number, target: string, rest = '- tmpfs none rw') =>
  `${id} ${parent} 0:${id} / ${target} rw ${rest}\n`;

test('MountTable.at finds the mount of a path by whole path components', () => {
  const t = table(line(1, 0, '/') + line(2, 1, '/foo') + line(3, 2, '/foo/bar') + line(4, 1, '/foobar'));
  const ids = ['/', '/x', '/foo', '/foo/', '//foo/./x', '/foo/bar', '/foo/barn', '/foobar', '/foobar/foo', '/fo'];
  expect(ids.map((path) => Number(t.at(path)?.id))).toEqual([1, 1, 2, 2, 2, 3, 2, 4, 4, 1]);
  expect(t.at(Buffer.from('/foo/bar'))?.id).toBe(3n);
  expect(t.at(new URL('file:///foo/bar'))?.id).toBe(3n);
});

test('MountTable.at finds the topmost mount of a stack and no hidden mount', () => {
  const t = table(
    line(1, 0, '/') + line(2, 1, '/a') + line(3, 2, '/a/b') + line(4, 2, '/a') + line(5, 4, '/a') + line(6, 5, '/a/c'),
  );
  expect(t.at('/a')?.id).toBe(5n);
  expect(t.at('/a/b')?.id).toBe(5n);
  expect(t.at('/a/c')?.id).toBe(6n);
  expect(t.entries.filter((entry) => t.isHidden(entry)).map(({ id }) => id)).toEqual([2n, 3n, 4n]);
});

test('MountTable.at ignores a mount over the root, which hides nothing from a process that already runs in the root', () => {
  const t = table(line(1, 1, '/') + line(2, 1, '/') + line(3, 1, '/a') + line(4, 2, '/b'));
  expect([t.at('/')?.id, t.at('/a')?.id, t.at('/b')?.id]).toEqual([1n, 3n, 1n]);
  expect(t.isHidden(must(t.byId(4n)))).toBe(true);
  for (const wrong of [undefined, null, 4n, {}, t]) {
    expect(thrownBy(() => t.isHidden(wrong as never))).toMatchObject({ code: 'ERR_INVALID_ARG_TYPE' });
    expect(thrownBy(() => new MountTable([wrong] as never))).toMatchObject({ code: 'ERR_INVALID_ARG_TYPE' });
    expect(thrownBy(() => new MountTable(wrong as never))).toMatchObject({ code: 'ERR_INVALID_ARG_TYPE' });
  }
  expect(thrownBy(() => new MountTable(Array(1)))).toMatchObject({ code: 'ERR_INVALID_ARG_TYPE' });
});

test('MountTable.at returns undefined for the root of a chroot that is not a mount point', () => {
  const t = table(line(10, 5, '/proc') + line(11, 5, '/dev') + line(12, 11, '/dev/pts'));
  expect(t.at('/')).toBeUndefined();
  expect(t.at('/etc')).toBeUndefined();
  expect(t.at('/dev/pts/0')?.id).toBe(12n);
  expect(t.tree().map(({ entry }) => entry.id)).toEqual([10n, 11n]);
});

test('MountTable.at and MountTable.under reject a path that is relative, empty or has ".."', () => {
  const t = table(line(1, 0, '/'));
  for (const path of ['a', './a', '/a/..', '/../a', '']) {
    expect(thrownBy(() => t.at(path))).toMatchObject({ code: 'ERR_INVALID_ARG_VALUE' });
    expect(thrownBy(() => t.under(path))).toMatchObject({ code: 'ERR_INVALID_ARG_VALUE' });
  }
  expect(thrownBy(() => t.at(1 as never))).toMatchObject({ code: 'ERR_INVALID_ARG_TYPE' });
  expect(t.at('/a..b')?.id).toBe(1n);
});

test('MountTable.under lists the mounts at and below a path, hidden mounts included, parents first', () => {
  // Mount 5 was moved, so its line comes before the line of its parent mount.
  const t = table(line(1, 0, '/') + line(5, 6, '/a/b/c') + line(2, 1, '/a') + line(3, 1, '/ab') + line(6, 2, '/a/b'));
  expect(t.under('/a').map(({ id }) => id)).toEqual([2n, 6n, 5n]);
  expect(t.under('/a/').map(({ id }) => id)).toEqual([2n, 6n, 5n]);
  expect(t.under('/').length).toBe(5);
  expect(t.under('/a/b/c/d')).toEqual([]);
});

test('MountTable ends its search when the parents of a parsed table form a circle', () => {
  const t = table(line(1, 2, '/') + line(2, 1, '/') + line(3, 4, '/a') + line(4, 3, '/a'));
  expect(t.under('/').length).toBe(4);
  expect(() => t.at('/a')).not.toThrow();
  expect(t.tree()).toEqual([]);
});

test('MountTable.tree puts every mount below its parent', () => {
  const t = fixture('systemd-host');
  const [root, ...others] = t.tree();
  expect(others).toEqual([]);
  const flat = (node: MountNode): MountNode[] => [node, ...node.children.flatMap(flat)];
  const nodes = flat(must(root));
  expect(nodes).toHaveLength(t.entries.length);
  for (const { entry, children } of nodes) for (const child of children) expect(child.entry.parentId).toBe(entry.id);
  expect(nodes.filter(({ hidden }) => hidden).map(({ entry }) => entry.fsType)).toEqual(['autofs']);
  expect(t.at('/proc/sys/fs/binfmt_misc/status')?.fsType).toBe('binfmt_misc');
});

test('MountTable.filter selects by type, source and propagation, and by all of them together', () => {
  const t = fixture('autofs-nfs');
  expect(t.filter({ fsType: 'fuse' })).toEqual(t.filter({ fsType: 'fuse.sshfs' }));
  expect(t.filter({ fsType: 'nfs' })).toEqual([]);
  expect(t.filter({ source: 'filer:/export' }).map(({ target }) => target)).toEqual(['/net/filer/export']);
  expect(t.filter({ source: Buffer.from('//nas/Shäre/13. SI') })).toHaveLength(1);
  expect(t.filter({ propagation: 'shared', fsType: 'autofs' })).toHaveLength(2);
  expect(t.filter({ propagation: 'private' })).toEqual([]);
  expect(t.filter({})).toEqual(t.entries);
  const container = fixture('docker-container');
  expect(container.filter({ propagation: 'slave' })).toHaveLength(2);
  expect(container.filter({ propagation: 'private' })).toHaveLength(9);
  expect(fixture('btrfs').filter({ propagation: 'unbindable' })).toHaveLength(1);
  expect(thrownBy(() => t.filter({ type: 'x' } as never))).toMatchObject({ code: 'ERR_INVALID_ARG_VALUE' });
  expect(thrownBy(() => t.filter({ fsType: 1 } as never))).toMatchObject({ code: 'ERR_INVALID_ARG_TYPE' });
  expect(thrownBy(() => t.filter({ propagation: 'x' } as never))).toMatchObject({ code: 'ERR_INVALID_ARG_VALUE' });
});

test('MountTable.diff lists detached, changed and attached mounts in this order', () => {
  const before = table(line(1, 0, '/') + line(2, 1, '/a') + line(3, 2, '/a/b') + line(4, 1, '/c') + line(5, 1, '/d'));
  const after = table(
    line(1, 0, '/') + line(4, 1, '/moved') + line(5, 1, '/d', 'shared:7 - tmpfs none rw') + line(9, 1, '/new'),
  );
  expect(before.diff(after).map(({ type, entry, previous }) => [type, entry.target, previous?.target])).toEqual([
    ['detached', '/a/b', '/a/b'],
    ['detached', '/a', '/a'],
    ['changed', '/moved', '/c'],
    ['changed', '/d', '/d'],
    ['attached', '/new', undefined],
  ]);
  expect(after.diff(after)).toEqual([]);
  expect(thrownBy(() => before.diff([] as never))).toMatchObject({ code: 'ERR_INVALID_ARG_TYPE' });
});

test('MountTable.diff reports a detached and an attached mount when the kernel reuses a mount ID', () => {
  const [entry] = parseMountInfo(line(7, 1, '/a'));
  const one = new MountTable([{ ...must(entry), uniqueId: 2n ** 32n }]);
  const other = new MountTable([{ ...must(entry), uniqueId: 2n ** 32n + 1n }]);
  expect(one.diff(other).map(({ type }) => type)).toEqual(['detached', 'attached']);
  // Without unique mount IDs, another device number or another source shows that the mount is a different one. The
  // kernel reuses device numbers too.
  for (const text of [line(7, 1, '/a').replace('0:7', '0:8'), line(7, 1, '/a').replace(' none ', ' other ')]) {
    expect(
      table(line(7, 1, '/a'))
        .diff(table(text))
        .map(({ type }) => type),
    ).toEqual(['detached', 'attached']);
  }
  expect(one.byId(2n ** 32n)).toBe(one.byId(7n));
  expect(thrownBy(() => one.byId(7 as never))).toMatchObject({ code: 'ERR_INVALID_ARG_TYPE' });
});

test('applying the result of MountTable.diff to one table gives the other table', () => {
  const anyTable = fc.uniqueArray(fc.record({ id: fc.integer({ min: 2, max: 12 }), name: fc.constantFrom('a', 'b') }), {
    selector: ({ id }) => id,
  });
  const make = (mounts: readonly { id: number; name: string }[]) =>
    table(line(1, 0, '/') + mounts.map(({ id, name }) => line(id, 1, `/${name}`)).join(''));
  fc.assert(
    fc.property(anyTable, anyTable, (one, other) => {
      const [before, after] = [make(one), make(other)];
      const now = new Map(before.entries.map((entry) => [entry.id, entry]));
      for (const { type, entry, previous } of before.diff(after)) {
        expect(now.get(entry.id)).toBe(type === 'attached' ? undefined : previous);
        if (type === 'detached') now.delete(entry.id);
        else now.set(entry.id, entry);
      }
      expect([...now.values()].sort((a, b) => Number(a.id - b.id))).toEqual(
        [...after.entries].sort((a, b) => Number(a.id - b.id)),
      );
    }),
  );
});
