// What is in the package, and why: every file is of one of these kinds, and whatever is of none does not belong there.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { ARCHITECTURES, project } from './architectures.js';

const modules = readdirSync(join(project, 'lib')).map((file) => file.replace(/\.ts$/, ''));
const sources = readdirSync(join(project, 'src-native'), { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile())
  .map((entry) => join(entry.parentPath, entry.name).slice(project.length))
  .filter((file) => !file.startsWith('src-native/headers/'));

const KINDS = [
  {
    what: 'about the package',
    why: 'what npm needs to know, and people',
    files: ['package.json', 'README.md', 'CHANGELOG.md', 'LICENSE'],
  },
  {
    what: 'JavaScript',
    why: 'the library as tsc writes it: not minified, so that a stack trace can be read, and so without maps',
    files: modules.map((name) => `dist/${name}.js`),
  },
  {
    what: 'types',
    why: 'with the documentation that an editor shows; without maps, as lib/ is not in here',
    files: modules.map((name) => `dist/${name}.d.ts`),
  },
  ...ARCHITECTURES.map(({ name }) => ({
    what: `linux-${name}`,
    why: 'the addon, stripped, for every Node and every C library',
    files: [`prebuilds/linux-${name}/linux-mount.node`],
    mayBeMissing: true,
  })),
  {
    what: 'C++',
    why: 'to build the addon where no prebuild fits, with npm packages and no download besides',
    files: ['binding.gyp', ...sources],
  },
];

/** Prints a line for each kind; throws when a file is missing or does not belong there. */
export function explain(packed) {
  const sizes = new Map(packed.files.map(({ path, size }) => [path, size]));
  const wrong = [];
  const line = (what, count, bytes, why) =>
    console.log(`  ${what.padEnd(18)}${String(count).padStart(4)} ${String(bytes).padStart(8)}  ${why}`);
  console.log(`${packed.filename}: ${packed.size} bytes packed, ${packed.unpackedSize} unpacked`);
  line('', 'files', 'bytes', '');
  for (const { what, why, files, mayBeMissing = false } of KINDS) {
    const there = files.filter((file) => sizes.has(file));
    const bytes = there.reduce((sum, file) => sum + sizes.get(file), 0);
    if (there.length < files.length && !mayBeMissing) {
      wrong.push(...files.filter((file) => !sizes.has(file)).map((file) => `${file} is missing`));
    }
    line(what, there.length, bytes, there.length === 0 ? 'not built here (npm run prebuilds)' : why);
    for (const file of there) sizes.delete(file);
  }
  wrong.push(...[...sizes.keys()].map((file) => `${file} does not belong there`));
  if (wrong.length > 0) throw new Error(wrong.join('\n'));
}
