import { invalidArgType, invalidArgValue, outOfRange } from '../kernel/errors.js';
import type { Bytes, NativeIdMap } from '../kernel/words.js';
import { optionsArgument } from './check.js';
import { type Namespace, namespaceArgument } from './namespace.js';

/** A range of ids: `count` of them from `inside` on, as the filesystem has them, appear from `outside` on. */
export interface IdRange {
  /** The first id as the filesystem has it. */
  inside: number;
  /** The id that it appears as. */
  outside: number;
  /** How many ids, one after the other. */
  count: number;
}

/**
 * How the owners of files appear through a mount. Ids that are not mapped appear as 65534 (nobody), and nothing can be
 * made with them.
 *
 * - by ranges: `{ uid: [{ inside: 0, outside: 100000, count: 65536 }], gid: […] }`;
 * - by one owner: `{ owner: { uid: 1000, gid: 1000 }, appearsAs: { uid: 0, gid: 0 } }`, the files of the one appear as
 *   those of the other;
 * - by the mapping of a user namespace that is there: `{ userNamespace: { pid: 4121 } }`.
 *
 * @see https://docs.kernel.org/filesystems/idmappings.html
 */
export type IdMap = IdMapByRanges | IdMapOfOwner | IdMapOfNamespace;

/** A map that says of ranges of ids how they appear. */
export interface IdMapByRanges {
  /** The users. */
  uid: readonly IdRange[];
  /** The groups. */
  gid: readonly IdRange[];
}

/** A map of one user and one group. */
export interface IdMapOfOwner {
  /** The owner in the filesystem. */
  owner: IdOwner;
  /** The owner that is seen. */
  appearsAs: IdOwner;
}

/** The map that a user namespace has. */
export interface IdMapOfNamespace {
  /** Whose. */
  userNamespace: Namespace;
}

/** An owner of files. */
export interface IdOwner {
  /** The user. */
  uid: number;
  /** The group. */
  gid: number;
}

export const NO_ID_MAP: NativeIdMap = { userNamespace: null, uidMap: null, gidMap: null };

const KNOWN: ReadonlySet<string> = new Set(['uid', 'gid', 'owner', 'appearsAs', 'userNamespace']);
const OWNER: ReadonlySet<string> = new Set(['uid', 'gid']);
const RANGE: ReadonlySet<string> = new Set(['inside', 'outside', 'count']);

// user_namespaces(7): since Linux 4.15.
const MOST_RANGES = 340;
const LAST_ID = 0xffff_fffe; // 2^32 - 1 is "no id"

/** An id map, checked; undefined is none. */
export function idMapArgument(name: string, value: unknown): NativeIdMap {
  if (value === undefined) return NO_ID_MAP;
  const options = optionsArgument(name, value, KNOWN);
  const { uid, gid, owner, appearsAs, userNamespace } = options;
  const isGiven = (...values: unknown[]) => values.some((each) => each !== undefined);
  const forms = [isGiven(uid, gid), isGiven(owner, appearsAs), isGiven(userNamespace)];
  if (forms.filter(Boolean).length !== 1) {
    throw invalidArgValue(name, 'must have either uid and gid, or owner and appearsAs, or userNamespace');
  }
  if (userNamespace !== undefined) {
    const file = namespaceArgument(`${name}.userNamespace`, userNamespace, 'user');
    return { userNamespace: file, uidMap: null, gidMap: null };
  }
  if (isGiven(uid, gid)) {
    return { userNamespace: null, uidMap: lines(`${name}.uid`, uid), gidMap: lines(`${name}.gid`, gid) };
  }
  const [from, to] = [ownerOf(`${name}.owner`, owner), ownerOf(`${name}.appearsAs`, appearsAs)];
  return {
    userNamespace: null,
    uidMap: `${from.uid} ${to.uid} 1\n`,
    gidMap: `${from.gid} ${to.gid} 1\n`,
  };
}

/** Of a layer, whose map goes to the native floor as text: the file of a namespace and '', or lines for both. */
export function idMapTexts({ userNamespace, uidMap, gidMap }: NativeIdMap): [first: Bytes, second: string] {
  if (userNamespace === null) return [uidMap ?? '', gidMap ?? ''];
  return [typeof userNamespace === 'number' ? `/proc/self/fd/${userNamespace}` : userNamespace, ''];
}

function lines(name: string, value: unknown): string {
  if (!Array.isArray(value)) throw invalidArgType(name, 'an instance of Array', value);
  if (value.length === 0 || value.length > MOST_RANGES) {
    throw invalidArgValue(name, `must have from one to ${MOST_RANGES} ranges`);
  }
  // Array.from() sees holes too.
  const ranges = Array.from(value, (each: unknown, index) => rangeOf(`${name}[${index}]`, each));
  for (const key of ['inside', 'outside'] as const) {
    const sorted = ranges.toSorted((a, b) => a[key] - b[key]);
    const overlaps = sorted.some((range, index) => index > 0 && range[key] < endOf(sorted[index - 1] as IdRange, key));
    if (overlaps) throw invalidArgValue(name, `has ranges that overlap (${key})`);
  }
  return ranges.map(({ inside, outside, count }) => `${inside} ${outside} ${count}\n`).join('');
}

function endOf(range: IdRange, key: 'inside' | 'outside'): number {
  return range[key] + range.count;
}

function rangeOf(name: string, value: unknown): IdRange {
  const { inside, outside, count } = optionsArgument(name, value, RANGE);
  const range = {
    inside: id(`${name}.inside`, inside),
    outside: id(`${name}.outside`, outside),
    count: id(`${name}.count`, count, 1),
  };
  for (const key of ['inside', 'outside'] as const) {
    if (endOf(range, key) > LAST_ID + 1)
      throw outOfRange(`${name}.count`, `such that no id is above ${LAST_ID}`, count);
  }
  return range;
}

function ownerOf(name: string, value: unknown): { uid: number; gid: number } {
  const { uid, gid } = optionsArgument(name, value, OWNER);
  return { uid: id(`${name}.uid`, uid), gid: id(`${name}.gid`, gid) };
}

function id(name: string, value: unknown, least = 0): number {
  if (typeof value !== 'number') throw invalidArgType(name, 'of type number', value);
  if (!Number.isInteger(value) || value < least || value > LAST_ID) {
    throw outOfRange(name, `an integer >= ${least} and <= ${LAST_ID}`, value);
  }
  return value;
}
