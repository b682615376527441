// Defines the attributes of a mount: one row for each, with its flags and its word in the mount table.
import { constants } from '../kernel/constants.js';
import { invalidArgValue } from '../kernel/errors.js';
import type { AttributeChange } from '../kernel/words.js';
import { booleanOption, choiceOption, optionsArgument } from './check.js';
import type { Options } from './object.js';

/** The attributes that every mount can have, whatever its filesystem type. */
export interface MountAttributes {
  /** Whether the mount is read-only, so that a write through the mount fails with `EROFS`. */
  readonly?: boolean;
  /** Whether the kernel ignores set-user-ID and set-group-ID bits and file capabilities on the mount. */
  noSuid?: boolean;
  /** Whether device files on the mount cannot be opened. */
  noDev?: boolean;
  /** Whether programs on the mount cannot be executed. */
  noExec?: boolean;
  /** Whether the kernel refuses to follow symbolic links on the mount, since Linux 5.10. */
  noSymFollow?: boolean;
  /**
   * When the kernel updates access times: `'relatime'`, the kernel's default, updates an access time that is older than
   * the last change of the file or than one day; `'noatime'` never updates; `'strictatime'` always updates.
   */
  atime?: 'relatime' | 'noatime' | 'strictatime';
  /** Whether the kernel does not update the access times of directories. */
  noDirAtime?: boolean;
}

/** The kernel's names and numbers of one attribute, or of one value of an attribute with several values. */
interface AttributeBits {
  /** The word in the mount table, or null if the table shows nothing: fs/proc_namespace.c, show_mnt_opts. */
  readonly word: string | null;
  /** The flag of mount(2) that sets the attribute. */
  readonly flag: number;
  /** The bit of the attribute in mount_setattr(2). */
  readonly attribute: number;
  /**
   * The lock that the kernel sets on the attribute when a mount comes into a less privileged mount namespace, or null.
   * A locked attribute cannot be cleared in that mount namespace: fs/namespace.c, lock_mnt_tree and
   * can_change_locked_flags.
   */
  readonly lock:
    | 'MNT_LOCK_READONLY'
    | 'MNT_LOCK_NOSUID'
    | 'MNT_LOCK_NODEV'
    | 'MNT_LOCK_NOEXEC'
    | 'MNT_LOCK_ATIME'
    | null;
}

/** An option that is a boolean has one row; an option with several values has one row for each value. */
type AttributeRows = {
  readonly [Name in keyof MountAttributes]-?: NonNullable<MountAttributes[Name]> extends boolean
    ? AttributeBits & { readonly word: string }
    : Readonly<Record<NonNullable<MountAttributes[Name]> & string, AttributeBits>>;
};

// biome-ignore format: one row for each attribute
const ROWS = {
  readonly: { word: 'ro', flag: constants.MS_RDONLY, attribute: constants.MOUNT_ATTR_RDONLY, lock: 'MNT_LOCK_READONLY' },
  noSuid: { word: 'nosuid', flag: constants.MS_NOSUID, attribute: constants.MOUNT_ATTR_NOSUID, lock: 'MNT_LOCK_NOSUID' },
  noDev: { word: 'nodev', flag: constants.MS_NODEV, attribute: constants.MOUNT_ATTR_NODEV, lock: 'MNT_LOCK_NODEV' },
  noExec: { word: 'noexec', flag: constants.MS_NOEXEC, attribute: constants.MOUNT_ATTR_NOEXEC, lock: 'MNT_LOCK_NOEXEC' },
  noSymFollow: {
    word: 'nosymfollow', flag: constants.MS_NOSYMFOLLOW, attribute: constants.MOUNT_ATTR_NOSYMFOLLOW, lock: null,
  },
  noDirAtime: {
    word: 'nodiratime', flag: constants.MS_NODIRATIME, attribute: constants.MOUNT_ATTR_NODIRATIME, lock: 'MNT_LOCK_ATIME',
  },
  // MNT_LOCK_ATIME locks every value of atime. Two values have no lock in this table, because a remount without
  // MS_RELATIME or MS_STRICTATIME does not clear these values.
  atime: {
    relatime: { word: 'relatime', flag: constants.MS_RELATIME, attribute: constants.MOUNT_ATTR_RELATIME, lock: null },
    noatime: {
      word: 'noatime', flag: constants.MS_NOATIME, attribute: constants.MOUNT_ATTR_NOATIME, lock: 'MNT_LOCK_ATIME',
    },
    strictatime: {
      word: null, flag: constants.MS_STRICTATIME, attribute: constants.MOUNT_ATTR_STRICTATIME, lock: null,
    },
  },
} as const satisfies AttributeRows;

const { atime: ATIMES, ...BOOLEANS } = ROWS;
const BOOLEAN_ROWS = Object.entries(BOOLEANS).map(([name, bits]) => ({ name, ...bits }));
const ATIME_NAMES = Object.keys(ATIMES) as (keyof typeof ATIMES)[];

/** Every row of the attribute table: the boolean attributes and the values of `atime`. */
export const ATTRIBUTE_ROWS: readonly AttributeBits[] = [...BOOLEAN_ROWS, ...Object.values(ATIMES)];

/** The names of the options in {@link MountAttributes}. */
export const ATTRIBUTE_NAMES: readonly string[] = Object.keys(ROWS);
const KNOWN: ReadonlySet<string> = new Set(ATTRIBUTE_NAMES);

