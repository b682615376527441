import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isMainThread } from 'node:worker_threads';
import { test as base, expect } from 'vitest';
import { constants, mountSync, umountSync } from '../../lib/index.js';
import { pass } from './environment.js';
import { ScratchDirectory } from './scratch-directory.js';

/**
 * A directory of a test's own: a tmpfs, so that taking it down takes everything with it, mounts below included, and
 * nothing is ever deleted recursively.
 */
export class Place extends ScratchDirectory implements Disposable {
  constructor() {
    super(mkdtempSync(join(tmpdir(), 'place-')));
    mountSync('place', this.root, 'tmpfs', 0, 'mode=755');
  }

  [Symbol.dispose](): void {
    umountSync(this.root, constants.MNT_DETACH);
    rmdirSync(this.root);
  }
}

/** How many mounts there are, and how many descriptors this process has open. */
export function countMountsAndDescriptors(): { mounts: number; descriptors: number } {
  return {
    mounts: readFileSync('/proc/self/mountinfo', 'utf8').split('\n').length - 1,
    descriptors: readdirSync('/proc/self/fd').length,
  };
}

// The first child of a worker sets up for good what its event loop needs for children: a descriptor that stays.
const hasHadChild = isMainThread ? Promise.resolve([]) : once(spawn('true', { stdio: 'pipe' }), 'close');

/** `test` with a place of its own, which fails when mounts or descriptors are left outside of it. */
export const test = base.extend<{ place: Place }>({
  // biome-ignore lint/correctness/noEmptyPattern: vitest asks for a destructured parameter
  place: async ({}, use) => {
    await hasHadChild;
    const before = countMountsAndDescriptors();
    {
      using place = new Place();
      await use(place);
    }
    const after = countMountsAndDescriptors();
    if (after.mounts !== before.mounts || after.descriptors > before.descriptors) {
      throw new Error(`left behind: ${JSON.stringify({ before, after })}`);
    }
  },
});

/** The error of a system call that is not available: EPERM in the pass "sandbox", ENOSYS in the pass "older-kernel". */
export function missingCall(calls: string): { code: string; reason: string } {
  return pass === 'sandbox'
    ? { code: 'EPERM', reason: expect.stringContaining('a seccomp filter') }
    : { code: 'ENOSYS', reason: expect.stringMatching(`(${calls})\\(2\\) is missing here, .*Linux 5\\.`) };
}
