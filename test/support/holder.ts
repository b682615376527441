// Processes that hold a mount busy, and programs that can run in an otherwise empty root directory.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { setImmediate } from 'node:timers/promises';

/**
 * A process that holds something, such as an open file, until the end of the block. The program prints a line when it
 * is ready.
 */
export class HolderProcess implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #end: Promise<unknown>;

  private constructor(child: ChildProcess) {
    this.#child = child;
    // 'close' comes after 'exit', when no process has the output open any more.
    this.#end = once(child, 'close');
  }

  /** Starts a command in its own process group, which is killed at the end of the block. */
  static async start(words: readonly string[], options: { cwd?: string } = {}): Promise<HolderProcess> {
    const [command = '', ...rest] = words;
    const child = spawn(command, rest, { ...options, detached: true, stdio: ['ignore', 'pipe', 'inherit'] });
    const holder = new HolderProcess(child);
    const [line] = await Promise.race([once(child.stdout, 'data'), once(child, 'exit'), once(child, 'error')]);
    if (!Buffer.isBuffer(line)) throw new Error(`${command} did not start: ${String(line)}`);
    return holder;
  }

  /** Runs a script in a shell. The shell process then replaces itself with sleep(1), and waits. */
  static async shell(
    script: string,
    options: { cwd?: string; before?: readonly string[] } = {},
  ): Promise<HolderProcess> {
    const { before = [], ...rest } = options;
    const holder = await HolderProcess.start([...before, 'sh', '-euc', `${script}\necho ready\nexec sleep 1000`], rest);
    // The shell prints "ready" before it replaces itself, and tests compare the name of the process.
    while (readFileSync(`/proc/${holder.pid}/comm`, 'utf8') === 'sh\n') await setImmediate();
    return holder;
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    process.kill(-this.pid, 'SIGKILL');
    await this.#end;
  }
}

/** Copies a program and the libraries that it needs into a directory that becomes a root directory. */
export function copyProgram(program: string, root: string): void {
  const { stdout } = spawnSync('ldd', [program], { encoding: 'utf8' });
  const libraries = stdout.match(/\/\S+(?= \()/g) ?? [];
  for (const file of libraries) {
    mkdirSync(`${root}${dirname(file)}`, { recursive: true });
    copyFileSync(file, `${root}${file}`);
  }
  copyFileSync(program, `${root}/${basename(program)}`);
}

/** Returns the path of a program in PATH. */
export function programPath(name: string): string {
  const directories = (process.env['PATH'] ?? '').split(':');
  const found = directories.find((directory) => {
    try {
      return readdirSync(directory).includes(name);
    } catch {
      return false;
    }
  });
  return `${found}/${name}`;
}
