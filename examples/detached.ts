/**
 * Lists a directory as it would be with another one merged over it, by a program that is given the merged directory as
 * a descriptor: nothing is mounted anywhere, and nothing has to be unmounted.
 *
 *     sudo node examples/dist/detached.js /etc /srv/overrides ls -l
 *
 * The program finds its descriptor 3 at /proc/self/fd/3, which is its last argument. When it and this program are done
 * with the mount it is gone, also if both are killed.
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
