// Checks that import and require() load the same package: an error of one is an instance of the other's class.
import { createRequire } from 'node:module';
import { MountError } from 'linux-mount';

const required = createRequire(import.meta.url)('linux-mount');
try {
  required.mountSync('x', '/nowhere/at/all', 'tmpfs');
} catch (error) {
  if (!(error instanceof MountError && error instanceof required.MountError)) throw error;
  console.log(true);
}
