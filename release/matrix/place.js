// A user's project in which the package is tried, and the tools that try it (tools/package.json).
import { execFile, spawnSync } from 'node:child_process';
import {
  copyFileSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { inNamespaces, isRoot } from '../namespaces.js';
import { EXPECTED } from './project/exercise.cjs';

const here = fileURLToPath(new URL('.', import.meta.url));
const tools = join(here, 'tools');

/** Installs the tools at the versions of tools/package-lock.json, unless they are installed. */
export function installTools() {
  // npm ci would fail: for some systems no registry has the optional binaries of pnpm, so the lock file lacks them.
  const words = ['install', '--no-save', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
  const same = (file, other) => {
    try {
      return readFileSync(file, 'utf8') === readFileSync(other, 'utf8');
    } catch {
      return false;
    }
  };
  const [lock, installed] = [join(tools, 'package-lock.json'), join(tools, 'node_modules/installed-lock.json')];
  if (same(lock, installed)) return;
  const { status } = spawnSync('npm', words, { cwd: tools, stdio: ['ignore', 'ignore', 'inherit'] });
  if (status !== 0) throw new Error('the tools of the matrix could not be installed');
  copyFileSync(lock, installed);
}

/** Returns the path of a file of a tool. */
export const tool = (file) => join(tools, 'node_modules', file);

/** Returns the version of a tool. */
export const versionOf = (name) => JSON.parse(readFileSync(tool(`${name}/package.json`), 'utf8')).version;

export class Place {
  #place = mkdtempSync(join(tmpdir(), 'linux-mount-matrix-'));
  project = join(this.#place, 'project');
  home = join(this.#place, 'home');
  #bare = join(this.#place, 'bin');
  #temporary = join(this.#place, 'tmp');
  #env;

  /**
   * @param options `node`: the Node.js to run instead of this one; `mayCompile`: whether the search path has compilers,
   * and not only Node.js and a shell
   */
  constructor({ node = process.execPath, mayCompile = false } = {}) {
    for (const folder of [this.home, this.#bare, this.#temporary]) mkdirSync(folder);
    for (const [name, file] of Object.entries({ node, sh: '/bin/sh', unshare: '/usr/bin/unshare' })) {
      symlinkSync(file, join(this.#bare, name));
    }
    this.#env = {
      PATH: mayCompile ? `${dirname(node)}:${process.env.PATH}` : this.#bare,
      HOME: this.home,
      TMPDIR: this.#temporary, // package managers, Jest and tsx leave caches in it
      CI: '1',
    };
    this.reset();
  }

  /** Installs the packed package with npm, without a network. */
  async install(tarball) {
    writeFileSync(join(this.project, 'package.json'), '{ "name": "consumer", "private": true }');
    await this.run(['npm', 'install', '--offline', '--no-audit', '--no-fund', tarball]);
  }

  /** Makes the project empty again. The files of package managers in the home directory stay. */
  reset() {
    rmSync(this.project, { recursive: true, force: true }); // nothing is mounted in it, see exercise()
    cpSync(join(here, 'project'), this.project, { recursive: true });
  }

  /** Removes everything. */
  remove() {
    rmSync(this.#place, { recursive: true });
  }

  /**
   * Runs a command. Resolves with the output, or rejects with an error that contains it. The call is asynchronous,
   * because the registry in this process answers meanwhile.
   */
  run([command, ...words], { env = {} } = {}) {
    const options = { cwd: this.project, env: { ...this.#env, ...env }, timeout: 300_000, maxBuffer: Infinity };
    return new Promise((resolve, reject) => {
      const child = execFile(command, words, options, (error, stdout, stderr) => {
        if (error === null) resolve(`${stdout}${stderr}`);
        else reject(new Error(`${command} ${words.join(' ')}: ${error.signal ?? error.code}\n${stdout}${stderr}`));
      });
      child.stdin.end();
    });
  }

  /** Runs a program that mounts in its own mount namespace. Resolves with the output. */
  mount(words, options) {
    return this.run([...inNamespaces(isRoot ? 'root' : 'user'), ...words], options);
  }

  /** Runs a program that prints the result of exercise(), as a user would. Rejects when the result is wrong. */
  async exercise(words, options) {
    const output = (await this.mount(words, options)).trim();
    if (output !== EXPECTED) throw new Error(`${words.join(' ')} printed:\n${output}`);
  }
}
