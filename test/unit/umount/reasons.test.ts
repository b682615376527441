// Tests of the reason of a failed umount when the mount has changed meanwhile.
import { constants as os } from 'node:os';
import { expect, test } from 'vitest';
import type { Examination, Failure, HoldersScan, PathFacts } from '../../../lib/kernel/native.js';
import { planUmount } from '../../../lib/umount/options.js';
import { umountReason } from '../../../lib/umount/reasons.js';

const failure = (error: number): Failure => ({
  ...{ error, syscall: 'umount2', step: 'unmount', left: false, mountId: 0n, index: -1, log: null, other: null },
});
const facts = { error: 0, path: Buffer.from('/m'), mode: 0o40755, mountId: 7n, isMountPoint: true } as PathFacts;
const examination: Examination = {
  paths: [facts],
  files: Array(8).fill(null),
  upper: null,
};
const scanOf = (mountId: bigint) =>
  ({
    mountId,
    uses: [],
    namespaces: [],
    loops: [],
    table: Buffer.alloc(0),
    swaps: null,
    processes: 5,
    unseen: 0,
  }) as HoldersScan;

const why = (scan: HoldersScan | Failure | null) => {
  const plan = planUmount('/m', undefined, { isSync: true });
  return umountReason({ failure: failure(os.errno.EBUSY), flags: 0, attempts: 1 }, plan, examination, false, scan);
};

test('umountReason reports that the mount is gone only when the search for holders fails with EINVAL or ENOENT', () => {
  expect(why(failure(os.errno.EINVAL))).toMatch(/^the mount was in use, and another process has unmounted it since/);
  expect(why(failure(os.errno.ENOENT))).toMatch(/^the mount was in use, and another process has unmounted it since/);
  expect(why(failure(os.errno.EMFILE))).toBe(
    'the mount is in use, and the search for its holders failed (EMFILE: too many open files): call holders() to search again',
  );
});

test('umountReason names no holders when the search found another mount at the target', () => {
  expect(why(scanOf(7n))).toMatch(/^the scan of 5 processes found no holder of the mount/);
  expect(why(scanOf(8n))).toBe('it was in use, and another mount is in its place by now');
});
