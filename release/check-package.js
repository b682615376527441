// npm run release:check: checks the package as it would be published, with the prebuilt addons that exist: which files
// it has and why, and whether it can be installed, imported, type-checked, used, and built from source in an empty
// project.
//
//   npm run release:check -- --complete    also requires everything that publishing needs, and every prebuilt addon
//   npm run release:check -- --docs        writes docs/compatibility.md; without --docs the page must be up to date
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
import { compile, EXPECTED_OUTPUT } from './typed.js';

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
  // Without this, compiled files of deleted sources would be packed.
  rmSync(join(project, 'dist'), { recursive: true, force: true });
  execFileSync('npm', ['run', '--silent', 'build:lib'], { cwd: project, stdio: 'inherit' });
  const words = ['pack', '--json', '--ignore-scripts', '--pack-destination', place];
  const [packed] = JSON.parse(execFileSync('npm', words, { cwd: project, encoding: 'utf8' }));
  explain(packed, isComplete);
  return { tarball: join(place, packed.filename), version: packed.version };
}

/** Installs the package in an empty project, and checks what was installed. */
async function install(tarball) {
  const place = new Place({ mayCompile: true });
  await place.install(tarball);
  const packages = readdirSync(join(place.project, 'node_modules')).filter((name) => !name.startsWith('.'));
  expect('npm install', packages.join(), 'linux-mount');
  return place;
}

/** Uses the package from TypeScript. */
async function typed(place) {
  const { values, types, programs } = compile(place.project);
  console.log(`  TypeScript, all of its ${values} values and ${types} types: compiles`);
  for (const program of programs) {
    const output = (await place.mount([process.execPath, program])).trim();
    rmSync(join(place.project, 'm'), { recursive: true }); // the mounts ended with their namespace
    expect(`TypeScript, compiled to ${program}`, output, EXPECTED_OUTPUT);
  }
}

/** Deletes the prebuilt addons, and runs the command that the error then names. */
async function buildFromSource(place) {
  const folder = join(place.project, 'node_modules/linux-mount');
  rmSync(join(folder, 'prebuilds'), { recursive: true });
  const output = await place.run([process.execPath, 'instance.mjs']).catch(({ message }) => message);
  const message = output.match(/linux-mount has no addon for .*$/m)?.[0] ?? '';
  const command = `cd '${folder}' && npm run build:source`;
  if (!message.endsWith(command)) throw new Error(`the error does not name the build command:\n${output}`);
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
