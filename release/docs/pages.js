// The pages for readers, and the files of the project that are in the package.
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { project } from '../architectures.js';

/** Returns the text of a file of the project. */
export const read = (file) => readFileSync(join(project, file), 'utf8');

export const manifest = JSON.parse(read('package.json'));

function markdownIn(directory) {
  return readdirSync(join(project, directory), { recursive: true })
    .filter((name) => name.endsWith('.md') && !name.includes('node_modules'))
    .map((name) => join(directory, name))
    .sort();
}

/** All pages, including `docs/api` where `npm run docs` has written it. */
export const pages = [
  'README.md',
  'CONTRIBUTING.md',
  'SECURITY.md',
  'CHANGELOG.md',
  ...markdownIn('docs'),
  ...markdownIn('bench'),
];

/** The pages whose examples are whole programs. The examples of `docs/api` come from the docstrings of lib/. */
export const pagesWithPrograms = pages.filter((page) => !page.startsWith('docs/api/'));

const packed = new Set(
  JSON.parse(
    execFileSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], {
      cwd: project,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }),
  )[0].files.map(({ path }) => path),
);

/** Whether a file of the project is in the package. npm decides by `files` in package.json. */
export const isPacked = (file) => packed.has(file);

/** Whether a path of the project leads to a file. Only code hosts can show a folder. */
export function isFile(file) {
  return statSync(join(project, file), { throwIfNoEntry: false })?.isFile() === true;
}

/** Returns the names that a module of the package exports, without those that Node.js adds to a CommonJS module. */
export function namesOf(module) {
  return Object.keys(module).filter((name) => /^[A-Za-z]\w*$/.test(name) && name !== 'default');
}
