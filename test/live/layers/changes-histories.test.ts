// Tests changes() with random histories of overlays: the reported changes must turn the tree before into the tree
// after.
import { lstatSync, mkdirSync, unlinkSync, writeFileSync } from 'node:fs';
import { release } from 'node:os';
import fc from 'fast-check';
import { expect, vi } from 'vitest';
import { mountOverlaySync, mountTmpfsSync } from '../../../lib/index.js';
import { type Change, changes } from '../../../lib/layers/index.js';
import { patience, times } from '../../support/effort.js';
import { isRealRoot, pass } from '../../support/environment.js';
import { joined, namesIn, prefix, type Shown, type Snapshot, shown, snapshot } from '../../support/layers.js';
import { attributesOf, setAttribute } from '../../support/native-files.js';
import { type Place, test } from '../../support/place.js';
import { operation, perform, type Tally } from '../../support/random-operations.js';

vi.setConfig({ testTimeout: patience(600_000) });

const userxattr = !isRealRoot;
// The environment variable LINUX_MOUNT_HISTORIES sets a larger number of histories.
const HISTORIES = Number(process.env['LINUX_MOUNT_HISTORIES'] ?? times(400, 20));

/** Why this system cannot mount overlays with marks in the upper directory; undefined if it can. */
function lackOfOverlay(place: Place): string | undefined {
  const [lower, upper, work, target] = ['l', 'u', 'w', 'm'].map((name) => place.directory(name)) as [
    string,
    string,
    string,
    string,
  ];
  try {
    setAttribute(upper, `${prefix}probe`, 'y');
    mountOverlaySync({ lower: [lower], upper, work, target, userxattr }).unmountSync();
    return undefined;
  } catch (error) {
    return `no overlay with ${prefix}* attributes on tmpfs here: ${(error as Error).message}`;
  }
}

// The kernel marks whiteouts by attributes in the present form since Linux 6.8.
const hasAttributeWhiteouts = (() => {
  const [major = 0, minor = 0] = release().split('.').map(Number);
  return major > 6 || (major === 6 && minor >= 8);
})();

/** A change that changes() must report, computed from the two mounted trees. */
interface Report {
  readonly type: string;
  readonly path: string;
  readonly kind: string;
  readonly before?: string;
  readonly metadataChanged?: boolean;
}

const metadataOf = ({ mode, owner, device, attributes, modified, content, kind }: Shown) =>
  JSON.stringify([mode, owner, `${device}`, attributes, `${modified}`, kind === 'directory' ? 0 : content.length]);

function expected(before: Snapshot, after: Snapshot): Report[] {
  const paths = [...new Set([...before.keys(), ...after.keys()])];
  // A directory comes before its entries, and names are ordered by their bytes, as if the slash were the least byte.
  paths.sort((one, other) => (one.replaceAll('/', '\0') < other.replaceAll('/', '\0') ? -1 : 1));
  const reported: Report[] = [];
  const gone: string[] = [];
  for (const path of paths) {
    const [old, now] = [before.get(path), after.get(path)];
    if (now === undefined) {
      if (!gone.some((parent) => path.startsWith(parent))) reported.push({ type: 'deleted', path, kind: old!.kind });
      gone.push(`${path}/`);
    } else if (old === undefined) {
      reported.push({ type: 'added', path, kind: now.kind });
    } else {
      if (old.kind !== now.kind) gone.push(`${path}/`);
      const metadataChanged = old.kind !== now.kind || metadataOf(old) !== metadataOf(now);
      if (metadataChanged || old.content !== now.content) {
        reported.push({ type: 'modified', path, kind: now.kind, before: old.kind, metadataChanged });
      }
    }
  }
  return reported;
}

const latin1 = (name: string | Buffer) => Buffer.from(name as string).toString('latin1');

function reportOf(change: Change): Report {
  const path = latin1(change.path);
  if (change.type !== 'modified') return { type: change.type, path, kind: change.kind };
  const { type, kind, before, metadataChanged } = change;
  return { type, path, kind, before, metadataChanged };
}

/** The tree that results when each change is applied to the tree before, with the contents in the layers. */
function applied(before: Snapshot, all: readonly Change[]): Snapshot {
  const tree: Snapshot = new Map(before);
  for (const change of all) {
    const path = latin1(change.path);
    const isDirectory = change.type !== 'deleted' && change.kind === 'directory';
    if (!isDirectory) {
      for (const key of tree.keys()) if (key === path || key.startsWith(`${path}/`)) tree.delete(key);
    }
    if (change.type === 'deleted') continue;
    const entry = shown(change.source, change.content ?? change.source);
    expect([change.mode, `${change.uid}:${change.gid}`, change.kind]).toEqual([entry.mode, entry.owner, entry.kind]);
    if (entry.kind !== 'directory') expect(change.mtimeNs).toBe(entry.modified);
    if (change.type === 'modified' && !change.dataChanged) expect(entry.content).toBe(before.get(path)!.content);
    tree.set(path, entry);
  }
  return tree;
}