/** Converts the options of {@link MountAttributes} to flags of mount(2), and ignores all other options. */
export function attributeFlags(options: Readonly<Options>): number {
  let flags = 0;
  for (const { name, flag } of BOOLEAN_ROWS) {
    if (booleanOption(`options.${name}`, options[name]) === true) flags |= flag;
  }
  const atime = choiceOption('options.atime', options['atime'], ATIME_NAMES);
  return atime === undefined ? flags : flags | ATIMES[atime].flag;
}

/** The attributes of a change, as mount_setattr(2) takes them: first the kernel clears `clear`, then it sets `set`. */
export type SetAndClear = Pick<AttributeChange, 'set' | 'clear'>;

/**
 * Converts the options of {@link MountAttributes} to a change for mount_setattr(2), and ignores all other options.
 *
 * @param mode `'add'` sets what is `true` and clears nothing; `'change'` also clears what is `false`; `'exact'` clears
 *   everything that is not `true`, and sets `relatime` unless the options have `atime`
 */
export function attributeChange(options: Readonly<Options>, mode: 'add' | 'change' | 'exact'): SetAndClear {
  let set = 0;
  let clear = 0;
  for (const { name, attribute } of BOOLEAN_ROWS) {
    const value = booleanOption(`options.${name}`, options[name]);
    if (value === true) set |= attribute;
    else if (mode === 'exact' || (mode === 'change' && value === false)) clear |= attribute;
  }
  const atime = choiceOption('options.atime', options['atime'], ATIME_NAMES);
  if (atime !== undefined) set |= ATIMES[atime].attribute;
  // MOUNT_ATTR__ATIME is a field of three values: mount_setattr(2) requires that a change clears the whole field.
  if (atime !== undefined || mode === 'exact') clear |= constants.MOUNT_ATTR__ATIME;
  return { set, clear };
}

/** Checks the argument of `setMountAttributes`: `true` sets an attribute, `false` clears it, undefined leaves it. */
export function changeOf(attributes: MountAttributes): SetAndClear {
  const change = attributeChange(optionsArgument('attributes', attributes, KNOWN), 'change');
  if ((change.set | change.clear) === 0) {
    throw invalidArgValue('attributes', 'must have at least one attribute to set or to clear');
  }
  return change;
}

/**
 * Converts attributes of mount_setattr(2) to flags of mount(2). MOUNT_ATTR_RELATIME is 0, so the result has no flag for
 * relatime.
 */
export function flagsOfAttributes(attributes: number): number {
  return ATTRIBUTE_ROWS.reduce((flags, row) => ((attributes & row.attribute) !== 0 ? flags | row.flag : flags), 0);
}

// The attributes that the kernel locks in a less privileged mount namespace: mount_namespaces(7).
const LOCKABLE_ROWS = ATTRIBUTE_ROWS.filter(({ lock }) => lock !== null);

/** Returns the mount(2) flags of the lockable attributes that a change does not clear. */
export function keptFlags(set: number, clear: number): number {
  const kept = LOCKABLE_ROWS.filter(({ attribute }) => (attribute & (set | ~clear)) !== 0);
  return kept.reduce((flags, { flag }) => flags | flag, 0);
}

/**
 * Returns the lockable attributes that a remount with these flags would clear, as words of the mount table.
 *
 * @param words the words of the mount in the mount table
 */
export function lockedWordsCleared(words: readonly string[], flags: number): string[] {
  const cleared = LOCKABLE_ROWS.filter(
    ({ word, flag }) => word !== null && words.includes(word) && (flags & flag) === 0,
  );
  return cleared.map(({ word }) => word as string);
}

/** Returns the words that the mount table shows for a mount that mount(2) makes with these flags. */
export function attributeWords(flags: number): string[] {
  const words: string[] = BOOLEAN_ROWS.filter(({ flag }) => (flags & flag) !== 0).map(({ word }) => word);
  // path_mount in fs/namespace.c: MS_STRICTATIME overrides MS_NOATIME, and relatime is the default.
  if ((flags & ATIMES.strictatime.flag) !== 0) return words;
  return [...words, (flags & ATIMES.noatime.flag) !== 0 ? ATIMES.noatime.word : ATIMES.relatime.word];
}

function atimeOfWords(words: readonly string[]): number {
  const shown = ATIME_NAMES.find((name) => ATIMES[name].word !== null && words.includes(ATIMES[name].word));
  return ATIMES[shown ?? 'strictatime'].attribute;
}

/**
 * Compares the attributes of a mount with the result of applying a change to the attributes `inherited`.
 *
 * @param words the words of the mount in the mount table
 * @param inherited the words before the change
 * @returns the first difference, for example `'with nodev'`; undefined when the attributes are the same
 */
export function attributesDiffer(
  words: readonly string[],
  inherited: readonly string[],
  set: number,
  clear: number,
): string | undefined {
  for (const { word, attribute } of BOOLEAN_ROWS) {
    const has = words.includes(word);
    const wanted = (set & attribute) !== 0 || (inherited.includes(word) && (clear & attribute) === 0);
    if (has !== wanted) return `${has ? 'with' : 'without'} ${word}`;
  }
  const atime =
    (clear & constants.MOUNT_ATTR__ATIME) !== 0 ? set & constants.MOUNT_ATTR__ATIME : atimeOfWords(inherited);
  return atimeOfWords(words) === atime ? undefined : 'with another atime';
}
