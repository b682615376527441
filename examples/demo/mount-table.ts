import { readFileSync } from 'node:fs';

/**
 * The mounts of this process's namespace: /proc/self/mountinfo, see proc_pid_mountinfo(5). Paths are bytes; here each
 * byte is one character (latin1).
 */
interface Line {
  readonly point: string;
  /** Whether what is mounted below appears in other namespaces too. */
  readonly isShared: boolean;
}

function mountTable(): Line[] {
  const lines = readFileSync('/proc/self/mountinfo', 'latin1').split('\n').slice(0, -1);
  return lines.map((line) => {
    const fields = line.split(' ');
    const optional = fields.slice(6, fields.indexOf('-', 6));
    return { point: unescaped(fields[4] ?? ''), isShared: optional.some((field) => field.startsWith('shared:')) };
  });
}

// Space, tab, newline and backslash are written in octal, as a space ends a field.
function unescaped(field: string): string {
  return field.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
}

/** All mount points. */
export function mountPoints(): string[] {
  return mountTable().map(({ point }) => Buffer.from(point, 'latin1').toString());
}

/** How many mounts there are, and how many of them pass on to other namespaces what is mounted below. */
export function countMounts(): { all: number; shared: number } {
  const table = mountTable();
  return { all: table.length, shared: table.filter(({ isShared }) => isShared).length };
}

/** The mount points below a directory. An overlay does not show what is mounted below a layer. */
export function mountsBelow(directory: string): string[] {
  const start = directory.endsWith('/') ? directory : `${directory}/`;
  return mountPoints().filter((point) => point.startsWith(start) && point !== start);
}