async function all(lower: readonly string[], upper: string): Promise<Change<Buffer>[]> {
  const found: Change<Buffer>[] = [];
  for await (const change of changes({ lower, upper, userxattr, encoding: 'buffer' })) found.push(change);
  return found;
}

/**
 * Replaces device whiteouts of a layer by attribute whiteouts, as other tools do. In an opaque directory there is
 * nothing below to hide.
 */
function useAttributeWhiteouts(directory: Buffer): void {
  const isOpaque = attributesOf(directory)[`${prefix}opaque`] === 'y';
  for (const name of namesIn(directory)) {
    const path = joined(directory, name);
    const status = lstatSync(path);
    if (status.isDirectory()) useAttributeWhiteouts(path);
    if (!status.isCharacterDevice() || status.rdev !== 0 || isOpaque) continue;
    unlinkSync(path);
    writeFileSync(path, '');
    setAttribute(path, `${prefix}whiteout`, 'y');
    setAttribute(directory, `${prefix}opaque`, 'x');
  }
}

const acts = fc.array(operation, { maxLength: 40, size: 'max' });
const history = fc.record({
  base: acts,
  rounds: fc.array(fc.record({ acts, redirect: fc.boolean(), metacopy: fc.boolean(), attributes: fc.boolean() }), {
    minLength: 1,
    maxLength: 4,
    size: 'max',
  }),
});

/** An action of a history. The history below was found at random, when changes() missed a change. */
const act = (name: string, number: number) => ({ name, entry: 0, directory: 0, place: number, number: 0 });
const METACOPY_MOVED_TWICE = {
  base: [act('mkdir', 0), act('write', 1), act('mkdir', 2)],
  rounds: [
    {
      acts: [
        { ...act('mkdir', 0), directory: 532 },
        { ...act('rename', 0), entry: 462, directory: 182 },
      ],
      metacopy: true,
    },
    { acts: [{ ...act('rename', 0), directory: 779 }], metacopy: false },
  ].map((round) => ({ ...round, redirect: false, attributes: false })),
};

const tally: Tally = {};
const count = (name: string, by = 1) => {
  tally[name] = (tally[name] ?? 0) + by;
};

/**
 * Makes a base layer, and further layers on it by changes in a mounted overlay. For each layer, the reported changes
 * must be the differences between the mounted trees, and must turn the tree before into the tree after.
 */
async function checkHistory(place: Place, { base, rounds }: typeof history extends fc.Arbitrary<infer T> ? T : never) {
  using memory = mountTmpfsSync(place.directory('history'));
  const directory = (name: string) => {
    mkdirSync(`${memory.target}/${name}`);
    return `${memory.target}/${name}`;
  };
  const lower = [directory('base')];
  perform(lower[0]!, base, tally);
  const target = directory('merged');
  let wasMetacopy = false;
  for (const [index, round] of rounds.entries()) {
    const [upper, work] = [directory(`upper${index}`), directory(`work${index}`)];
    // Once a layer has metacopies, every later mount needs metacopy=on.
    wasMetacopy ||= round.metacopy;
    const options = userxattr
      ? ({ userxattr } as const)
      : wasMetacopy
        ? ({ metacopy: true, redirectDir: 'on' } as const)
        : ({ redirectDir: round.redirect ? 'on' : 'follow' } as const);
    let before: Snapshot;
    let after: Snapshot;
    {
      using _merged = mountOverlaySync({ lower, upper, work, target, ...options });
      before = snapshot(target);
      perform(target, round.acts, tally);
      after = snapshot(target);
    }
    const reported = await all(lower, upper);
    expect(reported.map(reportOf)).toEqual(expected(before, after));
    expect(applied(before, reported)).toEqual(after);
    count('changes', reported.length);
    count(
      'copies',
      reported.filter(
        (change) => change.type === 'modified' && change.content !== null && !change.content.equals(change.source),
      ).length,
    );
    count('moved', reported.filter((change) => change.type === 'added' && !change.source.includes(upper)).length);
    if (round.attributes && hasAttributeWhiteouts) {
      useAttributeWhiteouts(Buffer.from(upper));
      expect((await all(lower, upper)).map(reportOf)).toEqual(reported.map(reportOf));
    }
    lower.unshift(upper);
    count('rounds');
  }
}

test('changes() reports exactly the differences between two mounted trees, for random histories', async ({
  place,
  skip,
}) => {
  skip(lackOfOverlay(place) !== undefined, lackOfOverlay(place));
  await fc.assert(
    fc.asyncProperty(history, (each) => checkHistory(place, each)),
    { numRuns: HISTORIES, examples: [[METACOPY_MOVED_TWICE]] },
  );
  console.log(`pass ${pass}: ${HISTORIES} histories, ${JSON.stringify(tally)}`);
});
