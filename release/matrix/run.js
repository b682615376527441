// Tries the package with each package manager, bundler, test runner and compiler, and prints a line for each cell.
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { MANAGERS, tryManager } from './managers.js';
import { installTools } from './place.js';
import { GROUPS, tryProgram } from './programs.js';

/** Packs a package with an install script, for checkControl() in managers.js. */
function packScripted(place) {
  const folder = join(place, 'scripted');
  mkdirSync(folder);
  const install = `node -e "require('fs').writeFileSync(process.env.INIT_CWD + '/install-script-has-run', '')"`;
  writeFileSync(
    join(folder, 'package.json'),
    JSON.stringify({ name: 'scripted', version: '1.0.0', scripts: { install } }),
  );
  execFileSync('npm', ['pack', '--silent', '--pack-destination', place, folder], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  return join(place, 'scripted-1.0.0.tgz');
}

const print = (what, error) => console.log(`  ${error === undefined ? 'ok ' : 'NOT'} ${what}`);

/**
 * Runs a function for each item, as many at once as there are processors. Resolves with the results in the order of the
 * items.
 */
async function inLanes(items, action) {
  const results = [];
  let next = 0;
  const lane = async () => {
    while (next < items.length) {
      const index = next++;
      results[index] = await action(items[index]);
    }
  };
  await Promise.all(Array.from({ length: availableParallelism() }, lane));
  return results;
}

/**
 * Runs the whole matrix with a packed tarball.
 *
 * @returns the tables: the title of each, and rows with a name and cells with the column's name and the error or
 * undefined
 */
export async function runMatrix(tarball, version) {
  installTools();
  const managers = MANAGERS();
  const tables = [{ title: 'Package managers', rows: [] }];
  const place = mkdtempSync(join(tmpdir(), 'linux-mount-registry-'));
  try {
    const packages = [tarball, packScripted(place)];
    tables[0].rows = await inLanes(managers, async (manager) => {
      const cells = await tryManager(manager, packages, { version, tarball });
      for (const { column, error } of cells) print(`${manager.name}: ${column}`, error);
      return { name: manager.name, cells };
    });
  } finally {
    rmSync(place, { recursive: true });
  }
  for (const { title, tools, attempt } of GROUPS()) {
    const rows = await inLanes(tools, async (program) => {
      const error = await tryProgram(attempt, program, tarball);
      print(program.name, error);
      return { name: program.name, cells: [{ column: 'works', error }] };
    });
    tables.push({ title, rows });
  }
  const errors = tables.flatMap(({ rows }) =>
    rows.flatMap(({ name, cells }) =>
      cells.flatMap(({ column, error }) => (error === undefined ? [] : [`${name} ${column}: ${error.message}`])),
    ),
  );
  if (errors.length > 0) throw new Error(errors.join('\n\n'));
  return tables;
}
