// A FUSE filesystem without a server, on which every lookup hangs.
import { closeSync, openSync } from 'node:fs';
import { constants, mountSync, umountSync } from '../../lib/index.js';
import { fuseDevice } from './environment.js';

/**
 * A directory below which every lookup hangs until `end()`: a FUSE filesystem that no process serves. Closing the FUSE
 * descriptor makes all waiting lookups fail with ENOTCONN or ECONNABORTED.
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

  /** Makes all waiting lookups fail. */
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
