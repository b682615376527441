import { readdirSync, readFileSync } from 'node:fs';

/** The threads of this process that are the library's. */
export function ourThreads(): string[] {
  return readdirSync('/proc/self/task').filter((id) => {
    try {
      return readFileSync(`/proc/self/task/${id}/comm`, 'utf8').trim() === 'linux-mount';
    } catch {
      return false; // it has just ended
    }
  });
}
