// Starts programs in child processes: Node.js programs with the built library, and commands without privileges or in a
// chroot.
import { spawn } from 'node:child_process';
import { patience } from './effort.js';
import { denyProgram, projectRoot } from './environment.js';

export interface Finished {
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

// Both commands keep CAP_DAC_READ_SEARCH, because only the owner may be able to read the checkout and the Node.js
// program.

/** Words before a command, which then has its own user namespace and mount namespace; the inherited mounts are locked. */
export const inUserNamespace = ['unshare', '--user', '--map-root-user', '--mount', '--propagation', 'private', '--'];

/** Words before a command that take away all privileges of root. */
export const withoutPrivilege: readonly string[] = [
  'setpriv',
  '--bounding-set=-all,+dac_read_search',
  '--inh-caps=-all',
  '--',
];

/** Words before a command that make root run the command as a user without an account. */
export const asOrdinaryUser: readonly string[] = [
  'setpriv',
  ...['--reuid=54321', '--regid=54321', '--clear-groups'],
  ...['--inh-caps=-all,+dac_read_search', '--ambient-caps=-all,+dac_read_search'],
  '--',
];

/**
 * The first line of a program that counts its own resources: defines `resources()` and `left(before)` of
 * own-process.js.
 */
export const RESOURCE_FUNCTIONS: string = `import { left, resources } from ${JSON.stringify(new URL('own-process.js', import.meta.url))};`;

/** The result of `left` when a program has the same resources as before. */
export const NOTHING_LEFT: object = { descriptors: 0, threads: 0, mounts: 0 };

const DEFAULT_TIMEOUT = 20_000;

interface NodeOptions {
  readonly args?: readonly string[];
  readonly deny?: readonly string[];
  readonly commonjs?: boolean;
  readonly nodeArgs?: readonly string[];
  readonly wrapper?: readonly string[];
}

/** Returns the words of the command that {@link runNode} runs. */
export function nodeCommand(source: string, options: NodeOptions = {}): readonly [string, ...string[]] {
  const { args = [], deny = [], commonjs = false, nodeArgs = [], wrapper = [] } = options;
  const words = [
    ...(deny.length === 0 ? [] : [denyProgram, ...deny, '--']),
    ...wrapper,
    process.execPath,
    ...nodeArgs,
    commonjs ? '--input-type=commonjs' : '--input-type=module',
    ...['--eval', source, '--', ...args],
  ];
  return words as [string, ...string[]];
}

/**
 * Runs a Node.js program in its own process. The program imports the built library as a user does: `import … from
 * 'linux-mount'`.
 *
 * @param source the program: an ES module, or a CommonJS module with `commonjs`
 * @param options `deny`: the system calls that fail, in the words of test/native/deny.c
 */
export function runNode(source: string, options: NodeOptions & { readonly timeout?: number } = {}): Promise<Finished> {
  const { timeout = DEFAULT_TIMEOUT } = options;
  const [command, ...rest] = nodeCommand(source, options);
  return new Promise((resolve, reject) => {
    const child = spawn(command, rest, {
      cwd: projectRoot,
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: patience(timeout),
      killSignal: 'SIGKILL',
    });
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (part: string) => {
      stdout += part;
    });
    child.stderr.setEncoding('utf8').on('data', (part: string) => {
      stderr += part;
    });
    child.on('error', reject);
    child.on('close', (status, signal) => resolve({ status, signal, stdout, stderr }));
  });
}

/**
 * Words before a command that run the command in its own mount namespace, in a chroot that shows all files of the
 * machine.
 *
 * @param root an empty directory
 * @param isMountPoint whether the root is a mount point; if not, `/` is a directory inside a mount for the command
 * @param without directories of the machine's root that the chroot leaves out
 */
export const inChroot = (root: string, isMountPoint: boolean, without: readonly string[] = []): readonly string[] => [
  ...['unshare', '--mount', '--propagation', 'private', '--', 'sh', '-euc'],
  `${isMountPoint ? `mount -t tmpfs root "${root}"` : ''}
  for name in /*; do
    case " ${without.join(' ')} " in *" $name "*) continue ;; esac
    if [ -L "$name" ]; then cp -P "$name" "${root}$name"
    elif [ -d "$name" ]; then mkdir "${root}$name"; mount --rbind "$name" "${root}$name"
    fi
  done
  exec chroot "${root}" sh -euc 'cd "$0"; exec "$@"' "$PWD" "$@"`,
  'sh',
];

/**
 * The first lines of a program for `runNode` that starts workers: define `startWorker(source, data)` and
 * `messageOf(worker)`.
 *
 * An exception in a worker ends the program, because a test of `terminate()` would pass with a worker that has already
 * ended. The source of a worker is a module. The module can use `library` and `layers`, because code of a data: URL
 * cannot import packages by name, and `workerData` and `parentPort`.
 */
export const WORKER_FUNCTIONS = `
  import { Worker } from 'node:worker_threads';
  const importOf = (name, from) => 'import * as ' + name + ' from ' + JSON.stringify(import.meta.resolve(from)) + ';';
  const imports =
    "import { parentPort, workerData } from 'node:worker_threads';" +
    importOf('library', 'linux-mount') + importOf('layers', 'linux-mount/layers');
  const startWorker = (source, workerData) => {
    const worker = new Worker(new URL('data:text/javascript,' + encodeURIComponent(imports + source)), { workerData });
    return worker.on('error', (error) => { throw error; });
  };
  const messageOf = (worker) => new Promise((resolve) => worker.once('message', resolve));
`;
