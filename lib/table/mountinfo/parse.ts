// Parses the text of a mount table, /proc/PID/mountinfo: parseMountInfo(), and the parsers that only this library
// calls.
import { isAscii } from 'node:buffer';
import { types } from 'node:util';
import { encodingOption, optionsArgument, refuseDetached } from '../../arguments/check.js';
import { invalidArgType, invalidArgValue, printable } from '../../kernel/errors.js';
import type { MountEntry, MountName } from './entry.js';
import { utf8Of } from './latin1.js';
import { type LineReader, lineReader, type ToName } from './line-reader.js';

/** Options of {@link parseMountInfo} and {@link readMountTable}. */
export interface MountInfoOptions {
  /**
   * The form of names: with `'utf8'`, the default, a name that is UTF-8 is a string and any other name is a Buffer;
   * with `'buffer'` every name is a Buffer.
   */
  encoding?: 'utf8' | 'buffer';
}

const KNOWN: ReadonlySet<string> = new Set(['encoding']);

/**
 * Parses the text of `/proc/PID/mountinfo`, and returns its mounts in the order of the text. The function makes no
 * system call, and works on every operating system. Pass the file as bytes: names need not be UTF-8, and a string
 * cannot hold a name that is not.
 *
 * Since Linux 6.8 the kernel lists mounts in the order in which they were created; earlier kernels list a mount's
 * children after the mount. The parser skips optional fields that are unknown, as proc_pid_mountinfo(5) requires.
 *
 * @param text the whole file, or some of its lines
 * @returns an entry for each line
 * @throws `TypeError` with code `ERR_INVALID_ARG_VALUE` if a line is malformed; the message has the line's number and
 *   text
 * @example
 * ```ts
 * const [mount] = parseMountInfo('36 35 98:0 /mnt1 /mnt\\0402 rw,noatime master:1 - ext3 /dev/root rw,errors=continue\n');
 * mount?.target; // '/mnt 2'
 * mount?.propagation.master; // 1
 * ```
 * @see https://man7.org/linux/man-pages/man5/proc_pid_mountinfo.5.html
 */
export function parseMountInfo(text: string | Uint8Array, options: { encoding: 'buffer' }): MountEntry<Buffer>[];
export function parseMountInfo(text: string | Uint8Array, options?: MountInfoOptions): MountEntry[];
export function parseMountInfo(text: string | Uint8Array, options: MountInfoOptions = {}): MountEntry[] {
  const encoding = encodingOption(optionsArgument('options', options, KNOWN)['encoding']);
  if (typeof text === 'string') return parseTable(Buffer.from(text), encoding);
  if (!types.isUint8Array(text)) {
    throw invalidArgType('text', 'of type string or an instance of Buffer or Uint8Array', text);
  }
  refuseDetached('text', text);
  return parseTable(Buffer.from(text.buffer, text.byteOffset, text.byteLength), encoding);
}

/**
 * Parses a mount table like {@link parseMountInfo}, without checking the arguments.
 *
 * @param uniqueIds the unique mount ID of each line, 0 where the ID is unknown
 */
export function parseTable(
  table: Buffer,
  encoding: 'utf8' | 'buffer',
  uniqueIds: BigUint64Array | null = null,
): MountEntry[] {
  const toName = encoding === 'buffer' ? bytesName : isAscii(table) ? asciiTableName : textName;
  return parseLines<MountName>(table, toName, uniqueIds);
}

/** Parses a mount table like {@link parseTable}, and makes each name with the caller's `toName`. */
export function parseLines<Name extends MountName>(
  table: Buffer,
  toName: ToName<Name>,
  uniqueIds: BigUint64Array | null = null,
): MountEntry<Name>[] {
  // V8 searches a Latin-1 string faster than a Buffer, and slices a string without a copy.
  const text = table.toString('latin1');
  const read: LineReader<Name> = lineReader(table, text, toName);
  const entries: MountEntry<Name>[] = [];
  // Text that was copied from elsewhere may begin and end with empty lines. The kernel writes no empty line.
  const length = text.trimEnd().length;
  for (let start = text.search(/[^\n]/); start >= 0 && start < length; ) {
    const newline = text.indexOf('\n', start);
    const end = newline < 0 ? text.length : newline;
    const uniqueId = uniqueIds?.[entries.length];
    const entry = read(start, end, uniqueId === undefined || uniqueId === 0n ? null : uniqueId);
    if (entry === null) throw malformed(text.slice(0, start).split('\n').length, text.slice(start, end));
    entries.push(entry);
    start = end + 1;
  }
  return entries;
}

/** Converts a name of the mount table to a Buffer. */
const bytesName: ToName<Buffer> = (latin1) => Buffer.from(latin1, 'latin1');

/** Returns a name as a string if its bytes are UTF-8, and as a Buffer otherwise. */
const textName: ToName<MountName> = (latin1) => utf8Of(latin1) ?? bytesName(latin1, false);

// In a table of ASCII text only a name with octal escapes can contain other characters. Without a check of the
// other names, parsing 10,000 tmpfs mounts takes 4.1 ms; with a check of every name, 4.8 ms.
const asciiTableName: ToName<MountName> = (latin1, wasEscaped) => (wasEscaped ? textName(latin1, true) : latin1);

// The error message quotes this many bytes of a malformed line. A line can be many kilobytes long.
const QUOTED_BYTES = 300;

function malformed(number: number, line: string): TypeError {
  const start = printable(Buffer.from(line.slice(0, QUOTED_BYTES), 'latin1'));
  const more = line.length > QUOTED_BYTES ? ` and ${line.length - QUOTED_BYTES} more bytes` : '';
  return invalidArgValue('text', `is not a mount table: line ${number} is ${start}${more}`);
}

/**
 * Finds and parses the line with this mount ID, and no other line. Returns undefined if the table has no such mount.
 */
export function mountLine(table: Buffer, id: bigint): MountEntry<Buffer> | undefined {
  const start = table.subarray(0, id.toString().length + 1).equals(Buffer.from(`${id} `))
    ? 0
    : table.indexOf(`\n${id} `) + 1;
  if (start === 0 && !table.toString('latin1', 0, 24).startsWith(`${id} `)) return undefined;
  const newline = table.indexOf('\n', start);
  const [entry] = parseLines(table.subarray(start, newline < 0 ? table.length : newline), bytesName);
  return entry;
}
