// The machines that kernels are booted in: how QEMU makes them, and how Debian calls what is for them.

const twoLines = (first, second) => ['-serial', `file:${first}`, '-serial', `file:${second}`];

// kernel        how the names of Debian's kernels for it end
// debian        its name in Debian, and `architecture` that in Node
// emulator      the program, and where Debian has it
// words         for the emulator
// lines         so are these, for two serial lines, which the kernel calls `console` and `output`
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

/** The series, flavour and machine of a kernel: "6.12", for virtual machines of x64, or "6.12-arm64-16k". */
export function kernelOf(name) {
  const [, series, flavour = 'cloud-amd64'] = /^([\d.]+)(?:-(.+))?$/.exec(name) ?? [];
  const machine = MACHINES.find(({ kernel }) => flavour?.includes(kernel));
  if (series === undefined || machine === undefined) {
    throw new Error(`'${name}' is no series, and no series with a flavour for ${MACHINES.map(({ kernel }) => kernel)}`);
  }
  return { series, flavour, machine };
}
