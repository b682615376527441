import { getegid, geteuid } from 'node:process';
import { pageSize } from '../../kernel/native.js';
import type { Bytes } from '../../kernel/words.js';
import { keyOf } from '../../kernel/words.js';
import { bytesText } from '../../table/mountinfo/latin1.js';
import { type NotTheSame, surest } from '../reuse/differences.js';

/** The files of /proc that say which ids outside the ids of this process's user namespace are. */
export const ID_MAP_FILES: readonly string[] = ['/proc/thread-self/uid_map', '/proc/thread-self/gid_map'];

/**
 * How the parameters of a tmpfs that is there differ from those that are asked for. The table shows what is not as it is
 * by default, and at most the size of inode numbers besides (mm/shmem.c, shmem_show_options).
 *
 * @param maps the bytes of {@link ID_MAP_FILES}, null for one that cannot be read
 */
export function tmpfsDiffers(
  words: readonly Bytes[],
  superOptions: readonly Buffer[],
  maps: readonly (Buffer | null)[],
): NotTheSame | undefined {
  const asked = settingsOf(words, (id, which) => outside(id, maps[which] ?? null));
  // The ids that are shown are those outside of any user namespace.
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
): NotTheSame | undefined {
  if (!asked.has(key) && IF_NOT_ASKED.has(key)) return undefined;
  const value = asked.get(key) ?? ownId(key, maps) ?? DEFAULTS.get(key);
  const there = shown.get(key) ?? (isId(key) ? '0' : DEFAULTS.get(key));
  if (value === there) return undefined;
  const why = asked.has(key)
    ? `one that does not show the ${key} that was asked for is mounted there`
    : `one with another ${key} is mounted there`;
  return { kind: isShownOtherwise(key, value, asked, maps) ? 'untold' : 'other', why };
}

/** Whether the table may have the same in another form. */
function isShownOtherwise(
  key: string,
  value: string | undefined,
  asked: Settings,
  maps: readonly (Buffer | null)[],
): boolean {
  // In a user namespace inside of another the ids are those outside of both, which no map tells.
  if (isId(key)) return !(maps[key === 'uid' ? 0 : 1] ?? '').toString().match(ALL_AS_THEY_ARE);
  return (key === 'size' && value?.endsWith('%') === true) || (key === 'mpol' && asked.has(key));
}

const ALL_AS_THEY_ARE = /^\s*0\s+0\s+4294967295\s*$/;

// For both the kernel may have a default of its own: CONFIG_TMPFS_INODE64, transparent_hugepage_tmpfs=.
const IF_NOT_ASKED: ReadonlySet<string> = new Set(['inode', 'huge']);

function isId(key: string): key is 'uid' | 'gid' {
  return key === 'uid' || key === 'gid';
}

/** Unless asked it belongs to who mounts it: current_fsuid(), current_fsgid(). */
function ownId(key: string, maps: readonly (Buffer | null)[]): string | undefined {
  if (!isId(key)) return undefined;
  const [own, map] = key === 'uid' ? [geteuid?.(), maps[0]] : [getegid?.(), maps[1]];
  return own === undefined ? UNKNOWN : outside(own, map ?? null);
}

const UNKNOWN = '?';

/** user_namespaces(7): an id of this user namespace as it is in the one above. */
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

// One thing with two names: sizes in other units, and octal numbers with zeros before them.
function settingOf(word: string): readonly [key: string, value: string] {
  const [, limit, digits = '', unit = ''] = /^(size|nr_blocks|nr_inodes)=(\d+)([kmgtpe]?)$/i.exec(word) ?? [];
  const amount = Number(digits) * (UNITS[unit.toLowerCase()] ?? 1);
  // tmpfs has whole pages, and shows them as bytes.
  if (limit === 'size') return ['size', String(Math.ceil(amount / pageSize) * pageSize)];
  if (limit === 'nr_blocks') return ['size', String(amount * pageSize)];
  if (limit === 'nr_inodes') return ['nr_inodes', String(amount)];
  const [, bits] = /^inode(32|64)$/.exec(word) ?? [];
  if (bits !== undefined) return ['inode', bits];
  const key = keyOf(word);
  const value = word.slice(key.length + 1);
  return [key, key === 'mode' ? value.replace(/^0+(?=.)/, '') : value];
}
