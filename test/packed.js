// npm run package:check: the package as it is published, in a project of somebody else: packed, installed, built there,
// and used from ES modules, CommonJS and TypeScript.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const project = fileURLToPath(new URL('..', import.meta.url));
const place = mkdtempSync(join(tmpdir(), 'linux-mount-packed-'));
const run = (command, ...words) => execFileSync(command, words, { cwd: place, encoding: 'utf8' });

const WANTED = [
  'package.json',
  'README.md',
  'LICENSE',
  'CHANGELOG.md',
  'binding.gyp',
  'dist/index.js',
  'dist/index.d.ts',
  'dist/layers.js',
  'dist/layers.d.ts',
];
const UNWANTED = /^(test|bench|examples|build|node_modules|\.ci)\/|\.tgz$|\/build\//;

try {
  const [packed] = JSON.parse(
    execFileSync('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', place], {
      cwd: project,
      encoding: 'utf8',
    }),
  );
  const files = packed.files.map(({ path }) => path);
  const wrong = [...WANTED.filter((file) => !files.includes(file)), ...files.filter((file) => UNWANTED.test(file))];
  if (wrong.length > 0) throw new Error(`missing from the package or wrongly in it: ${wrong.join(', ')}`);
  console.log(
    `${packed.filename}: ${files.length} files, ${packed.size} bytes packed, ${packed.unpackedSize} unpacked`,
  );

  writeFileSync(join(place, 'package.json'), '{ "private": true, "type": "module" }');
  run('npm', 'install', '--no-audit', '--no-fund', join(place, packed.filename));

  writeFileSync(
    join(place, 'esm.mjs'),
    "import { pageSize } from 'linux-mount'; import 'linux-mount/layers'; console.log(pageSize);",
  );
  writeFileSync(
    join(place, 'commonjs.cjs'),
    "require('linux-mount/layers'); console.log(require('linux-mount').pageSize);",
  );
  writeFileSync(
    join(place, 'typed.ts'),
    "import { mountOverlay, type OverlaySpec } from 'linux-mount';\n" +
      "import { type Change, changes } from 'linux-mount/layers';\n" +
      "export const next: Promise<IteratorResult<Change>> = changes({ lower: ['/a'], upper: '/u' }).next();\n" +
      "const spec: OverlaySpec = { lower: ['/a', '/b'] };\n" +
      "export const mounted: Promise<bigint> = mountOverlay({ ...spec, target: '/t' }).then((mount) => mount.id);\n",
  );
  for (const file of ['esm.mjs', 'commonjs.cjs']) {
    if (!(Number(run(process.execPath, file)) >= 4096)) throw new Error(`${file} did not print the size of a page`);
    console.log(`${file}: works`);
  }
  const types = ['--types', 'node', '--typeRoots', join(project, 'node_modules/@types')];
  run(
    process.execPath,
    join(project, 'node_modules/typescript/bin/tsc'),
    ...['--noEmit', '--strict', '--module', 'nodenext', '--target', 'es2022', '--lib', 'es2023,esnext.disposable'],
    ...[...types, 'typed.ts'],
  );
  console.log('typed.ts: compiles');
} finally {
  // Nothing is ever mounted in here.
  rmSync(place, { recursive: true });
}
