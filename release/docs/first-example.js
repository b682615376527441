// Checks the first example of README: in an empty folder it runs by the command lines of README, prints the output that
// README shows, and leaves nothing behind, even where it may not mount.
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { asUser, inNamespaces, isRoot } from '../namespaces.js';
import { read } from './pages.js';

const NAME = 'example.mjs';

function partsOf(text) {
  const program = text.match(/^```js example\.mjs\n(.*?)^```$/ms)?.[1];
  const [asRoot] = text.match(/^sudo node example\.mjs$/m) ?? [];
  const asOrdinaryUser = text
    .match(/^(unshare .*)node example\.mjs$/m)?.[1]
    .trim()
    .split(' ');
  const output = text.match(/^```text output\n(.*?)^```$/ms)?.[1];
  return { program, asRoot, asOrdinaryUser, output };
}

/** Returns what is wrong with a run of the example in an empty folder. */
function faultOf(installed, program, { who, words, prints }) {
  const folder = installed.emptyFolder(who);
  writeFileSync(join(folder, NAME), program);
  const { status, stdout, stderr } = installed.spawn([...words, 'node', NAME], { cwd: folder });
  const left = readdirSync(folder).filter((name) => ![NAME, 'node_modules'].includes(name));
  if (left.length > 0) return `leaves ${left.join(', ')}:\n${stdout}${stderr}`;
  // A run without an expected output is one that may not mount.
  const isAsShown = prints === undefined ? stderr.includes('MountError: EPERM') : status === 0 && stdout === prints;
  return isAsShown ? undefined : `prints:\n${stdout}${stderr}`;
}

/** Adds the failures of the example to `faults`. */
export function checkFirstExample(installed, faults) {
  const { program, asRoot, asOrdinaryUser, output } = partsOf(read('README.md'));
  if ([program, asRoot, asOrdinaryUser, output].includes(undefined)) {
    faults.push('README lacks example.mjs, its output, or its command line as root or as an ordinary user');
    return;
  }
  const runs = [
    // The example as root runs in its own mount namespace, because the check mounts nothing in the machine's namespace.
    ...(isRoot ? [{ who: 'root', words: inNamespaces('root'), prints: output }] : []),
    { who: 'user', words: [...asUser('user'), ...asOrdinaryUser], prints: output },
    { who: 'user', words: asUser('user') },
  ];
  for (const run of runs) {
    const fault = faultOf(installed, program, run);
    if (fault !== undefined)
      faults.push(`README's example, run by ${[...run.words, 'node', NAME].join(' ')}, ${fault}`);
  }
  console.log(`README's example ran ${runs.length} times as root or as an ordinary user`);
}
