import type { Bytes } from './arguments.js';
import { ATTRIBUTE_WORDS, attributesDiffer } from './attributes.js';
import { constants } from './constants.js';
import type { Looking } from './drivers.js';
import type { MountEntry } from './mount-entry.js';
import type { FilesystemPlan } from './mount-filesystem.js';
import type { MountStrategy } from './mount-handle.js';
import { mountedThere } from './mounted-there.js';
import { pageSize } from './native.js';

/**
 * Looks whether the filesystem that was asked for is mounted at the target: type, source, the attributes, and each
 * parameter that was asked for. Others that the table shows are the filesystem's defaults.
 */
export function* lookAtFilesystem(plan: FilesystemPlan): Looking<MountStrategy> {
  const { fsType, source, idMap } = plan;
  const there = yield* mountedThere(plan.target?.[0] ?? '');
  if (there.kind !== 'mounted') return there;
  const { line } = there;
  const other = (why: string) => ({ kind: 'other', why }) as const;
  if (line.fsType !== fsType) return other(`a filesystem of type ${line.fsType} is mounted there`);
  if (!Buffer.from(source ?? 'none').equals(line.source)) return other('another source is mounted there');
  if (idMap.some((each) => each !== null)) return other('a mount whose map of ids cannot be read is there');
  const why = difference(plan, line);
  return why === undefined ? { kind: 'same', id: there.at.lastingId, strategy: 'data' } : other(why);
}

function difference({ parameters, flags }: FilesystemPlan, line: MountEntry<Buffer>): string | undefined {
  const shown = line.superOptions.map(canonical);
  const isShown = (word: string) =>
    shown.includes(word) || (line.fsType === 'tmpfs' && TMPFS_DEFAULTS.has(word) && !shown.some(isOfKey(word)));
  // Its value may be a secret.
  const missing = parameters.words.find((word) => !isShown(canonical(word)));
  if (missing !== undefined) return `one that does not show the ${keyOf(missing)} that was asked for is mounted there`;
  for (const [word, flag] of ATTRIBUTE_WORDS) {
    const has = line.options.includes(word);
    if (has !== ((flags & flag) !== 0)) return `one ${has ? 'with' : 'without'} ${word} is mounted there`;
  }
  const atime = attributesDiffer(line.options, line.options, ...atimeOf(flags));
  return atime === undefined ? undefined : `one ${atime} is mounted there`;
}

// As the change that mount(2) makes of its flags; without any it is relatime.
function atimeOf(flags: number): [set: number, clear: number] {
  const { MS_STRICTATIME, MS_NOATIME, MOUNT_ATTR_STRICTATIME, MOUNT_ATTR_NOATIME, MOUNT_ATTR__ATIME } = constants;
  if ((flags & MS_STRICTATIME) !== 0) return [MOUNT_ATTR_STRICTATIME, MOUNT_ATTR__ATIME];
  return [(flags & MS_NOATIME) !== 0 ? MOUNT_ATTR_NOATIME : 0, MOUNT_ATTR__ATIME];
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
