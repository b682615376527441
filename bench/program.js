// This library as a separate program, like bench/native/program.cc in C and bench/go in Go. The program reads lines
// from standard input with tab-separated words (name, count, arguments), and answers each with the nanoseconds.
import { createInterface } from 'node:readline';
import { constants, mountBindSync, mountOverlaySync, mountSync, umountSync } from 'linux-mount';

const { MS_BIND } = constants;

const ACTIONS = {
  bind: (_, [source, target]) => {
    mountSync(source, target, null, MS_BIND);
    umountSync(target);
  },
  'bind-readonly': (_, [source, target]) => mountBindSync(source, target, { readonly: true }).unmountSync(),
  mount: (_, [source, target, type, data]) => {
    mountSync(source, target, type, 0, data);
    umountSync(target);
  },
  overlay: (_, [target, ...lower]) => mountOverlaySync({ lower, target }).unmountSync(),
  umount: (at, targets) => umountSync(targets[at]),
};

function run([name, times, ...words]) {
  const action = ACTIONS[name];
  const count = Number(times);
  const start = process.hrtime.bigint();
  for (let at = 0; at < count; at += 1) action(at, words);
  return process.hrtime.bigint() - start;
}

for await (const line of createInterface({ input: process.stdin })) {
  let answer;
  try {
    answer = `ok\t${run(line.split('\t'))}`;
  } catch (error) {
    answer = `error\t${error.message}`;
  }
  process.stdout.write(`${answer}\n`);
}
