// The configuration of vitest for all passes of the suite.
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { defineConfig } from 'vitest/config';

// test/vm/image.sh compiles the tests in advance for emulated machines, on which compiling would take long.
const isCompiled = process.env.LINUX_MOUNT_COMPILED !== undefined;
const extension = isCompiled ? 'js' : 'ts';

// Under AddressSanitizer (test/hunts/sanitize) LeakSanitizer runs in the process of the tests and not in the programs
// that the tests start.
const { SANITIZER_OPTIONS_OF_CHILDREN: ofChildren } = process.env;
if (ofChildren !== undefined) process.env.ASAN_OPTIONS = ofChildren;

export default defineConfig({
  // An ordinary user may not be able to write into the checkout.
  cacheDir: join(tmpdir(), 'vitest-cache'),
  test: {
    include: [`test/**/*.test.${extension}`],
    globalSetup: [`test/support/private-namespace.${extension}`],
    reporters: [isCompiled ? 'verbose' : 'default', `./test/support/reporter.${extension}`],
    // One process for all files starts in a tenth of the time, and test/run.js handles a crash. The files of one mount
    // namespace run one after another, because each test counts the mounts. `--isolate` runs each file in its own
    // process.
    pool: 'forks',
    isolate: false,
    fileParallelism: false,
    ...(isCompiled && { experimental: { viteModuleRunner: false } }),
    testTimeout: 30_000 * Number(process.env.LINUX_MOUNT_PATIENCE ?? 1),
  },
});
