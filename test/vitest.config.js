import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { defineConfig } from 'vitest/config';

// Under AddressSanitizer (test/sanitize) the tests' own process looks for leaks, the programs that they start do not.
const { SANITIZER_OPTIONS_OF_CHILDREN: ofChildren } = process.env;
if (ofChildren !== undefined) process.env.ASAN_OPTIONS = ofChildren;

export default defineConfig({
  // An ordinary user may not be able to write into the checkout.
  cacheDir: join(tmpdir(), 'vitest-cache'),
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/support/private-namespace.ts'],
    reporters: ['default', './test/support/reporter.ts'],
    // A crash of the addon ends one file only.
    pool: 'forks',
    testTimeout: 30_000,
  },
});
