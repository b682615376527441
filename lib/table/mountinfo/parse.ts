import { isAscii, isUtf8 } from 'node:buffer';
import { types } from 'node:util';
import { encodingOption, optionsArgument, refuseDetached } from '../../arguments/check.js';
import { invalidArgType, invalidArgValue, printable } from '../../kernel/errors.js';
import type { MountEntry, MountName } from './entry.js';
import { type LineReader, lineReader, type ToName } from './line-reader.js';

/** How {@link parseMountInfo} and {@link readMountTable} give names. */
export interface MountInfoOptions {
  /** `'utf8'` gives names that are UTF-8 as strings and others as Buffers, `'buffer'` gives all as Buffers. */
  encoding?: 'utf8' | 'buffer';
}

const KNOWN: ReadonlySet<string> = new Set(['encoding']);

/**
 * The mounts of a mount table, in its order, from the text of `/proc/PID/mountinfo`. Nothing is looked up; it needs no
 * Linux. Give the text as bytes: names need not be UTF-8, and a string has lost those that are not.
 *
 * The table shows mounts in the order in which they were made, before Linux 6.8 those below a mount behind it. Optional
 * fields that are not known are passed over, as proc_pid_mountinfo(5) asks for.
 *
 * @param text the file, or some of its lines
 * @throws `TypeError` with code `ERR_INVALID_ARG_VALUE` for a line that is none; it tells the line's number and content
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

/** The same with checked arguments, and with the lasting ids of the lines where they are known (0 for one that is not). */
export function parseTable(
  table: Buffer,
  encoding: 'utf8' | 'buffer',
  uniqueIds: BigUint64Array | null = null,
): MountEntry[] {
  return parseLines<MountName>(table, encoding === 'buffer' ? bytesName : textName(isAscii(table)), uniqueIds);
}

/** The same with names in a form of the caller's. */
export function parseLines<Name extends MountName>(
  table: Buffer,
  toName: ToName<Name>,
  uniqueIds: BigUint64Array | null = null,
): MountEntry<Name>[] {
  // One character for each byte: it is searched faster than bytes are, and parts of it are not copied.
  const text = table.toString('latin1');
  const read: LineReader<Name> = lineReader(table, text, toName);
  const entries: MountEntry<Name>[] = [];
  // Text that somebody has copied may have empty lines around it. Inside there are none.
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

/** A name as bytes. */
export const bytesName: ToName<Buffer> = (latin1) => Buffer.from(latin1, 'latin1');

// Nearly all tables are ASCII throughout, and then only an octal escape can make a name that is not.
const NOT_ASCII = /[\x80-\xff]/;
const readable = (latin1: string): MountName => {
  if (!NOT_ASCII.test(latin1)) return latin1;
  const bytes = Buffer.from(latin1, 'latin1');
  return isUtf8(bytes) ? bytes.toString() : bytes;
};

function textName(ascii: boolean): ToName<MountName> {
  return ascii ? (latin1, wasEscaped) => (wasEscaped ? readable(latin1) : latin1) : readable;
}

// A line can have many kilobytes.
const SHOWN = 300;

function malformed(number: number, line: string): TypeError {
  const shown = printable(Buffer.from(line.slice(0, SHOWN), 'latin1'));
  const more = line.length > SHOWN ? ` and ${line.length - SHOWN} bytes more` : '';
  return invalidArgValue('text', `is no mount table: line ${number} is ${shown}${more}`);
}

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
