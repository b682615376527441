import type * as results from '../addon/results.js';
import { errnoWords } from '../errno.js';
import { list, named } from './text.js';

/** How what came of a call of the native floor is written in a trace. */

/** `{id=…, by=…}`, of a call that makes a mount: the mount's id, and which of several ways was taken. */
export function madeText(ways: Readonly<Record<number, string>>) {
  return (result: bigint | results.Made | results.Failure): string | undefined => {
    // The id alone: an option string did it.
    if (typeof result === 'bigint') return `{id=${result}, by=data}`;
    if ('error' in result) return undefined;
    // What has no place is known by its descriptor, not by an id.
    const made = [...named('id', result.mountId || null), ...named('by', ways[result.way] ?? null)];
    return `{${made.join(', ')}}`;
  };
}

/** Which paths led somewhere, and how much was read. */
export function examinedText(result: results.Examination | results.Failure): string | undefined {
  if ('error' in result) return undefined;
  const found = result.paths.map(({ error }) => (error === 0 ? '0' : `-1 ${errnoWords(error)}`));
  const files = result.files.map((file) => (file === null ? 'NULL' : `... /* ${file.length} bytes */`));
  return `{${[...named('paths', list(found)), ...named('files', list(files))].join(', ')}}`;
}

export function scannedText(result: results.HoldersScan | results.Failure): string | undefined {
  return 'error' in result ? undefined : `{processes=${result.processes}, uses=${result.uses.length}}`;
}

export function triedText(result: results.ScratchResult | results.Failure): string | undefined {
  return 'error' in result ? undefined : `{steps=${result.steps.length}}`;
}

export function tableText(result: results.TableLines | results.Failure): string | undefined {
  return 'error' in result ? undefined : linesText(result);
}

export function watchedText(result: results.Watch | results.TableDifference | results.Failure): string | undefined {
  if ('error' in result) return undefined;
  return 'before' in result ? `{before=${linesText(result.before)}, after=${linesText(result.after)}}` : '0';
}

export function openedText(result: results.LayerWalk | results.Failure): string | undefined {
  return 'error' in result ? undefined : '0';
}

/** How much of a walk was told at once; nothing at its end. */
export function batchText(result: Buffer | results.Failure): string | undefined {
  return 'error' in result ? undefined : `... /* ${result.length} bytes */`;
}

function linesText({ table }: results.TableLines): string {
  return `... /* ${table.length} bytes */`;
}

/** `-1 EBUSY (resource busy or locked)`, with the system call that failed and what it was for. */
export function failureText({ error, syscall, step, left, ...more }: results.UmountFailure): string {
  const { down, remaining } = more;
  const notes = [
    `${syscall}: ${step}`,
    ...(left ? ['left behind'] : []),
    ...(down && remaining ? [`${down.length} taken down, ${remaining.length} not`] : []),
  ];
  return `-1 ${errnoWords(error)} /* ${notes.join('; ')} */`;
}

/** What came of a call that has no form of its own: 0, an id, an answer, or the error. */
export function resultText(result: unknown): string {
  if (result === undefined) return '0';
  if (typeof result === 'bigint') return `{id=${result}}`;
  if (typeof result === 'object' && result !== null && 'error' in result) {
    return failureText(result as results.UmountFailure);
  }
  return String(result);
}
