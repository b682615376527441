// npm run prebuilds:check: checks whether the prebuilt addons can be published. The program examines each file
// (gate.js) and loads it (loads.js).
//
//   npm run prebuilds:check -- x64 arm64     only these architectures, which must exist and load
//   npm run prebuilds:check -- --complete    all architectures must exist and load, as for publishing
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chosenArchitectures, hasPrebuild, hasProgram } from './architectures.js';
import { examine } from './gate.js';
import { load } from './loads.js';

function check(architecture) {
  const { bytes, padding, oldestGlibc, problems } = examine(architecture);
  const verdict =
    problems.length === 0 ? 'is as it must be' : problems.map((problem) => `\n  NOT     ${problem}`).join('');
  console.log(
    `linux-${architecture.name}: ${bytes} bytes (${padding} of them zeros up to a page), glibc ${oldestGlibc} or newer; ${verdict}`,
  );
  const place = mkdtempSync(join(tmpdir(), 'linux-mount-loads-'));
  try {
    load(architecture, place);
  } catch (error) {
    console.log(`  NOT     ${error.message}`);
    return false;
  } finally {
    rmSync(place, { recursive: true }); // nothing is mounted in this directory
  }
  return problems.length === 0;
}

const chosen = chosenArchitectures(process.argv.slice(2));
if (!hasProgram('readelf')) throw new Error('readelf is missing (Debian package binutils)');

const failed = [];
for (const architecture of chosen) {
  if (hasPrebuild(architecture)) {
    if (!check(architecture)) failed.push(architecture.name);
  } else {
    console.log(`linux-${architecture.name}: there is no prebuild (npm run prebuilds)`);
    if (architecture.isRequired || architecture.name === process.arch) failed.push(architecture.name);
  }
}
if (failed.length > 0) {
  console.error(`must not be published: ${failed.join(', ')}`);
  process.exitCode = 1;
}
