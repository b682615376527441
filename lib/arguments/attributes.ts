import { constants } from '../kernel/constants.js';
import { invalidArgValue } from '../kernel/errors.js';
import { booleanOption, choiceOption, optionsArgument } from './check.js';

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

/**
 * Each attribute that a mount has or has not, in four languages: as an option, as the mount table shows it, as a flag of
 * mount(2) and as one of mount_setattr(2).
 */
const ATTRIBUTES = [
  ['readonly', 'ro', constants.MS_RDONLY, constants.MOUNT_ATTR_RDONLY],
  ['noSuid', 'nosuid', constants.MS_NOSUID, constants.MOUNT_ATTR_NOSUID],
  ['noDev', 'nodev', constants.MS_NODEV, constants.MOUNT_ATTR_NODEV],
  ['noExec', 'noexec', constants.MS_NOEXEC, constants.MOUNT_ATTR_NOEXEC],
  ['noSymFollow', 'nosymfollow', constants.MS_NOSYMFOLLOW, constants.MOUNT_ATTR_NOSYMFOLLOW],
  ['noDirAtime', 'nodiratime', constants.MS_NODIRATIME, constants.MOUNT_ATTR_NODIRATIME],
] as const;

/** When access times are updated: one of them, in the languages of mount(2) and of mount_setattr(2). */
const ATIMES = {
  relatime: [constants.MS_RELATIME, constants.MOUNT_ATTR_RELATIME],
  noatime: [constants.MS_NOATIME, constants.MOUNT_ATTR_NOATIME],
  strictatime: [constants.MS_STRICTATIME, constants.MOUNT_ATTR_STRICTATIME],
} as const;

const ATIME_NAMES = Object.keys(ATIMES) as (keyof typeof ATIMES)[];

/** The words of the mount table for attributes that a mount has or has not, with their flags of mount(2). */
export const ATTRIBUTE_WORDS: readonly (readonly [word: string, flag: number])[] = ATTRIBUTES.map(
  ([_, word, flag]) => [word, flag] as const,
);

/** The names of the attributes, for whoever checks an object of options. */
export const ATTRIBUTE_NAMES: readonly string[] = [...ATTRIBUTES.map(([name]) => name), 'atime'];
const NAMES: ReadonlySet<string> = new Set(ATTRIBUTE_NAMES);
const isAttribute = (name: string) => NAMES.has(name);

/** The attributes as flags of mount(2). Other options in the object are somebody else's. */
export function attributeFlags(options: Readonly<Record<string, unknown>>): number {
  let flags = 0;
  if (!Object.keys(options).some(isAttribute)) return flags;
  for (const [name, _, flag] of ATTRIBUTES) {
    if (booleanOption(`options.${name}`, options[name]) === true) flags |= flag;
  }
  const atime = choiceOption('options.atime', options['atime'], ATIME_NAMES);
  return atime === undefined ? flags : flags | ATIMES[atime][0];
}

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
  for (const [name, _word, _flag, attribute] of ATTRIBUTES) {
    const value = options[name] === undefined ? undefined : booleanOption(`options.${name}`, options[name]);
    if (value === true) set |= attribute;
    else if (mode === 'exact' || (mode === 'change' && value === false)) clear |= attribute;
  }
  const atime = choiceOption('options.atime', options['atime'], ATIME_NAMES);
  if (atime !== undefined) set |= ATIMES[atime][1];
  if (atime !== undefined || mode === 'exact') clear |= constants.MOUNT_ATTR__ATIME;
  return { set, clear };
}

/** Attributes of mount_setattr(2) as the flags of mount(2) that say the same. */
export function flagsOfAttributes(attributes: number): number {
  let flags = 0;
  for (const [_name, _word, flag, attribute] of ATTRIBUTES) if ((attributes & attribute) !== 0) flags |= flag;
  // MOUNT_ATTR_RELATIME is 0, and is what the kernel does when nothing is said.
  for (const [flag, attribute] of Object.values(ATIMES)) if ((attributes & attribute) !== 0) flags |= flag;
  return flags;
}

/** The attributes that may be locked in a user namespace: mount_namespaces(7). */
const LOCKABLE =
  constants.MOUNT_ATTR_RDONLY |
  constants.MOUNT_ATTR_NOSUID |
  constants.MOUNT_ATTR_NODEV |
  constants.MOUNT_ATTR_NOEXEC |
  constants.MOUNT_ATTR_NODIRATIME |
  constants.MOUNT_ATTR_NOATIME;

/** Those of them that a change does not take away, as flags of mount(2). */
export function keptFlags(set: number, clear: number): number {
  return flagsOfAttributes(LOCKABLE & (set | ~clear));
}

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
  for (const [_name, word, _flag, attribute] of ATTRIBUTES) {
    const has = words.includes(word);
    const wanted = (set & attribute) !== 0 || (inherited.includes(word) && (clear & attribute) === 0);
    if (has !== wanted) return `${has ? 'with' : 'without'} ${word}`;
  }
  const isSaid = (clear & constants.MOUNT_ATTR__ATIME) !== 0;
  const wanted = isSaid ? set & constants.MOUNT_ATTR__ATIME : atimeShown(inherited);
  return atimeShown(words) === wanted ? undefined : 'with another atime';
}

/** A change of attributes, checked: `true` sets, `false` clears, what is left out stays. */
export function changeOf(attributes: MountAttributes): { set: number; clear: number } {
  const change = attributeChange(optionsArgument('attributes', attributes, KNOWN_ATTRIBUTES), 'change');
  if ((change.set | change.clear) === 0) throw invalidArgValue('attributes', 'must say what is to change');
  return change;
}
export const KNOWN_ATTRIBUTES: ReadonlySet<string> = new Set(ATTRIBUTE_NAMES);
