// What each runtime of prebuilds:check does with the package: it imports it, and makes calls of every kind that change
// nothing. Prints one line; an exception is a failure.
import assert from 'node:assert/strict';
import {
  isMountPoint,
  isMountPointSync,
  mountOverlay,
  mountSync,
  mountTmpfs,
  pageSize,
  readMountTable,
} from 'linux-mount';

assert(pageSize >= 4096 && Number.isInteger(Math.log2(pageSize)));

const table = await readMountTable();
assert.equal(table.at('/').target, '/');
assert.equal(isMountPointSync('/'), true);
assert.equal(await isMountPoint('/proc/self'), false);

// Not there for root, not allowed for others: in both cases it is the kernel that has been asked.
const refused = (error) => ['ENOENT', 'EPERM'].includes(error.code) && error.errno < 0 && error.syscall.length > 0;
assert.throws(() => mountSync('x', '/nowhere/at/all', 'tmpfs'), refused);
await assert.rejects(mountTmpfs('/nowhere/at/all'), refused);
await assert.rejects(mountOverlay({ lower: ['/usr', '/etc'], target: 'nowhere/at/all' }), refused);

const program = process.versions.bun === undefined ? `Node ${process.version}` : `Bun ${process.versions.bun}`;
console.log(`${program}, ${process.arch}: ${table.entries.length} mounts, a page is ${pageSize} bytes`);
