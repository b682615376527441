// Prints the output of the demo, and prints no claim that is not checked.
import { isUtf8 } from 'node:buffer';
import { MountError } from 'linux-mount';

const WIDTH = 100;
const INDENT = '   ';

const isTerminal = process.stdout.isTTY === true;
const isWanted = Boolean(process.env['FORCE_COLOR']) || (isTerminal && process.env['TERM'] !== 'dumb');
const isColoured = isWanted && !process.env['NO_COLOR'];

export type Style = (text: string) => string;

function style(code: number): Style {
  return (text) => (isColoured && text.trim() !== '' ? `\x1b[${code}m${text}\x1b[0m` : text);
}

export const plain: Style = (text) => text;
export const bold: Style = style(1);
export const dim: Style = style(2);
export const red: Style = style(31);
export const green: Style = style(32);

const layerStyles = [style(33), style(36), style(35), style(34)];

/** The colour of a layer, by its position from the top. */
export function layerStyle(index: number): Style {
  return layerStyles[index % layerStyles.length] ?? plain;
}

// A reader such as head(1) may close the pipe early. The demo then ends without a stack trace, but with a failure,
// because nobody read all claims.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit(1);
});

/** The demo cannot continue, for the reason in the message. */
export class DemoError extends Error {}

/** A claim that is false. */
export class FalseClaim extends DemoError {}

let checked = 0;

/**
 * Prints a claim if it is true, and throws if it is false. No other function prints a claim.
 *
 * @param found the actual state, if the caller knows it
 */
export function claim(text: string, isTrue: boolean, found?: string): void {
  if (!isTrue) {
    marked(red('✗'), text);
    throw new FalseClaim(`this claim is false: ${text}${found === undefined ? '' : `; found: ${found}`}`);
  }
  checked += 1;
  marked(green('✓'), text);
}

/** Returns how many claims were true. */
export function checkedClaims(): number {
  return checked;
}

function marked(mark: string, text: string): void {
  const [first = '', ...rest] = wrap(text, WIDTH - INDENT.length - 2);
  line(`${INDENT}${mark} ${first}`);
  for (const more of rest) line(`${INDENT}  ${more}`);
}

/** Prints a line in bold: the first line and the last line. */
export function title(text: string): void {
  line(bold(text));
}

/** Prints a sentence or an empty line. */
export function say(text = ''): void {
  for (const part of wrap(text, WIDTH)) line(part);
}

/** Prints the heading of an act, and the call that the act makes. */
export function heading(number: number, text: string, call?: string): void {
  line('');
  line(bold(`${number}. ${text}`));
  if (call !== undefined) line(INDENT + dim(call));
}

/** Prints a sentence within an act that is no claim: what comes next, or how to read a tree. */
export function note(text: string): void {
  for (const part of wrap(text, WIDTH - INDENT.length)) line(INDENT + part);
}

/** Prints lines within an act without wrapping them. */
export function drawing(lines: readonly string[]): void {
  for (const text of lines) line(INDENT + text);
}

/** Prints the progress of a long step, on a terminal only, until the next output replaces it. */
export function progress(text: string): void {
  if (isTerminal) process.stdout.write(`\r\x1b[2K${text}`);
}

/** Prints why the demo cannot continue. */
export function fail(error: unknown): void {
  progress('');
  for (const message of messages(error)) process.stderr.write(`${message}\n`);
}

// When both the work and the unmounting after it fail, `using` combines the errors (SuppressedError).
function messages(error: unknown): string[] {
  if (!(error instanceof Error)) return [String(error)];
  if ('suppressed' in error && 'error' in error) return [...messages(error.suppressed), ...messages(error.error)];
  const isExplained = error instanceof DemoError || error instanceof MountError || 'syscall' in error;
  return [isExplained ? error.message : (error.stack ?? error.message)];
}

/** Returns a name for the terminal, with control characters and bytes that are not UTF-8 escaped. */
export function printable(name: string | Buffer): string {
  const isText = typeof name === 'string' || isUtf8(name);
  const strange = isText ? /\p{Cc}/gu : /[^ -~]/g;
  return name
    .toString(isText ? 'utf8' : 'latin1')
    .replace(strange, (character) => `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`);
}

/** Returns the end of a text that is too long, because the end of a path tells most. */
export function shorten(text: string, width: number): string {
  return text.length <= width ? text : `…${text.slice(text.length - width + 1)}`;
}

/** Returns a number with its noun: `1 file`, `2 files`. */
export function plural(value: number, one: string, many = `${one}s`): string {
  return `${grouped(value)} ${value === 1 ? one : many}`;
}

/** Returns 1234567 as 1,234,567. */
export function grouped(value: number | bigint): string {
  return value.toLocaleString('en-US');
}

function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let current = '';
  for (const word of text.split(' ')) {
    if (current !== '' && current.length + 1 + word.length > width) {
      lines.push(current);
      current = word;
    } else {
      current = current === '' ? word : `${current} ${word}`;
    }
  }
  return [...lines, current];
}

function line(text: string): void {
  process.stdout.write(`${text.trimEnd()}\n`);
}
