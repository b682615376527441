import type { Bytes } from './arguments.js';
import { constants } from './constants.js';
import type { Looking } from './drivers.js';
import type { MountEntry } from './mount-entry.js';
import type { FilesystemPlan } from './mount-filesystem.js';
import type { MountStrategy } from './mount-handle.js';
import { filesystemDiffers } from './mount-reuse.js';
import { mountedThere } from './mounted-there.js';
import { pageSize } from './native.js';

/**
 * Looks whether the filesystem that was asked for is mounted at the target, all of it: type, source, the attributes, and
 * each parameter that was asked for. Others that the table shows are the filesystem's defaults.
 */
export function* lookAtFilesystem(plan: FilesystemPlan): Looking<MountStrategy> {
  const { fsType, source, flags, idMap } = plan;
  const there = yield* mountedThere(plan.target?.[0] ?? '');
  if (there.kind !== 'mounted') return there;
  const { line } = there;
  const other = (why: string) => ({ kind: 'other', why }) as const;
  if (line.fsType !== fsType) return other(`a filesystem of type ${line.fsType} is mounted there`);
  if (!Buffer.from(source ?? 'none').equals(line.source)) return other('another source is mounted there');
  if (idMap.some((each) => each !== null)) {
    return { kind: 'untold', why: 'a mount whose map of ids cannot be read is there' };
  }
  const missing = missingParameter(plan, line);
  if (missing !== undefined) return other(`one that does not show the ${missing} that was asked for is mounted there`);
  const isWritable = (flags & constants.MS_RDONLY) === 0 && !NEVER_WRITTEN.has(fsType);
  const wanted = { flags, isWritable, root: subvolumeOf(plan, line) };
  const difference = filesystemDiffers(['one', 'such a filesystem'], line, wanted);
  return difference ?? { kind: 'same', id: there.at.lastingId, strategy: 'data' };
}

// They set SB_RDONLY themselves: fs/squashfs/super.c, fs/erofs/super.c and so on.
const NEVER_WRITTEN: ReadonlySet<string> = new Set(['squashfs', 'erofs', 'cramfs', 'romfs', 'iso9660']);

// fs/btrfs/super.c, btrfs_show_options: of a mount the subvolume that its root is in. That is all of what was asked for.
function subvolumeOf({ fsType, parameters }: FilesystemPlan, line: MountEntry<Buffer>): string | undefined {
  if (fsType !== 'btrfs' || !parameters.words.some((word) => /^subvol(?:id)?$/.test(keyOf(word)))) return undefined;
  const shown = line.superOptions.map(canonical).find((word) => keyOf(word) === 'subvol');
  return shown?.slice('subvol='.length);
}

/** The name of the first one that the table does not show. Its value may be a secret. */
function missingParameter({ parameters }: FilesystemPlan, line: MountEntry<Buffer>): string | undefined {
  const shown = line.superOptions.map(canonical);
  const isShown = (word: string) =>
    shown.includes(word) || (line.fsType === 'tmpfs' && TMPFS_DEFAULTS.has(word) && !shown.some(isOfKey(word)));
  const missing = parameters.words.find((word) => !isShown(canonical(word)));
  return missing === undefined ? undefined : keyOf(missing);
}

// mm/shmem.c, shmem_show_options: what is as it is by default is not shown.
const TMPFS_DEFAULTS: ReadonlySet<string> = new Set(['mode=1777', 'uid=0', 'gid=0', 'huge=never', 'mpol=default']);

function isOfKey(word: string): (shown: string) => boolean {
  const key = keyOf(word);
  return (each) => keyOf(each) === key;
}

function keyOf(word: Bytes): string {
  return word.toString().split('=', 1).join();
}

const UNITS: Readonly<Record<string, number>> = {
  '': 1,
  k: 2 ** 10,
  m: 2 ** 20,
  g: 2 ** 30,
  t: 2 ** 40,
  p: 2 ** 50,
  e: 2 ** 60,
};

// One thing with two names: sizes in other units, and octal numbers with zeros before them.
function canonical(word: Bytes): string {
  const text = typeof word === 'string' ? Buffer.from(word).toString('latin1') : word.toString('latin1');
  const [, key, digits = '', unit = ''] = /^(size|nr_blocks|nr_inodes)=(\d+)([kmgtpe]?)$/i.exec(text) ?? [];
  const amount = Number(digits) * (UNITS[unit.toLowerCase()] ?? 1);
  // tmpfs has whole pages, and shows them as bytes.
  if (key === 'size') return `size=${Math.ceil(amount / pageSize) * pageSize}`;
  if (key === 'nr_blocks') return `size=${amount * pageSize}`;
  if (key === 'nr_inodes') return `nr_inodes=${amount}`;
  const [, mode] = /^mode=0*([0-7]+)$/.exec(text) ?? [];
  return mode === undefined ? text : `mode=${mode}`;
}
