// npm run fuzz:parsers -- --seconds N --seed S: fuzzes the parsers of mount tables and overlay options, guided by
// coverage. Half of the time goes to the parsers of lib/, half to those of the addon.
//
//   lib/          V8's block coverage decides which inputs are kept and mutated. jazzer.js does not work here: the one version
//                 that includes its native part needs glibc 2.38, and the other versions download theirs
//   addon         libFuzzer with AddressSanitizer and UndefinedBehaviorSanitizer (clang) runs the code itself
//   both          both parsers must give the same result for the same tables
//
// The program prints a failing input in base64. `--input BASE64` checks this input alone.
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { Coverage } from './coverage.js';
import { mutate } from './mutate.js';
import { checkMountInfo, checkOverlayData } from './parser-checks.js';
import { Random } from './random.js';

const project = fileURLToPath(new URL('../../..', import.meta.url));
const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '60' },
    seed: { type: 'string', default: String(1 + Math.floor(Math.random() * 1e6)) },
    input: { type: 'string' },
  },
});

if (values.input !== undefined) {
  const input = Buffer.from(values.input, 'base64');
  console.log(input.toString('latin1'));
  console.log(checkMountInfo(input));
  checkOverlayData(input);
  process.exit(0);
}

const random = new Random(Number(values.seed));
console.log(`--seed ${values.seed}`);

const fixtures = readdirSync(join(project, 'test/fixtures'))
  .filter((name) => name.endsWith('.mountinfo'))
  .map((name) => readFileSync(join(project, 'test/fixtures', name), 'latin1'));
const lines = fixtures.flatMap((text) => text.trimEnd().split('\n'));
const WORDS = [
  ...[
    ' - ',
    ' ',
    '\n',
    '\t',
    ',',
    ':',
    '::',
    '=',
    '\\',
    '\\\\',
    '\\,',
    '\\:',
    '\\040',
    '\\134',
    '\\777',
    '//deleted',
    '/',
    '-',
  ],
  ...[
    'shared:1',
    'master:2',
    'propagate_from:3',
    'unbindable',
    'shared:',
    'rw',
    'ro',
    'noatime',
    'nodev',
    'overlay',
    'fuse.x',
  ],
  ...[
    'lowerdir=',
    'lowerdir+=',
    'datadir+=',
    'upperdir=',
    'workdir=',
    'index=on',
    'xino=auto',
    'uuid=null',
    'metacopy=on',
  ],
  ...[
    'redirect_dir=follow',
    'volatile',
    'userxattr',
    'verity=require',
    'nfs_export=on',
    'fsync=strict',
    'password=geheim',
  ],
  ...['0', '18446744073709551615', '4294967296', '99999999999999999999', '\xff', '\xc3\xa9', '\0', '#', '"', "'"],
];
const OPTIONS = [
  'rw,lowerdir=/l,upperdir=/u,workdir=/w',
  'lowerdir=/a\\:b:/c\\,d:/e\\\\f::/d1::/d2,index=on',
  'ro,lowerdir=/a\\134:b:/c\\134\\054d,redirect_dir=on,xino=off',
  'rw,lowerdir+=/a,lowerdir+=/b,datadir+=/c,upperdir=/u,workdir=/w,uuid=on,volatile',
  'lowerdir=/a:/b,context="x,y",userxattr,metacopy=on,nfs_export=off,verity=on',
];

const AT_ONCE = 32;

/** A parser, its inputs so far, and the inputs that reached new code. */
class Parser {
  executions = 0;
  #latest = [];

  constructor(name, check, seeds) {
    Object.assign(this, { name, check, corpus: [...seeds] });
  }

