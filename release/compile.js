// npm run build:lib: compiles lib/ to dist/, one CommonJS build that require() and import both load, so that each class exists
// once however the package is imported.
import { spawnSync } from 'node:child_process';
import { copyFileSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { project } from './architectures.js';

const dist = join(project, 'dist');
/** Written last. */
const LAST = join(dist, 'package.json');

/** Whether nothing of what dist/ is made of has changed since. A folder changes when a file in it comes or goes. */
function isCurrent() {
  const sources = readdirSync(join(project, 'lib'), { recursive: true }).map((name) => join('lib', name));
  const inputs = [...sources, 'lib', 'tsconfig.json', 'package-lock.json', 'release/compile.js'];
  const made = statSync(LAST, { throwIfNoEntry: false })?.mtimeMs ?? 0;
  return inputs.every((name) => statSync(join(project, name)).mtimeMs < made);
}

if (isCurrent()) process.exit();

const { status } = spawnSync(process.execPath, [join(project, 'node_modules/typescript/bin/tsc')], {
  cwd: project,
  stdio: 'inherit',
});
if (status !== 0) process.exit(1);

// Bundled into an ES module, require('node:fs') is a call that throws: esbuild leaves it to a `require` that is not there.
// process.getBuiltinModule() (Node.js 20.16) works in every kind of module.
for (const name of readdirSync(dist, { recursive: true }).filter((name) => name.endsWith('.js'))) {
  const file = join(dist, name);
  const text = readFileSync(file, 'utf8');
  writeFileSync(file, text.replace(/\brequire\(("node:[\w/]+")\)/g, 'process.getBuiltinModule($1)'));
}

// "type": "commonjs", for the files in dist/ as for those in lib/: the scripts of the repository are ES modules.
copyFileSync(join(project, 'lib/package.json'), LAST);
