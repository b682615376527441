/**
 * Runs a program that sees a directory with another directory merged over it, without attaching a mount: the program
 * receives the merged directory as a descriptor, and nothing has to be unmounted.
 *
 *     sudo node examples/dist/detached.js /etc /srv/overrides ls -l
 *
 * The program finds the directory at /proc/self/fd/3, which is its last argument. The kernel unmounts the overlay when
 * the program and this process have closed it, even if both are killed.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { detachedOverlay } from 'linux-mount';

const [lower, over, command, ...words] = process.argv.slice(2);
if (lower === undefined || over === undefined || command === undefined) {
  throw new TypeError('usage: detached.js DIRECTORY OVER COMMAND [ARGUMENT ...]');
}

await using merged = await detachedOverlay({ lower: [over, lower] });
const child = spawn(command, [...words, '/proc/self/fd/3/'], { stdio: ['inherit', 'inherit', 'inherit', merged.fd] });
const [status] = await once(child, 'close');
process.exitCode = status ?? 1;
