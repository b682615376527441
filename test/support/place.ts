// `test` with a scratch tmpfs as a fixture, which fails when a test leaves mounts or descriptors behind.
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
 * The scratch directory of a test: a tmpfs, so that unmounting it also removes all mounts below it and all files, and
 * no test deletes files recursively.
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

/** Returns the number of mounts in this mount namespace, and of open descriptors of this process. */
export function countMountsAndDescriptors(): { mounts: number; descriptors: number } {
  return {
    mounts: readFileSync('/proc/self/mountinfo', 'utf8').split('\n').length - 1,
    descriptors: readdirSync('/proc/self/fd').length,
  };
}

// The first child process of a worker makes the event loop open a descriptor that stays open. This child makes the loop
// open it before the first count.
const hasHadChild = isMainThread ? Promise.resolve([]) : once(spawn('true', { stdio: 'pipe' }), 'close');

/** `test` with a scratch directory of its own. The test fails when it leaves mounts or descriptors behind. */
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
    : {
        code: 'ENOSYS',
        reason: expect.stringMatching(`(${calls})\\(2\\) is missing in this kernel or sandbox, .*Linux 5\\.`),
      };
}
