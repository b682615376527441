// What each runtime of prebuilds:check does with the package: imports it, and makes calls of every kind that change
// nothing. Prints one line. An exception is a failure.
import assert from 'node:assert/strict';
import { lstatSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  isMountPoint,
  isMountPointSync,
  mountOverlay,
  mountSync,
  mountTmpfs,
  pageSize,
  readMountTable,
} from 'linux-mount';
import { changes } from 'linux-mount/layers';

assert(pageSize >= 4096 && Number.isInteger(Math.log2(pageSize)));

const table = await readMountTable();
assert.equal(table.at('/').target, '/');
assert.equal(isMountPointSync('/'), true);
assert.equal(await isMountPoint('/proc/self'), false);

// Root gets ENOENT and other users get EPERM. Both errors come from the kernel.
const refused = (error) => ['ENOENT', 'EPERM'].includes(error.code) && error.errno < 0 && error.syscall.length > 0;
assert.throws(() => mountSync('x', '/nowhere/at/all', 'tmpfs'), refused);
await assert.rejects(mountTmpfs('/nowhere/at/all'), refused);
await assert.rejects(mountOverlay({ lower: ['/usr', '/etc'], target: 'nowhere/at/all' }), refused);

// These calls return structures with many fields, whose byte order is that of the machine.
const place = mkdtempSync(join(tmpdir(), 'linux-mount-probe-'));
try {
  const [lower, upper] = ['lower', 'upper'].map((name) => join(place, name));
  for (const layer of [lower, upper]) mkdirSync(layer);
  writeFileSync(join(upper, 'new'), 'content', { mode: 0o640 });
  writeFileSync(join(lower, 'changed'), '');
  writeFileSync(join(upper, 'changed'), 'longer');
  const found = [];
  for await (const change of changes({ lower: [lower], upper, userxattr: true })) found.push(change);
  assert.deepEqual(
    found.map(({ type, path, kind, size, mode, mtimeNs, uid, gid, source }) => [
      ...[type, path, kind, size, mode, mtimeNs, uid, gid, source],
    ]),
    ['changed', 'new'].map((name) => {
      const { size, mode, mtimeNs, uid, gid } = lstatSync(join(upper, name), { bigint: true });
      const numbers = [Number(size), Number(mode), mtimeNs, Number(uid), Number(gid)];
      return [name === 'new' ? 'added' : 'modified', name, 'file', ...numbers, join(upper, name)];
    }),
  );
} finally {
  rmSync(place, { recursive: true });
}

const program = process.versions.bun === undefined ? `Node ${process.version}` : `Bun ${process.versions.bun}`;
console.log(`${program}, ${process.arch}: ${table.entries.length} mounts, a page is ${pageSize} bytes`);
