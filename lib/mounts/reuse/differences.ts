// Compares the mount at a target with the requested mount, for `ifMounted: 'reuse'` of every kind of mount.
import { attributesDiffer, attributeWords } from '../../arguments/attributes.js';
import { constants } from '../../kernel/constants.js';
import { printable } from '../../kernel/errors.js';
import type { ReuseAnswer } from '../../operation/driver.js';
import type { MountEntry } from '../../table/mountinfo/entry.js';

/**
 * A difference between the mount at the target and the requested mount, or a property that the mount table does not
 * show.
 */
export type Difference = Extract<ReuseAnswer<never>, { readonly kind: 'other' | 'unknown' }>;

/**
 * Selects the difference to report: a known difference (`other`) takes precedence over an unknown property (`unknown`).
 */
export function surest(differences: readonly (Difference | undefined)[]): Difference | undefined {
  return differences.find((each) => each?.kind === 'other') ?? differences.find((each) => each !== undefined);
}

/**
 * Compares the mount at the target with the requested mount: the attributes, and whether the mount is idmapped. Returns
 * undefined if the mounts do not differ.
 *
 * @param what the kind of mount, with its article: `'a bind'`
 * @param words the attributes of the mount at the target, as in the mount table
 * @param from the attributes that the requested mount starts from: for a bind, those of its source
 * @param change the change of these attributes that the caller asks for, as mount_setattr(2) takes a change
 */
export function mountDiffers(
  what: string,
  words: readonly string[],
  from: readonly string[],
  { set, clear }: { readonly set: number; readonly clear: number } = { set: 0, clear: 0 },
): Difference | undefined {
  const difference = attributesDiffer(words, from, set, clear) ?? idsDiffer(words, from);
  if (difference !== undefined) return { kind: 'other', why: `the mount at the target is ${what} ${difference}` };
  if (!isMapped(words)) return undefined;
  return { kind: 'unknown', why: `the mount at the target is ${what}, but the mount table does not show its ID map` };
}

// The mount table shows that a mount is idmapped, and does not show the ID map (fs/proc_namespace.c, show_mnt_opts).
function isMapped(words: readonly string[]): boolean {
  return words.includes('idmapped');
}

function idsDiffer(words: readonly string[], from: readonly string[]): string | undefined {
  if (isMapped(words) === isMapped(from)) return undefined;
  return isMapped(words) ? 'with an ID map' : 'without an ID map';
}

/** The properties of the requested filesystem that {@link filesystemDiffers} compares. */
export interface WantedFilesystem {
  /** The attributes, as flags of mount(2). */
  readonly flags: number;
  /** Whether the caller asks for a writable filesystem, and the type can be writable. */
  readonly isWritable: boolean;
  /**
   * Whether a new mount has a superblock of its own, so that a read-only mount makes the filesystem itself read-only.
   */
  readonly ownsSuperblock: boolean;
  /** The directory of the filesystem that a parameter selects; undefined for its root directory. */
  readonly root?: string | undefined;
}

/**
 * Compares the mount at the target with a requested filesystem, for example an overlay: the root of the mount, whether
 * the filesystem is writable, and what {@link mountDiffers} compares. Returns undefined if the mounts do not differ.
 */
export function filesystemDiffers(
  what: string,
  line: MountEntry<Buffer>,
  { flags, isWritable, ownsSuperblock, root = '/' }: WantedFilesystem,
): Difference | undefined {
  if (!line.root.equals(Buffer.from(root))) {
    return {
      kind: 'other',
      why: `the mount at the target is ${what}, but shows only its directory ${printable(line.root)}`,
    };
  }
  // A mount is not writable if its filesystem or the mount itself is read-only. mountDiffers() tests whether the mount
  // is read-only.
  const isReadOnly = line.superOptions[0]?.equals(READ_ONLY) === true;
  if (isWritable && isReadOnly)
    return { kind: 'other', why: `the mount at the target is ${what} that is read-only as a whole` };
  if ((flags & constants.MS_RDONLY) !== 0 && ownsSuperblock && !isReadOnly && line.options.includes('ro')) {
    const why = `the mount at the target is ${what} that is writable through other mounts, and only this mount is read-only`;
    return { kind: 'other', why };
  }
  return mountDiffers(what, line.options, attributeWords(flags));
}

const READ_ONLY = Buffer.from('ro');
