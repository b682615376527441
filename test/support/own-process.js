// What a process finds of itself. JavaScript, as programs that tests start use it too, which nothing has transformed.
import { fstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

const TASKS = '/proc/self/task';

/** What a file in /proc says of a thread of this process; nothing when the thread has just ended. */
export function readOfThread(id, file) {
  try {
    return readFileSync(`${TASKS}/${id}/${file}`, 'utf8');
  } catch {
    return '';
  }
}

/** The threads of this process that are the library's. */
export function libraryThreads() {
  return readdirSync(TASKS).filter((id) => readOfThread(id, 'comm').trim() === 'linux-mount');
}

/**
 * Waits until the library has no thread: each ends after a second without work, on a busy machine later. After a time no
 * longer, so that whoever counts finds those that do not end.
 */
export async function threadsEnd(milliseconds = 60_000) {
  for (const end = performance.now() + milliseconds; libraryThreads().length > 0 && performance.now() < end; )
    await sleep(20);
}

/** The descriptors of this process: what each is called, and what it is of, by which two are told apart. */
export function descriptors() {
  const found = new Map();
  for (const fd of readdirSync('/proc/self/fd')) {
    try {
      const name = readlinkSync(`/proc/self/fd/${fd}`);
      const { dev, ino } = fstatSync(Number(fd), { bigint: true });
      // What has no file shares one inode. A file may have another path by now.
      found.set(fd, { name, what: name.startsWith('anon_inode:') ? name : `${dev}:${ino}` });
    } catch {
      // that of the listing
    }
  }
  return found;
}

/**
 * What this process has open now and had not before, which `descriptors()` gave. What was open before may be gone: objects
 * that an earlier test has dropped close theirs when they are collected.
 */
export const openedSince = (before) =>
  [...descriptors()].filter(([fd, { what }]) => before.get(fd)?.what !== what).map(([, { name }]) => name);

/** What its descriptors are called, sorted. */
export const descriptorNames = () => [...descriptors().values()].map(({ name }) => name).sort();

/** The children of this process, those that nobody has waited for included. */
export const children = () =>
  readdirSync(TASKS).flatMap((thread) => readOfThread(thread, 'children').split(' ').filter(Boolean));

/** What this process has that it could have forgotten: how many descriptors, threads and mounts. */
export async function resources() {
  await threadsEnd();
  return {
    descriptors: readdirSync('/proc/self/fd').length,
    threads: readdirSync(TASKS).length,
    mounts: readFileSync('/proc/self/mountinfo', 'latin1').split('\n').length,
  };
}

/** What there is more of than before, all in the order above: nothing, or it was forgotten. */
export async function left(before) {
  const after = await resources();
  return Object.fromEntries(Object.entries(after).map(([name, count]) => [name, count - before[name]]));
}
