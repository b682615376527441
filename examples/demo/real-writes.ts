// Changes and deletes files through the overlay of act 6, and checks that the originals stay unchanged.
import { createHash } from 'node:crypto';
import { lstatSync, readdirSync, readFileSync, renameSync, unlinkSync, writeFileSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import { nameOf } from './census.js';
import { type Directories, isWhiteout, kindAt } from './layers.js';
import { claim, drawing, note, printable, shorten } from './output.js';
import { drawTree } from './tree.js';
import { bytes, type Entry } from './walk.js';

/** A file of a lower layer, with its paths in the layer, in the upper directory and in the merged directory. */
interface RealFile {
  /** The path from the root of the layers, as in {@link Entry}. */
  readonly path: string;
  readonly name: string;
  readonly original: Buffer;
  readonly originalName: string;
  readonly merged: Buffer;
  readonly upper: Buffer;
}

/** The paths that the upper directory now has, each with what was done to it. */
type Changes = Map<string, string>;

const LINE = Buffer.from('\n# This line is new: the linux-mount demo wrote it.\n');
const NEW_PATH = '/new-file-of-the-demo';
/** Well-known files are changed first. */
const FAMILIAR = ['/hostname', '/fstab', '/passwd', '/package.json', '/README.md', '/README'];
/** The errors for changing files of other users. EOVERFLOW means that the owner has no ID in the user namespace. */
const REFUSALS: readonly unknown[] = ['EACCES', 'EPERM', 'EOVERFLOW'];

/**
 * Changes a file and deletes another file through the merged directory, and checks that the originals are unchanged.
 */
export function changeAndDelete(lower: readonly string[], directories: Directories, entries: readonly Entry[]): void {
  const files = [...entries]
    .sort((one, other) => rank(one) - rank(other))
    .filter((entry) => isVisible(entry, lower))
    .map((entry) => realFile(entry, lower, directories));
  const done: Changes = new Map();

  const changed = files.find((file) => isPermitted(() => change(file, done)));
  if (changed === undefined) makeFile(lower, directories, done);
  const candidates = files.filter((file) => file !== changed).concat(changed ?? []);
  const deleted = candidates.find((file) => isPermitted(() => remove(file, done)));
  if (deleted === undefined) note('(This user may delete no file of these layers.)');

  const rows = [...done].sort().map(([path, what]) => ({ name: shorten(nameOf(path), 48), cells: [what] }));
  drawing(['', ...drawTree('upper', [{ title: '' }], rows)]);
  const inUpper = contents(directories.upper);
  claim(
    'upper has these files and nothing else',
    isDeepStrictEqual(new Set(inUpper), new Set(done.keys())),
    inUpper.map(nameOf).join(', '),
  );
}

function change(file: RealFile, done: Changes): void {
  const before = fingerprint(file.original);
  const changed = Buffer.concat([readFileSync(file.original), LINE]);
  const how = write(file.merged, changed);
  done.set(file.path, `${how}, ${changed.length} bytes`);
  note('');
  claim(
    `${file.name} is ${how} through merged, and merged shows the new content`,
    readFileSync(file.merged).equals(changed),
  );
  claim(`upper has the new ${file.name}, byte for byte`, readFileSync(file.upper).equals(changed));
  claimUntouched(file, before);
}

/** Writes a file in place, or replaces the file of another user by a new file, as editors do. */
function write(path: Buffer, data: Buffer): 'changed' | 'replaced' {
  if (isPermitted(() => writeFileSync(path, data))) return 'changed';
  const directory = path.subarray(0, path.lastIndexOf('/'));
  const temporary = Buffer.concat([directory, Buffer.from(NEW_PATH)]);
  writeFileSync(temporary, data, { flag: 'wx' });
  renameSync(temporary, path);
  return 'replaced';
}

function remove(file: RealFile, done: Changes): void {
  const before = fingerprint(file.original);
  unlinkSync(file.merged);
  done.set(file.path, 'a whiteout');
  const remaining = kindAt(file.merged);
  claim(`${file.name} is deleted through merged, and merged no longer has it`, remaining === 'nothing', remaining);
  const stats = lstatSync(file.upper, { throwIfNoEntry: false });
  claim(
    `upper has a whiteout for ${file.name}: a character device 0:0`,
    stats !== undefined && isWhiteout(stats),
    kindAt(file.upper),
  );
  claimUntouched(file, before);
}

/**
 * If no file can be changed, a new file can still be made, because the merged root is the root of upper, which the user
 * owns.
 */
function makeFile(lower: readonly string[], { upper, target }: Directories, done: Changes): void {
  note('');
  note('(This user may change no small file of these layers, so the demo makes a new file.)');
  writeFileSync(`${target}${NEW_PATH}`, LINE, { flag: 'wx' });
  done.set(NEW_PATH, `new, ${LINE.length} bytes`);
  claim('upper has the new file, byte for byte', readFileSync(`${upper}${NEW_PATH}`).equals(LINE));
  const remaining = lower.map((path) => kindAt(`${path}${NEW_PATH}`)).filter((kind) => kind !== 'nothing');
  claim('no lower layer has the new file', remaining.length === 0, remaining.join(', '));
}

/**
 * Returns the properties that change when a file is written, even with the same content, and that reading leaves
 * unchanged.
 */
function fingerprint(path: Buffer): Record<string, string | bigint> {
  const { ino, mode, uid, gid, size, mtimeNs, ctimeNs } = lstatSync(path, { bigint: true });
  const sha256 = createHash('sha256').update(readFileSync(path)).digest('hex');
  return { sha256, ino, mode, uid, gid, size, mtimeNs, ctimeNs };
}

function claimUntouched({ original, originalName }: RealFile, before: ReturnType<typeof fingerprint>): void {
  const after = fingerprint(original);
  const different = Object.keys(after).filter((key) => after[key] !== before[key]);
  claim(
    `the original, ${originalName}, is unchanged: same bytes (SHA-256), size, mode, owner and times`,
    different.length === 0,
    `its ${different.join(' and ')} changed`,
  );
}

function realFile({ path, layer }: Entry, lower: readonly string[], { upper, target }: Directories): RealFile {
  const at = (directory: string) => Buffer.concat([Buffer.from(directory), bytes(path)]);
  const directory = lower[layer] ?? '';
  const name = shorten(nameOf(path), 40);
  const originalName = shorten(`${printable(directory === '/' ? '' : directory)}/${nameOf(path)}`, 60);
  return { path, name, original: at(directory), originalName, merged: at(target), upper: at(upper) };
}

/** Whether the path leads to the layer's own file: another file may be mounted on it, as containers do in /etc. */
function isVisible({ path, layer, stats }: Entry, lower: readonly string[]): boolean {
  try {
    const { ino, dev } = lstatSync(Buffer.concat([Buffer.from(lower[layer] ?? ''), bytes(path)]));
    return ino === stats?.ino && dev === stats.dev;
  } catch {
    return false;
  }
}

function rank({ path }: Entry): number {
  const familiarity = FAMILIAR.indexOf(path);
  if (familiarity !== -1) return familiarity;
  return path.lastIndexOf('/') === 0 ? FAMILIAR.length : FAMILIAR.length + 1;
}

function isPermitted(attempt: () => void): boolean {
  try {
    attempt();
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && REFUSALS.includes(error.code)) return false;
    throw error;
  }
}

/** Returns the paths of all files below a directory, without directories. */
function contents(directory: string): string[] {
  const list = (path: string): string[] =>
    readdirSync(Buffer.concat([Buffer.from(directory), bytes(path)]), {
      encoding: 'latin1',
      withFileTypes: true,
    }).flatMap((entry) => (entry.isDirectory() ? list(`${path}/${entry.name}`) : [`${path}/${entry.name}`]));
  return list('');
}
