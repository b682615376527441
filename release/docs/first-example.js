// README's first example: pasted into an empty folder it runs by README's own command lines, prints what README shows, and
// leaves nothing there.
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { asUser, inNamespaces, isRoot } from './installed.js';
import { read } from './pages.js';

const NAME = 'example.mjs';

function partsOf(text) {
  const program = text.match(/^```js example\.mjs\n(.*?)^```$/ms)?.[1];
  const [asRoot] = text.match(/^sudo node example\.mjs\b/m) ?? [];
  const [asOrdinaryUser] = text.match(/^unshare .*node example\.mjs\b/m) ?? [];
  const output = text.match(/^```text output\n(.*?)^```$/ms)?.[1];
  return { program, asRoot, asOrdinaryUser, output };
}

/** Adds to `faults` what is wrong with it. */
export function checkFirstExample(installed, faults) {
  const { program, asRoot, asOrdinaryUser, output } = partsOf(read('README.md'));
  if ([program, asRoot, asOrdinaryUser, output].includes(undefined)) {
    faults.push(
      'README has no example.mjs, or not its command lines as root and as an ordinary user, or not its output',
    );
    return;
  }
  const runs = {
    // In a mount namespace of its own: the check mounts nothing in that of the machine.
    root: [...inNamespaces('root'), ...asRoot.split(' ').slice(1)],
    user: [...asUser('user'), ...asOrdinaryUser.split(' ')],
  };
  if (!isRoot) delete runs.root;
  for (const [who, words] of Object.entries(runs)) {
    const folder = installed.emptyFolder(who);
    writeFileSync(join(folder, NAME), program);
    const { status, stdout, stderr } = installed.spawn(words, { cwd: folder });
    const left = readdirSync(folder).filter((name) => ![NAME, 'node_modules'].includes(name));
    if (status !== 0 || stderr !== '') faults.push(`README's example fails as ${who}:\n${stdout}${stderr}`);
    else if (stdout !== output) faults.push(`README's example prints as ${who}:\n${stdout}`);
    else if (left.length > 0) faults.push(`README's example leaves as ${who}: ${left.join(', ')}`);
  }
  console.log(`README's example ran as ${Object.keys(runs).join(' and as ')}`);
}
