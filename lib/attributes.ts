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
