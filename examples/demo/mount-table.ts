// Reads the mount table of this process for the claims of the demo.
import { readFileSync } from 'node:fs';

/**
 * A line of /proc/self/mountinfo, see proc_pid_mountinfo(5). Paths are bytes, with one character for each byte
 * (latin1).
 */
interface Line {
  readonly point: string;
  /** Whether mounts below it propagate to other mount namespaces. */
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

// The kernel writes space, tab, newline and backslash in octal, because a space ends a field.
function unescaped(field: string): string {
  return field.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
}

/** Returns all mount points. */
export function mountPoints(): string[] {
  return mountTable().map(({ point }) => Buffer.from(point, 'latin1').toString());
}

/**
 * Returns the number of mounts, and how many of them are shared, so that mounts below them propagate to other mount
 * namespaces.
 */
export function countMounts(): { all: number; shared: number } {
  const table = mountTable();
  return { all: table.length, shared: table.filter(({ isShared }) => isShared).length };
}

/** Returns the mount points below a directory. An overlay does not show mounts below a layer. */
export function mountsBelow(directory: string): string[] {
  const start = directory.endsWith('/') ? directory : `${directory}/`;
  return mountPoints().filter((point) => point.startsWith(start) && point !== start);
}
