// npm run release:check: the package as it would be published, with the prebuilds that there are: what is in it and why,
// and whether it can be installed, imported, type-checked, used, and built from source by somebody who has nothing else.
//   npm run release:check -- --complete    what has to be said before it is published must be there, and every prebuild
//   npm run release:check -- --docs        writes docs/compatibility.md, which has to be what the run gives otherwise
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { project } from './architectures.js';
import { Consumer } from './consumer.js';
import { publishTables } from './matrix/page.js';
import { runMatrix } from './matrix/run.js';
import { NAMESPACE } from './namespace.js';
import { explain } from './tarball.js';
import { explainMissing } from './to-publish.js';
import { compile, SAID } from './typed.js';

const bin = (name) => join(project, 'node_modules/.bin', name);
const tool = (name, ...words) =>
  execFileSync(bin(name), words, { cwd: project, stdio: ['ignore', 'inherit', 'inherit'] });
const isComplete = process.argv.includes('--complete');
const step = (what) => console.log(`\n== ${what}`);

function expect(what, is, wanted) {
  if (is !== wanted) throw new Error(`${what}: ${is} instead of ${wanted}`);
  console.log(`  ${what}: ${is}`);
}

function pack(place) {
  // What a deleted source has left would be packed as well.
  rmSync(join(project, 'dist'), { recursive: true, force: true });
  execFileSync('npm', ['run', '--silent', 'build:lib'], { cwd: project, stdio: 'inherit' });
  const words = ['pack', '--json', '--ignore-scripts', '--pack-destination', place];
  const [packed] = JSON.parse(execFileSync('npm', words, { cwd: project, encoding: 'utf8' }));
  explain(packed, isComplete);
  return { tarball: join(place, packed.filename), version: packed.version };
}

/** Installs it, offline and without a compiler, into a project of its own. */
function install(tarball, ...options) {
  const consumer = new Consumer();
  const start = performance.now();
  consumer.succeed(['npm', 'install', '--offline', '--no-audit', '--no-fund', ...options, tarball]);
  const seconds = ((performance.now() - start) / 1000).toFixed(2);
  const packages = readdirSync(join(consumer.project, 'node_modules')).filter((name) => !name.startsWith('.'));
  expect(
    `npm install ${options.join(' ')}`.trim(),
    `${packages.join()} in ${seconds} s`,
    `linux-mount in ${seconds} s`,
  );
  return consumer;
}

/** Uses it in every way that there is to import it, and mounts something. */
function use(consumer) {
  const size = execFileSync('getconf', ['PAGESIZE'], { encoding: 'utf8' }).trim();
  expect('pageSize by import', consumer.succeed(['node', 'esm.mjs']), size);
  expect('pageSize by require()', consumer.succeed(['node', 'commonjs.cjs']), size);
  const mounted = consumer.succeed([...NAMESPACE, process.execPath, 'overlay.mjs'], process.env.PATH);
  rmSync(join(consumer.project, 'm'), { recursive: true }); // the namespace with its mounts is gone
  expect('an overlay', mounted, 'base new top, above: new, still mounted: false');
}

/** Uses it from TypeScript. */
function typed(consumer) {
  const { values, types, programs } = compile(consumer.project);
  console.log(`  TypeScript, all of its ${values} values and ${types} types: compiles`);
  for (const program of programs) {
    const said = consumer.succeed([...NAMESPACE, process.execPath, program], process.env.PATH);
    rmSync(join(consumer.project, 'm'), { recursive: true });
    expect(`TypeScript, compiled to ${program}`, said, SAID);
  }
}

/** Takes the prebuilds away, and does what the error then says. */
function buildFromSource(consumer) {
  rmSync(join(consumer.package, 'prebuilds'), { recursive: true });
  const { status, stderr } = consumer.run(['node', 'overlay.mjs']);
  rmSync(join(consumer.project, 'm'), { recursive: true }); // made before the call failed
  const command = `cd '${consumer.package}' && npm run build:source`;
  const message = stderr.match(/^Error: (linux-mount has no addon for .*)$/m)?.[1];
  if (status === 0 || !message?.endsWith(command)) throw new Error(`what to do is not said:\n${stderr}`);
  console.log(`  ${message}`);
  const start = performance.now();
  consumer.succeed(['sh', '-c', command], process.env.PATH);
  console.log(`  built in ${((performance.now() - start) / 1000).toFixed(0)} s`);
  if (existsSync(join(consumer.home, '.cache/node-gyp'))) throw new Error('headers of Node were downloaded');
  use(consumer);
}

const place = mkdtempSync(join(tmpdir(), 'linux-mount-package-'));
const consumers = [];
try {
  step('the package');
  const { tarball, version } = pack(place);
  tool('publint', 'run', tarball, '--strict');
  tool('attw', tarball);
  explainMissing(isComplete);

  step('installed without scripts, compiler and network');
  consumers.push(install(tarball, '--ignore-scripts'));
  use(consumers[0]);
  typed(consumers[0]);

  step('installed plainly, in the same way');
  consumers.push(install(tarball));
  use(consumers[1]);

  step('without a prebuild');
  buildFromSource(consumers[1]);

  step('with each package manager, bundler, test runner and compiler');
  publishTables(await runMatrix(tarball, version), process.argv.includes('--docs'));
} finally {
  for (const consumer of consumers) consumer.remove();
  rmSync(place, { recursive: true });
}
