// musl for each processor, to load a prebuild in a C program on it: that of this machine (musl-gcc), or what Debian has for
// another processor (musl.sh), kept in the user's cache, whose programs qemu runs.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { hasProgram, project } from './architectures.js';
import { cache } from './runtimes.js';

/**
 * Words before a C file that make a program for musl of it, and words before such a program; or what is missing for it.
 *
 * @returns {{ compiler: string[], wrapper: string[] } | { missing: [program: string, debianPackage: string] }}
 */
export function muslOf({ name, debian, prefix, qemu }) {
  if (name === process.arch) {
    return hasProgram('musl-gcc') ? { compiler: ['musl-gcc'], wrapper: [] } : { missing: ['musl-gcc', 'musl-tools'] };
  }
  const place = join(cache, `musl-${debian}`);
  const { status, stderr } = spawnSync(join(project, 'release/musl.sh'), [debian, place], { encoding: 'utf8' });
  if (status !== 0) return { missing: [`musl for ${debian} (${stderr?.trim().split('\n').at(-1)})`, `musl:${debian}`] };
  // On ppc64le the long double of musl is a double, which nothing else assumes.
  const more = name === 'ppc64' ? ['-mlong-double-64'] : [];
  return {
    compiler: [`${prefix}gcc`, ...more, '-specs', join(place, 'musl.specs')],
    wrapper: [qemu, '-L', place],
  };
}
