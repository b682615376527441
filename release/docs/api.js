// npm run docs: writes the API reference in docs/api from the docstrings.
//
//   npm run docs             writes the pages
//   npm run docs -- --check  writes them to a temporary directory, and fails with the names of the pages that differ
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const project = fileURLToPath(new URL('../..', import.meta.url));
const pages = join(project, 'docs/api');

/** Writes the pages into a directory, and deletes everything else in it. */
function write(directory) {
  const typedoc = join(project, 'node_modules/typedoc/bin/typedoc');
  const { status } = spawnSync(process.execPath, [typedoc, '--logLevel', 'Warn', '--out', directory], {
    cwd: project,
    stdio: 'inherit',
  });
  return status ?? 1;
}

function check() {
  const directory = mkdtempSync(join(tmpdir(), 'linux-mount-api-'));
  try {
    if (write(directory) !== 0) return 1;
    const names = new Set([directory, pages].filter(existsSync).flatMap((each) => readdirSync(each)));
    const [now, then] = [directory, pages].map((each) => (name) => {
      const file = join(each, name);
      return existsSync(file) ? readFileSync(file, 'utf8') : undefined;
    });
    const stale = [...names].filter((name) => now(name) !== then(name)).sort();
    for (const name of stale) {
      const what = now(name) === undefined ? 'is of no use any more' : 'is not what the docstrings say now';
      console.error(`docs/api/${name} ${what}: npm run docs`);
    }
    return stale.length === 0 ? 0 : 1;
  } finally {
    rmSync(directory, { recursive: true });
  }
}

process.exitCode = process.argv.includes('--check') ? check() : write(pages);
