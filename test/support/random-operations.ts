// Random file operations in a mounted overlay, for property tests.
import {
  appendFileSync,
  chmodSync,
  chownSync,
  closeSync,
  linkSync,
  lstatSync,
  lutimesSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  symlinkSync,
  truncateSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import fc from 'fast-check';
import { isRealRoot } from './environment.js';
import { joined, namesIn, removeTree } from './layers.js';
import { makeNode, removeAttribute, S_IFCHR, S_IFIFO, setAttribute } from './native-files.js';

const NAMES = ['a', 'b', 'c', 'd', 'new\nline', '\xff', `long${'g'.repeat(251)}`].map((name) =>
  Buffer.from(name, 'latin1'),
);

/**
 * What an operation works on: an existing entry, a directory, the path of a new entry, and a number that chooses a
 * variant.
 */
interface Act {
  readonly entry: Buffer;
  readonly place: Buffer;
  readonly number: number;
}

const OPERATIONS: Readonly<Record<string, (act: Act) => void>> = {
  write: ({ place, number }) => writeFileSync(place, `content ${number}`),
  mkdir: ({ place }) => mkdirSync(place),
  symlink: ({ place, number }) => symlinkSync(`to ${number}`, place),
  link: ({ entry, place }) => linkSync(entry, place),
  fifo: ({ place }) => makeNode(place, S_IFIFO | 0o644),
  device: ({ place, number }) => makeNode(place, S_IFCHR | 0o600, 1, 3 + (number % 2)),
  append: ({ entry }) => appendFileSync(entry, '+'),
  truncate: ({ entry }) => truncateSync(entry, 0),
  // Opening for writing copies the file up without a change.
  open: ({ entry }) => closeSync(openSync(entry, 'r+')),
  // `forge` writes other content of the same size and restores the modification time.
  forge: ({ entry, number }) => {
    const { atimeMs, mtimeMs, size } = lstatSync(entry);
    const [atime, mtime] = [Math.floor(atimeMs / 1000), Math.floor(mtimeMs / 1000)];
    const before = readFileSync(entry);
    utimesSync(entry, atime, mtime);
    writeFileSync(entry, number % 2 === 0 ? before : Buffer.alloc(size, number % 2 === 1 ? 'z' : 'y'));
    utimesSync(entry, atime, mtime);
  },
  remove: ({ entry }) => (lstatSync(entry).isDirectory() ? removeTree(entry) : unlinkSync(entry)),
  rename: ({ entry, place }) => renameSync(entry, place),
  // `anew` removes an entry and makes another entry with the same name.
  anew: ({ entry, number }) => {
    const wasDirectory = lstatSync(entry).isDirectory();
    if (wasDirectory) removeTree(entry);
    else unlinkSync(entry);
    if (number % 3 === 0 ? !wasDirectory : wasDirectory) mkdirSync(entry);
    else writeFileSync(entry, `anew ${number}`);
  },
  // `remake` removes a directory and makes another directory with entries of the same names.
  remake: ({ entry, number }) => {
    if (!lstatSync(entry).isDirectory()) return;
    const names = namesIn(entry);
    removeTree(entry);
    mkdirSync(entry);
    for (const [index, name] of names.entries()) {
      if ((index + number) % 3 === 0) mkdirSync(joined(entry, name));
      else if ((index + number) % 3 === 1) writeFileSync(joined(entry, name), 'remade');
    }
  },
  chmod: ({ entry, number }) =>
    lstatSync(entry).isSymbolicLink() || chmodSync(entry, [0o700, 0o755, 0o600][number % 3]!),
  chown: ({ entry, number }) => lstatSync(entry).isSymbolicLink() || chownSync(entry, isRealRoot ? number % 3 : 0, 0),
  touch: ({ entry, number }) => lutimesSync(entry, number, number),
  attribute: ({ entry, number }) => setAttribute(entry, 'user.test', `${number % 2}`),
  withoutAttribute: ({ entry }) => removeAttribute(entry, 'user.test'),
};

const DEVICES = new Set(['device']);

export interface Operation {
  readonly name: string;
  readonly entry: number;
  readonly directory: number;
  readonly place: number;
  readonly number: number;
}

export const operation: fc.Arbitrary<Operation> = fc.record({
  name: fc.constantFrom(
    ...Object.keys(OPERATIONS).filter((name) => isRealRoot || !DEVICES.has(name)),
    // These operations build, move and remove trees, so they are chosen more often.
    ...['mkdir', 'mkdir', 'mkdir', 'write', 'write', 'write', 'rename', 'rename', 'rename', 'rename', 'remake'],
  ),
  entry: fc.nat(1000),
  directory: fc.nat(1000),
  place: fc.nat(NAMES.length - 1),
  number: fc.nat(9),
});

// Errors that a random operation may cause: the name exists, a directory would move into itself, or a file is used as a
// directory and the other way round.
const MAY_BE = new Set([
  ...['EEXIST', 'EISDIR', 'ENOTDIR', 'ENOTEMPTY', 'EINVAL', 'EXDEV', 'EPERM', 'ENOENT', 'ENXIO', 'ENAMETOOLONG'],
  // overlayfs returns ESTALE when one name of a file is renamed over another name of the same file.
  'Unknown system error -116',
  ...['1', '2', '17', '61', '95'], // Errors of test/native/files.c: EPERM (an attribute of a symbolic link), ENOENT, EEXIST, ENODATA, EOPNOTSUPP.
]);

function collect(root: Buffer, into: Buffer[]): Buffer[] {
  for (const name of namesIn(root)) {
    const path = joined(root, name);
    into.push(path);
    if (lstatSync(path).isDirectory()) collect(path, into);
  }
  return into;
}

export interface Tally {
  [name: string]: number;
}

/** Runs the operations in a tree, ignores those that cannot work, and counts those that succeed. */
export function perform(root: string, operations: readonly Operation[], tally: Tally): void {
  const top = Buffer.from(root);
  for (const { name, entry, directory, place, number } of operations) {
    const entries = collect(top, []);
    const directories = [top, ...entries.filter((path) => lstatSync(path).isDirectory())];
    const chosen = entries[entry % Math.max(entries.length, 1)] ?? joined(top, NAMES[0]!);
    const parent = directories[directory % directories.length]!;
    // Opening a FIFO for writing would wait for a reader.
    const kind = entries.length === 0 ? undefined : lstatSync(chosen);
    if ((kind?.isFIFO() || kind?.isCharacterDevice()) && ['append', 'truncate', 'open', 'forge'].includes(name))
      continue;
    const target = joined(parent, NAMES[place]!);
    if (name === 'write' && entries.some((path) => path.equals(target) && !lstatSync(path).isFile())) continue;
    try {
      OPERATIONS[name]!({ entry: chosen, place: target, number });
      tally[name] = (tally[name] ?? 0) + 1;
    } catch (error) {
      const { code, message } = error as { code?: string; message: string };
      if (!MAY_BE.has(code ?? message)) throw error;
    }
  }
}
