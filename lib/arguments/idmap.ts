// Checks the ID map of an idmapped mount and converts it to the lines of uid_map and gid_map.
import { invalidArgType, invalidArgValue, outOfRange } from '../kernel/errors.js';
import type { Bytes, NativeIdMap } from '../kernel/words.js';
import { optionsArgument } from './check.js';
import { type Namespace, namespaceArgument } from './namespace.js';

/** A range of IDs: `count` IDs of the filesystem, starting at `inside`, appear as the IDs that start at `outside`. */
export interface IdRange {
  /** The first ID of the range in the filesystem. */
  inside: number;
  /** The ID as which `inside` appears through the mount. */
  outside: number;
  /** The number of consecutive IDs in the range. */
  count: number;
}

/**
 * How the owners of files appear through an idmapped mount. An ID without a mapping appears as 65534 (nobody), and a
 * process with such an ID cannot create files. An ID map has one of three forms:
 *
 * - ranges of IDs: `{ uid: [{ inside: 0, outside: 100000, count: 65536 }], gid: […] }`;
 * - one owner: `{ owner: { uid: 1000, gid: 1000 }, appearsAs: { uid: 0, gid: 0 } }`, where the files of `owner` appear
 *   as files of `appearsAs`;
 * - the mapping of an existing user namespace: `{ userNamespace: { pid: 4121 } }`.
 *
 * @see https://docs.kernel.org/filesystems/idmappings.html
 */
export type IdMap = IdMapByRanges | IdMapOfOwner | IdMapOfNamespace;

/** An ID map by ranges of user IDs and group IDs. */
export interface IdMapByRanges {
  /** The ranges of user IDs: from one to 340. */
  uid: readonly IdRange[];
  /** The ranges of group IDs: from one to 340. */
  gid: readonly IdRange[];
}

/** An ID map of one user and one group. */
export interface IdMapOfOwner {
  /** The owner of the files in the filesystem. */
  owner: IdOwner;
  /** The owner of the files as seen through the mount. */
  appearsAs: IdOwner;
}

/** An ID map that is the mapping of an existing user namespace. */
export interface IdMapOfNamespace {
  /** The user namespace whose mapping the mount gets. */
  userNamespace: Namespace;
}

/** An owner of files: a user and a group. */
export interface IdOwner {
  /** The user ID. */
  uid: number;
  /** The group ID. */
  gid: number;
}

export const NO_ID_MAP: NativeIdMap = { userNamespace: null, uidMap: null, gidMap: null };

const KNOWN: ReadonlySet<string> = new Set(['uid', 'gid', 'owner', 'appearsAs', 'userNamespace']);
const OWNER: ReadonlySet<string> = new Set(['uid', 'gid']);
const RANGE: ReadonlySet<string> = new Set(['inside', 'outside', 'count']);

// An ID map has at most 340 lines since Linux 4.15: user_namespaces(7).
const MOST_RANGES = 340;
const LAST_ID = 0xffff_fffe; // The ID 2^32 - 1 means "no ID".

/** Checks an ID map; undefined becomes {@link NO_ID_MAP}. */
export function idMapArgument(name: string, value: unknown): NativeIdMap {
  if (value === undefined) return NO_ID_MAP;
  const options = optionsArgument(name, value, KNOWN);
  const { uid, gid, owner, appearsAs, userNamespace } = options;
  const isGiven = (...values: unknown[]) => values.some((each) => each !== undefined);
  const forms = [isGiven(uid, gid), isGiven(owner, appearsAs), isGiven(userNamespace)];
  if (forms.filter(Boolean).length !== 1) {
    throw invalidArgValue(
      name,
      'must have either uid and gid, or owner and appearsAs, or userNamespace, and no two of these forms',
    );
  }
  if (userNamespace !== undefined) {
    const file = namespaceArgument(`${name}.userNamespace`, userNamespace, 'user');
    return { userNamespace: file, uidMap: null, gidMap: null };
  }
  if (isGiven(uid, gid)) {
    return { userNamespace: null, uidMap: lines(`${name}.uid`, uid), gidMap: lines(`${name}.gid`, gid) };
  }
  const [from, to] = [ownerOf(`${name}.owner`, owner), ownerOf(`${name}.appearsAs`, appearsAs)];
  return { userNamespace: null, uidMap: `${from.uid} ${to.uid} 1\n`, gidMap: `${from.gid} ${to.gid} 1\n` };
}

/**
 * Converts the ID map of an overlay layer to two texts: a namespace file and `''`, or the lines of uid_map and gid_map.
 */
export function idMapTexts({ userNamespace, uidMap, gidMap }: NativeIdMap): [first: Bytes, second: string] {
  if (userNamespace === null) return [uidMap ?? '', gidMap ?? ''];
  return [typeof userNamespace === 'number' ? `/proc/self/fd/${userNamespace}` : userNamespace, ''];
}

function lines(name: string, value: unknown): string {
  if (!Array.isArray(value)) throw invalidArgType(name, 'an instance of Array', value);
  if (value.length === 0 || value.length > MOST_RANGES) {
    throw invalidArgValue(name, `must have from 1 to ${MOST_RANGES} ranges`);
  }
  // Array.from() also visits the holes of a sparse array, unlike map().
  const ranges = Array.from(value, (each: unknown, index) => rangeOf(`${name}[${index}]`, each));
  for (const key of ['inside', 'outside'] as const) {
    const sorted = ranges.toSorted((a, b) => a[key] - b[key]);
    const overlaps = sorted.some((range, index) => index > 0 && range[key] < endOf(sorted[index - 1] as IdRange, key));
    if (overlaps) throw invalidArgValue(name, `must not have ranges that overlap (${key})`);
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
      throw outOfRange(`${name}.count`, `small enough that no ID is above ${LAST_ID}`, count);
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
