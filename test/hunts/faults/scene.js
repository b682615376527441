import { mkdtempSync, readdirSync, readFileSync, rmdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { constants, mountSync, umountSync } from 'linux-mount';
import { attributesOf } from '../../support/native-files.js';
import { ScratchDirectory } from '../../support/scratch-directory.js';

/** Where an operation takes place: a tmpfs of its own, so that what it leaves behind goes with it. */
export class Scene extends ScratchDirectory {
  /** Whether the extended attributes are among what may change: overlayfs sets its own. */
  tellsAttributes = false;
  #containers = [];

  /** @param containers processes in other mount namespaces, which see what is mounted here */
  constructor(containers = []) {
    super(mkdtempSync(join(tmpdir(), 'scene-')));
    this.#containers = containers;
    mountSync('scene', this.root, 'tmpfs', 0, 'mode=755');
    // They have it by now; what is mounted in it is not for them.
    mountSync(null, this.root, null, constants.MS_PRIVATE);
  }

  /** A directory with a tmpfs on it, in which there are the directories named. */
  mounted(name, ...below) {
    const path = this.directory(name);
    mountSync('mounted', path, 'tmpfs', 0, 'mode=755');
    for (const each of below) this.directory(`${name}/${each}`);
    return path;
  }

  /** All that an operation may change, as text: mounts with all that the table says, but for ids; and names. */
  state() {
    const tables = ['self', ...this.#containers.map(({ pid }) => pid)];
    return JSON.stringify([...tables.map((process) => this.mounts(process)), this.#names(this.root)], null, 1);
  }

  /** The mount points in here, in the order of the table. */
  points(process = 'self') {
    return this.mounts(process).map((line) => line.split(' ')[1]);
  }

  /** The mounts in here, each as the line of a table without ids. */
  mounts(process = 'self') {
    const lines = readFileSync(`/proc/${process}/mountinfo`, 'latin1').trimEnd().split('\n');
    return (
      lines
        .filter((line) => line.split(' ')[4].startsWith(this.root))
        .map((line) => line.split(' ').slice(3).join(' ').replaceAll(this.root, '@'))
        .map((line) => line.replace(/ (shared|master|propagate_from):\d+/g, ' $1'))
        // layers by the numbers of descriptors, which are whatever was free
        .map((line) => (/lowerdir=\d+:\d+/.test(line) ? line.replace(/(?<=[=:])\d+/g, 'N') : line))
    );
  }

  // Without what overlayfs makes in a work directory, and leaves there when it has been mounted.
  #names(directory) {
    return readdirSync(directory, { withFileTypes: true }).flatMap((entry) => {
      const path = join(directory, entry.name);
      const marks = this.tellsAttributes ? ` ${JSON.stringify(attributesOf(path))}` : '';
      const name = path.slice(this.root.length) + (entry.isDirectory() ? '/' : '') + marks;
      return entry.isDirectory() && entry.name !== 'work' ? [name, ...this.#names(path)] : [name];
    });
  }

  /** Takes everything down that is mounted here. */
  end() {
    for (const { pid } of this.#containers) {
      umountSync(this.root, { lazy: true, namespace: { pid } });
    }
    umountSync(this.root, constants.MNT_DETACH);
    rmdirSync(this.root);
  }
}
