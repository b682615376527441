// The part of bench/run.js that measures, in a private mount namespace.
import { readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import { cpus, release } from 'node:os';
import { parseArgs } from 'node:util';
import { writeDocs } from './docs.js';
import { Peers } from './peers.js';
import { makePlace } from './place.js';
import { rowText, summaryText } from './report.js';
import { layerRows } from './rows/layers.js';
import { lookupRows } from './rows/lookups.js';
import { mountRows } from './rows/mounts.js';
import { overlayRows } from './rows/overlays.js';
import { processRows } from './rows/process.js';
import { tableRows } from './rows/tables.js';
import { summarize } from './summary.js';
import { compare } from './turns.js';

const [outside, ...args] = process.argv.slice(2);
if (outside === readlinkSync('/proc/self/ns/mnt')) throw new Error('start the benchmark with: npm run bench');
const { values: options } = parseArgs({
  args,
  options: {
    json: { type: 'string' },
    only: { type: 'string', default: '' },
    short: { type: 'boolean', default: false },
    docs: { type: 'boolean', default: false },
  },
});

if (options.docs && options.only !== '') throw new Error('--docs is for all rows, not for --only some');

// How long a row is measured: `seconds`, and `least` to `most` turns, each of `times` repetitions, in the long and the
// short form. Rows of the summary (`judged`) are measured longer.
const LIMITS = options.short
  ? { row: { seconds: 0.7, least: 4, most: 100, times: 25 }, judged: { seconds: 4, least: 10, most: 100, times: 100 } }
  : {
      row: { seconds: 15, least: 20, most: 400, times: 25 },
      judged: { seconds: 60, least: 100, most: 600, times: 100 },
    };
const TABLES = options.short ? [100, 1000, 10_000] : [100, 1000, 10_000, 100_000];
const BESIDE = 10_000;
const FILES = options.short ? 10_000 : 100_000;

const isLibrary = ({ who }) => who === 'linux-mount';

function rowsOf(place, peers) {
  return [
    ...mountRows(place, peers),
    ...overlayRows(place, peers),
    ...lookupRows(place, peers, BESIDE),
    ...tableRows(place, peers, TABLES),
    ...processRows(place, peers),
    ...layerRows(place, peers, FILES),
  ].filter(({ name }) => name.includes(options.only));
}

async function measure() {
  const place = makePlace();
  let peers;
  try {
    peers = new Peers();
    const results = [];
    for (const { name, note, before, contenders, isJudged = false } of rowsOf(place, peers)) {
      const after = before?.();
      const limits = isJudged ? LIMITS.judged : LIMITS.row;
      const result = { name, note, ...(await compare(contenders, { ...limits, isLibrary })) };
      after?.();
      results.push(result);
      process.stdout.write(rowText(result));
    }
    return results;
  } finally {
    peers?.close();
    place.end();
  }
}

const started = performance.now();
const machine = {
  processor: /^model name\s*: (.*)$/m.exec(readFileSync('/proc/cpuinfo', 'latin1'))?.[1] ?? 'unknown',
  processors: cpus().length,
  arch: process.arch,
  kernel: release(),
  node: process.version,
};
const rows = await measure();
const seconds = Math.round((performance.now() - started) / 1000);
const report = { machine, form: options.short ? 'short' : 'long', seconds, rows, summary: summarize(rows) };
process.stdout.write(summaryText(report));

if (options.json !== undefined) writeFileSync(options.json, `${JSON.stringify(report, null, 2)}\n`);
if (options.docs) writeDocs(report);
