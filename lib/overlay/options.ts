import { booleanOption, choiceOption } from '../arguments/check.js';
import { invalidArgValue } from '../kernel/errors.js';

/** An object whose options are looked at one by one. */
type Options = Readonly<Record<string, unknown>>;

/** An option: what may be said, and how each value is written. A value without a word is the kernel's default. */
interface Option {
  /** Gives the value back or throws; undefined says nothing. */
  readonly check: (name: string, value: unknown) => boolean | string | undefined;
  readonly words: Readonly<Record<string, boolean | string>>;
}

const flag = (word: string): Option => ({ check: booleanOption, words: { [word]: true } });

const either = (whenTrue: string, whenFalse: string): Option => ({
  check: booleanOption,
  words: { [whenTrue]: true, [whenFalse]: false },
});

const choice = (word: string, ...choices: readonly string[]): Option => ({
  check: (name, value) => choiceOption(name, value, choices),
  words: Object.fromEntries(choices.map((chosen) => [`${word}=${chosen}`, chosen])),
});

// Every option of Linux 6.18 besides the layers: fs/overlayfs/params.c, ovl_parameter_spec.
const OPTIONS: Readonly<Record<string, Option>> = {
  defaultPermissions: flag('default_permissions'),
  redirectDir: choice('redirect_dir', 'off', 'follow', 'nofollow', 'on'),
  index: either('index=on', 'index=off'),
  uuid: choice('uuid', 'off', 'null', 'auto', 'on'),
  nfsExport: either('nfs_export=on', 'nfs_export=off'),
  userxattr: flag('userxattr'),
  xino: choice('xino', 'off', 'auto', 'on'),
  metacopy: either('metacopy=on', 'metacopy=off'),
  verity: choice('verity', 'off', 'on', 'require'),
  volatile: flag('volatile'),
  fsync: choice('fsync', 'auto', 'strict', 'volatile'),
  overrideCreds: either('override_creds', 'nooverride_creds'),
};

const ENTRIES = Object.entries(OPTIONS);
const isOption = (name: string) => Object.hasOwn(OPTIONS, name);

// What overlayfs refuses or, worse, ignores: fs/overlayfs/params.c, ovl_fs_params_verify. A rule says which options, what
// is wrong, and when. Those whose answer depends on the kernel's version are left to the kernel.
const CONFLICTS: readonly [names: readonly string[], why: string, applies: (options: Options) => boolean][] = [
  [['work'], 'needs upper: the workspace is for changes', (o) => !isWritable(o) && o['work'] !== undefined],
  [['upper'], 'needs work: an empty directory on the same mount', (o) => isWritable(o) && o['work'] === undefined],
  [['volatile'], 'needs upper: the kernel would ignore it', (o) => !isWritable(o) && o['volatile'] === true],
  [['fsync'], 'needs upper: nothing else is written', (o) => !isWritable(o) && o['fsync'] !== undefined],
  [
    ['volatile', 'fsync'],
    "go together only with fsync: 'volatile', which says the same",
    (o) => o['volatile'] === true && !isOneOf(o['fsync'], undefined, 'volatile'),
  ],
  [['index'], 'needs upper: the kernel would ignore it', (o) => !isWritable(o) && o['index'] === true],
  [['uuid'], "cannot be 'on' without upper: it is kept there", (o) => !isWritable(o) && o['uuid'] === 'on'],
  [
    ['metacopy', 'redirectDir'],
    "go together only with redirectDir: 'on' (or 'follow', without upper)",
    (o) => o['metacopy'] === true && !followsRedirects(o),
  ],
  [
    ['userxattr', 'redirectDir'],
    "go together only with redirectDir: 'nofollow'",
    (o) => o['userxattr'] === true && !isOneOf(o['redirectDir'], undefined, 'nofollow'),
  ],
  [['userxattr', 'metacopy'], 'exclude each other', (o) => o['userxattr'] === true && o['metacopy'] === true],
  [['nfsExport', 'metacopy'], 'exclude each other', (o) => o['nfsExport'] === true && o['metacopy'] === true],
  [['nfsExport', 'index'], 'go together only with index: true', (o) => o['nfsExport'] === true && o['index'] === false],
  [
    ['nfsExport', 'redirectDir'],
    "go together without upper only with redirectDir: 'nofollow'; the kernel would ignore nfsExport",
    (o) => o['nfsExport'] === true && !isWritable(o) && o['redirectDir'] !== 'nofollow',
  ],
];

/** The names of all options that say what an overlay is made of, layers and all. */
export const OVERLAY_OPTION_NAMES: readonly string[] = [
  'lower',
  'upper',
  'work',
  'dataOnly',
  ...ENTRIES.map(([name]) => name),
];

/**
 * The options besides the layers as the kernel's words, in the order of the table. Throws where two contradict, unless
 * they are what the kernel has shown.
 */
export function overlayOptionWords(options: Options, origin: 'asked' | 'shown' = 'asked'): string[] {
  const words: string[] = [];
  // Nearly always nothing but layers are given: the table need not be gone through then.
  const isGiven = Object.keys(options).some(isOption);
  for (const [name, { check, words: its }] of isGiven ? ENTRIES : []) {
    if (options[name] === undefined) continue;
    const value = check(`options.${name}`, options[name]);
    const word = Object.keys(its).find((each) => its[each] === value);
    if (word !== undefined) words.push(word);
  }
  // Without a word there is nothing that could contradict, but upper and work.
  if (words.length === 0 && isWritable(options) === (options['work'] !== undefined)) return words;
  for (const [names, why, applies] of origin === 'asked' ? CONFLICTS : []) {
    if (applies(options)) throw invalidArgValue(`options.${names[0]}`, `is wrong here: ${names.join(' and ')} ${why}`);
  }
  return words;
}

// The table the other way round: each word with the option and the value that it stands for.
const MEANINGS: ReadonlyMap<string, readonly [name: string, value: boolean | string]> = new Map(
  ENTRIES.flatMap(([name, { words }]) => Object.entries(words).map(([word, value]) => [word, [name, value]] as const)),
);

/** What a word of the kernel's says: the option's name and value. Undefined when there is no such word. */
export function overlayOptionOfWord(word: string): readonly [name: string, value: boolean | string] | undefined {
  return MEANINGS.get(word);
}

/** All words that begin so up to the equals sign; none when the option is not known. */
export function overlayWordsLike(key: string): string[] {
  return [...MEANINGS.keys()].filter((word) => word.split('=')[0] === key);
}

function isWritable(options: Options): boolean {
  return options['upper'] !== undefined;
}

function followsRedirects(options: Options): boolean {
  return isOneOf(options['redirectDir'], undefined, 'on', ...(isWritable(options) ? [] : ['follow']));
}

function isOneOf(value: unknown, ...allowed: readonly unknown[]): boolean {
  return allowed.includes(value);
}
