// npm run docs:check: checks that the statements of the pages and docstrings are true.
//
//   - Each TypeScript example compiles, and examples marked `ts run` run (examples.js).
//   - The first example of README runs in an empty folder, as root and as an ordinary user (first-example.js).
//   - Each call in the tables of docs/recipes/mount-command.md has the effect of its command (command-table.js).
//   - Links lead to files, and links from pages of the package lead to files of the package (links.js).
//   - README names every function of the package, docs/README.md names every page, and the newest entry of CHANGELOG is
//     the version of package.json.
//   - docs/demo.svg shows the output of the demo.
//
// Checks that cannot run on this machine are listed at the end. With `-- --complete` they count as failures.
import * as library from 'linux-mount';
import * as layers from 'linux-mount/layers';
import { checkCommands } from './command-table.js';
import { isPictureCurrent } from './demo-picture.js';
import { checkExamples } from './examples.js';
import { checkFirstExample } from './first-example.js';
import { Installed } from './installed.js';
import { checkLinks } from './links.js';
import { manifest, namesOf, pages, read } from './pages.js';

const faults = [];
const skipped = [];

function checkNames() {
  const readme = read('README.md');
  const all = namesOf({ ...library, ...layers }).filter((name) => !name.endsWith('Sync'));
  const missing = all.filter((name) => !new RegExp(`\\b${name}\\b`).test(readme));
  if (missing.length > 0) faults.push(`README does not name: ${missing.join(', ')}`);
  console.log(`README names all of ${all.length} functions, classes and constants`);
}

function checkIndex() {
  const index = read('docs/README.md');
  const inIndex = (page) => index.includes(`](${page.slice('docs/'.length)})`);
  const mine = pages.filter(
    (page) => page.startsWith('docs/') && !/^docs\/(api\/.+\/|api\/(?!README)|README)/.test(page),
  );
  for (const page of mine) if (!inIndex(page)) faults.push(`docs/README.md has no link to ${page}`);
  console.log(`docs/README.md leads to ${mine.length} pages`);
}

function checkVersion() {
  const newest = read('CHANGELOG.md').match(/^## (.*)$/m)?.[1];
  const [, version] = newest?.match(/^\[(.+)\] - \d{4}-\d{2}-\d{2}$/) ?? [];
  if (version !== manifest.version)
    faults.push(`CHANGELOG's newest entry is "${newest}", and package.json's version is ${manifest.version}`);
}

const installed = new Installed();
try {
  const rows = checkExamples(installed, faults, skipped);
  checkFirstExample(installed, faults);
  checkCommands(rows, installed, faults, skipped);
} finally {
  installed.remove();
}
checkLinks(faults);
checkNames();
checkIndex();
checkVersion();
if (!isPictureCurrent()) faults.push('docs/demo.svg is not what the demo prints now: npm run docs:picture');

for (const each of skipped) console.log(`not run: ${each}`);
if (process.argv.includes('--complete')) faults.push(...skipped.map((each) => `not run: ${each}`));
for (const fault of faults) console.error(fault);
process.exitCode = faults.length === 0 ? 0 : 1;
