// Checks the file of a prebuilt addon before publishing. A linker does not report a symbol that a shared object lacks,
// so this check looks for each symbol.
import { execFileSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BUILT_IN, project } from './architectures.js';
import { dropNeeded } from './elf.js';
import { allowedSymbols, EXPORTS } from './symbols.js';

// The oldest glibc with which Node.js 20 runs (BUILDING.md of Node.js).
const OLDEST_GLIBC = '2.28';

const readelf = (file, ...options) =>
  execFileSync('readelf', [...options, '--wide', file], { encoding: 'utf8', env: { ...process.env, LC_ALL: 'C' } });

const byVersion = new Intl.Collator('en', { numeric: true }).compare;

/** Returns the symbol versions that the file needs, of every library. */
const versionsOf = (file) =>
  [...readelf(file, '--version-info').matchAll(/Name: (\S+) /g)].map(([, version]) => version);

/**
 * Returns the number of zero bytes between mapped segments. A segment begins at a page boundary, after up to 64 KiB.
 */
export function paddingOf(file) {
  // The pattern matches the lines of LOAD segments in their order: type, offset, two addresses, size in the file.
  const loads = [...readelf(file, '--program-headers').matchAll(/^ +LOAD +(\S+) +\S+ +\S+ +(\S+)/gm)];
  let end = 0;
  let zeros = 0;
  for (const [, offset, size] of loads) {
    zeros += Math.max(0, Number(offset) - end);
    end = Number(offset) + Number(size);
  }
  return zeros;
}

function symbolsOf(file) {
  const wanted = [];
  const offered = [];
  for (const line of readelf(file, '--dyn-syms').split('\n')) {
    // The lines of readelf have this form:
    //   4: 0000000000000000     0 FUNC    GLOBAL DEFAULT  UND memcpy@GLIBC_2.14 (2)
    // On ppc64le a line may have an entry such as [<localentry>: 8] before the section.
    const [, , , , binding, , section, name] = line
      .replace(/\[.*?\]/, '')
      .trim()
      .split(/\s+/);
    if (name === undefined || !['GLOBAL', 'WEAK', 'UNIQUE'].includes(binding)) continue;
    (section === 'UND' ? wanted : offered).push(name.replace(/@.*/, ''));
  }
  return { wanted, offered };
}

/** Returns the addon that the tests run in the form of a prebuilt addon, or undefined if it is not built. */
function testedBinary() {
  const built = join(project, 'build/Release/linux_mount.node');
  if (!existsSync(built)) return undefined;
  const place = mkdtempSync(join(tmpdir(), 'linux-mount-gate-'));
  try {
    const copy = join(place, 'copy.node');
    copyFileSync(built, copy);
    execFileSync('strip', ['--strip-all', copy]);
    dropNeeded(copy);
    return readFileSync(copy);
  } finally {
    rmSync(place, { recursive: true });
  }
}

function* problemsOf({ name, machine, prebuild: file }) {
  const header = readelf(file, '--file-header');
  if (header.match(/Machine:\s+(.*)/)?.[1] !== machine) yield `is not for ${machine}`;

  const dynamic = readelf(file, '--dynamic');
  for (const tag of ['NEEDED', 'RPATH', 'RUNPATH', 'TEXTREL']) {
    if (dynamic.includes(`(${tag})`)) yield `has a DT_${tag}`;
  }
  for (const flag of ['NOW', 'NODELETE']) {
    if (!new RegExp(`FLAGS_1.*\\b${flag}\\b`).test(dynamic)) yield `lacks the flag ${flag}`;
  }
  const segments = readelf(file, '--program-headers');
  if (!segments.includes('GNU_RELRO')) yield 'has no GNU_RELRO';
  if (!/GNU_STACK .* RW /.test(segments)) yield 'has a stack that can be executed';
  if (/ \.(symtab|debug_\w+) /.test(readelf(file, '--sections'))) yield 'is not stripped';

  for (const version of versionsOf(file)) {
    const glibc = version.match(/^GLIBC_([\d.]+)$/)?.[1];
    if (glibc === undefined) yield `asks for ${version}`;
    else if (byVersion(glibc, OLDEST_GLIBC) > 0) yield `asks for glibc ${glibc}, newer than ${OLDEST_GLIBC}`;
  }
  const { wanted, offered } = symbolsOf(file);
  const allowed = allowedSymbols(name);
  const unknown = wanted.filter((symbol) => !allowed.has(symbol));
  if (unknown.length > 0) yield `imports symbols that symbols.js does not list: ${unknown.join(', ')}`;
  if (offered.sort().join() !== EXPORTS.join()) yield `exports ${offered.join(', ')}`;

  // The addon was built in a copy of the project (prebuilds.js), or by hand in the project.
  if ([project, BUILT_IN].some((place) => readFileSync(file).includes(place)))
    yield 'contains the path of the build folder';
  if (name === process.arch && !testedBinary()?.equals(readFileSync(file))) {
    yield 'is not the binary that the tests run: npm run build && npm run prebuilds';
  }
}

/**
 * Examines a prebuilt addon. Returns its size, the oldest glibc that has all its symbols, and what is wrong with it.
 */
export function examine(architecture) {
  const { prebuild } = architecture;
  const versions = versionsOf(prebuild).filter((version) => version.startsWith('GLIBC_'));
  return {
    bytes: statSync(prebuild).size,
    padding: paddingOf(prebuild),
    oldestGlibc: versions.sort(byVersion).at(-1)?.slice('GLIBC_'.length),
    problems: [...problemsOf(architecture)],
  };
}
