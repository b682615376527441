import { readSync, writeSync } from 'node:fs';
import { constants } from 'node:os';

// The socket to test/native/inject.c, which says what is sent over it.
const CONTROL = 3;
const LONGEST = 64 * 1024;

function ask(words) {
  writeSync(CONTROL, words);
  const answer = Buffer.alloc(LONGEST);
  return answer.toString('latin1', 0, readSync(CONTROL, answer));
}

/** What is to go wrong: the call of this name with this index (from 1) fails, `stays`: and every later one too. */
export function arm({ name, index, code, stays }) {
  const error = code === 'SIGKILL' ? 0 : constants.errno[code];
  const answer = ask(`arm ${name} ${index} ${error} ${stays ? 'on' : 'once'}`);
  if (answer !== 'ok') throw new Error(`the injector says: ${answer}`);
}

/** The call of this name with this index is not to be made before {@link release}. */
export function hold(name, index) {
  ask(`arm ${name} ${index} 0 hold`);
}

/** Whether it is waited for by now. */
export const isHeld = () => ask('held') === '1';

export function release() {
  ask('release');
}

/** Nothing goes wrong, the calls are counted only. */
export const NO_FAULT = { name: 'none', index: 0, code: 'EIO', stays: false };

/**
 * From here on nothing goes wrong. What went on: the names of the calls in their order, whether one failed, and how often
 * a descriptor was closed that was not open.
 */
export function disarm() {
  const [injected, count, unopened, ...names] = ask('disarm').split(' ');
  return { injected: injected === '1', count: Number(count), unopened: Number(unopened), names };
}

const DESCRIPTOR = ['EMFILE', 'ENOMEM'];
const CODES = {
  open: DESCRIPTOR,
  openat: [...DESCRIPTOR, 'EINTR', 'EIO'],
  openat2: [...DESCRIPTOR, 'EINTR', 'EAGAIN'],
  open_tree: DESCRIPTOR,
  fsopen: DESCRIPTOR,
  fspick: DESCRIPTOR,
  fsmount: DESCRIPTOR,
  fcntl: ['EMFILE'],
  pipe2: DESCRIPTOR,
  mount: ['ENOMEM', 'EINTR', 'EIO'],
  umount2: ['ENOMEM', 'EBUSY'],
  eventfd2: DESCRIPTOR,
  fsetxattr: ['ENOSPC', 'EIO'],
  move_mount: ['ENOMEM', 'EPERM'],
  mount_setattr: ['ENOMEM', 'EPERM'],
  fsconfig: ['ENOMEM', 'EINTR', 'EIO'],
  clone: ['EAGAIN'],
  clone3: ['EAGAIN'],
  unshare: ['ENOMEM', 'EPERM'],
  setns: ['ENOMEM', 'EPERM'],
  flock: ['EINTR', 'EIO'],
  read: ['EIO', 'EINTR'],
  statx: ['ENOMEM', 'EIO'],
  newfstatat: ['ENOMEM', 'EIO'],
  wait4: ['EINTR'],
  getdents64: ['EIO', 'ENOMEM'],
  mkdirat: ['ENOSPC', 'EIO'],
  unlinkat: ['EBUSY', 'EIO'],
};

/** The errors with which a call can fail on a machine in need, the likeliest first. */
export const codesFor = (name) => CODES[name] ?? ['EIO'];
