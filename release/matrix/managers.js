// The package managers of the matrix, and the steps that each runs with the package.
import { existsSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Place, tool, versionOf } from './place.js';
import { Registry } from './registry.js';

const NODE_24 = tool('node24/bin/node');

/**
 * A package manager: the words of its program and of each step. `env` or `flags` set whether install scripts may run
 * (`isAllowed`).
 */
const npm = (name, node) => ({
  name: `npm ${versionOf(name)}`,
  node,
  program: ['node', tool(`${name}/bin/npm-cli.js`)],
  env: (isAllowed) => ({
    npm_config_ignore_scripts: String(!isAllowed),
    ...(isAllowed && name === 'npm12' && { npm_config_dangerously_allow_all_scripts: 'true' }),
  }),
  add: ['install'],
  steps: { again: ['install'], frozen: ['ci'], rebuild: ['rebuild'], offline: ['ci', '--offline'] },
});

const pnpm = (name, cli) => ({
  name: `pnpm ${versionOf(name)}`,
  program: ['node', tool(`${name}/bin/${cli}`)],
  env: (isAllowed) => ({
    npm_config_ignore_scripts: String(!isAllowed),
    pnpm_config_ignore_scripts: String(!isAllowed),
    pnpm_config_dangerously_allow_all_builds: String(isAllowed),
  }),
  add: ['add'],
  steps: {
    again: ['install'],
    frozen: ['install', '--frozen-lockfile'],
    rebuild: ['rebuild'],
    offline: ['install', '--frozen-lockfile', '--offline'],
  },
});

/** The steps that yarn 1 and bun share. Neither has a command that rebuilds. */
const FORCING = {
  flags: (isAllowed) => (isAllowed ? [] : ['--ignore-scripts']),
  add: ['add'],
  steps: {
    again: ['install'],
    frozen: ['install', '--frozen-lockfile'],
    rebuild: ['install', '--force'],
    offline: ['install', '--frozen-lockfile', '--offline'],
  },
};

const yarn1 = () => ({
  name: `yarn ${versionOf('yarn1')}`,
  program: ['node', tool('yarn1/bin/yarn.js')],
  ...FORCING,
});

const yarn4 = (linker) => ({
  name: `yarn ${versionOf('yarn4')}, ${linker === 'pnp' ? "Plug'n'Play" : linker.replace('-', '_')}`,
  program: ['node', tool('yarn4/bin/yarn.js')],
  env: (isAllowed) => ({ YARN_ENABLE_SCRIPTS: String(isAllowed) }),
  files: ({ url }) => ({
    'yarn.lock': '',
    '.yarnrc.yml': `nodeLinker: ${linker}\nenableTelemetry: false\nnpmRegistryServer: ${url}\nunsafeHttpWhitelist: [127.0.0.1]\n`,
  }),
  add: ['add'],
  spec: (spec) => (spec.startsWith('file:') ? `linux-mount@${spec}` : spec),
  steps: {
    again: ['install'],
    frozen: ['install', '--immutable'],
    rebuild: ['rebuild'],
    offline: ['install', '--immutable'],
  },
  offlineEnv: { YARN_ENABLE_NETWORK: '0' },
  ...(linker === 'pnp' && { run: ['node', tool('yarn4/bin/yarn.js'), 'node'] }),
});

const bun = () => ({
  name: `bun ${versionOf('@oven/bun-linux-x64')}`,
  program: [tool('@oven/bun-linux-x64/bin/bun')],
  ...FORCING,
  files: () => ({
    'package.json': '{ "name": "consumer", "private": true, "trustedDependencies": ["linux-mount", "scripted"] }',
  }),
});

export const MANAGERS = () => [
  npm('npm9'),
  npm('npm10'),
  npm('npm11'),
  npm('npm12', NODE_24),
  pnpm('pnpm9', 'pnpm.cjs'),
  pnpm('pnpm', 'pnpm.mjs'),
  yarn1(),
  yarn4('node-modules'),
  yarn4('pnp'),
  bun(),
];

/** The files of an installation. They are removed before each install that starts from the lock file alone. */
const INSTALLED = ['node_modules', '.pnp.cjs', '.pnp.loader.mjs', '.yarn/unplugged', '.yarn/install-state.gz'];

/** What the output of a manager must not contain: words about install scripts of the package, or about compiling it. */
const SCRIPT =
  /gyp|prebuild|\bbuild script|install script|ignored build|\bscripts?\b.*linux-mount|linux-mount.*\bscripts?\b/i;

