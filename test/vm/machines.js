// The virtual machines in which kernels boot: the QEMU options, and the Debian names of their packages.

const twoLines = (first, second) => ['-serial', `file:${first}`, '-serial', `file:${second}`];

// Each machine has these properties:
//
//   kernel        the last part of the Debian kernel's name, for example `amd64`
//   debian        the architecture's name in Debian; `architecture` is its name in Node.js
//   emulator      the QEMU program, and the Debian package that has it
//   words         arguments of QEMU
//   lines         a function that returns arguments for two serial lines, which the kernel calls `console` and `output`
const MACHINES = [
  {
    kernel: 'amd64',
    debian: 'amd64',
    architecture: 'x64',
    emulator: { program: 'qemu-system-x86_64', debianPackage: 'qemu-system-x86' },
    // QEMU 7.2 crashes newer kernels at random with cmpxchg16b.
    words: ['-M', 'q35', '-cpu', 'max,-cx16'],
    lines: twoLines,
    console: 'ttyS0',
    output: 'ttyS1',
  },
  {
    kernel: 'arm64',
    debian: 'arm64',
    architecture: 'arm64',
    emulator: { program: 'qemu-system-aarch64', debianPackage: 'qemu-system-arm' },
    // With "max" QEMU 7.2 crashes Node at random.
    words: ['-M', 'virt', '-cpu', 'neoverse-n1'],
    lines: (console, output) => [
      ...['-serial', `file:${console}`],
      ...['-chardev', `file,id=output,path=${output}`, '-device', 'pci-serial,chardev=output'],
    ],
    console: 'ttyAMA0',
    output: 'ttyS0',
  },
  {
    kernel: 'powerpc64le',
    debian: 'ppc64el',
    architecture: 'ppc64',
    emulator: { program: 'qemu-system-ppc64', debianPackage: 'qemu-system-ppc' },
    words: ['-M', 'pseries', '-cpu', 'power9'],
    lines: twoLines,
    console: 'hvc0',
    output: 'hvc1',
  },
  {
    kernel: 's390x',
    debian: 's390x',
    architecture: 's390x',
    emulator: { program: 'qemu-system-s390x', debianPackage: 'qemu-system-misc' },
    words: ['-M', 's390-ccw-virtio', '-cpu', 'max'],
    lines: (console, output) => twoLines(output, console),
    console: 'ttyS0',
    output: 'ttysclp0',
  },
];

/**
 * Returns the series, flavour and machine of a kernel name: "6.12" is for a virtual machine of x64, "6.12-arm64-16k"
 * names both.
 */
export function kernelOf(name) {
  const [, series, flavour = 'cloud-amd64'] = /^([\d.]+)(?:-(.+))?$/.exec(name) ?? [];
  const machine = MACHINES.find(({ kernel }) => flavour?.includes(kernel));
  if (series === undefined || machine === undefined) {
    throw new Error(`'${name}' is no series, and no series with a flavour for ${MACHINES.map(({ kernel }) => kernel)}`);
  }
  return { series, flavour, machine };
}
