// The scene of a fault trial: a scratch tmpfs whose mounts and files can be compared before and after an operation.
import { mkdtempSync, readdirSync, readFileSync, rmdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { constants, mountSync, umountSync } from 'linux-mount';
import { attributesOf } from '../../support/native-files.js';
import { ScratchDirectory } from '../../support/scratch-directory.js';

/** A scratch directory on its own tmpfs, so that everything that an operation leaves behind goes with it. */
export class Scene extends ScratchDirectory {
  /** Whether the state includes extended attributes. overlayfs sets attributes itself, so most cases leave them out. */
  tellsAttributes = false;
  #containers = [];

  /** @param containers processes in other mount namespaces that receive the mounts of the scene */
  constructor(containers = []) {
    super(mkdtempSync(join(tmpdir(), 'scene-')));
    this.#containers = containers;
    mountSync('scene', this.root, 'tmpfs', 0, 'mode=755');
    // The tmpfs has propagated to the containers; later mounts in it must not.
    mountSync(null, this.root, null, constants.MS_PRIVATE);
  }

  /** Makes a directory with a tmpfs on it, and the named directories in the tmpfs. */
  mounted(name, ...below) {
    const path = this.directory(name);
    mountSync('mounted', path, 'tmpfs', 0, 'mode=755');
    for (const each of below) this.directory(`${name}/${each}`);
    return path;
  }

  /**
   * Everything that an operation may change, as text: the lines of the mount tables without IDs, and the names in the
   * scene.
   */
  state() {
    const tables = ['self', ...this.#containers.map(({ pid }) => pid)];
    return JSON.stringify([...tables.map((process) => this.mounts(process)), this.#names(this.root)], null, 1);
  }

  /** The mount points in the scene, in the order of the mount table. */
  points(process = 'self') {
    return this.mounts(process).map((line) => line.split(' ')[1]);
  }

  /** The mounts in the scene, each as a line of mountinfo without IDs. */
  mounts(process = 'self') {
    const lines = readFileSync(`/proc/${process}/mountinfo`, 'latin1').trimEnd().split('\n');
    return (
      lines
        .filter((line) => line.split(' ')[4].startsWith(this.root))
        .map((line) => line.split(' ').slice(3).join(' ').replaceAll(this.root, '@'))
        .map((line) => line.replace(/ (shared|master|propagate_from):\d+/g, ' $1'))
        // The numbers of layer descriptors depend on which descriptors are free.
        .map((line) => (/lowerdir=\d+:\d+/.test(line) ? line.replace(/(?<=[=:])\d+/g, 'N') : line))
    );
  }

  // The names leave out the content of work directories, because overlayfs leaves a directory there after a mount.
  #names(directory) {
    return readdirSync(directory, { withFileTypes: true }).flatMap((entry) => {
      const path = join(directory, entry.name);
      const marks = this.tellsAttributes ? ` ${JSON.stringify(attributesOf(path))}` : '';
      const name = path.slice(this.root.length) + (entry.isDirectory() ? '/' : '') + marks;
      return entry.isDirectory() && entry.name !== 'work' ? [name, ...this.#names(path)] : [name];
    });
  }

  /** Unmounts everything in the scene. */
  end() {
    for (const { pid } of this.#containers) {
      umountSync(this.root, { lazy: true, namespace: { pid } });
    }
    umountSync(this.root, constants.MNT_DETACH);
    rmdirSync(this.root);
  }
}
