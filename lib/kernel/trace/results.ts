// The results of native calls as the trace writes them.
import { type CallName, ROWS } from '../addon/calls.js';
import {
  BIND_STRATEGIES,
  type Failure,
  isFailure,
  type Made,
  OVERLAY_STRATEGIES,
  type ResultKinds,
  type TableLines,
  type UmountFailure,
} from '../addon/results.js';
import { errnoWords } from '../errno.js';
import { list, named } from './text.js';

/** How the trace writes a result of each kind, if the call succeeded. */
const TEXTS: { readonly [K in keyof ResultKinds]: (result: Exclude<ResultKinds[K], Failure>) => string } = {
  nothing: () => '0',
  unmounted: () => '0',
  id: (id) => `{id=${id}}`,
  overlay: (result) => (typeof result === 'bigint' ? `{id=${result}, by=data}` : madeText(result, OVERLAY_STRATEGIES)),
  bind: (result) => madeText(result, BIND_STRATEGIES),
  filesystem: (result) => madeText(result, {}),
  boolean: String,
  number: String,
  cancellation: () => '0',
  examination: ({ paths, files }) => {
    const found = paths.map(({ error }) => (error === 0 ? '0' : `-1 ${errnoWords(error)}`));
    const read = files.map((file) => (file === null ? 'NULL' : bytesText(file)));
    return `{${[...named('paths', list(found)), ...named('files', list(read))].join(', ')}}`;
  },
  scan: ({ processes, uses }) => `{processes=${processes}, uses=${uses.length}}`,
  scratch: ({ steps }) => `{steps=${steps.length}}`,
  lines: linesText,
  watch: () => '0',
  difference: ({ before, after }) => `{before=${linesText(before)}, after=${linesText(after)}}`,
  walk: () => '0',
  records: bytesText,
};

// A detached mount has a descriptor and no ID.
function madeText({ mountId, strategy }: Made, strategies: Readonly<Record<string, number>>): string {
  const name = Object.keys(strategies).find((key) => strategies[key] === strategy);
  return `{${[...named('id', mountId || null), ...named('by', name ?? null)].join(', ')}}`;
}

function linesText({ table }: TableLines): string {
  return bytesText(table);
}

function bytesText({ length }: Buffer): string {
  return `... /* ${length} bytes */`;
}

/**
 * Returns the text of a failure: `-1 EBUSY (resource busy or locked)`, the failed system call, and the step that made
 * the system call.
 */
function failureText({ error, syscall, step, left, down, remaining }: UmountFailure): string {
  const notes = [
    `${syscall}: ${step}`,
    ...(left ? ['left behind'] : []),
    ...(down && remaining ? [`${down.length} taken down, ${remaining.length} not`] : []),
  ];
  return `-1 ${errnoWords(error)} /* ${notes.join('; ')} */`;
}

/** Formats the result or the error of a native call. */
export function resultText(name: CallName, result: unknown): string {
  if (isFailure(result)) return failureText(result);
  return (TEXTS[ROWS[name].result] as (result: unknown) => string)(result);
}
