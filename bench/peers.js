// The other contenders: the loops in C, a Go program, and the commands of util-linux. A contender that is not installed
// is reported with the Debian package that has it.
import { spawn, spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { delimiter, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const baseline = createRequire(import.meta.url)('./native/build/Release/baseline.node');

/** Whether a command is installed. */
function isInstalled(command) {
  return (process.env.PATH ?? '').split(delimiter).some((directory) => {
    try {
      accessSync(join(directory, command), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

const PATIENCE = 120; // seconds for a command

const missing = (what, debian) => `not installed: ${what} (${debian})`;

/**
 * A program that measures the loops it reads from standard input: bench/native/program.cc, bench/go or
 * bench/program.js.
 */
class Program {
  #child;
  #answers;

  constructor(...[file, ...words]) {
    this.#child = spawn(file, words, { stdio: ['pipe', 'pipe', 'inherit'] });
    this.#answers = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
  }

  /** Returns the nanoseconds of the whole loop. */
  async run(name, count, words) {
    this.#child.stdin.write(`${[name, count, ...words].join('\t')}\n`);
    const { value = 'error\tit has ended' } = await this.#answers.next();
    const [state, answer] = value.split('\t');
    if (state !== 'ok') throw new Error(`${name}: ${answer}`);
    return Number(answer);
  }

  close() {
    this.#child.stdin.end();
  }
}

const GOPATH = '/usr/share/gocode'; // of Debian's packages of Go sources
const MOBY = 'src/github.com/moby/sys';

/** Builds bench/go from installed packages, without a download. */
function buildGo(withMoby) {
  const cwd = here('go');
  const env = { ...process.env, GO111MODULE: 'off', GOFLAGS: '', GOPATH, GOCACHE: join(cwd, 'build/cache') };
  const args = ['build', ...(withMoby ? ['-tags', 'moby'] : []), '-o', 'build/peer', '.'];
  const { status, stderr } = spawnSync('go', args, { cwd, env, encoding: 'utf8' });
  return status === 0 ? undefined : `does not build: ${stderr.trim().split('\n').at(-1)}`;
}

/** Makes contenders (turns.js), or for one that is not available: `{ who, how, skipped }` with the reason. */
export class Peers {
  #program = new Program(here('native/build/Release/loops'));
  #library = new Program(process.execPath, here('program.js'));
  #go;
  #goMissing;
  #mobyMissing;
  #commands = new Map();

  constructor() {
    const hasMoby = ['mount', 'mountinfo'].every((name) => existsSync(join(GOPATH, MOBY, name)));
    this.#goMissing = isInstalled('go') ? buildGo(hasMoby) : missing('go', 'golang-go');
    this.#mobyMissing = this.#goMissing ?? (hasMoby ? undefined : missing('moby/sys', 'golang-github-moby-sys-dev'));
    if (this.#goMissing === undefined) this.#go = new Program(here('go/build/peer'));
  }

  /** The loop in C on this thread, the reference. */
  c(name, words, more) {
    return { who: 'C', how: 'loop on the same thread', run: (count) => baseline.run(name, count, words), ...more };
  }

  /** The loop in C in a separate program with one thread. */
  program(name, words, more) {
    return { who: 'C', how: 'program of its own', run: (count) => this.#program.run(name, count, words), ...more };
  }

  /** This library in a separate program, which is measured like the C and Go programs while this process sleeps. */
  library(how, name, words, more) {
    const run = (count) => this.#library.run(name, count, words);
    return { who: 'linux-mount', how: `${how}, program of its own`, run, ...more };
  }

  /** Binds in C at all targets at once. */
  cAtOnce(words) {
    const times = words.length - 1;
    return { who: 'C', how: `${times} threads at once`, times, run: () => baseline.runAtOnce(words) };
  }

  go(name, words, { how = 'loop', ...more } = {}) {
    const who = 'Go syscall';
    if (this.#go === undefined) return { who, how, skipped: this.#goMissing };
    return { who, how, run: (count) => this.#go.run(name, count, words), ...more };
  }

  moby(name, words, { how = 'loop', ...more } = {}) {
    const who = 'moby/sys';
    if (this.#mobyMissing !== undefined) return { who, how, skipped: this.#mobyMissing };
    return { who, how, run: (count) => this.#go.run(`moby-${name}`, count, words), ...more };
  }

  /**
   * Commands one after another, each in its own process.
   *
   * @param {string} who the name of the first command, with the section of its man page
   * @param {string} debian the Debian package that has the command
   * @param {string[][]} lines
   */
  forked(who, debian, lines, { how = 'spawnSync', isAnyStatus = false, ...more } = {}) {
    const [command] = lines[0];
    if (!this.#has(command)) return { who, how, skipped: missing(command, debian) };
    const run = () => {
      for (const [file, ...args] of lines) {
        const { status, error } = spawnSync(file, args, { maxBuffer: 2 ** 30, timeout: PATIENCE * 1000 });
        if (error?.code === 'ETIMEDOUT') throw new Error(`takes more than ${PATIENCE} s`);
        if (status === null || (status !== 0 && !isAnyStatus))
          throw error ?? new Error(`${file} ${args.join(' ')}: ${status}`);
      }
    };
    return { who, how, run, times: 1, every: 10, ...more };
  }

  /** Commands at once: all of the first list, then all of the second. */
  forkedAtOnce(who, debian, lists, more) {
    const times = lists[0].length;
    const how = `${times} processes at once`;
    const [command] = lists[0][0];
    if (!this.#has(command)) return { who, how, skipped: missing(command, debian) };
    const one = ([file, ...args]) =>
      new Promise((resolve, reject) => {
        const child = spawn(file, args, { stdio: 'ignore' });
        child.on('error', reject);
        child.on('exit', (status) => (status === 0 ? resolve() : reject(new Error(`${file}: ${status}`))));
      });
    const run = async () => {
      for (const lines of lists) await Promise.all(lines.map(one));
    };
    return { who, how, run, times, every: 20, ...more };
  }

  /** A contender that cannot do this at all, and why. */
  cannot(who, why) {
    return { who, how: '', skipped: `cannot: ${why}` };
  }

  close() {
    this.#program.close();
    this.#library.close();
    this.#go?.close();
  }

  #has(command) {
    if (!this.#commands.has(command)) this.#commands.set(command, isInstalled(command));
    return this.#commands.get(command);
  }
}
