import { isUtf8 } from 'node:buffer';
import { endianness } from 'node:os';
import type { Change, EntryKind, LayerName } from './types.js';

/** Reads changes out of the bytes in which the native floor tells them: src-native/engines/layers/layer_record.h. */

// As the machine has it.
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

// Every mode that Linux has is one of these.
const kindOf = (mode: number) => KINDS.get(mode & S_IFMT) as EntryKind;

// Of a time whose nanoseconds since 1970 are more than 64 bits have room for, the seconds come apart.
const APART = 2 ** 31;
const timeOf = (time: bigint, apart: number) => (apart === 0 ? time : time * 1_000_000_000n + BigInt(apart - APART));

/** How names are given, and the roots of the layers with a slash behind them: the upper one first. */
export interface RecordNames {
  readonly asBuffers: boolean;
  readonly roots: readonly Buffer[];
  /** The same as text, where names may be text and it is UTF-8. */
  readonly texts: readonly (string | null)[];
}

/** The changes of one batch, each made when it is asked for. */
export class ChangeBatch {
  readonly #bytes: Buffer;
  readonly #view: DataView;
  readonly #names: RecordNames;
  #at = 0;

  constructor(bytes: Buffer, names: RecordNames) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#names = names;
  }

  get isEmpty(): boolean {
    return this.#at >= this.#bytes.length;
  }

  /** The next one; there must be one. */
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
    return !this.#names.asBuffers && isUtf8(bytes) ? bytes.toString() : Buffer.from(bytes);
  }

  #nameIn(layer: number, name: LayerName): LayerName {
    const text = this.#names.texts[layer];
    if (typeof text === 'string' && typeof name === 'string') return text + name;
    const root = this.#names.roots[layer] as Buffer;
    return Buffer.concat([root, typeof name === 'string' ? Buffer.from(name) : name]);
  }
}
