// npm run docs:check: what the pages and docstrings say is so.
//
//   - each example in TypeScript compiles: those of README and docs/, as they are, and those of the docstrings
//   - those marked `ts run` run, in a mount namespace of their own, in an empty directory in memory
//   - links lead to files that are there, and to headings in them; those of docs/api too, whose examples are the docstrings'
//   - README names every function of the package, and docs/demo.svg is what the demo prints
import { spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as library from 'linux-mount';
import * as layers from 'linux-mount/layers';
import { isPictureCurrent } from './demo-picture.js';

const project = fileURLToPath(new URL('..', import.meta.url));
const place = join(project, 'build/docs-check');
const tsc = join(project, 'node_modules/typescript/bin/tsc');

const faults = [];
const pages = [
  'README.md',
  'CONTRIBUTING.md',
  'SECURITY.md',
  'CHANGELOG.md',
  ...markdownIn('docs'),
  ...markdownIn('bench'),
];

function markdownIn(directory) {
  return readdirSync(join(project, directory))
    .filter((name) => name.endsWith('.md'))
    .map((name) => join(directory, name));
}

/** Examples in fences; of a file of lib/, those in comments. */
function examplesIn(file) {
  const text = readFileSync(join(project, file), 'utf8');
  const isCode = file.endsWith('.ts');
  const pattern = isCode ? /^ *\* ```ts\n(.*?)^ *\* ```$/gms : /^```(ts(?: run)?)\n(.*?)^```$/gms;
  return [...text.matchAll(pattern)].map((match) => ({
    where: `${file}:${text.slice(0, match.index).split('\n').length}`,
    code: isCode ? inBlock(match[1].replace(/^ *\* ?/gm, '')) : match[2],
    isRun: match[1] === 'ts run',
  }));
}

/** A docstring's example: its names are its own, also those that the prelude has. */
function inBlock(code) {
  const imports = code.split('\n').filter((line) => line.startsWith('import '));
  const rest = code.split('\n').filter((line) => !line.startsWith('import '));
  return [PRELUDE, ...imports, '{', ...rest, '}'].join('\n');
}

// What an example in a docstring may use without saying where it comes from. It is about one function; the pages show whole
// programs.
const PRELUDE = [
  `import { ${Object.keys(library).join(', ')}, type OperationTrace } from 'linux-mount';`,
  `import { ${Object.keys(layers)
    .filter((name) => !(name in library))
    .join(', ')} } from 'linux-mount/layers';`,
  "import { spawn } from 'node:child_process';",
  "import { readdirSync } from 'node:fs';",
  "import { cp, readdir, readFile, writeFile } from 'node:fs/promises';",
  "import { join } from 'node:path';",
  'declare const signal: AbortSignal, secret: string, lower: string[], upper: string, work: string;',
  'declare const container: { pid: number }, merged: import("linux-mount").Mount;',
  'declare const table: import("linux-mount").MountTable;',
].join('\n');

function checkExamples() {
  mkdirSync(place, { recursive: true });
  for (const name of readdirSync(place)) rmSync(join(place, name), { recursive: true });
  const sources = readdirSync(join(project, 'lib')).map((name) => join('lib', name));
  const examples = [...pages, ...sources].flatMap(examplesIn);
  const names = examples.map(({ where, code }, index) => {
    const name = `${index}-${where.replace(/\W+/g, '-')}`;
    writeFileSync(join(place, `${name}.ts`), `${code}\nexport {};\n`);
    return name;
  });
  writeFileSync(
    join(place, 'tsconfig.json'),
    JSON.stringify({
      extends: '../../tsconfig.json',
      compilerOptions: {
        ...{ rootDir: '.', outDir: 'out', declaration: false, isolatedDeclarations: false },
        ...{ noUnusedLocals: false, noUnusedParameters: false, allowUnusedLabels: true },
      },
      include: ['*.ts'],
    }),
  );
  const { status, stdout } = spawnSync(process.execPath, [tsc, '-p', place, '--pretty', 'false'], { encoding: 'utf8' });
  if (status !== 0) {
    const named = stdout.replace(/(?:build\/docs-check\/)?(\d+)-[\w-]+\.ts/g, (_, index) => examples[index].where);
    faults.push(`examples that do not compile:\n${named}`);
    return;
  }
  const toRun = examples.flatMap(({ isRun, where }, index) => (isRun ? [{ where, name: names[index] }] : []));
  for (const { where, name } of toRun) runExample(where, join(place, 'out', `${name}.js`));
  console.log(`${examples.length} examples compile, ${toRun.length} of them run`);
}

function runExample(where, file) {
  const user = process.getuid() === 0 ? [] : ['--user', '--map-root-user'];
  const directory = mkdtempSync(join(tmpdir(), 'linux-mount-docs-'));
  const script = 'mount -t tmpfs example "$1" && cd "$1" && exec "$2" "$3"';
  const { status, stderr } = spawnSync(
    'unshare',
    [
      ...user,
      '--mount',
      '--propagation',
      'private',
      '--',
      'sh',
      '-euc',
      script,
      'sh',
      directory,
      process.execPath,
      file,
    ],
    { encoding: 'utf8' },
  );
  rmdirSync(directory); // empty: what was in it was in the namespace only
  if (status !== 0) faults.push(`the example at ${where} fails:\n${stderr}`);
}

const withoutCode = (text) => text.replace(/^```.*?^```$/gms, '');

/** As GitHub makes them: of headings with the same words, the later ones have a number. */
function anchorsOf(file) {
  const text = withoutCode(readFileSync(file, 'utf8'));
  const anchors = new Set(Array.from(text.matchAll(/<a id="([^"]+)">/g), ([, id]) => id));
  const times = new Map();
  for (const [, heading] of text.matchAll(/^#+ (.*)$/gm)) {
    const words = heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-');
    const before = times.get(words) ?? 0;
    times.set(words, before + 1);
    anchors.add(before === 0 ? words : `${words}-${before}`);
  }
  return anchors;
}

function checkLinks() {
  let count = 0;
  for (const page of [...pages, ...markdownIn('docs/api')]) {
    const text = withoutCode(readFileSync(join(project, page), 'utf8'));
    for (const [, target] of text.matchAll(/\]\(([^)\s]+)\)|(?:src|href)="([^"]+)"/g)) {
      if (target === undefined || /^[a-z]+:/.test(target)) continue;
      count += 1;
      const [path, anchor] = target.split('#');
      const file = path === '' ? join(project, page) : join(project, dirname(page), path);
      if (!existsSync(file)) faults.push(`${page}: there is no ${relative(project, file)}`);
      else if (anchor !== undefined && !anchorsOf(file).has(anchor))
        faults.push(`${page}: ${target} has no such heading`);
    }
  }
  console.log(`${count} links lead somewhere`);
}

function checkNames() {
  const readme = readFileSync(join(project, 'README.md'), 'utf8');
  const all = Object.keys({ ...library, ...layers }).filter((name) => !name.endsWith('Sync'));
  const missing = all.filter((name) => !new RegExp(`\\b${name}\\b`).test(readme));
  if (missing.length > 0) faults.push(`README does not name: ${missing.join(', ')}`);
  console.log(`README names all of ${all.length} functions, classes and constants`);
}

checkExamples();
checkLinks();
checkNames();
if (!isPictureCurrent()) faults.push('docs/demo.svg is not what the demo prints now: npm run docs:picture');
for (const fault of faults) console.error(fault);
process.exitCode = faults.length === 0 ? 0 : 1;
