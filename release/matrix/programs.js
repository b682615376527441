// The bundlers, single executables, test runners and compilers of the matrix, and how each uses the package.
import { copyFileSync, cpSync, mkdirSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Place, tool, versionOf } from './place.js';

const PREBUILT = `linux-mount/prebuilds/linux-${process.arch}/linux-mount.node`;
const NODE = process.execPath;

const imported = (file) => JSON.stringify(tool(file));
const ROLLUP = `import commonjs from ${imported('@rollup/plugin-commonjs/dist/es/index.js')};
import resolve from ${imported('@rollup/plugin-node-resolve/dist/es/index.js')};
export default { plugins: [resolve({ preferBuiltins: true }), commonjs()] };
`;
const WEBPACK = `import webpack from ${imported('webpack/lib/index.js')};
const filename = process.argv[2];
const isModule = filename.endsWith('.mjs');
const options = {
  mode: 'production',
  target: 'node',
  entry: './import.mjs',
  output: { path: process.cwd() + '/out', filename, module: isModule },
  ...(isModule && { experiments: { outputModule: true } }),
};
webpack(options, (error, stats) => {
  if (error || stats.hasErrors() || stats.hasWarnings()) throw error ?? new Error(stats.toString('errors-warnings'));
});
`;
const NAMED = `import { setAddon } from 'linux-mount';
import addon from '${PREBUILT}';
setAddon(addon);
`;

const esbuild = (format, file) => [
  ...[tool('.bin/esbuild'), 'import.mjs', '--bundle', '--platform=node', `--format=${format}`],
  ...[`--outfile=out/${file}`, '--log-level=warning'],
];

/** Each bundler makes one file of the program `import.mjs` and returns its path in the project. */
const BUNDLERS = () => [
  {
    name: `esbuild ${versionOf('esbuild')}, ES module`,
    async make(place) {
      await place.run(esbuild('esm', 'bundle.mjs'));
      return 'out/bundle.mjs';
    },
  },
  {
    name: `esbuild ${versionOf('esbuild')}, CommonJS`,
    async make(place) {
      await place.run(esbuild('cjs', 'bundle.cjs'));
      return 'out/bundle.cjs';
    },
  },
  {
    name: `rollup ${versionOf('rollup')} with its plugins node-resolve and commonjs`,
    async make(place) {
      writeFileSync(join(place.project, 'rollup.mjs'), ROLLUP);
      const words = ['--config', 'rollup.mjs', '--input', 'import.mjs', '--file', 'out/bundle.mjs', '--silent'];
      await place.run([NODE, tool('rollup/dist/bin/rollup'), ...words]);
      return 'out/bundle.mjs';
    },
  },
  ...Object.entries({ CommonJS: 'bundle.cjs', 'ES module': 'bundle.mjs' }).map(([form, file]) => ({
    name: `webpack ${versionOf('webpack')}, ${form}`,
    async make(place) {
      writeFileSync(join(place.project, 'webpack.mjs'), WEBPACK);
      await place.run([NODE, 'webpack.mjs', file]);
      return `out/${file}`;
    },
  })),
  {
    name: `vite ${versionOf('vite')}, SSR build with \`ssr.noExternal\``,
    async make(place) {
      writeFileSync(join(place.project, 'vite.config.mjs'), 'export default { ssr: { noExternal: true } };\n');
      await place.run([NODE, tool('vite/bin/vite.js'), 'build', '--ssr', 'import.mjs', '--outDir', 'out']);
      return `out/${readdirSync(join(place.project, 'out'))[0]}`;
    },
  },
  {
    name: 'Node.js single executable application',
    isExecutable: true,
    async make(place) {
      await place.run(esbuild('cjs', 'bundle.cjs'));
      const config = { main: 'out/bundle.cjs', output: 'out/blob', disableExperimentalSEAWarning: true };
      writeFileSync(join(place.project, 'sea.json'), JSON.stringify(config));
      await place.run([NODE, '--experimental-sea-config', 'sea.json']);
      copyFileSync(NODE, join(place.project, 'out/program'));
      const fuse = 'NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2';
      const words = ['out/program', 'NODE_SEA_BLOB', 'out/blob', '--sentinel-fuse', fuse];
      await place.run([NODE, tool('postject/dist/cli.js'), ...words]);
      return 'out/program';
    },
  },
  {
    name: `bun build --compile, bun ${versionOf('@oven/bun-linux-x64')}`,
    isExecutable: true,
    make: (place) => compileWithBun(place, 'import.mjs'),
  },
  {
    name: `the same with \`setAddon()\` in the program`,
    isExecutable: true,
    isWhole: true,
    make(place) {
      writeFileSync(join(place.project, 'named.mjs'), `${NAMED}import('./import.mjs');\n`);
      return compileWithBun(place, 'named.mjs');
    },
  },
];

async function compileWithBun(place, program) {
  await place.run([tool('@oven/bun-linux-x64/bin/bun'), 'build', '--compile', program, '--outfile', 'out/program']);
  return 'out/program';
}

