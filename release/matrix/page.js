// Writes docs/compatibility.md from the tables of a run of the matrix.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { project } from '../architectures.js';

const FILE = join(project, 'docs/compatibility.md');

const HEAD = `# Where the package works

<!-- Written by: npm run release:check -- --docs. Do not edit. -->

\`npm run release:check\` packs the package and tries the tarball with each program below. Every cell ends with an overlay that is
mounted, written to and unmounted in a mount namespace of its own. CI runs all of them, and fails where this page differs from
the run.
`;

const TEXTS = {
  'Package managers': `Each cell is a project of its own: install, install again, install from the frozen lockfile, rebuild, and install without a network.
The search path has no compiler, no make and no python. Nothing is compiled, and no output speaks of a script. Then an ES module
and a CommonJS program mount an overlay, and both see the same classes. The package comes from a registry on loopback or from a
tarball, and the package manager may run install scripts or may not. npm 12 runs on Node.js 24.`,
  'Bundlers and single files': `Each bundle runs as it is in the project in which the package is installed. In a folder without \`node_modules\` it runs with a copy
of the addon's file beside it; without that copy the error names both files. See [the recipe](recipes/bundlers.md).`,
  'Test runners and TypeScript loaders':
    'Each runs a test or a program that imports the package, without any configuration of its own.',
  'The TypeScript compiler': `Each compiles a program with \`strict\`, and with the declarations of the package checked as well. Where the value of \`module\` has both
kinds of modules, the program is compiled and run as both.`,
};

const mark = (error) => (error === undefined ? '✓' : '✗');

function table({ rows }) {
  const columns = rows[0].cells.map(({ column }) => column);
  const line = (cells) => `| ${cells.join(' | ')} |\n`;
  return (
    line(['', ...columns]) +
    line(['---', ...columns.map(() => ':---:')]) +
    rows.map(({ name, cells }) => line([name, ...cells.map(({ error }) => mark(error))])).join('')
  );
}

/** Writes the page, or throws where the existing page differs. */
export function publishTables(tables, isWritten) {
  const parts = tables.map((each) => `\n## ${each.title}\n\n${TEXTS[each.title]}\n\n${table(each)}`);
  const page = HEAD + parts.join('');
  if (isWritten) writeFileSync(FILE, page);
  else if (readFileSync(FILE, 'utf8') !== page) {
    throw new Error('docs/compatibility.md differs from the result of this run: npm run release:check -- --docs');
  }
}
