// A scratch directory: paths in it, and functions that make directories and files in it.
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

export class ScratchDirectory {
  /** @param {string} root the path of the directory, which exists */
  constructor(root) {
    /** @readonly */
    this.root = root;
  }

  /**
   * Returns the path of a name in the directory.
   *
   * @param {string} name
   */
  path(name) {
    return join(this.root, name);
  }

  /**
   * Makes a directory with the given files in it, and returns its path.
   *
   * @param {string} name
   * @param {Readonly<Record<string, string>>} files the contents by file name
   */
  directory(name, files = {}) {
    const path = this.path(name);
    mkdirSync(path, { recursive: true });
    for (const [file, content] of Object.entries(files)) writeFileSync(join(path, file), content);
    return path;
  }

  /**
   * Makes a file, and the directories above it, and returns its path.
   *
   * @param {string} name
   */
  file(name, content = '') {
    const path = this.path(name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, content);
    return path;
  }
}
