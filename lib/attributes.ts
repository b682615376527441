import { booleanOption, choiceOption } from './arguments.js';
import { constants } from './constants.js';

/** What can be said of any mount, whatever its filesystem. */
export interface MountAttributes {
  /** Nothing can be written through the mount. */
  readonly?: boolean;
  /** Set-user-id and set-group-id bits and file capabilities do nothing. */
  noSuid?: boolean;
  /** Device files cannot be opened. */
  noDev?: boolean;
  /** Nothing can be executed. */
  noExec?: boolean;
  /** Symbolic links are not followed, since Linux 5.10. */
  noSymFollow?: boolean;
  /** When access times are updated: with the next change or after a day (the kernel's default), never, or always. */
  atime?: 'relatime' | 'noatime' | 'strictatime';
  /** Access times of directories are not updated. */
  noDirAtime?: boolean;
}

const FLAGS = {
  readonly: constants.MS_RDONLY,
  noSuid: constants.MS_NOSUID,
  noDev: constants.MS_NODEV,
  noExec: constants.MS_NOEXEC,
  noSymFollow: constants.MS_NOSYMFOLLOW,
  noDirAtime: constants.MS_NODIRATIME,
} as const;

const ATIME = {
  relatime: constants.MS_RELATIME,
  noatime: constants.MS_NOATIME,
  strictatime: constants.MS_STRICTATIME,
} as const;

const FLAG_ENTRIES = Object.entries(FLAGS);
const ATIME_NAMES = Object.keys(ATIME) as (keyof typeof ATIME)[];

/** The words of the mount table for attributes that a mount has or has not; atime is one of several. */
export const ATTRIBUTE_WORDS: readonly (readonly [word: string, flag: number])[] = [
  ['ro', constants.MS_RDONLY],
  ['nosuid', constants.MS_NOSUID],
  ['nodev', constants.MS_NODEV],
  ['noexec', constants.MS_NOEXEC],
  ['nosymfollow', constants.MS_NOSYMFOLLOW],
  ['nodiratime', constants.MS_NODIRATIME],
];

/** The names of the attributes, for whoever checks an object of options. */
export const ATTRIBUTE_NAMES: readonly string[] = [...Object.keys(FLAGS), 'atime'];
const isAttribute = (name: string) => name === 'atime' || Object.hasOwn(FLAGS, name);

/** The attributes as flags of mount(2). Other options in the object are somebody else's. */
export function attributeFlags(options: Readonly<Record<string, unknown>>): number {
  let flags = 0;
  if (!Object.keys(options).some(isAttribute)) return flags;
  for (const [name, flag] of FLAG_ENTRIES) {
    if (options[name] !== undefined && booleanOption(`options.${name}`, options[name]) === true) flags |= flag;
  }
  const atime = choiceOption('options.atime', options['atime'], ATIME_NAMES);
  return atime === undefined ? flags : flags | ATIME[atime];
}

/** `MOUNT_ATTR_*` that are there or not, by option. */
const ATTRIBUTES = {
  readonly: constants.MOUNT_ATTR_RDONLY,
  noSuid: constants.MOUNT_ATTR_NOSUID,
  noDev: constants.MOUNT_ATTR_NODEV,
  noExec: constants.MOUNT_ATTR_NOEXEC,
  noSymFollow: constants.MOUNT_ATTR_NOSYMFOLLOW,
  noDirAtime: constants.MOUNT_ATTR_NODIRATIME,
} as const;

const ATTRIBUTE_ENTRIES = Object.entries(ATTRIBUTES);

const ATIME_ATTRIBUTES = {
  relatime: constants.MOUNT_ATTR_RELATIME,
  noatime: constants.MOUNT_ATTR_NOATIME,
  strictatime: constants.MOUNT_ATTR_STRICTATIME,
} as const;

/**
 * The attributes as a change of those that a mount has: `set` and `clear` as mount_setattr(2) takes them.
 *
 * @param mode `'add'`: what is true is added, and nothing is taken away; `'change'`: what is false is taken away; `'exact'`:
 *   what is not true is taken away, and access times are updated as the kernel does by default unless said
 */
export function attributeChange(
  options: Readonly<Record<string, unknown>>,
  mode: 'add' | 'change' | 'exact',
): { set: number; clear: number } {
  let set = 0;
  let clear = 0;
  for (const [name, attribute] of ATTRIBUTE_ENTRIES) {
    const value = options[name] === undefined ? undefined : booleanOption(`options.${name}`, options[name]);
    if (value === true) set |= attribute;
    else if (mode === 'exact' || (mode === 'change' && value === false)) clear |= attribute;
  }
  const atime = choiceOption('options.atime', options['atime'], ATIME_NAMES);
  if (atime !== undefined) set |= ATIME_ATTRIBUTES[atime];
  if (atime !== undefined || mode === 'exact') clear |= constants.MOUNT_ATTR__ATIME;
  return { set, clear };
}

/** The attributes that may be locked in a user namespace, in the languages of mount_setattr(2) and of mount(2). */
const LOCKABLE = [
  [constants.MOUNT_ATTR_RDONLY, constants.MS_RDONLY],
  [constants.MOUNT_ATTR_NOSUID, constants.MS_NOSUID],
  [constants.MOUNT_ATTR_NODEV, constants.MS_NODEV],
  [constants.MOUNT_ATTR_NOEXEC, constants.MS_NOEXEC],
  [constants.MOUNT_ATTR_NODIRATIME, constants.MS_NODIRATIME],
  [constants.MOUNT_ATTR_NOATIME, constants.MS_NOATIME],
] as const;

/** Those of them that a change does not take away, as flags of mount(2). */
export function keptFlags(set: number, clear: number): number {
  return LOCKABLE.reduce((flags, [attribute, flag]) => ((clear & ~set & attribute) === 0 ? flags | flag : flags), 0);
}

const WORDS = [
  ['ro', constants.MOUNT_ATTR_RDONLY],
  ['nosuid', constants.MOUNT_ATTR_NOSUID],
  ['nodev', constants.MOUNT_ATTR_NODEV],
  ['noexec', constants.MOUNT_ATTR_NOEXEC],
  ['nosymfollow', constants.MOUNT_ATTR_NOSYMFOLLOW],
  ['nodiratime', constants.MOUNT_ATTR_NODIRATIME],
] as const;

// fs/proc_namespace.c, show_mnt_opts: of strictatime the table says nothing.
function atimeShown(words: readonly string[]): number {
  if (words.includes('noatime')) return constants.MOUNT_ATTR_NOATIME;
  return words.includes('relatime') ? constants.MOUNT_ATTR_RELATIME : constants.MOUNT_ATTR_STRICTATIME;
}

/**
 * How the attributes of a mount differ from what `inherited` becomes by a change; both as words of the mount table.
 * Undefined when they do not.
 */
export function attributesDiffer(
  words: readonly string[],
  inherited: readonly string[],
  set: number,
  clear: number,
): string | undefined {
  for (const [word, attribute] of WORDS) {
    const has = words.includes(word);
    const wanted = (set & attribute) !== 0 || (inherited.includes(word) && (clear & attribute) === 0);
    if (has !== wanted) return `${has ? 'with' : 'without'} ${word}`;
  }
  const isSaid = (clear & constants.MOUNT_ATTR__ATIME) !== 0;
  const wanted = isSaid ? set & constants.MOUNT_ATTR__ATIME : atimeShown(inherited);
  return atimeShown(words) === wanted ? undefined : 'with another atime';
}
