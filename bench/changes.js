// What it costs to find out what an upper layer did, beside a C walk that asks the same of each entry.
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { changes } from 'linux-mount/layers';

const DIRECTORIES = 1000;
const FILES = 100;
const COUNT = DIRECTORIES * FILES;
const CHANGED = `the changes of an upper layer with ${COUNT} changed files`;
const ADDED = `the changes of an upper layer with ${COUNT} new files`;

const C = 'C: nftw, lgetxattr and fstatat of each';
const OURS = 'for await of changes()';
const DIFF = 'diff -rq';

/** Makes a layer of so many files, and gives its path. */
function layer(place, name, isEmpty = false) {
  const root = join(place, name);
  mkdirSync(root, { recursive: true });
  for (let index = 0; index < (isEmpty ? 0 : DIRECTORIES); index += 1) {
    mkdirSync(join(root, `directory${index}`));
    for (let file = 0; file < FILES; file += 1) writeFileSync(join(root, `directory${index}`, `file${file}`), name);
  }
  return root;
}

// The layers have no marks, so that it does not matter which are looked for; an ordinary user sees these.
/** All that is compared: each counts the changes, and must find the same number. */
function contenders(lower, upper, expected) {
  const { countChanges } = createRequire(import.meta.url)('./native/build/Release/changes.node');
  const check = (count) => {
    if (count !== expected) throw new Error(`${count} changes instead of ${expected}`);
  };
  return {
    [C]: { times: 1, turns: 15, run: () => check(countChanges(lower, upper)) },
    [OURS]: {
      times: 1,
      run: async () => {
        let count = 0;
        for await (const _ of changes({ lower: [lower], upper, userxattr: true })) count += 1;
        check(count);
      },
    },
  };
}

/**
 * @param {string} place a directory for layers, on a filesystem with room for 300,000 files (a tmpfs has it)
 * @returns groups as measure.js takes them: for each, contenders by name, of which the first is the yardstick
 */
export function changesGroups(place) {
  const [lower, upper, empty] = [layer(place, 'lower'), layer(place, 'upper'), layer(place, 'empty', true)];
  return {
    [CHANGED]: {
      ...contenders(lower, upper, COUNT),
      [DIFF]: { times: 1, run: () => void spawnSync('diff', ['-rq', lower, upper], { maxBuffer: 2 ** 30 }) },
    },
    [ADDED]: contenders(empty, upper, COUNT + DIRECTORIES),
  };
}

/** Lines of the summary: the group that has to be there, the name, and the figure. */
export const changesLines = [
  [CHANGED, `${COUNT} changed files, over a C walk`, (group) => group[OURS].ratio],
  [CHANGED, 'the same, µs each', (group) => group[OURS].nanoseconds / 1000 / COUNT],
  [ADDED, `${COUNT} new files, over a C walk`, (group) => group[OURS].ratio],
];
