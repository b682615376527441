import type { Bytes } from './arguments.js';
import { ATTRIBUTE_WORDS } from './attributes.js';
import type { Looking } from './drivers.js';
import type { MountEntry } from './mount-entry.js';
import type { FilesystemPlan } from './mount-filesystem.js';
import type { MountStrategy } from './mount-handle.js';
import { mountLine } from './mount-line.js';

const TABLE = '/proc/thread-self/mountinfo';

/**
 * Looks whether the filesystem that was asked for is mounted at the target: type, source, the attributes, and each
 * parameter that was asked for. Others that the table shows are the filesystem's defaults.
 */
export function* lookAtFilesystem(plan: FilesystemPlan): Looking<MountStrategy> {
  const { fsType, source, idMap } = plan;
  const { paths, files } = yield { ask: [[plan.target?.[0] ?? ''], [TABLE], null, null], inRoot: true };
  const [target] = paths;
  const table = files[0] ?? null;
  if (target === undefined || target.error !== 0 || table === null) return { kind: 'vacant' };
  const line = mountLine(table, target.mountId);
  if (line === undefined || !line.target.equals(target.path)) return { kind: 'vacant' };
  const other = (why: string) => ({ kind: 'other', why }) as const;
  if (line.fsType !== fsType) return other(`a filesystem of type ${line.fsType} is mounted there`);
  if (!Buffer.from(source ?? 'none').equals(line.source)) return other('another source is mounted there');
  if (idMap.some((each) => each !== null)) return other('a mount whose map of ids cannot be read is there');
  const why = difference(plan, line);
  return why === undefined ? { kind: 'same', id: target.lastingId, strategy: 'data' } : other(why);
}

function difference({ parameters, flags }: FilesystemPlan, line: MountEntry<Buffer>): string | undefined {
  const shown = line.superOptions.map(canonical);
  // Its value may be a secret.
  const missing = parameters.words.find((word) => !shown.includes(canonical(word)));
  if (missing !== undefined) return `one that does not show the ${keyOf(missing)} that was asked for is mounted there`;
  for (const [word, flag] of ATTRIBUTE_WORDS) {
    const has = line.options.includes(word);
    if (has !== ((flags & flag) !== 0)) return `one ${has ? 'with' : 'without'} ${word} is mounted there`;
  }
  return undefined;
}

function keyOf(word: Bytes): string {
  return word.toString().split('=', 1).join();
}

const UNITS: Readonly<Record<string, number>> = { '': 1, k: 2 ** 10, m: 2 ** 20, g: 2 ** 30, t: 2 ** 40 };

// One thing with two names: sizes in other units, and octal numbers with zeros before them.
function canonical(word: Bytes): string {
  const text = typeof word === 'string' ? Buffer.from(word).toString('latin1') : word.toString('latin1');
  const [, key, digits = '', unit = ''] = /^(size|nr_blocks|nr_inodes)=(\d+)([kmgt]?)$/i.exec(text) ?? [];
  if (key !== undefined) return `${key}=${Number(digits) * (UNITS[unit.toLowerCase()] ?? 1)}`;
  const [, mode] = /^mode=0*([0-7]+)$/.exec(text) ?? [];
  return mode === undefined ? text : `mode=${mode}`;
}