  async once(coverage) {
    const input = mutate(random.pick(this.corpus), { corpus: this.corpus, words: WORDS, random });
    this.executions += 1;
    let result;
    try {
      result = this.check(input);
    } catch (error) {
      console.log(`--input ${input.toString('base64')}`);
      throw error;
    }
    this.#latest.push(input.toString('latin1'));
    // Reading the coverage takes longer than parsing, so it is read once for several inputs. All of them are kept if
    // one reached new code.
    if (this.#latest.length === AT_ONCE) {
      if (await coverage.isNew()) this.corpus.push(...this.#latest);
      this.#latest = [];
    }
    return [input, result];
  }
}

const scratch = mkdtempSync(join(tmpdir(), 'linux-mount-fuzz-'));
const SOURCES = [
  'test/hunts/fuzz/native/mount_lines.cc',
  ...['kernel/procfs', 'table/mount_copies', 'overlay/overlay_directories', 'umount/umount_order', 'kernel/path'].map(
    (name) => `src-native/${name}.cc`,
  ),
];
const compile = (compiler, flags, output) =>
  execFileSync(compiler, ['-std=c++20', '-O1', '-Isrc-native', ...flags, ...SOURCES, '-o', join(scratch, output)], {
    cwd: project,
    stdio: 'inherit',
  });

/** Returns what the addon parses: for each table null, or a line for each mount. */
function askNative(tables) {
  const parts = tables.flatMap((table) => [Buffer.from(new Uint32Array([table.length]).buffer), table]);
  const { stdout } = spawnSync(join(scratch, 'lines'), {
    input: Buffer.concat(parts),
    encoding: 'latin1',
    maxBuffer: 2 ** 28,
  });
  return stdout
    .split('\n\n')
    .slice(0, -1)
    .map((answer) => answer.trimStart());
}

function compare(batch) {
  const answers = askNative(batch.map(([input]) => input));
  batch.forEach(([input, entries], at) => {
    const expected = entries.map(
      ({ id, parentId, target, targetDeleted, options }) =>
        `${id} ${parentId} ${target.toString('hex')}${targetDeleted ? Buffer.from('//deleted').toString('hex') : ''} ${options.includes('ro') ? 1 : 0}`,
    );
    if (answers[at] === expected.join('\n')) return;
    console.log(`--input ${input.toString('base64')}`);
    throw new Error(`lib/ parses\n${expected.join('\n')}\nand the addon parses\n${answers[at]}`);
  });
}

/** Whether a table has exactly the kernel's form. lib/ also accepts tables with added white space, as after copying. */
const isPlain = (input) =>
  /^(\d+ [^\n\t]*\n)+$/.test(input.toString('latin1')) && !/^0\d/m.test(input.toString('latin1'));

async function fuzzLib(seconds) {
  const coverage = await new Coverage('/dist/').begin();
  const parsers = [
    new Parser('mount tables', checkMountInfo, [...fixtures, ...lines.map((line) => `${line}\n`)]),
    new Parser('overlay options', checkOverlayData, OPTIONS),
  ];
  let batch = [];
  let compared = 0;
  for (const end = performance.now() + seconds * 1000; performance.now() < end; ) {
    // The parsers take turns of AT_ONCE inputs, so that new coverage is attributed to the right parser.
    for (const parser of parsers) {
      for (let count = AT_ONCE; count > 0; count -= 1) {
        const [input, result] = await parser.once(coverage);
        if (result && isPlain(input)) batch.push([input, result]);
      }
    }
    if (batch.length < 1000) continue;
    compare(batch);
    compared += batch.length;
    batch = [];
  }
  compare(batch);
  compared += batch.length;
  coverage.end();
  for (const { name, executions, corpus } of parsers)
    console.log(`${name}: ${executions} executions, ${corpus.length} inputs kept`);
  console.log(`${coverage.blocks} blocks of lib/ reached, ${compared} tables compared with the addon's`);
}

try {
  compile('g++', ['-Wall', '-Werror'], 'lines');
  await fuzzLib(Number(values.seconds) / 2);
  const clang = ['clang++', 'clang++-14'].find((name) => spawnSync(name, ['--version']).status === 0);
  if (clang === undefined) {
    throw new Error('libFuzzer is missing: apt-get install clang-14 libclang-rt-14-dev');
  }
  compile(
    clang,
    ['-g', '-DLIBFUZZER', '-fsanitize=fuzzer,address,undefined', '-fno-sanitize-recover=undefined'],
    'fuzzer',
  );
  const corpus = join(scratch, 'corpus');
  cpSync(join(project, 'test/fixtures'), corpus, { recursive: true });
  const { status, stderr } = spawnSync(
    join(scratch, 'fuzzer'),
    [
      `-max_total_time=${Math.ceil(Number(values.seconds) / 2)}`,
      `-seed=${values.seed}`,
      '-max_len=4096',
      '-timeout=20',
      `-artifact_prefix=${scratch}/`,
      corpus,
    ],
    { encoding: 'utf8', maxBuffer: 2 ** 28 },
  );
  const lines = stderr.trimEnd().split('\n');
  if (status !== 0) {
    for (const name of readdirSync(scratch).filter((each) => /^(crash|timeout|leak|oom)-/.test(each))) {
      console.log(`${name}: ${readFileSync(join(scratch, name)).toString('base64')}`);
    }
    throw new Error(lines.slice(-60).join('\n'));
  }
  console.log(`addon: ${lines.findLast((line) => /^#\d/.test(line)) ?? ''}`);
  console.log(lines.at(-1));
} finally {
  if (existsSync(scratch)) rmSync(scratch, { recursive: true });
}
