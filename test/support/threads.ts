import { readdirSync, readFileSync } from 'node:fs';

/** What a file in /proc says of a thread of this process; nothing when the thread has just ended. */
export function readOfThread(id: string, file: string): string {
  try {
    return readFileSync(`/proc/self/task/${id}/${file}`, 'utf8');
  } catch {
    return '';
  }
}

/** The threads of this process that are the library's. */
export function ourThreads(): string[] {
  return readdirSync('/proc/self/task').filter((id) => readOfThread(id, 'comm').trim() === 'linux-mount');
}
