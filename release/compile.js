// npm run build:lib: compiles lib/ to dist/. The result is one CommonJS build that both require() and import load, so
// that each class exists once however the package is loaded.
import { spawnSync } from 'node:child_process';
import { copyFileSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { project } from './architectures.js';

const dist = join(project, 'dist');
/** The file that is written last, whose time is the time of the build. */
const LAST = join(dist, 'package.json');

/**
 * Whether the sources of dist/ are unchanged since the build. Adding or removing a file changes the time of its folder.
 */
function isCurrent() {
  const sources = readdirSync(join(project, 'lib'), { recursive: true }).map((name) => join('lib', name));
  const inputs = [...sources, 'lib', 'tsconfig.json', 'package-lock.json', 'release/compile.js'];
  const made = statSync(LAST, { throwIfNoEntry: false })?.mtimeMs ?? 0;
  return inputs.every((name) => statSync(join(project, name)).mtimeMs < made);
}

if (isCurrent()) process.exit();

// A file of lib/ that was moved or deleted leaves no output behind, which would be packed.
rmSync(dist, { recursive: true, force: true });

const { status } = spawnSync(process.execPath, [join(project, 'node_modules/typescript/bin/tsc')], {
  cwd: project,
  stdio: 'inherit',
});
if (status !== 0) process.exit(1);

// In an ES module bundle, require('node:fs') throws, because esbuild leaves it as a call of an undefined `require`.
// process.getBuiltinModule() (Node.js 20.16) works in every kind of module.
for (const name of readdirSync(dist, { recursive: true }).filter((name) => name.endsWith('.js'))) {
  const file = join(dist, name);
  const text = readFileSync(file, 'utf8');
  writeFileSync(file, text.replace(/\brequire\(("node:[\w/]+")\)/g, 'process.getBuiltinModule($1)'));
}

// The package.json with "type": "commonjs" is for the files in lib/ and in dist/. The scripts of the repository are ES
// modules.
copyFileSync(join(project, 'lib/package.json'), LAST);
