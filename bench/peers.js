// Who else can do it: the loops in C, a program of Go's, and the commands of util-linux. What is not installed is named,
// with the package of Debian that has it.
import { spawn, spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { delimiter, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const baseline = createRequire(import.meta.url)('./native/build/Release/baseline.node');

/** Whether there is a command of this name. */
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

/** A program that is told on its standard input what to do and measures it: bench/native/program.cc, bench/go, bench/program.js. */
class Program {
  #child;
  #answers;

  constructor(...[file, ...words]) {
    this.#child = spawn(file, words, { stdio: ['pipe', 'pipe', 'inherit'] });
    this.#answers = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
  }

  /** Nanoseconds for all of it. */
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

const GOPATH = '/usr/share/gocode'; // of Debian's packages of sources
const MOBY = 'src/github.com/moby/sys';

/** Builds bench/go from what is installed; nothing is fetched. */
function buildGo(withMoby) {
  const cwd = here('go');
  const env = { ...process.env, GO111MODULE: 'off', GOFLAGS: '', GOPATH, GOCACHE: join(cwd, 'build/cache') };
  const args = ['build', ...(withMoby ? ['-tags', 'moby'] : []), '-o', 'build/peer', '.'];
  const { status, stderr } = spawnSync('go', args, { cwd, env, encoding: 'utf8' });
  return status === 0 ? undefined : `does not build: ${stderr.trim().split('\n').at(-1)}`;
}

/** Makes contenders (turns.js), or says of one why it is not there: `{ who, how, skipped }`. */
export class Peers {
  #program = new Program(here('native/build/Release/loops'));
  #ours = new Program(process.execPath, here('program.js'));
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

  /** The loop in C, on this thread: the yardstick. */
  c(name, words, more) {
    return { who: 'C', how: 'loop on the same thread', run: (count) => baseline.run(name, count, words), ...more };
  }

  /** The same in a program of its own, which has one thread. */
  program(name, words, more) {
    return { who: 'C', how: 'program of its own', run: (count) => this.#program.run(name, count, words), ...more };
  }

  /** This library in a program of its own: measured as those of C and of Go are, while this one sleeps. */
  ours(how, name, words, more) {
    const run = (count) => this.#ours.run(name, count, words);
    return { who: 'linux-mount', how: `${how}, program of its own`, run, ...more };
  }

  /** A bind to each of the targets at once, in C. */
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
   * Commands, one after the other, each in a process of its own.
   *
   * @param {string} who the name of the first, with its section
   * @param {string} debian the package that has it
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

  /** Commands at the same time: all of the first list, then all of the second. */
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

  /** Who cannot do it at all, and why. */
  cannot(who, why) {
    return { who, how: '', skipped: `cannot: ${why}` };
  }

  close() {
    this.#program.close();
    this.#ours.close();
    this.#go?.close();
  }

  #has(command) {
    if (!this.#commands.has(command)) this.#commands.set(command, isInstalled(command));
    return this.#commands.get(command);
  }
}
