// npm run test:kernels: runs the compiled test suite on real kernels, each in a virtual machine (QEMU; neither KVM nor
// root is needed). On other processors the suite uses the published form of the addon.
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { ARCHITECTURES, hasProgram } from '../../release/architectures.js';
import { boot } from './boot.js';
import { writeDocument } from './document.js';
import { kernelOf } from './machines.js';
import { inWords, linesOf } from './summary.js';

const HELP = `npm run test:kernels -- [OPTION]... [-- VITEST-ARGUMENT...]

  -k, --kernels LIST   the kernels, such as "5.10 6.12" or "6.12-arm64-16k"; by default ALL
  -p, --passes LIST    the passes, "root user features"
  -s, --short          run the suite on the oldest kernel only, and "features" on the others
  -j, --jobs COUNT     the number of machines that run at once, 2
  -t, --time SECONDS   the time after which a machine is killed, 5400
  -d, --docs           write docs/kernels.md; needs all kernels and the pass "features"
  -h, --help

root      the suite as root
user      the suite as an ordinary user, in a user namespace
features  what each feature of the library does on this kernel

apt downloads the kernels from Debian into the cache. The output of each machine is kept in the cache too.`;

const OTHERS = ['6.12-arm64-16k', '6.12-powerpc64le-64k', '6.12-s390x'];
const PASSES = ['root', 'user', 'features'];
const KERNELS = ['5.10', '6.1', '6.12', ...OTHERS, '6.18', '7.3'];
const MODULES = [
  'virtio_pci',
  'virtio_blk',
  'crc32c_generic',
  'libcrc32c',
  'ext4',
  'overlay',
  'squashfs',
  'loop',
  'fuse',
  'unix_diag',
];
const TOOLS = {
  busybox: 'busybox-static',
  cpio: 'cpio',
  xz: 'xz-utils',
  zstd: 'zstd',
  mke2fs: 'e2fsprogs',
  'dpkg-deb': 'dpkg',
  'apt-get': 'apt',
};

const { values: options, positionals } = parseArgs({
  options: {
    kernels: { type: 'string', short: 'k', default: KERNELS.join(' ') },
    passes: { type: 'string', short: 'p', default: PASSES.join(' ') },
    short: { type: 'boolean', short: 's', default: false },
    jobs: { type: 'string', short: 'j', default: '2' },
    time: { type: 'string', short: 't', default: '5400' },
    docs: { type: 'boolean', short: 'd', default: false },
    help: { type: 'boolean', short: 'h', default: false },
  },
  allowPositionals: true,
});
if (options.help) {
  console.log(HELP.replace('ALL', `"${KERNELS.join(' ')}"`));
  process.exit(0);
}

const words = (text) => text.split(' ').filter((word) => word !== '');
const asked = words(options.kernels);
const chosen = words(options.passes);
function refuse(why) {
  console.error(why);
  process.exit(1);
}
// An unknown pass would run no test and succeed.
const unknown = chosen.find((pass) => !PASSES.includes(pass));
if (unknown !== undefined) refuse(`there is no pass "${unknown}": ${PASSES.join(', ')}`);
if (asked.length === 0 || chosen.length === 0) refuse('name at least one kernel and one pass');
const isWhole = KERNELS.every((name) => asked.includes(name)) && chosen.includes('features');
if (options.docs && !isWhole)
  refuse('--docs needs all kernels and the pass "features", because the table shows all of them');

const machines = new Set(asked.map((name) => kernelOf(name).machine));
for (const { emulator, architecture } of machines) {
  TOOLS[emulator.program] = emulator.debianPackage;
  // The addon and the native programs of the tests are cross-compiled for the other processor (foreign.js).
  const { prefix, debianPackage } = ARCHITECTURES.find(({ name }) => name === architecture);
  TOOLS[`${prefix}g++`] = debianPackage;
}

process.env.PATH += ':/usr/sbin:/sbin';
const missing = Object.keys(TOOLS).filter((tool) => !hasProgram(tool));
if (missing.length > 0) {
  console.error(`missing: ${missing.join(', ')}`);
  console.error(`apt-get install --no-install-recommends ${missing.map((tool) => TOOLS[tool]).join(' ')}`);
  process.exit(1);
}

