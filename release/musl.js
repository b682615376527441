// Finds musl for each processor, to load a prebuilt addon in a C program: musl-gcc for this machine, or Debian's musl
// for another processor (musl.sh), which is kept in the user's cache and whose programs run under QEMU.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { hasProgram, project } from './architectures.js';
import { cache } from './runtimes.js';

/**
 * Returns the words before a C file that compile it for musl, and the words before the program that run it, or what is
 * missing.
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
  // On ppc64le musl expects a long double of 64 bits, unlike the compiler's default.
  const more = name === 'ppc64' ? ['-mlong-double-64'] : [];
  return {
    compiler: [`${prefix}gcc`, ...more, '-specs', join(place, 'musl.specs')],
    wrapper: [qemu, '-L', place],
  };
}
