// What a program that tests start finds of its own process. JavaScript, as nothing has transformed such a program.
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

const TASKS = '/proc/self/task';
const LIMIT = 60_000;

function isOurs(id) {
  try {
    return readFileSync(`${TASKS}/${id}/comm`, 'latin1') === 'linux-mount\n';
  } catch {
    return false; // it has ended
  }
}

/**
 * Waits until the library has no thread: each ends after a second without work, on a busy machine later. After a minute no
 * longer, so that whoever counts finds those that do not end.
 */
export async function threadsEnd() {
  for (const end = performance.now() + LIMIT; readdirSync(TASKS).some(isOurs) && performance.now() < end; )
    await sleep(20);
}

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
