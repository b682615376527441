// Compares the parameters of a tmpfs at a target with the requested ones, for `ifMounted: 'reuse'`.
import { getegid, geteuid } from 'node:process';
import { pageSize } from '../../kernel/native.js';
import type { Bytes } from '../../kernel/words.js';
import { keyOf } from '../../kernel/words.js';
import { bytesText } from '../../table/mountinfo/latin1.js';
import { type Difference, surest } from '../reuse/differences.js';

/** The files with the ID maps of this process's user namespace. See user_namespaces(7). */
export const ID_MAP_FILES: readonly string[] = ['/proc/thread-self/uid_map', '/proc/thread-self/gid_map'];

/**
 * Compares the parameters of the tmpfs at the target with the requested parameters. Returns undefined if the parameters
 * do not differ. The mount table shows each parameter whose value is not the default, and on some kernels the size of
 * inode numbers (mm/shmem.c, shmem_show_options).
 *
 * @param maps the bytes of {@link ID_MAP_FILES}, null for a file that cannot be read
 */
export function tmpfsDiffers(
  words: readonly Bytes[],
  superOptions: readonly Buffer[],
  maps: readonly (Buffer | null)[],
): Difference | undefined {
  const asked = settingsOf(words, (id, which) => outside(id, maps[which] ?? null));
  // The mount table shows user and group IDs as the initial user namespace sees them.
  const shown = settingsOf(superOptions, String);
  const keys = new Set(['uid', 'gid', ...asked.keys(), ...shown.keys()]);
  return surest([...keys].map((key) => settingDiffers(key, asked, shown, maps)));
}

type Settings = ReadonlyMap<string, string>;

const DEFAULTS: Settings = new Map([
  ['mode', '1777'],
  ['huge', 'never'],
  ['mpol', 'default'],
  ['inode', '32'],
]);

function settingDiffers(
  key: string,
  asked: Settings,
  shown: Settings,
  maps: readonly (Buffer | null)[],
): Difference | undefined {
  if (!asked.has(key) && CONFIGURABLE_DEFAULTS.has(key)) return undefined;
  const value = asked.get(key) ?? ownId(key, maps) ?? DEFAULTS.get(key);
  const actual = shown.get(key) ?? (isId(key) ? '0' : DEFAULTS.get(key));
  if (value === actual) return undefined;
  const why = asked.has(key)
    ? `the mount at the target is a tmpfs that does not show the requested parameter ${key}`
    : `the mount at the target is a tmpfs with another ${key}`;
  return { kind: mayBeShownDifferently(key, value, asked, maps) ? 'unknown' : 'other', why };
}

/** Whether the mount table may show the requested value in another form. */
function mayBeShownDifferently(
  key: string,
  value: string | undefined,
  asked: Settings,
  maps: readonly (Buffer | null)[],
): boolean {
  // In a nested user namespace the mount table shows IDs of the initial user namespace, which this process cannot
  // compute.
  if (isId(key)) return !(maps[key === 'uid' ? 0 : 1] ?? '').toString().match(IDENTITY_MAP);
  return (key === 'size' && value?.endsWith('%') === true) || (key === 'mpol' && asked.has(key));
}

const IDENTITY_MAP = /^\s*0\s+0\s+4294967295\s*$/;

// The kernel's configuration sets these defaults: CONFIG_TMPFS_INODE64 and transparent_hugepage_tmpfs=.
const CONFIGURABLE_DEFAULTS: ReadonlySet<string> = new Set(['inode', 'huge']);

function isId(key: string): key is 'uid' | 'gid' {
  return key === 'uid' || key === 'gid';
}

/** The default owner of a tmpfs is the user and group that mounts it: current_fsuid(), current_fsgid() (mm/shmem.c). */
function ownId(key: string, maps: readonly (Buffer | null)[]): string | undefined {
  if (!isId(key)) return undefined;
  const [own, map] = key === 'uid' ? [geteuid?.(), maps[0]] : [getegid?.(), maps[1]];
  return own === undefined ? UNKNOWN : outside(own, map ?? null);
}

const UNKNOWN = '?';

/** Maps an ID of this user namespace to the parent user namespace. See user_namespaces(7). */
function outside(id: number, map: Buffer | null): string {
  for (const line of map?.toString().split('\n') ?? []) {
    const [inside = 0, above = 0, count = 0] = line.trim().split(/\s+/).map(Number);
    if (id >= inside && id < inside + count) return String(above + id - inside);
  }
  return UNKNOWN;
}

function settingsOf(words: readonly Bytes[], idOf: (id: number, which: 0 | 1) => string): Settings {
  const settings = new Map<string, string>();
  for (const word of words) {
    const [key, value] = settingOf(bytesText(word));
    if (key === 'ro' || key === 'rw') continue;
    settings.set(key, isId(key) && /^\d+$/.test(value) ? idOf(Number(value), key === 'uid' ? 0 : 1) : value);
  }
  return settings;
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

// Normalizes a parameter, because one value has several notations: sizes have units, and octal numbers leading zeros.
function settingOf(word: string): readonly [key: string, value: string] {
  const [, limit, digits = '', unit = ''] = /^(size|nr_blocks|nr_inodes)=(\d+)([kmgtpe]?)$/i.exec(word) ?? [];
  const amount = Number(digits) * (UNITS[unit.toLowerCase()] ?? 1);
  // tmpfs rounds a size up to whole pages, and the mount table shows the rounded size.
  if (limit === 'size') return ['size', String(Math.ceil(amount / pageSize) * pageSize)];
  if (limit === 'nr_blocks') return ['size', String(amount * pageSize)];
  if (limit === 'nr_inodes') return ['nr_inodes', String(amount)];
  const [, bits] = /^inode(32|64)$/.exec(word) ?? [];
  if (bits !== undefined) return ['inode', bits];
  const key = keyOf(word);
  const value = word.slice(key.length + 1);
  return [key, key === 'mode' ? value.replace(/^0+(?=.)/, '') : value];
}