/** Runs a bundle in the project, where the package is installed, and in a folder with nothing but the addon file. */
async function tryBundler({ make, isExecutable = false, isWhole = false }, place) {
  const file = await make(place);
  const run = (path) => place.exercise(isExecutable ? [path] : [NODE, path]);
  await run(join(place.project, file));
  const elsewhere = join(dirname(place.project), 'elsewhere', file);
  mkdirSync(dirname(elsewhere), { recursive: true });
  copyFileSync(join(place.project, file), elsewhere);
  try {
    if (!isWhole) {
      await expectNoAddon(run(elsewhere), elsewhere);
      rmSync(join(place.project, 'm'), { recursive: true }); // the failed call made it, and nothing is mounted on it
      copyFileSync(join(place.project, 'node_modules', PREBUILT), join(dirname(elsewhere), 'linux-mount.node'));
    }
    await run(elsewhere);
  } finally {
    rmSync(join(dirname(place.project), 'elsewhere'), { recursive: true });
  }
}

/**
 * Without the addon file, the error must name the bundle and the path beside it. A bundle that runs found an addon
 * elsewhere.
 */
async function expectNoAddon(running, bundle) {
  const output = await running.then(
    () => 'it has run',
    ({ message }) => message,
  );
  for (const path of [join(dirname(bundle), 'linux-mount.node'), `'${bundle}' is a bundle`]) {
    if (!output.includes(path)) throw new Error(`without an addon the error does not name ${path}:\n${output}`);
  }
}

const jest = (name) => ({
  name: `Jest ${versionOf(name)}, default configuration`,
  run: (place) => place.mount([NODE, tool(`${name}/bin/jest.js`), '--rootDir', '.', 'jest.test.js']),
});

/** Each runner runs a test or a program that imports the package. */
const RUNNERS = () => [
  jest('jest29'),
  jest('jest30'),
  {
    name: `vitest ${versionOf('vitest')}`,
    run(place) {
      symlinkSync(tool('vitest'), join(place.project, 'node_modules/vitest'));
      return place.mount([NODE, tool('vitest/vitest.mjs'), 'run', 'vitest.test.mjs']);
    },
  },
  { name: 'node:test', run: (place) => place.mount([NODE, '--test', 'node.test.cjs']) },
  {
    name: `ts-node ${versionOf('ts-node')}`,
    run: (place) =>
      place.exercise([NODE, tool('ts-node/dist/bin.js'), 'typed.ts'], {
        env: { TS_NODE_COMPILER: tool('typescript5'), TS_NODE_COMPILER_OPTIONS: '{"module":"commonjs"}' },
      }),
  },
  { name: `tsx ${versionOf('tsx')}`, run: (place) => place.exercise([NODE, tool('tsx/dist/cli.mjs'), 'typed.ts']) },
  {
    name: `bun ${versionOf('@oven/bun-linux-x64')}`,
    run: (place) => place.exercise([tool('@oven/bun-linux-x64/bin/bun'), 'typed.ts']),
  },
];

const MODULES = ['commonjs', 'node16', 'node18', 'node20', 'nodenext'];

/** TypeScript with each value of `module`, with CommonJS and ES module files where the value allows both. */
const COMPILERS = () =>
  ['typescript5', 'typescript6'].flatMap((name) =>
    MODULES.map((module) => ({
      name: `TypeScript ${versionOf(name)}, \`module: ${module}\``,
      async run(place) {
        const files = module === 'commonjs' ? ['typed.ts'] : ['typed.mts', 'typed.cts'];
        for (const file of files.filter((file) => file !== 'typed.ts')) {
          cpSync(join(place.project, 'typed.ts'), join(place.project, file));
        }
        const options = ['--module', module, '--target', 'es2022', '--strict'];
        await place.run([NODE, tool(`${name}/bin/tsc`), ...options, ...files]);
        for (const file of files) await place.exercise([NODE, file.replace('ts', 'js')]);
      },
    })),
  );

export const GROUPS = () => [
  { title: 'Bundlers and single files', tools: BUNDLERS(), attempt: tryBundler },
  { title: 'Test runners and TypeScript loaders', tools: RUNNERS(), attempt: ({ run }, place) => run(place) },
  { title: 'The TypeScript compiler', tools: COMPILERS(), attempt: ({ run }, place) => run(place) },
];

/**
 * Tries one program in a project in which the package is installed.
 *
 * @returns the error, or undefined
 */
export async function tryProgram(attempt, program, tarball) {
  const place = new Place({ mayCompile: true });
  try {
    await place.install(tarball);
    mkdirSync(join(place.project, 'node_modules/@types'));
    symlinkSync(tool('@types/node'), join(place.project, 'node_modules/@types/node'));
    await attempt(program, place);
    return undefined;
  } catch (error) {
    return error;
  } finally {
    place.remove();
  }
}
