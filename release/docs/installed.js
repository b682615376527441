// A project in which the package is installed, and programs of this project, each in its own mount namespace.
import { spawnSync } from 'node:child_process';
import {
  chownSync,
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  rmdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { project } from '../architectures.js';
import { asUser, inNamespaces, isRoot, ORDINARY_ID } from '../namespaces.js';

export class Installed {
  #place = mkdtempSync(join(tmpdir(), 'linux-mount-docs-'));
  #bin = join(this.#place, 'bin');
  /** A project that every user can read. */
  #project = join(this.#place, 'project');
  /** A directory to mount on. Nothing is mounted on it in the caller's own mount namespace. */
  #work = join(this.#place, 'work');

  constructor() {
    // Only root may be able to read Node.js and the checkout.
    for (const directory of [this.#bin, this.#project, this.#work]) mkdirSync(directory);
    copyFileSync(process.execPath, join(this.#bin, 'node'));
    this.#install(this.#project);
    writeFileSync(join(this.#project, 'package.json'), '{ "type": "module" }\n');
    spawnSync('chmod', ['-R', 'go+rX', this.#place]);
  }

  #install(directory) {
    for (const name of ['package.json', 'dist', 'build/Release/linux_mount.node', 'prebuilds']) {
      const file = join(project, name);
      if (!existsSync(file)) continue;
      cpSync(file, join(directory, 'node_modules/linux-mount', name), { recursive: true });
    }
  }

  get #env() {
    return { ...process.env, PATH: [this.#bin, process.env.PATH].join(delimiter) };
  }

  /** Copies a program into the project. */
  add(file, name) {
    copyFileSync(file, join(this.#project, name));
    return join(this.#project, name);
  }

  /** Runs a program in an empty tmpfs, which ends with its namespace. */
  run(program, who, options) {
    const script = 'mount -t tmpfs example "$1" && cd "$1" && exec node "$2"';
    return this.spawn([...asUser(who), ...inNamespaces(who, options), 'sh', '-euc', script, 'sh', this.#work, program]);
  }

  /**
   * Runs a command with the copied Node.js first in the search path. A command that hangs is killed and has no status.
   */
  spawn(words, options = {}) {
    return spawnSync(words[0], words.slice(1), { encoding: 'utf8', env: this.#env, timeout: 300_000, ...options });
  }

  /** Makes an empty folder of a user on the disk, with the package installed in it. */
  emptyFolder(who) {
    const folder = mkdtempSync(join(this.#place, 'folder-'));
    this.#install(folder);
    if (isRoot && who === 'user') chownSync(folder, ORDINARY_ID, ORDINARY_ID);
    return folder;
  }

  /** Removes everything. All mounts ended with their namespaces. */
  remove() {
    rmdirSync(this.#work);
    rmSync(this.#place, { recursive: true });
  }
}
