// Runs every operation many times in one process under test/native/inject.c, each time with another fault. run.js
// starts it.
import { parseArgs } from 'node:util';
import { processInOtherNamespace } from '../../support/namespaces.js';
import { children, libraryThreads, threadsEnd } from '../../support/own-process.js';
import { Random } from '../fuzz/random.js';
import { cases } from './cases/index.js';
import { codesFor, NO_FAULT } from './injector.js';
import { trial } from './trial.js';

const { values: options } = parseArgs({
  options: {
    sample: { type: 'string', default: 'Infinity' },
    seed: { type: 'string', default: '1' },
    only: { type: 'string' },
    form: { type: 'string' },
    fault: { type: 'string' }, // NAME:INDEX:CODE or NAME:INDEX:CODE:on
    trace: { type: 'boolean', default: false },
  },
});

const words = ({ name, index, code, stays }) => `${name}:${index}:${code}${stays ? ':on' : ''}`;

function faultsOf(names, numbers) {
  const count = new Map();
  let working = 0;
  const all = names.flatMap((name) => {
    const index = (count.get(name) ?? 0) + 1;
    count.set(name, index);
    const codes = codesFor(name);
    const waits = name.startsWith('wait'); // "any" leaves out these calls
    if (!waits) working += 1;
    // A caller repeats a call that fails with EINTR or EAGAIN, so that a lasting fault would never end.
    const lasting = codes.filter((code) => !['EINTR', 'EAGAIN'].includes(code)).slice(0, 1);
    return [
      ...codes.map((code) => ({ name, index, code, stays: false })),
      ...lasting.map((code) => ({ name, index, code, stays: true })),
      // From this call on every call fails, so that the operation cannot undo its work either.
      ...(waits ? [] : [{ name: 'any', index: working, code: 'EIO', stays: true }]),
    ];
  });
  const most = Number(options.sample);
  if (all.length <= most) return all;
  const keyed = all.map((fault) => [numbers.next(), fault]);
  const chosen = new Set(
    keyed
      .sort(([a], [b]) => a - b)
      .slice(0, most)
      .map(([, fault]) => fault),
  );
  return all.filter((fault) => chosen.has(fault));
}

const holder = await processInOtherNamespace();
const containers = [{ pid: holder.pid }];
const totals = { operations: 0, faults: 0, failed: 0, unharmed: 0, wrong: 0 };
const kinds = new Map();

for (const one of cases) {
  if (options.only !== undefined && !one.name.includes(options.only)) continue;
  for (const form of one.forms ?? ['sync', 'async']) {
    if (options.form !== undefined && options.form !== form) continue;
    totals.operations += 1;
    const begin = performance.now();
    // The first trial may open or cache something that stays, so the second trial is the reference.
    await trial(one, form, NO_FAULT, containers);
    const plain = await trial(one, form, NO_FAULT, containers);
    for (const what of plain.wrong) report(one, form, NO_FAULT, what);
    if (options.trace) console.log(one.name, form, plain.names.join(' '), plain.seen);
    const seed = [...`${options.seed}${one.name}${form}`].reduce(
      (sum, letter) => (sum * 31 + letter.charCodeAt(0)) | 0,
      7,
    );
    const [name, index, code, stays] = options.fault?.split(':') ?? [];
    const faults =
      name === undefined
        ? faultsOf(plain.names, new Random(seed))
        : [{ name, index: Number(index), code, stays: stays === 'on' }];
    for (const fault of faults) {
      const { injected, error, wrong } = await trial(one, form, fault, containers, plain);
      if (!injected) continue; // the operation took another path this time
      totals.faults += 1;
      kinds.set(fault.name, (kinds.get(fault.name) ?? 0) + 1);
      totals[error === undefined ? 'unharmed' : 'failed'] += 1;
      for (const what of wrong) report(one, form, fault, what);
      if (options.fault !== undefined) console.log(error ?? 'no error');
    }
    console.log(
      `${Math.round(performance.now() - begin)} ms: ${one.name}, ${form}: ${plain.names.length} calls, ${faults.length} faults`,
    );
  }
}

function report(one, form, fault, what) {
  totals.wrong += 1;
  console.log(`WRONG: --only '${one.name}' --form ${form} --fault ${words(fault)}\n  ${what}`);
}

// No operation is running any more.
await threadsEnd(10_000);
if (libraryThreads().length > 0) report({ name: 'all' }, '', NO_FAULT, `${libraryThreads().length} threads are left`);
if (children().length !== 1) report({ name: 'all' }, '', NO_FAULT, `${children().length - 1} children are left`);
holder.kill('SIGKILL');

console.log(
  [...kinds]
    .sort(([, a], [, b]) => b - a)
    .map(([name, count]) => `${name} ${count}`)
    .join(', '),
);
console.log(
  `${totals.operations} operations, ${totals.faults} faults: ${totals.failed} errors, ${totals.unharmed} without effect, ${totals.wrong} wrong`,
);
process.exitCode = totals.wrong === 0 ? 0 : 1;
