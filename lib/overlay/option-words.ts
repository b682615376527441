// Turns options of overlayfs into the kernel's words and back, by the table in options.ts.
import { booleanOption, choiceOption } from '../arguments/check.js';
import { invalidArgValue } from '../kernel/errors.js';
import { keyOf } from '../kernel/words.js';
import type { AnyOptionRow, Conflict, GivenOptions, OptionName, OptionValue } from './option-row.js';
import { OPTION_ROWS, OPTIONS } from './options.js';

/** The names of everything that describes an overlay: the layers and the options. */
export const OVERLAY_OPTION_NAMES: readonly string[] = [
  'lower',
  'upper',
  'work',
  'dataOnly',
  ...OPTION_ROWS.map(([name]) => name),
];

const LAYER_CONFLICTS: readonly (readonly [name: string, conflict: Conflict])[] = [
  [
    'work',
    {
      why: 'work needs upper, as overlayfs uses the work directory for changes only: give upper, or leave work out',
      applies: ({ upper, work }) => upper === undefined && work !== undefined,
    },
  ],
  [
    'upper',
    {
      why: 'upper needs work: give work, an empty directory on the same mount as upper',
      applies: ({ upper, work }) => upper !== undefined && work === undefined,
    },
  ],
];

const CONFLICTS = [
  ...LAYER_CONFLICTS,
  ...OPTION_ROWS.flatMap(([name, { conflicts }]) => conflicts.map((conflict) => [name, conflict] as const)),
];

/**
 * Returns the options besides the layers as the kernel's words, in the order of the table.
 *
 * @param origin `'caller'` refuses options in conflict; `'kernel'` takes every combination that the mount table shows
 * @throws `TypeError` with Node's codes for a wrong value and for options in conflict
 */
export function overlayOptionWords(options: GivenOptions, origin: 'caller' | 'kernel' = 'caller'): string[] {
  const words: string[] = [];
  for (const [name, row] of OPTION_ROWS) {
    const value = options[name];
    if (value === undefined) continue;
    const word = row.words[String(checkedValue(`options.${name}`, row, value))];
    if (word !== null && word !== undefined) words.push(word);
  }
  if (origin === 'kernel') return words;
  for (const [name, { why, applies }] of CONFLICTS) {
    if (applies(options)) throw invalidArgValue(`options.${name}`, `is refused: ${why}`);
  }
  return words;
}

function checkedValue(label: string, { words }: AnyOptionRow, value: unknown): OptionValue | undefined {
  return 'true' in words ? booleanOption(label, value) : choiceOption(label, value, Object.keys(words));
}

const MEANINGS: ReadonlyMap<string, readonly [name: OptionName, value: OptionValue]> = new Map(
  OPTION_ROWS.flatMap(([name, { words }]) =>
    Object.entries(words).flatMap(([value, word]) => (word === null ? [] : [[word, [name, toValue(value)]] as const])),
  ),
);

function toValue(text: string): OptionValue {
  return text === 'true' || (text === 'false' ? false : text);
}

/** Returns the name and the value of the option that a word of the kernel stands for; undefined for an unknown word. */
export function overlayOptionOfWord(word: string): readonly [name: OptionName, value: OptionValue] | undefined {
  return MEANINGS.get(word);
}

/** Returns the kernel's word for the value of an option; null if the kernel has no word for the value. */
export function overlayWordOf(name: OptionName, value: OptionValue): string | null {
  return (OPTIONS[name] as AnyOptionRow).words[String(value)] ?? null;
}

/** Returns all words of the kernel that have this name before the equals sign. */
export function overlayWordsLike(key: string): string[] {
  return [...MEANINGS.keys()].filter((word) => keyOf(word) === key);
}

/** Returns whether an option with this value is in conflict with the other options. */
export function isInConflict(name: OptionName, options: GivenOptions): boolean {
  return OPTIONS[name].conflicts.some(({ applies }) => applies(options));
}
