import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { defineConfig } from 'vitest/config';

// The tests may have been compiled before (test/vm/image.sh), for a machine on which that would take long.
const isCompiled = process.env.LINUX_MOUNT_COMPILED !== undefined;
const extension = isCompiled ? 'js' : 'ts';

// Under AddressSanitizer (test/hunts/sanitize) the tests' own process looks for leaks, the programs that they start do not.
const { SANITIZER_OPTIONS_OF_CHILDREN: ofChildren } = process.env;
if (ofChildren !== undefined) process.env.ASAN_OPTIONS = ofChildren;

export default defineConfig({
  // An ordinary user may not be able to write into the checkout.
  cacheDir: join(tmpdir(), 'vitest-cache'),
  test: {
    include: [`test/**/*.test.${extension}`],
    globalSetup: [`test/support/private-namespace.${extension}`],
    reporters: [isCompiled ? 'verbose' : 'default', `./test/support/reporter.${extension}`],
    // One process for all files takes a tenth of the time to start, and test/run.js takes care of a crash. In a mount
    // namespace one file runs after the other: each counts the mounts that it leaves. `--isolate` is for a process each.
    pool: 'forks',
    isolate: false,
    fileParallelism: false,
    ...(isCompiled && { experimental: { viteModuleRunner: false } }),
    testTimeout: 30_000 * Number(process.env.LINUX_MOUNT_PATIENCE ?? 1),
  },
});
