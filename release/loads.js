// Loads a prebuilt addon and makes calls: with every supported Node.js version and with Bun for musl (probe.mjs), under
// QEMU for other processors, and with a C program that has just enough of Node-API (host.c), on glibc and, except for
// riscv64, on musl (musl.js).
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { hasProgram, project, skip } from './architectures.js';
import { muslOf } from './musl.js';
import { bunOf, nodeOf } from './runtimes.js';
import { EXPORTS } from './symbols.js';

const apiHeaders = createRequire(import.meta.url)('node-api-headers');
const isForeign = ({ name }) => name !== process.arch;

/** Words before a program of another architecture. */
const emulated = (architecture) =>
  isForeign(architecture) ? [architecture.qemu, '-L', `/usr/${architecture.gnu}`] : [];

/** Makes a project that contains the package with one prebuilt addon and without a built addon. */
function makeProject({ prebuild, name }, place) {
  const packaged = join(place, 'node_modules/linux-mount');
  const folder = join(packaged, 'prebuilds', `linux-${name}`);
  mkdirSync(folder, { recursive: true });
  cpSync(join(project, 'dist'), join(packaged, 'dist'), { recursive: true });
  cpSync(join(project, 'package.json'), join(packaged, 'package.json'));
  cpSync(prebuild, join(folder, 'linux-mount.node'));
  cpSync(join(project, 'release/probe.mjs'), join(place, 'probe.mjs'));
}

function run(what, words, options = {}) {
  const { status, signal, error, stdout, stderr } = spawnSync(words[0], words.slice(1), {
    encoding: 'utf8',
    timeout: 300_000,
    ...options,
  });
  if (status === 0) return console.log(`  loads   ${what}: ${stdout.trim().split('\n').at(-1)}`);
  throw new Error(`${what} does not load the addon (${error ?? signal ?? status}):\n${stdout}${stderr}`);
}

function runNodes(architecture, place) {
  makeProject(architecture, place);
  for (const major of architecture.node?.majors ?? []) {
    const words = [...emulated(architecture), nodeOf(architecture, major), join(place, 'probe.mjs')];
    run(`Node ${major}`, words, { cwd: place });
  }
  if (architecture.node === undefined)
    console.log(`          npm has no Node for ${architecture.name}: the C program only`);
}

/** Writes failing functions for all of Node-API that host.c lacks. */
function restOfNodeApi(place) {
  const { js_native_api_symbols: js, node_api_symbols: node } = apiHeaders.symbols.v8;
  const host = readFileSync(join(project, 'release/host.c'), 'utf8');
  const missing = [...js, ...node].filter((name) => !host.includes(`napi_status ${name}(`) && !EXPORTS.includes(name));
  const file = join(place, 'rest.c');
  const define = (name) =>
    `int ${name}(void) { fputs("${name} is not in host.c\\n", stderr); return napi_generic_failure; }\n`;
  writeFileSync(file, `#include <js_native_api_types.h>\n#include <stdio.h>\n${missing.map(define).join('')}`);
  return file;
}

function runHost(what, [compiler, ...flags], wrapper, { prebuild }, place) {
  const program = join(place, `host-${what.replaceAll(' ', '-')}`);
  execFileSync(compiler, [
    ...[...flags, '-O1', '-pthread', '-rdynamic', '-o', program, `-I${apiHeaders.include_dir}`],
    ...[join(project, 'release/host.c'), restOfNodeApi(place), '-ldl'],
  ]);
  run(what, [...wrapper, program, prebuild], { cwd: place });
}

function runHosts(architecture, place) {
  const { prefix, isRequired, musl } = architecture;
  runHost('a C program on glibc', [`${prefix}gcc`], emulated(architecture), architecture, place);
  if (musl === false) return console.log('          not loaded on musl: this machine cannot link a program for musl');
  const { compiler, wrapper, missing } = muslOf(architecture);
  if (missing !== undefined) return skip('a C program on musl', ...missing, isRequired);
  runHost('a C program on musl', compiler, wrapper, architecture, place);
}

// Debian's libstdc++ is built for glibc and loads glibc's loader by name. A library of this name provides the functions
// that musl lacks.
function runBun(architecture, place) {
  const { bun, name, gnu, isRequired } = architecture;
  if (bun === undefined || name !== process.arch) return;
  const libraries = join(place, 'libraries');
  const needed = { 'libstdc++.so.6': `/usr/lib/${gnu}/libstdc++.so.6`, 'libgcc_s.so.1': `/lib/${gnu}/libgcc_s.so.1` };
  if (!hasProgram('musl-gcc')) return skip('Bun on musl', 'musl-gcc', 'musl-tools', isRequired);
  const missing = Object.values(needed).find((file) => !existsSync(file));
  if (missing !== undefined) return skip('Bun on musl', missing, 'libstdc++6', isRequired);
  mkdirSync(libraries);
  for (const [library, file] of Object.entries(needed)) symlinkSync(file, join(libraries, library));
  symlinkSync(`/usr/lib/${gnu.replace('gnu', 'musl')}/libc.so`, join(libraries, 'libc.musl-x86_64.so.1'));
  const shim = join(libraries, 'ld-linux-x86-64.so.2');
  execFileSync('musl-gcc', ['-shared', '-fPIC', '-o', shim, join(project, 'release/musl-shim.c')]);
  run('Bun on musl', [bunOf(architecture), join(place, 'probe.mjs')], {
    cwd: place,
    env: { ...process.env, LD_LIBRARY_PATH: libraries },
  });
}

/**
 * Loads the addon in every way that this machine supports, or in every way if it is required. Throws when one fails.
 * `place` is an empty folder.
 */
export function load(architecture, place) {
  const { qemu, prefix, debianPackage, gnu, isRequired } = architecture;
  if (isForeign(architecture) && !hasProgram(qemu)) return skip('to load it', qemu, 'qemu-user-static', isRequired);
  if (isForeign(architecture) && !(hasProgram(`${prefix}gcc`) && existsSync(`/usr/${gnu}/lib`))) {
    return skip('to load it', `${prefix}gcc`, debianPackage, isRequired);
  }
  runNodes(architecture, place);
  runBun(architecture, place);
  runHosts(architecture, place);
}
