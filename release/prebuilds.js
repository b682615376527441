// npm run prebuilds: builds the addon with prebuildify for each architecture whose compiler is installed, in the form
// in which the package contains it.
//
//   npm run prebuilds -- x64 arm64     only these architectures, whose compilers must be installed
//   npm run prebuilds -- --complete    the compilers of all architectures must be installed
//
// The flags are those of every other build (binding.gyp), so that the published addon is the tested one. The build runs
// in a copy of the project, because the tests use build/.
import { spawnSync } from 'node:child_process';
import { copyFileSync, cpSync, mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { BUILT_IN, chosenArchitectures, hasProgram, project, skip } from './architectures.js';
import { dropNeeded } from './elf.js';

const SOURCES = ['package.json', 'binding.gyp', 'src-native'];

function build({ name, prefix, prebuild }, place) {
  for (const source of SOURCES) cpSync(join(project, source), join(place, source), { recursive: true });
  symlinkSync(join(project, 'node_modules'), join(place, 'node_modules'));
  const { status } = spawnSync(
    process.execPath,
    [
      join(project, 'node_modules/prebuildify/bin.js'),
      ...['--napi', '--quiet', '--platform', 'linux', '--arch', name, '--cwd', place],
      ...['--strip', '--strip-bin', `${prefix}strip`],
    ],
    {
      stdio: ['ignore', 'inherit', 'inherit'],
      env: {
        ...process.env,
        CC: `${prefix}gcc`,
        CXX: `${prefix}g++`,
        npm_config_nodedir: join(place, 'src-native/nodedir'),
        npm_config_jobs: 'max',
      },
    },
  );
  if (status !== 0) throw new Error(`prebuildify failed for ${name}; run it without --quiet to see why`);
  const made = join(place, 'prebuilds', `linux-${name}`, 'linux-mount.node');
  dropNeeded(made);
  mkdirSync(dirname(prebuild), { recursive: true });
  copyFileSync(made, prebuild);
}

const missing = [];
for (const architecture of chosenArchitectures(process.argv.slice(2))) {
  const { name, prefix, debianPackage, prebuild, isRequired } = architecture;
  if (!hasProgram(`${prefix}g++`)) {
    // An earlier build, perhaps from other sources, must not be published with the new ones.
    rmSync(dirname(prebuild), { recursive: true, force: true });
    skip(`linux-${name}`, `${prefix}g++`, debianPackage, false); // reports all, and fails at the end
    if (isRequired || name === process.arch) missing.push(name);
    continue;
  }
  const place = mkdtempSync(join(tmpdir(), BUILT_IN));
  const start = Date.now();
  try {
    build(architecture, place);
  } finally {
    rmSync(place, { recursive: true });
  }
  const seconds = ((Date.now() - start) / 1000).toFixed(1);
  console.log(`built    linux-${name}: ${statSync(prebuild).size} bytes, ${seconds} s`);
}
if (missing.length > 0) {
  console.error(`not built, and required: ${missing.join(', ')}`);
  process.exitCode = 1;
}
