// Decodes the changes of a walk, which src-native/engines/layers/change_encoder.h encodes as bytes.
import { isUtf8 } from 'node:buffer';
import { endianness } from 'node:os';
import type { Change, EntryKind, LayerName } from './types.js';

// The numbers in an encoded change are in native byte order.
const IS_LITTLE = endianness() === 'LE';

const HEADER = 88;
const SAME_PATH = 0xffff_ffff;
const DATA_CHANGED = 1;
const METADATA_CHANGED = 2;
const TYPES = ['added', 'modified', 'deleted'] as const;

const S_IFMT = 0o170000;
const KINDS: ReadonlyMap<number, EntryKind> = new Map([
  [0o140000, 'socket'],
  [0o120000, 'symlink'],
  [0o100000, 'file'],
  [0o060000, 'device'],
  [0o040000, 'directory'],
  [0o020000, 'device'],
  [0o010000, 'fifo'],
]);

// The result is never undefined, because KINDS has every file type of Linux (inode(7)).
const kindOf = (mode: number) => KINDS.get(mode & S_IFMT) as EntryKind;

// A time that exceeds 64 bits in nanoseconds since 1970 is encoded as seconds; a second field then has the remaining
// nanoseconds and this flag.
const MODIFIED_IN_SECONDS = 2 ** 31;
const timeOf = (time: bigint, nanoseconds: number) =>
  nanoseconds === 0 ? time : time * 1_000_000_000n + BigInt(nanoseconds - MODIFIED_IN_SECONDS);

/** The root directories of the layers, each with a slash at the end, in the order of layer numbers. */
export interface LayerRoots {
  /** Whether every path is returned as a Buffer. */
  readonly asBuffers: boolean;
  readonly roots: readonly Buffer[];
  /** The roots as strings; null for a root that is not UTF-8, and for every root if `asBuffers` is true. */
  readonly texts: readonly (string | null)[];
}

/** A batch of encoded changes. `take` decodes one change, because most callers take one change at a time. */
export class ChangeDecoder {
  readonly #bytes: Buffer;
  readonly #view: DataView;
  readonly #layers: LayerRoots;
  #at = 0;

  constructor(bytes: Buffer, layers: LayerRoots) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#layers = layers;
  }

  /** Whether the caller has taken all changes. */
  get isEmpty(): boolean {
    return this.#at >= this.#bytes.length;
  }

  /** Returns the next change. The caller must check that `isEmpty` is false first. */
  take(): Change {
    const at = this.#at;
    const u32 = (offset: number) => this.#view.getUint32(at + offset, IS_LITTLE);
    this.#at += u32(0);
    const type = TYPES[this.#view.getUint8(at + 4)] as Change['type'];
    const beforeMode = u32(8);
    const mode = u32(12);
    const pathStart = at + HEADER;
    const pathEnd = pathStart + u32(36);
    const path = this.#name(pathStart, pathEnd);
    if (type === 'deleted') return { type, path, kind: kindOf(beforeMode) };

    const kind = kindOf(mode);
    const [sourceLength, contentLength] = [u32(72), u32(76)];
    const sourceEnd = pathEnd + (sourceLength === SAME_PATH ? 0 : sourceLength);
    const layer = this.#view.getUint16(at + 6, IS_LITTLE);
    const source = this.#nameIn(layer, sourceLength === SAME_PATH ? path : this.#name(pathEnd, sourceEnd));
    const content =
      contentLength === SAME_PATH ? source : this.#nameIn(u32(80), this.#name(sourceEnd, sourceEnd + contentLength));
    const entry = {
      path,
      kind,
      source,
      content: kind === 'file' ? content : null,
      mode,
      uid: u32(16),
      gid: u32(20),
      size: Number(this.#view.getBigUint64(at + 40, IS_LITTLE)),
      mtimeNs: timeOf(this.#view.getBigInt64(at + 48, IS_LITTLE), u32(84)),
      device: kind === 'device' ? { major: u32(24), minor: u32(28) } : null,
      hardLink:
        kind !== 'directory' && u32(32) > 1
          ? `${this.#view.getBigUint64(at + 56, IS_LITTLE)}:${this.#view.getBigUint64(at + 64, IS_LITTLE)}`
          : null,
    };
    if (type === 'added') return { type, ...entry };
    const flags = this.#view.getUint8(at + 5);
    return {
      type,
      ...entry,
      before: kindOf(beforeMode),
      dataChanged: (flags & DATA_CHANGED) !== 0,
      metadataChanged: (flags & METADATA_CHANGED) !== 0,
    };
  }

  #name(start: number, end: number): LayerName {
    const bytes = this.#bytes.subarray(start, end);
    return !this.#layers.asBuffers && isUtf8(bytes) ? bytes.toString() : Buffer.from(bytes);
  }

  #nameIn(layer: number, name: LayerName): LayerName {
    const text = this.#layers.texts[layer];
    if (typeof text === 'string' && typeof name === 'string') return text + name;
    const root = this.#layers.roots[layer] as Buffer;
    return Buffer.concat([root, typeof name === 'string' ? Buffer.from(name) : name]);
  }
}
