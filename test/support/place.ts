import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { isMainThread } from 'node:worker_threads';
import { test as base } from 'vitest';
import { constants, mountSync, umountSync } from '../../lib/index.js';

/**
 * A directory of a test's own: a tmpfs, so that taking it down takes everything with it, mounts below included, and
 * nothing is ever deleted recursively.
 */
export class Place implements Disposable {
  readonly root: string = mkdtempSync(join(tmpdir(), 'place-'));

  constructor() {
    mountSync('place', this.root, 'tmpfs', 0, 'mode=755');
  }

  /** The path of a name in here. */
  path(name: string): string {
    return join(this.root, name);
  }

  /** Makes a directory, with files in it if any are given, and gives its path. */
  directory(name: string, files: Readonly<Record<string, string>> = {}): string {
    const path = this.path(name);
    mkdirSync(path, { recursive: true });
    for (const [file, content] of Object.entries(files)) writeFileSync(join(path, file), content);
    return path;
  }

  /** Makes a file and gives its path. */
  file(name: string, content = ''): string {
    const path = this.path(name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, content);
    return path;
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
