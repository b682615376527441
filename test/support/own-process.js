// Counts what this process has: threads, descriptors, children and mounts. The file is JavaScript, because programs
// that tests start load it without a compiler.
import { fstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

const TASKS = '/proc/self/task';

/**
 * Returns the content of a file in /proc about a thread of this process, or an empty string when the thread has just
 * ended.
 */
export function readOfThread(id, file) {
  try {
    return readFileSync(`${TASKS}/${id}/${file}`, 'utf8');
  } catch {
    return '';
  }
}

/** Returns the IDs of the threads of this process that the library started. */
export function libraryThreads() {
  return readdirSync(TASKS).filter((id) => readOfThread(id, 'comm').trim() === 'linux-mount');
}

/**
 * Waits until the library has no thread. A thread ends after a second without work, and later on a busy machine. The
 * wait has a limit, so that a caller who counts threads finds those that never end.
 */
export async function threadsEnd(milliseconds = 60_000) {
  for (const end = performance.now() + milliseconds; libraryThreads().length > 0 && performance.now() < end; )
    await sleep(20);
}

/** Returns the descriptors of this process. `name` is the link in /proc, and `what` identifies the open file. */
export function descriptors() {
  const found = new Map();
  for (const fd of readdirSync('/proc/self/fd')) {
    try {
      const name = readlinkSync(`/proc/self/fd/${fd}`);
      const { dev, ino } = fstatSync(Number(fd), { bigint: true });
      // All anonymous files share one inode, so the name identifies them. The name of any other file may change.
      found.set(fd, { name, what: name.startsWith('anon_inode:') ? name : `${dev}:${ino}` });
    } catch {
      // This is the descriptor of the directory listing itself.
    }
  }
  return found;
}

/**
 * Returns the names of the files that are open now and were not open before. The argument is an earlier result of
 * `descriptors()`. Files that were open before may be closed now: garbage collection closes the files of objects that
 * an earlier test dropped.
 */
export const openedSince = (before) =>
  [...descriptors()].filter(([fd, { what }]) => before.get(fd)?.what !== what).map(([, { name }]) => name);

/** Returns the sorted names of the open files of this process. */
export const descriptorNames = () => [...descriptors().values()].map(({ name }) => name).sort();

/** Returns the IDs of the child processes, including those that nobody has waited for. */
export const children = () =>
  readdirSync(TASKS).flatMap((thread) => readOfThread(thread, 'children').split(' ').filter(Boolean));

/** Returns how many descriptors, threads and mounts this process has. */
export async function resources() {
  await threadsEnd();
  return {
    descriptors: readdirSync('/proc/self/fd').length,
    threads: readdirSync(TASKS).length,
    mounts: readFileSync('/proc/self/mountinfo', 'latin1').split('\n').length,
  };
}

/**
 * Returns how many more descriptors, threads and mounts this process has than before. Each number is 0 unless something
 * leaks.
 */
export async function left(before) {
  const after = await resources();
  return Object.fromEntries(Object.entries(after).map(([name, count]) => [name, count - before[name]]));
}
