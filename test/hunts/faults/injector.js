// Talks to test/native/inject.c, which makes a system call of this process fail.
import { readSync, writeSync } from 'node:fs';
import { constants } from 'node:os';

// The descriptor of the socket to test/native/inject.c, which documents the messages.
const CONTROL = 3;
const LONGEST = 64 * 1024;

function ask(words) {
  writeSync(CONTROL, words);
  const answer = Buffer.alloc(LONGEST);
  return answer.toString('latin1', 0, readSync(CONTROL, answer));
}

/**
 * Chooses the fault: the call with this name and this index (from 1) fails. With `stays`, every later call of this name
 * fails too.
 */
export function arm({ name, index, code, stays }) {
  const error = code === 'SIGKILL' ? 0 : constants.errno[code];
  const answer = ask(`arm ${name} ${index} ${error} ${stays ? 'on' : 'once'}`);
  if (answer !== 'ok') throw new Error(`the injector answered: ${answer}`);
}

/** Delays the call with this name and this index until {@link release}. */
export function hold(name, index) {
  ask(`arm ${name} ${index} 0 hold`);
}

/** Whether the delayed call is waiting. */
export const isHeld = () => ask('held') === '1';

export function release() {
  ask('release');
}

/** A fault that never happens, to count the calls. */
export const NO_FAULT = { name: 'none', index: 0, code: 'EIO', stays: false };

/**
 * Ends the fault injection. Returns the names of the calls in their order, whether a call failed, and how often the
 * process closed a descriptor that was not open.
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

/** The errors with which a call can fail when resources are short, the most likely first. */
export const codesFor = (name) => CODES[name] ?? ['EIO'];
