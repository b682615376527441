// Makes and examines the directories of overlays.
import { lstatSync, mkdirSync, type Stats, writeFileSync } from 'node:fs';

/** The directories of an overlay, all in one parent directory. */
export interface Directories {
  readonly upper: string;
  readonly work: string;
  readonly target: string;
}

/** Makes empty directories upper, work and target. Upper and work must be on one mount; the target may be anywhere. */
export function makeDirectories(parent: string): Directories {
  const directories = { upper: `${parent}/upper`, work: `${parent}/work`, target: `${parent}/merged` };
  for (const directory of [parent, ...Object.values(directories)]) mkdirSync(directory, { recursive: true });
  return directories;
}

/** Makes a layer of files, each with the name of its layer as its content. */
export function makeLayer(directory: string, ...names: readonly string[]): void {
  mkdirSync(directory, { recursive: true });
  const layer = directory.slice(directory.lastIndexOf('/') + 1);
  for (const name of names) writeFileSync(`${directory}/${name}`, `This is ${name} of ${layer}.\n`);
}

/** Whether an entry of a layer is a whiteout, which hides the name: a character device with number 0:0. */
export function isWhiteout(stats: Stats): boolean {
  return stats.isCharacterDevice() && stats.rdev === 0;
}

/** Returns the kind of file at a path, in words. */
export function kindAt(path: string | Buffer): string {
  const stats = lstatSync(path, { throwIfNoEntry: false });
  if (stats === undefined) return 'nothing';
  if (stats.isFile()) return `a file of ${stats.size} bytes`;
  if (stats.isDirectory()) return 'a directory';
  if (stats.isCharacterDevice()) return `a character device ${stats.rdev >> 8}:${stats.rdev & 0xff}`;
  return 'something else';
}
