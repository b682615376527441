import { spawn } from 'node:child_process';
import { patience } from './effort.js';
import { denyProgram, projectRoot } from './environment.js';

export interface Finished {
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

// Both may still look for the project and for Node where only the owner may go: a checkout may be such a place.

/** Words before a command, which then has its own user namespace and mount namespace; the inherited mounts are locked. */
export const inUserNamespace = ['unshare', '--user', '--map-root-user', '--mount', '--propagation', 'private', '--'];

/** Words before a command, which then has none of the privileges of root. */
export const withoutPrivilege: readonly string[] = [
  'setpriv',
  '--bounding-set=-all,+dac_read_search',
  '--inh-caps=-all',
  '--',
];

/** Words before a command, which root then runs as a user that has no account. */
export const asOrdinaryUser: readonly string[] = [
  'setpriv',
  ...['--reuid=54321', '--regid=54321', '--clear-groups'],
  ...['--inh-caps=-all,+dac_read_search', '--ambient-caps=-all,+dac_read_search'],
  '--',
];

/** What a program begins with that counts what it has: `resources()` and `left(before)`, see own-process.js. */
export const RESOURCE_FUNCTIONS: string = `import { left, resources } from ${JSON.stringify(new URL('own-process.js', import.meta.url))};`;

/** Nothing, as `left` says it. */
export const NOTHING_LEFT: object = { descriptors: 0, threads: 0, mounts: 0 };

const DEFAULT_TIMEOUT = 20_000;

interface NodeOptions {
  readonly args?: readonly string[];
  readonly deny?: readonly string[];
  readonly commonjs?: boolean;
  readonly nodeArgs?: readonly string[];
  readonly wrapper?: readonly string[];
}

/** The words of the command that {@link runNode} runs, for who runs it otherwise. */
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
 * Runs a program of Node of its own, which finds the built library as a user does: `import … from 'linux-mount'`.
 *
 * @param source the program, an ES module; a CommonJS one with `commonjs`
 * @param options `deny`: system calls that are to fail, as test/native/deny.c takes them
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
 * Words before a command, which then runs in a chroot that shows all of the machine, in a mount namespace of its own.
 *
 * @param root an empty directory
 * @param isMountPoint whether something is mounted at it: if not, `/` is in the middle of a mount for the command
 * @param without directories of the machine's root that are not to be seen
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
 * The beginning of a program for `runNode` that starts workers: `startWorker(source, data)` and `messageOf(worker)`.
 *
 * What a worker throws ends the program, whenever it does: one that is dead already would survive every `terminate()`.
 * Its source is a module, which has the library as `library` and `layers`, as code of a data: URL cannot look up
 * packages, and `workerData` and `parentPort`.
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