class Trial {
  #manager;
  #registry;
  #isAllowed;
  #place;

  constructor(manager, registry, isAllowed, place) {
    this.#manager = manager;
    this.#registry = registry;
    this.#isAllowed = isAllowed;
    this.#place = place;
    const { files = () => ({}) } = manager;
    place.reset();
    const npmrc = `registry=${registry.url}\naudit=false\nfund=false\nupdate-notifier=false\n`;
    const all = { 'package.json': '{ "name": "consumer", "private": true }', '.npmrc': npmrc, ...files(registry) };
    for (const [name, text] of Object.entries(all)) writeFileSync(join(place.project, name), text);
  }

  run(words, more = {}) {
    const { program, env = () => ({}), flags = () => [] } = this.#manager;
    const isInstall = words[0] === 'add' || words[0] === 'install';
    return this.#place.run([...program, ...words, ...(isInstall ? flags(this.#isAllowed) : [])], {
      env: { ...env(this.#isAllowed), npm_config_registry: this.#registry.url, ...more },
    });
  }

  add(spec) {
    const { add, spec: form = (spec) => spec } = this.#manager;
    return this.run([...add, form(spec)]);
  }

  /** Removes the installation and keeps the lock file. */
  clear() {
    for (const name of INSTALLED) rmSync(join(this.#place.project, name), { recursive: true, force: true });
  }
}

/**
 * Installs a package with an install script: the script must run where scripts are allowed, and must not run where they
 * are denied. Without this check the columns of the table would prove nothing.
 */
async function checkControl(manager, registry, place) {
  for (const isAllowed of [true, false]) {
    const trial = new Trial(manager, registry, isAllowed, place);
    await trial.add('scripted@1.0.0');
    const hasRun = existsSync(join(place.project, 'install-script-has-run'));
    if (hasRun !== isAllowed)
      throw new Error(
        `an install script ${hasRun ? 'runs although scripts are denied' : 'does not run although scripts are allowed'}`,
      );
  }
}

/** A cell of the table: installs the package from `spec` in every way, and throws when a result is wrong. */
async function check(manager, spec, registry, isAllowed, place) {
  const trial = new Trial(manager, registry, isAllowed, place);
  const { steps, run = ['node'], offlineEnv } = manager;
  const outputs = [await trial.add(spec), await trial.run(steps.again)];
  trial.clear();
  outputs.push(await trial.run(steps.frozen), await trial.run(steps.rebuild));
  trial.clear();
  registry.isDown = true;
  const { requests } = registry;
  outputs.push(await trial.run(steps.offline, offlineEnv));
  registry.isDown = false;
  if (registry.requests > requests) throw new Error('the manager used the registry in offline mode');
  const words = outputs.join('').match(SCRIPT);
  if (words !== null) throw new Error(`the output mentions install scripts:\n${outputs.join('')}`);
  for (const program of ['import.mjs', 'require.cjs']) await place.exercise([...run, program]);
  const instance = (await place.run([...run, 'instance.mjs'])).trim();
  if (!instance.endsWith('true')) throw new Error(`import and require() give two packages: ${instance}`);
  const printed = await place.run([...run, '--print', "require.resolve('linux-mount/package.json')"]);
  const manifest = printed.trim().split('\n').at(-1);
  const compiled = readdirSync(join(manifest, '..')).filter((name) => name === 'build');
  if (compiled.length > 0) throw new Error('the installation compiled something');
}

/**
 * Runs all cells of a manager, with its own registry.
 *
 * @param packages the tarballs in the registry
 * @returns for each cell the name of the column, and the error or undefined
 */
export async function tryManager(manager, packages, { version, tarball }) {
  const registry = await new Registry().open();
  for (const file of packages) registry.publish(file);
  const place = new Place({ node: manager.node });
  const sources = { registry: `linux-mount@${version}`, tarball: `file:${tarball}` };
  const cells = [];
  try {
    await checkControl(manager, registry, place);
    for (const [source, spec] of Object.entries(sources)) {
      for (const isAllowed of [true, false]) {
        const column = `${source}, scripts ${isAllowed ? 'allowed' : 'refused'}`;
        const error = await check(manager, spec, registry, isAllowed, place).catch((error) => error);
        registry.isDown = false;
        cells.push({ column, error });
      }
    }
    return cells;
  } finally {
    place.remove();
    registry.close();
  }
}
