// A FUSE filesystem that this process serves, and in which a test can delay lookups.
import { closeSync, constants as fs, openSync, readSync, writeSync } from 'node:fs';
import { constants, mountSync, umountSync } from '../../lib/index.js';
import { fuseDevice } from './environment.js';

// The numbers of the FUSE requests that a filesystem of directories receives, from linux/fuse.h.
const LOOKUP = 1;
const FORGET = 2;
const GETATTR = 3;
const STATFS = 17;
const INIT = 26;
const OPENDIR = 27;
const READDIR = 28;
const RELEASEDIR = 29;
const ACCESS = 34;
const INTERRUPT = 36;
const BATCH_FORGET = 42;

const ENOENT = -2;
const ENOSYS = -38;
const HEADER = 40;
const DIRECTORY = 0o040755;

interface Request {
  readonly opcode: number;
  readonly unique: bigint;
  readonly node: bigint;
  readonly body: Buffer;
}

/**
 * A FUSE filesystem that this process serves. Every name leads to an empty directory, and a lookup of a name that
 * begins with "slow" waits for {@link answer}. The main thread must not look up a name in the filesystem, because this
 * thread serves it.
 */
export class SlowFilesystem implements Disposable {
  readonly path: string;
  /** The number of lookups that wait for an answer. */
  get waiting(): number {
    return this.#held.length;
  }

  readonly #device: number;
  readonly #timer: NodeJS.Timeout;
  readonly #owner = { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };
  readonly #nodes = new Map<string, bigint>();
  #held: Request[] = [];
  #slow = true;

  constructor(directory: string) {
    this.path = directory;
    this.#device = openSync(fuseDevice, fs.O_RDWR | fs.O_NONBLOCK);
    const { uid, gid } = this.#owner;
    mountSync('slow', directory, 'fuse', 0, `fd=${this.#device},rootmode=40000,user_id=${uid},group_id=${gid}`);
    this.#timer = setInterval(() => this.#serve(), 1);
  }

  /** Answers all waiting lookups, and answers later lookups at once. */
  answer(): void {
    this.#slow = false;
    for (const request of this.#held.splice(0)) this.#reply(request);
  }

  /** Makes later lookups of slow names wait again. */
  hold(): void {
    this.#slow = true;
  }

  #serve(): void {
    const buffer = Buffer.alloc(64 * 1024);
    for (;;) {
      let length: number;
      try {
        length = readSync(this.#device, buffer);
      } catch (error) {
        // read(2) fails with ENOENT when a request was interrupted, and with ENODEV when the filesystem was unmounted.
        if ((error as { code: string }).code === 'ENOENT') continue;
        return;
      }
      const request = {
        opcode: buffer.readUInt32LE(4),
        unique: buffer.readBigUInt64LE(8),
        node: buffer.readBigUInt64LE(16),
        body: Buffer.from(buffer.subarray(HEADER, length)),
      };
      const isSlow = request.opcode === LOOKUP && request.body.toString('latin1').startsWith('slow');
      if (isSlow && this.#slow) this.#held.push(request);
      else this.#reply(request);
    }
  }

  #reply(request: Request): void {
    const { opcode, unique, node, body } = request;
    if ([FORGET, BATCH_FORGET, INTERRUPT].includes(opcode)) return;
    const answer = this.#answerTo(opcode, node, body);
    const payload = typeof answer === 'number' ? Buffer.alloc(0) : answer;
    const reply = Buffer.alloc(16 + payload.length);
    reply.writeUInt32LE(reply.length, 0);
    reply.writeInt32LE(typeof answer === 'number' ? answer : 0, 4);
    reply.writeBigUInt64LE(unique, 8);
    payload.copy(reply, 16);
    try {
      writeSync(this.#device, reply);
    } catch (error) {
      // The kernel returns ENOENT when the process that made the request has ended.
      if ((error as { code: string }).code !== 'ENOENT') throw error;
    }
  }

  /** Returns the body of the answer, or a negative errno. */
  #answerTo(opcode: number, node: bigint, body: Buffer): Buffer | number {
    switch (opcode) {
      case INIT: {
        const init = Buffer.alloc(64);
        init.writeUInt32LE(7, 0);
        init.writeUInt32LE(31, 4);
        init.writeUInt32LE(4096, 20); // max_write
        return init;
      }
      case LOOKUP: {
        const name = body.toString('latin1').replace(/\0.*$/s, '');
        if (name.includes('missing')) return ENOENT;
        const key = `${node}/${name}`;
        const found = this.#nodes.get(key) ?? BigInt(this.#nodes.size + 2);
        this.#nodes.set(key, found);
        const entry = Buffer.alloc(40);
        entry.writeBigUInt64LE(found, 0);
        // The kernel caches an entry for an hour, so that the same name is not looked up twice.
        entry.writeBigUInt64LE(3600n, 16);
        entry.writeBigUInt64LE(3600n, 24);
        return Buffer.concat([entry, this.#attributes(found)]);
      }
      case GETATTR: {
        const valid = Buffer.alloc(16);
        valid.writeBigUInt64LE(3600n, 0);
        return Buffer.concat([valid, this.#attributes(node)]);
      }
      case STATFS: {
        const statistics = Buffer.alloc(80);
        statistics.writeUInt32LE(4096, 40);
        statistics.writeUInt32LE(255, 44);
        statistics.writeUInt32LE(4096, 48);
        return statistics;
      }
      case OPENDIR:
        return Buffer.alloc(16);
      case READDIR:
        return Buffer.alloc(0);
      case RELEASEDIR:
      case ACCESS:
        return 0;
      default:
        return ENOSYS;
    }
  }

  #attributes(node: bigint): Buffer {
    const attributes = Buffer.alloc(88);
    attributes.writeBigUInt64LE(node, 0);
    attributes.writeUInt32LE(DIRECTORY, 60);
    attributes.writeUInt32LE(2, 64);
    attributes.writeUInt32LE(this.#owner.uid, 68);
    attributes.writeUInt32LE(this.#owner.gid, 72);
    attributes.writeUInt32LE(4096, 80);
    return attributes;
  }

  [Symbol.dispose](): void {
    this.answer();
    clearInterval(this.#timer);
    // Closing the FUSE descriptor makes all waiting requests fail.
    closeSync(this.#device);
    umountSync(this.path, constants.MNT_DETACH);
  }
}
