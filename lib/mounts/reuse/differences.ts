import { ATTRIBUTE_WORDS, attributesDiffer } from '../../arguments/attributes.js';
import { constants } from '../../kernel/constants.js';
import { printable } from '../../kernel/errors.js';
import type { ReuseAnswer } from '../../operation/driver.js';
import type { MountEntry, MountPropagation } from '../../table/mountinfo/entry.js';

/** That it is another one, or that this cannot be told. */
export type NotTheSame = Extract<ReuseAnswer<never>, { readonly kind: 'other' | 'untold' }>;

/** Of several differences the one to tell: that one thing is known to be another is enough, whatever the rest is. */
export function surest(differences: readonly (NotTheSame | undefined)[]): NotTheSame | undefined {
  return differences.find((each) => each?.kind === 'other') ?? differences.find((each) => each !== undefined);
}

/**
 * How a mount that is there differs from one that would be made: its attributes, and whether ids are mapped. Undefined
 * when it does not.
 *
 * @param what what it is, as it is called in a sentence: `'a bind'`
 * @param words the options of the mount that is there, as in the mount table
 * @param from what the new mount would start from, likewise: of a bind, those of its source
 * @param change what is then changed, as mount_setattr(2) takes it
 */
export function mountDiffers(
  what: string,
  words: readonly string[],
  from: readonly string[],
  { set, clear }: { readonly set: number; readonly clear: number } = { set: 0, clear: 0 },
): NotTheSame | undefined {
  const difference = attributesDiffer(words, from, set, clear) ?? idsDiffer(words, from);
  if (difference !== undefined) return { kind: 'other', why: `${what} ${difference} is mounted there` };
  if (!isMapped(words)) return undefined;
  return { kind: 'untold', why: `${what} whose map of ids cannot be read is mounted there` };
}

// fs/proc_namespace.c, show_mnt_opts: that there is a map is all that the table says of it.
function isMapped(words: readonly string[]): boolean {
  return words.includes('idmapped');
}

function idsDiffer(words: readonly string[], from: readonly string[]): string | undefined {
  if (isMapped(words) === isMapped(from)) return undefined;
  return isMapped(words) ? 'with mapped ids' : 'without mapped ids';
}

/** A filesystem that would be mounted. */
export interface WantedFilesystem {
  /** The attributes, as flags of mount(2). */
  readonly flags: number;
  /** Whether it is to be written to, as far as its type allows. */
  readonly isWritable: boolean;
  /** Whether one that is read-only is so itself, and not this mount of it only. */
  readonly isOfItself: boolean;
  /** The directory of it that is asked for by a parameter; undefined for all of it. */
  readonly root?: string | undefined;
}

/** The same for all of a filesystem, an overlay for one, and what is true of the filesystem itself. */
export function filesystemDiffers(
  [what, such]: readonly [what: string, such: string],
  line: MountEntry<Buffer>,
  { flags, isWritable, isOfItself, root = '/' }: WantedFilesystem,
): NotTheSame | undefined {
  if (!line.root.equals(Buffer.from(root))) {
    return { kind: 'other', why: `only ${printable(line.root)} of ${such} is mounted there` };
  }
  // Of the mount it is one of the attributes below. Nothing can be written through either.
  const isReadOnly = line.superOptions[0]?.equals(READ_ONLY) === true;
  if (isWritable && isReadOnly) return { kind: 'other', why: `${what} whose filesystem is read-only is mounted there` };
  if ((flags & constants.MS_RDONLY) !== 0 && isOfItself && !isReadOnly && line.options.includes('ro')) {
    return { kind: 'other', why: `${what} that can be written to elsewhere, by another mount, is mounted there` };
  }
  return mountDiffers(what, line.options, wordsOf(flags));
}

const READ_ONLY = Buffer.from('ro');

// As mount(2) makes them: without any flag for access times it is relatime.
function wordsOf(flags: number): string[] {
  const { MS_STRICTATIME, MS_NOATIME } = constants;
  const words = ATTRIBUTE_WORDS.filter(([_, flag]) => (flags & flag) !== 0).map(([word]) => word);
  if ((flags & MS_STRICTATIME) !== 0) return words;
  return [...words, (flags & MS_NOATIME) !== 0 ? 'noatime' : 'relatime'];
}

/** Whether the optional fields of a mount in the table are those of the propagation with this flag; 0 is any. */
export function hasPropagation({ shared, master, unbindable }: MountPropagation, flag: number): boolean {
  switch (flag) {
    case constants.MS_SHARED:
      return shared !== null;
    case constants.MS_SLAVE:
      return master !== null && shared === null;
    case constants.MS_UNBINDABLE:
      return unbindable;
    case constants.MS_PRIVATE:
      return shared === null && master === null && !unbindable;
    default:
      return true;
  }
}
