// Arbitrary names of overlay layers for property tests: bytes that a shell, a mount table or an option string treats
// specially.
import { mkdirSync, writeFileSync } from 'node:fs';
import fc from 'fast-check';
import type { Place } from './place.js';

const awkward = fc.string({
  unit: fc.constantFrom(':', ',', '\\', '"', '=', '#', ' ', '\n', '\t', '😀', 'ü', '+', '::', '\\134', 'a'),
  minLength: 1,
  maxLength: 12,
});
const anyBytes = fc.uint8Array({ min: 1, minLength: 1, maxLength: 24 }).map((bytes) => Buffer.from(bytes));

/** Any name that a directory may have. */
export const fileName: fc.Arbitrary<Buffer> = fc
  .oneof(
    awkward.map((text) => Buffer.from(text)),
    anyBytes,
  )
  .map((bytes) => Buffer.from(bytes.map((byte) => (byte === 0x2f ? 0x2b : byte))))
  .filter((bytes) => !['.', '..'].includes(bytes.toString('latin1')));

/** Several names, all different. */
export function fileNames(
  count: { minLength: number; maxLength: number },
  name: fc.Arbitrary<Buffer> = fileName,
): fc.Arbitrary<Buffer[]> {
  return fc.uniqueArray(name, { ...count, selector: (bytes) => bytes.toString('hex') });
}

/**
 * Makes a directory with this name, and an empty file in it if `mark` is its name, and returns the path of the
 * directory.
 */
export function makeLayer(place: Place, parent: string, name: Buffer, mark = ''): Buffer {
  const path = Buffer.concat([Buffer.from(`${place.directory(parent)}/`), name]);
  mkdirSync(path);
  if (mark !== '') writeFileSync(Buffer.concat([path, Buffer.from(`/${mark}`)]), '');
  return path;
}

/** Names of the layers of one overlay, with an upper and a work directory if `writable` is true. */
export interface LayerNames {
  readonly lower: readonly Buffer[];
  readonly writable: boolean;
  readonly upper: Buffer;
  readonly work: Buffer;
}

/** Random names for an overlay of 2 to `most` lower layers. */
export function layerNames(most: number): fc.Arbitrary<LayerNames> {
  return fc.record({
    lower: fileNames({ minLength: 2, maxLength: most }),
    writable: fc.boolean(),
    upper: fileName,
    work: fileName,
  });
}

/** The directories that {@link makeLayers} made. */
export interface MadeLayers {
  readonly spec: { lower: Buffer[]; upper?: Buffer; work?: Buffer };
  readonly marks: string[];
}

/**
 * Makes the directories of an overlay, below a new directory `parent`. Each layer contains an empty file, and `marks` are
 * the names of these files.
 */
export function makeLayers(place: Place, parent: string, { lower, writable, upper, work }: LayerNames): MadeLayers {
  const layers = lower.map((layer, index) => makeLayer(place, `${parent}/lower`, layer, `lower${index}`));
  const marks = lower.map((_, index) => `lower${index}`);
  if (!writable) return { spec: { lower: layers }, marks };
  const above = {
    upper: makeLayer(place, `${parent}/upper`, upper, 'upper'),
    work: makeLayer(place, `${parent}/work`, work),
  };
  return { spec: { lower: layers, ...above }, marks: [...marks, 'upper'] };
}
