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

/** What somebody does in a mounted overlay: a list of operations, each on entries that are chosen by number. */

const NAMES = ['a', 'b', 'c', 'd', 'new\nline', '\xff', `long${'g'.repeat(251)}`].map((name) =>
  Buffer.from(name, 'latin1'),
);

/** What an operation acts on: some entry, some directory, a place for a new entry, and a number to choose by. */
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
  // Copied up, and as it was.
  open: ({ entry }) => closeSync(openSync(entry, 'r+')),
  // The same size and time, another content.
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
  // Gone, and another of the same name.
  anew: ({ entry, number }) => {
    const wasDirectory = lstatSync(entry).isDirectory();
    if (wasDirectory) removeTree(entry);
    else unlinkSync(entry);
    if (number % 3 === 0 ? !wasDirectory : wasDirectory) mkdirSync(entry);
    else writeFileSync(entry, `anew ${number}`);
  },
  // A directory, made anew with the old names.
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
    // More often: what makes trees, and what moves and removes them.
    ...['mkdir', 'mkdir', 'mkdir', 'write', 'write', 'write', 'rename', 'rename', 'rename', 'rename', 'remake'],
  ),
  entry: fc.nat(1000),
  directory: fc.nat(1000),
  place: fc.nat(NAMES.length - 1),
  number: fc.nat(9),
});

// What may well be: a name is taken, a directory is moved into itself, a file used as a directory or the other way round.
const MAY_BE = new Set([
  ...['EEXIST', 'EISDIR', 'ENOTDIR', 'ENOTEMPTY', 'EINVAL', 'EXDEV', 'EPERM', 'ENOENT', 'ENXIO', 'ENAMETOOLONG'],
  // ESTALE: overlayfs's answer when one name of a file is moved over another.
  'Unknown system error -116',
  ...['1', '2', '17', '61', '95'], // of files.c: EPERM, as of an attribute of a link; ENOENT; EEXIST; ENODATA; EOPNOTSUPP
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

/** Does all of it in a tree, as far as that can be done; counts what was done. */
export function perform(root: string, operations: readonly Operation[], tally: Tally): void {
  const top = Buffer.from(root);
  for (const { name, entry, directory, place, number } of operations) {
    const entries = collect(top, []);
    const directories = [top, ...entries.filter((path) => lstatSync(path).isDirectory())];
    const chosen = entries[entry % Math.max(entries.length, 1)] ?? joined(top, NAMES[0]!);
    const parent = directories[directory % directories.length]!;
    // A write to a pipe would wait for a reader.
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
