// Checks the TypeScript examples of the pages and of the docstrings: each compiles, and examples marked `ts run` run.
//
//   ts run         as root, or as an ordinary user if the check runs as one
//   ts run user    also as an ordinary user in a user namespace
//   ts run root    as root only
//   ts run … pid   also in its own PID namespace; net: in its own network namespace
//   ts run … NAME  needs the command NAME
import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as library from 'linux-mount';
import * as layers from 'linux-mount/layers';
import { hasProgram, project } from '../architectures.js';
import { isRoot } from '../namespaces.js';
import { rowsAsExamples } from './command-table.js';
import { namesOf, pagesWithPrograms, read } from './pages.js';

const place = join(project, 'build/docs-check');
const tsc = join(project, 'node_modules/typescript/bin/tsc');

const IMPORTS = `import { ${namesOf(library).join(', ')} } from 'linux-mount';`;

// The names that an example in a docstring may use without an import, because it is about one function. The pages show
// whole programs.
const PRELUDE = [
  IMPORTS,
  "import type { OperationTrace } from 'linux-mount';",
  `import { ${namesOf(layers)
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

/** Wraps the example of a docstring in a block, so that the example may declare names of the prelude again. */
function inBlock(code) {
  const lines = code.split('\n');
  const isImport = (line) => line.startsWith('import ');
  return [PRELUDE, ...lines.filter(isImport), '{', ...lines.filter((line) => !isImport(line)), '}'].join('\n');
}

function examplesIn(file) {
  const text = read(file);
  const isCode = file.endsWith('.ts');
  const pattern = isCode ? /^ *\* ```ts\n(.*?)^ *\* ```$/gms : /^```ts(?: (run[^\n]*))?\n(.*?)^```$/gms;
  return Array.from(text.matchAll(pattern), (match) => ({
    where: `${file}:${text.slice(0, match.index).split('\n').length}`,
    code: isCode ? inBlock(match[1].replace(/^ *\* ?/gm, '')) : match[2],
    marks: isCode ? undefined : match[1]?.split(' ').slice(1),
  }));
}

function compile(examples, faults) {
  mkdirSync(place, { recursive: true });
  for (const name of readdirSync(place)) rmSync(join(place, name), { recursive: true });
  const compiled = examples.map((example, index) => {
    const name = `${index}-${example.where.replace(/\W+/g, '-')}`;
    writeFileSync(join(place, `${name}.ts`), `${example.code}\nexport {};\n`);
    return { ...example, name: `${name}.js`, file: join(place, 'out', `${name}.js`) };
  });
  const compilerOptions = {
    ...{ rootDir: '.', outDir: 'out', declaration: false, isolatedDeclarations: false },
    ...{ noUnusedLocals: false, noUnusedParameters: false, allowUnusedLabels: true },
  };
  const config = { extends: '../../tsconfig.json', compilerOptions, include: ['*.ts'] };
  writeFileSync(join(place, 'tsconfig.json'), JSON.stringify(config));
  const { status, stdout } = spawnSync(process.execPath, [tsc, '-p', place, '--pretty', 'false'], { encoding: 'utf8' });
  console.log(`${examples.length} examples compile`);
  if (status === 0) return compiled;
  const named = stdout.replace(/(?:build\/docs-check\/)?(\d+)-[\w-]+\.ts/g, (_, index) => examples[index].where);
  faults.push(`examples that do not compile:\n${named}`);
  return [];
}

function usersOf(marks) {
  if (!isRoot) return marks.includes('root') ? [] : ['user'];
  return marks.includes('user') ? ['root', 'user'] : ['root'];
}

const MARKS = ['user', 'root', 'pid', 'net'];
function run({ where, name, file, marks }, installed, faults, skipped) {
  const missing = marks.filter((mark) => !MARKS.includes(mark) && !hasProgram(mark));
  const users = missing.length === 0 ? usersOf(marks) : [];
  if (users.length === 0) skipped.push(`${where}: needs ${missing.join(', ') || 'root'}`);
  if (users.length === 0) return 0;
  const program = installed.add(file, name);
  for (const user of users) {
    const { status, stdout, stderr } = installed.run(program, user, {
      pid: marks.includes('pid'),
      net: marks.includes('net'),
    });
    if (status !== 0) faults.push(`the example at ${where} fails as ${user}:\n${stdout}${stderr}`);
  }
  return users.length;
}

/** Checks all examples. Returns the compiled rows of the command tables. */
export function checkExamples(installed, faults, skipped) {
  const sources = readdirSync(join(project, 'lib'), { recursive: true }).filter((name) => name.endsWith('.ts'));
  const files = [...pagesWithPrograms, ...sources.map((name) => join('lib', name))];
  const compiled = compile([...files.flatMap(examplesIn), ...rowsAsExamples(IMPORTS)], faults);
  const toRun = compiled.filter(({ marks }) => marks !== undefined);
  const runs = toRun.reduce((sum, example) => sum + run(example, installed, faults, skipped), 0);
  console.log(`${toRun.length} of them are programs, which ran ${runs} times as root or as an ordinary user`);
  return compiled.filter(({ row }) => row !== undefined);
}
