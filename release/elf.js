// Reads and changes the few parts of a shared object (elf(5)) that readelf shows and that no common tool can change.
import { readFileSync, writeFileSync } from 'node:fs';

const PT_DYNAMIC = 2;
const DT_NULL = 0n;
const DT_NEEDED = 1n;

/** Returns functions that read numbers from a file in the file's word size and byte order. */
function reader(bytes) {
  if (bytes.toString('latin1', 0, 4) !== '\x7fELF') throw new Error('not an ELF file');
  const is64 = bytes[4] === 2;
  const little = bytes[5] === 1;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const half = (at) => view.getUint16(at, little);
  const word = (at) => (is64 ? view.getBigUint64(at, little) : BigInt(view.getUint32(at, little)));
  return { is64, half, word, word32: (at) => view.getUint32(at, little), size: is64 ? 8 : 4 };
}

/** Returns the offsets of the entries of the dynamic section, which are pairs of a tag and a value. */
function dynamicEntries(bytes) {
  const { is64, half, word, word32, size } = reader(bytes);
  const programHeaders = Number(word(is64 ? 32 : 28));
  const [length, count] = [half(is64 ? 54 : 42), half(is64 ? 56 : 44)];
  for (let index = 0; index < count; index++) {
    const header = programHeaders + index * length;
    if (word32(header) !== PT_DYNAMIC) continue;
    const start = Number(word(header + (is64 ? 8 : 4)));
    const end = start + Number(word(header + (is64 ? 32 : 16)));
    const entries = [];
    for (let at = start; at < end; at += 2 * size) {
      entries.push({ tag: word(at), bytes: Buffer.from(bytes.subarray(at, at + 2 * size)) });
    }
    return { start, entries };
  }
  throw new Error('no dynamic section');
}

/**
 * Removes the names of needed libraries (DT_NEEDED) from a shared object. Node.js has already loaded all libraries in
 * which the addon's symbols are found, and the C library has another name with musl. The symbol versions stay: glibc
 * compares them with the versions of its libc.so.6, and musl ignores them.
 */
export function dropNeeded(file) {
  const bytes = readFileSync(file);
  const { start, entries } = dynamicEntries(bytes);
  const kept = entries.filter(({ tag }) => tag !== DT_NEEDED);
  const end = entries.filter(({ tag }) => tag === DT_NULL).at(-1);
  if (end === undefined) throw new Error(`${file}: the dynamic section does not end`);
  while (kept.length < entries.length) kept.push(end);
  Buffer.concat(kept.map((entry) => entry.bytes)).copy(bytes, start);
  writeFileSync(file, bytes);
}
