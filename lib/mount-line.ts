import type { MountEntry } from './mount-entry.js';
import { bytesName, parseLines } from './mount-info.js';

/** The mount with this id in the text of a mount table; undefined when there is none. Only its line is parsed. */
export function mountLine(table: Buffer, id: bigint): MountEntry<Buffer> | undefined {
  const start = table.subarray(0, id.toString().length + 1).equals(Buffer.from(`${id} `))
    ? 0
    : table.indexOf(`\n${id} `) + 1;
  if (start === 0 && !table.toString('latin1', 0, 24).startsWith(`${id} `)) return undefined;
  const newline = table.indexOf('\n', start);
  const [entry] = parseLines(table.subarray(start, newline < 0 ? table.length : newline), bytesName);
  return entry;
}
