import { closeSync, openSync } from 'node:fs';
import { constants, mountSync, umountSync } from '../../lib/index.js';
import { fuseDevice } from './environment.js';

/**
 * A directory below which every look-up hangs until the hang is over: a FUSE filesystem that nobody serves. Closing its
 * descriptor ends all waiting with ENOTCONN or ECONNABORTED.
 */
export class Hang implements Disposable {
  readonly path: string;
  #device: number | undefined;

  constructor(directory: string) {
    this.path = directory;
    this.#device = openSync(fuseDevice, 'r+');
    const { uid, gid } = { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };
    const data = `fd=${this.#device},rootmode=40000,user_id=${uid},group_id=${gid}`;
    mountSync('hang', directory, 'fuse', 0, data);
  }

  /** Lets everybody go on who waits. */
  end(): void {
    if (this.#device === undefined) return;
    closeSync(this.#device);
    this.#device = undefined;
  }

  [Symbol.dispose](): void {
    this.end();
    umountSync(this.path, constants.MNT_DETACH);
  }
}
