// npm run build:lib: compiles lib/ to dist/, one CommonJS build that require() and import both load, so that each class exists
// once however the package is imported.
import { spawnSync } from 'node:child_process';
import { copyFileSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { project } from './architectures.js';

const dist = join(project, 'dist');

const { status } = spawnSync(process.execPath, [join(project, 'node_modules/typescript/bin/tsc')], {
  cwd: project,
  stdio: 'inherit',
});
if (status !== 0) process.exit(1);

// "type": "commonjs", for the files in dist/ as for those in lib/: the scripts of the repository are ES modules.
copyFileSync(join(project, 'lib/package.json'), join(dist, 'package.json'));

// Bundled into an ES module, require('node:fs') is a call that throws: esbuild leaves it to a `require` that is not there.
// process.getBuiltinModule() (Node.js 20.16) works in every kind of module.
for (const name of readdirSync(dist).filter((name) => name.endsWith('.js'))) {
  const file = join(dist, name);
  const text = readFileSync(file, 'utf8');
  writeFileSync(file, text.replace(/\brequire\(("node:[\w/]+")\)/g, 'process.getBuiltinModule($1)'));
}
