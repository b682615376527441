// Acts 1 to 5 of the demo: an overlay of three small layers.
import { lstatSync, readdirSync, readFileSync, statSync, unlinkSync, writeFileSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import { mountOverlay, mountOverlaySync } from 'linux-mount';
import { isWhiteout, kindAt, makeDirectories, makeLayer } from './layers.js';
import { mountPoints } from './mount-table.js';
import { claim, drawing, heading, note } from './output.js';
import { drawLayers, MARKS } from './tree.js';

/** Plays acts 1 to 5: three small layers, and everything that an overlay does with them. */
export async function layersAct(place: string, isUserNamespace: boolean): Promise<void> {
  const { upper, work, target } = makeDirectories(`${place}/small`);
  const [lower1, lower2] = [`${place}/small/lower1`, `${place}/small/lower2`];
  makeLayer(lower1, 'a', 'b');
  makeLayer(lower2, 'a');
  makeLayer(upper, 'c');
  // In a user namespace overlayfs cannot use trusted.* attributes.
  const options = { target, ...(isUserNamespace ? { userxattr: true as const } : {}) };
  const descriptors = openDescriptors();
  {
    await using merged = await mountOverlay({ lower: [lower1, lower2], upper, work, ...options });
    const scene: Scene = { upper, lower1, lower2, merged: merged.target.toString() };
    merge(scene);
    copyUp(scene);
    whiteout(scene);
  }
  withoutUpper([lower1, lower2], options);
  nothingIsLeft(target, descriptors);
}

/** The directories of the overlay by the names that the demo prints. */
interface Scene {
  readonly merged: string;
  readonly upper: string;
  readonly lower1: string;
  readonly lower2: string;
}

function draw({ merged, upper, lower1, lower2 }: Scene): void {
  drawing(
    drawLayers(merged, [
      ['upper', upper],
      ['lower1', lower1],
      ['lower2', lower2],
    ]),
  );
}

function merge(scene: Scene): void {
  const { merged, upper, lower1, lower2 } = scene;
  heading(
    1,
    'Three layers, one tree',
    "await mountOverlay({ lower: ['lower1', 'lower2'], upper, work, target: 'merged' })",
  );
  draw(scene);
  note(MARKS);
  const names = readdirSync(merged).sort();
  claim('merged has the names a, b and c, and no others', isDeepStrictEqual(names, ['a', 'b', 'c']), names.join(', '));
  const a = readFileSync(`${merged}/a`);
  claim(
    'a comes from lower1 and hides the a of lower2',
    a.equals(readFileSync(`${lower1}/a`)) && !a.equals(readFileSync(`${lower2}/a`)),
  );
  claim('b comes from lower1', sameBytes(`${merged}/b`, `${lower1}/b`));
  claim('c comes from upper', sameBytes(`${merged}/c`, `${upper}/c`));
}

function copyUp(scene: Scene): void {
  const { merged, upper, lower1 } = scene;
  heading(2, 'Writing to a file of a lower layer copies the file up', "writeFileSync('merged/b', …)");
  const old = readFileSync(`${lower1}/b`);
  const oldTime = statSync(`${lower1}/b`, { bigint: true }).mtimeNs;
  const changed = Buffer.concat([old, Buffer.from('This line is new.\n')]);
  claim('before the write, upper has no b', kindAt(`${upper}/b`) === 'nothing', kindAt(`${upper}/b`));
  writeFileSync(`${merged}/b`, changed);
  draw(scene);
  claim(`merged shows the new b, ${changed.length} bytes`, readFileSync(`${merged}/b`).equals(changed));
  claim('upper has the new b, byte for byte', readFileSync(`${upper}/b`).equals(changed));
  claim(
    `lower1 has the old b: ${old.length} bytes, and the same modification time`,
    readFileSync(`${lower1}/b`).equals(old) && statSync(`${lower1}/b`, { bigint: true }).mtimeNs === oldTime,
  );
}

function whiteout(scene: Scene): void {
  const { merged, upper, lower1, lower2 } = scene;
  heading(3, 'Deleting a file of a lower layer makes a whiteout', "unlinkSync('merged/a')");
  const old = [readFileSync(`${lower1}/a`), readFileSync(`${lower2}/a`)];
  unlinkSync(`${merged}/a`);
  draw(scene);
  claim(
    'merged has only b and c',
    isDeepStrictEqual(readdirSync(merged).sort(), ['b', 'c']) && kindAt(`${merged}/a`) === 'nothing',
  );
  claim('upper has a whiteout for a: a character device 0:0', isWhiteoutAt(`${upper}/a`), kindAt(`${upper}/a`));
  claim(
    'lower1 and lower2 have the same a as before, byte for byte',
    isDeepStrictEqual([readFileSync(`${lower1}/a`), readFileSync(`${lower2}/a`)], old),
  );
}

function withoutUpper(lower: readonly [string, string], options: { target: string; userxattr?: true }): void {
  heading(
    4,
    'Without an upper directory the overlay is read-only',
    "mountOverlaySync({ lower: […], target: 'merged' })",
  );
  using merged = mountOverlaySync({ lower, ...options });
  const path = merged.target.toString();
  const names = readdirSync(path).sort();
  claim('merged has a and b, from the lower layers alone', isDeepStrictEqual(names, ['a', 'b']), names.join(', '));
  const attempts: readonly [what: string, attempt: () => void][] = [
    ['writing to b', () => writeFileSync(`${path}/b`, 'new')],
    ['making a new file', () => writeFileSync(`${path}/new`, 'new')],
    ['deleting a', () => unlinkSync(`${path}/a`)],
  ];
  for (const [what, attempt] of attempts) {
    const code = codeOf(attempt);
    claim(`${what} fails with EROFS, read-only file system`, code === 'EROFS', code);
  }
}

function nothingIsLeft(target: string, descriptors: readonly string[]): void {
  heading(5, '`using` unmounts the overlay at the end of the block, and nothing is left');
  const names = readdirSync(target);
  claim('the target is an empty directory again', names.length === 0, names.join(', '));
  claim('the mount table, /proc/self/mountinfo, has no line for the target', !mountPoints().includes(target));
  const more = openDescriptors().filter((descriptor) => !descriptors.includes(descriptor));
  claim('/proc/self/fd shows no new open descriptor', more.length === 0, more.join(', '));
}

// readdir lists /proc/self/fd through a descriptor of its own, which is closed before the names are checked.
function openDescriptors(): string[] {
  return readdirSync('/proc/self/fd').filter((name) => lstatSync(`/proc/self/fd/${name}`, { throwIfNoEntry: false }));
}

function sameBytes(one: string, other: string): boolean {
  return readFileSync(one).equals(readFileSync(other));
}

function isWhiteoutAt(path: string): boolean {
  const stats = lstatSync(path, { throwIfNoEntry: false });
  return stats !== undefined && isWhiteout(stats);
}

/** Returns the code of the error that an attempt throws, or `'none'`. */
function codeOf(attempt: () => void): string {
  try {
    attempt();
    return 'none';
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? String(error);
  }
}
