import { setTimeout as sleep } from 'node:timers/promises';

/** Waits until something is so. What never comes is ended by the test's own limit of time. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await sleep(5);
}
