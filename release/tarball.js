// The kinds of files in the package, and why each kind is in it. A file of no kind is an error.
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { ARCHITECTURES, hasProgram, project } from './architectures.js';
import { paddingOf } from './gate.js';

const filesIn = (folder) =>
  readdirSync(join(project, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(project.length));

const modules = filesIn('lib').flatMap((file) => file.match(/^lib\/(.*)\.ts$/)?.[1] ?? []);
// `npm run build:source` in a clone leaves folders that are not sources.
const sources = filesIn('src-native').filter((file) => !/^src-native\/(build|node_modules)\//.test(file));

// Zeros make up a quarter of some files: where pages may have 64 KiB, the writable segment begins at such a page.
// Compression removes the zeros.
function zeros(prebuild) {
  const count = existsSync(prebuild) && hasProgram('readelf') ? paddingOf(prebuild) : 0;
  return count < 4096 ? '' : `, and ${count} zeros up to a page of 64 KiB`;
}

const KINDS = [
  {
    what: 'about the package',
    why: 'what npm needs to know, and people',
    files: ['package.json', 'README.md', 'CHANGELOG.md', 'CONTRIBUTING.md', 'SECURITY.md', 'LICENSE'],
  },
  {
    what: 'JavaScript',
    why: 'the library as tsc writes it: not minified, so that a stack trace can be read, and so without maps',
    files: ['dist/package.json', ...modules.map((name) => `dist/${name}.js`)],
  },
  {
    what: 'types',
    why: 'with the documentation that an editor shows; without maps, as lib/ is not in here',
    files: modules.map((name) => `dist/${name}.d.ts`),
  },
  {
    what: 'pages',
    why: 'so that the links of README lead somewhere',
    files: filesIn('docs'),
  },
  ...ARCHITECTURES.map(({ name, prebuild }) => ({
    what: `linux-${name}`,
    why: `the addon, stripped, for every Node and every C library${zeros(prebuild)}`,
    files: [`prebuilds/linux-${name}/linux-mount.node`],
    mayBeMissing: true,
  })),
  {
    what: 'C++',
    why: 'to build the addon where no prebuild fits, with npm packages and no download besides',
    files: sources,
  },
];

/**
 * Prints a line for each kind. Throws when a file is missing or is of no kind. With `isComplete` no prebuilt addon may
 * be missing.
 */
export function explain(packed, isComplete) {
  const sizes = new Map(packed.files.map(({ path, size }) => [path, size]));
  const wrong = [];
  const line = (what, count, bytes, why) =>
    console.log(`  ${what.padEnd(18)}${String(count).padStart(4)} ${String(bytes).padStart(8)}  ${why}`);
  console.log(`${packed.filename}: ${packed.size} bytes packed, ${packed.unpackedSize} unpacked`);
  line('', 'files', 'bytes', '');
  for (const { what, why, files, mayBeMissing = false } of KINDS) {
    const there = files.filter((file) => sizes.has(file));
    const bytes = there.reduce((sum, file) => sum + sizes.get(file), 0);
    if (there.length < files.length && (isComplete || !mayBeMissing)) {
      wrong.push(...files.filter((file) => !sizes.has(file)).map((file) => `${file} is missing`));
    }
    line(what, there.length, bytes, there.length === 0 ? 'not built here (npm run prebuilds)' : why);
    for (const file of there) sizes.delete(file);
  }
  wrong.push(...[...sizes.keys()].map((file) => `${file} does not belong there`));
  if (wrong.length > 0) throw new Error(wrong.join('\n'));
}
