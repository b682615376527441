// The package where its users have it: each package manager, bundler, test runner and compiler, one line for each cell.
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MANAGERS, tryManager } from './managers.js';
import { installTools } from './place.js';
import { GROUPS, tryProgram } from './programs.js';
import { Registry } from './registry.js';

/** A package with an install script, for checkControl() in managers.js. */
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

/**
 * Runs the whole matrix with a packed tarball.
 *
 * @returns the tables: of each its title, and rows with a name and cells with a column's name and the error or undefined
 */
export async function runMatrix(tarball, version) {
  installTools();
  const line = (name, column, error) =>
    console.log(`  ${error === undefined ? 'ok ' : 'NOT'} ${name}${column && `: ${column}`}`);
  const tables = [{ title: 'Package managers', rows: [] }];
  const place = mkdtempSync(join(tmpdir(), 'linux-mount-registry-'));
  const registry = await new Registry().open();
  try {
    for (const file of [tarball, packScripted(place)]) registry.publish(file);
    for (const manager of MANAGERS()) {
      const cells = await tryManager(manager, registry, { version, tarball });
      for (const { column, error } of cells) line(manager.name, column, error);
      tables[0].rows.push({ name: manager.name, cells });
    }
  } finally {
    registry.close();
    rmSync(place, { recursive: true });
  }
  for (const { title, tools, attempt } of GROUPS()) {
    const rows = [];
    for (const program of tools) {
      const error = await tryProgram(attempt, program, tarball);
      line(program.name, '', error);
      rows.push({ name: program.name, cells: [{ column: '', error }] });
    }
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