const here = fileURLToPath(new URL('.', import.meta.url));
const cache = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'linux-mount', 'kernels');
mkdirSync(cache, { recursive: true });
const script = (name, ...words) => spawnSync(join(here, name), words, { stdio: 'inherit' }).status === 0;
const quoted = (word) => `'${word.replaceAll("'", `'\\''`)}'`;

// The image contains compiled tests, so the names of test files end in .js.
const wanted = positionals.map((word) => quoted(word.replace(/\.test\.ts$/, '.test.js')));

// The command in the image, which runs in the project. A failing pass does not stop the later passes.
const suite = (pass) => `LINUX_MOUNT_PASSES=${pass} node test/run.js ${wanted.join(' ')}`;
const features = 'unshare --mount --propagation private node test/vm/features.js';
const asUser = 'setpriv --reuid=1000 --regid=1000 --clear-groups unshare --user --map-root-user';
const COMMAND = `
export LINUX_MOUNT_EFFORT=0.02 LINUX_MOUNT_PATIENCE=10 LINUX_MOUNT_COMPILED=1 LINUX_MOUNT_REPORT=1 KERNEL_VM=1
export LINUX_MOUNT_OUTSIDE=$(readlink /proc/self/ns/mnt)
status=0
for pass in "$@"; do
  case $pass in
    root) ${suite('root')} || status=1 ;;
    user) ${suite('user')} || status=1 ;;
    features)
      ${features} || status=1
      ${asUser} ${features} || status=1
      ;;
  esac
done
exit $status`;

const stop = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => stop.abort(new Error(signal)));

/** Boots a kernel, and returns the results of its passes. */
async function run(series) {
  const passes = chosen.filter((pass) => !options.short || pass === 'features' || series === asked[0]);
  const directory = join(cache, series);
  const { machine } = kernelOf(series);
  const release = readFileSync(join(directory, 'release'), 'utf8').trim();
  const start = performance.now();
  const {
    output,
    status,
    console: kernelOutput,
  } = await boot({
    machine,
    directory,
    image: imageOf(machine),
    passes,
    limit: Number(options.time),
    signal: stop.signal,
  });
  writeFileSync(join(directory, 'output'), output);
  writeFileSync(join(directory, 'console'), kernelOutput);
  const seconds = Math.round((performance.now() - start) / 1000);
  console.log(`\n##### kernel ${release}, ${seconds} s, ${status === undefined ? 'did not end' : `status ${status}`}`);
  if (status !== 0) console.log(output.replaceAll(/@@.*\n/g, ''));
  if (status === undefined) console.log(kernelOutput.split('\n').slice(-25).join('\n'));
  return {
    series,
    release,
    seconds,
    status,
    ok: status === 0,
    passes,
    suites: linesOf(output, 'suite'),
    features: linesOf(output, 'features'),
  };
}

const work = mkdtempSync(join(tmpdir(), 'linux-mount-image-'));
const imageOf = ({ architecture }) => join(work, architecture);

/** Makes the files from which kernels of a machine boot, and returns the busybox for the machine. */
function prepare(machine) {
  const { architecture, debian } = machine;
  const isNative = architecture === process.arch;
  const programs = join(cache, `programs-${architecture}`);
  if (!isNative && !script('programs.sh', debian, programs)) throw new Error('programs.sh failed');
  const foreign = isNative ? [] : [architecture, programs];
  if (!script('image.sh', imageOf(machine), COMMAND, ...foreign)) throw new Error('image.sh failed');
  return isNative ? spawnSync('which', ['busybox'], { encoding: 'utf8' }).stdout.trim() : join(programs, 'bin/busybox');
}

function fetchKernel(name) {
  const { series, flavour, machine } = kernelOf(name);
  return script('fetch.sh', series, flavour, machine.debian, join(cache, name));
}

const kernels = asked.filter(fetchKernel);
const results = [];
try {
  const busyboxes = new Map([...machines].map((machine) => [machine, prepare(machine)]));
  const waiting = kernels.filter((series) =>
    script('initramfs.sh', join(cache, series), busyboxes.get(kernelOf(series).machine), ...MODULES),
  );
  const worker = async () => {
    for (let series = waiting.shift(); series !== undefined; series = waiting.shift()) {
      results.push(await run(series));
    }
  };
  await Promise.all(Array.from({ length: Number(options.jobs) }, worker));
} finally {
  rmSync(work, { recursive: true });
}
results.sort((a, b) => kernels.indexOf(a.series) - kernels.indexOf(b.series));
for (const result of results) console.log([...inWords(result)].join('\n'));
for (const series of asked) if (!kernels.includes(series)) console.log(`${series}: no kernel found`);

const isComplete = results.length === asked.length && results.every(({ ok }) => ok);
if (options.docs) {
  if (results.length === asked.length && results.every(({ features }) => features.length === 2)) {
    writeDocument(fileURLToPath(new URL('../../docs/kernels.md', import.meta.url)), results);
  } else {
    console.error('docs/kernels.md is unchanged, because not every kernel reported its features');
  }
}
process.exitCode = isComplete ? 0 : 1;
