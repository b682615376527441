import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** A directory of somebody's own, and what is made in it. */
export class Ground {
  readonly root: string;

  constructor(root: string) {
    this.root = root;
  }

  /** The path of a name in here. */
  path(name: string): string {
    return join(this.root, name);
  }

  /** Makes a directory, with files in it if any are given, and gives its path. */
  directory(name: string, files: Readonly<Record<string, string>> = {}): string {
    const path = this.path(name);
    mkdirSync(path, { recursive: true });
    for (const [file, content] of Object.entries(files)) writeFileSync(join(path, file), content);
    return path;
  }

  /** Makes a file and gives its path. */
  file(name: string, content = ''): string {
    const path = this.path(name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, content);
    return path;
  }
}
