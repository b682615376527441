// npm run release:check: the package as it would be published, with the prebuilds that there are: what is in it and why,
// and whether it can be installed, imported, type-checked, used, and built from source by somebody who has nothing else.
//   npm run release:check -- --complete    what has to be said before it is published must be there, and every prebuild
//   npm run release:check -- --docs        writes docs/compatibility.md, which has to be what the run gives otherwise
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { project } from './architectures.js';
import { publishTables } from './matrix/page.js';
import { Place } from './matrix/place.js';
import { runMatrix } from './matrix/run.js';
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

/** Installs it in a project of its own, and looks at what came along. */
async function install(tarball) {
  const place = new Place({ mayCompile: true });
  await place.install(tarball);
  const packages = readdirSync(join(place.project, 'node_modules')).filter((name) => !name.startsWith('.'));
  expect('npm install', packages.join(), 'linux-mount');
  return place;
}

/** Uses it from TypeScript. */
async function typed(place) {
  const { values, types, programs } = compile(place.project);
  console.log(`  TypeScript, all of its ${values} values and ${types} types: compiles`);
  for (const program of programs) {
    const said = (await place.mount([process.execPath, program])).trim();
    rmSync(join(place.project, 'm'), { recursive: true }); // the namespace with its mounts is gone
    expect(`TypeScript, compiled to ${program}`, said, SAID);
  }
}

/** Takes the prebuilds away, and does what the error then says. */
async function buildFromSource(place) {
  const folder = join(place.project, 'node_modules/linux-mount');
  rmSync(join(folder, 'prebuilds'), { recursive: true });
  const said = await place.run([process.execPath, 'instance.mjs']).catch(({ message }) => message);
  const message = said.match(/linux-mount has no addon for .*$/m)?.[0] ?? '';
  const command = `cd '${folder}' && npm run build:source`;
  if (!message.endsWith(command)) throw new Error(`what to do is not said:\n${said}`);
  console.log(`  ${message}`);
  const start = performance.now();
  await place.run(['sh', '-c', command]);
  console.log(`  built in ${((performance.now() - start) / 1000).toFixed(0)} s`);
  if (existsSync(join(place.home, '.cache/node-gyp'))) throw new Error('headers of Node were downloaded');
  for (const program of ['import.mjs', 'require.cjs']) await place.exercise([process.execPath, program]);
}

const folder = mkdtempSync(join(tmpdir(), 'linux-mount-package-'));
let place;
try {
  step('the package');
  const { tarball, version } = pack(folder);
  tool('publint', 'run', tarball, '--strict');
  tool('attw', tarball);
  explainMissing(isComplete);

  step('in an empty project');
  place = await install(tarball);
  await typed(place);

  step('without a prebuilt addon');
  await buildFromSource(place);

  step('with each package manager, bundler, test runner and compiler');
  if (process.arch === 'x64') publishTables(await runMatrix(tarball, version), process.argv.includes('--docs'));
  else console.log('  skipped: the tools in release/matrix/tools are for x64');
} finally {
  place?.remove();
  rmSync(folder, { recursive: true });
}
