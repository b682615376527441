/** One line of the mount table, as far as operations look at it: proc_pid_mountinfo(5). */
export interface MountLine {
  /** Without the table's escapes. */
  readonly mountPoint: Buffer;
  /** The attributes of the mount: `ro`, `nosuid`, `relatime` … */
  readonly attributes: readonly string[];
  /** The optional fields: `shared:1`, `master:2`, `unbindable`. */
  readonly propagation: readonly string[];
  readonly fsType: string;
  readonly source: Buffer;
  /** The options of the filesystem as they stand there, escapes and all. */
  readonly superOptions: Buffer;
}

//   36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw,errors=continue
//   id parent    root mount point  attributes optional  type source  super options
// Only a space ends a field: names may have any other white space in them.
const LINE = /^\d+ \d+ [^ ]+ [^ ]+ ([^ ]+) ([^ ]+) ((?:[^ ]+ )*?)- ([^ ]+) ([^ ]+) ([^ ]+)$/s;

/** The line of the mount with this id; undefined when there is none. */
export function mountLine(table: Buffer, id: bigint): MountLine | undefined {
  // One character for each byte: names need not be UTF-8.
  const line = table
    .toString('latin1')
    .split('\n')
    .find((each) => each.startsWith(`${id} `));
  const [, mountPoint = '', attributes = '', propagation = '', fsType = '', source = '', superOptions = ''] =
    LINE.exec(line ?? '') ?? [];
  if (mountPoint === '') return undefined;
  return {
    mountPoint: Buffer.from(unescaped(mountPoint), 'latin1'),
    attributes: attributes.split(','),
    propagation: propagation.split(' ').filter(Boolean),
    fsType,
    source: Buffer.from(unescaped(source), 'latin1'),
    superOptions: Buffer.from(superOptions, 'latin1'),
  };
}

// fs/proc_namespace.c, mangle: space, tab, newline, backslash and # as three octal digits.
function unescaped(field: string): string {
  return field.replace(/\\([0-3][0-7]{2})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
}
