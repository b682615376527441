// Starts the second run of the demo in a private mount namespace.
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, realpathSync, rmdirSync } from 'node:fs';
import { constants, tmpdir } from 'node:os';
import { join } from 'node:path';
import { UsageError } from './arguments.js';
import { DemoError } from './output.js';

/**
 * How to enter a private mount namespace: with unshare(1) of util-linux, because a Node.js process cannot do so itself.
 */
export interface NamespaceCommand {
  readonly words: readonly string[];
  /** A line that describes the command. */
  readonly description: string;
}

/** What the first run passes to the second run. */
export interface InsideArguments {
  /** An empty directory on which the second run mounts a tmpfs. */
  readonly place: string;
  /** The mount namespace of the first run, in which nothing may be mounted. */
  readonly outside: string;
  readonly lower: readonly string[] | null;
}

/** Reads what {@link startInside} wrote. The text is not meant for users. */
export function readInsideArguments(text: string): InsideArguments {
  try {
    const { place, outside, lower } = JSON.parse(text) as InsideArguments;
    if (typeof place === 'string' && typeof outside === 'string') return { place, outside, lower };
  } catch {}
  throw new UsageError('--inside is for the demo itself. Try: npm run demo -- --help');
}

// Mounts must not propagate out of the namespace where / is shared, as with systemd.
const MOUNT_NAMESPACE = ['--mount', '--propagation', 'private'];
const USER_NAMESPACE = ['--user', '--map-root-user', ...MOUNT_NAMESPACE];

/** Finds a command that works by trying. Throws {@link DemoError} when none works. */
export function findNamespaceCommand(): NamespaceCommand {
  const uid = process.geteuid?.();
  const isRoot = uid === 0;
  if (isRoot && tryCommand(MOUNT_NAMESPACE) === null) {
    const where = inUserNamespace() ? ' of this user namespace' : '';
    return { words: MOUNT_NAMESPACE, description: `As root${where}, in a private mount namespace.` };
  }
  const refusal = tryCommand(USER_NAMESPACE);
  if (refusal === null) {
    const who = isRoot ? 'root without CAP_SYS_ADMIN' : `an ordinary user (uid ${uid})`;
    return { words: USER_NAMESPACE, description: `As ${who}, in a private mount namespace through a user namespace.` };
  }
  throw new DemoError(
    `The demo needs a private mount namespace, and this user cannot make one: ${refusal}\n` +
      'Run the demo as root, or allow user namespaces by those of these settings that this kernel has:\n' +
      '  sysctl kernel.unprivileged_userns_clone=1 kernel.apparmor_restrict_unprivileged_userns=0\n' +
      'or give the container the right to mount:\n' +
      '  docker run --cap-add SYS_ADMIN --security-opt apparmor=unconfined …',
  );
}

/** Only the initial user namespace maps all IDs to themselves: user_namespaces(7). */
export function inUserNamespace(): boolean {
  return !/^\s*0\s+0\s+4294967295\s*$/.test(readFileSync('/proc/self/uid_map', 'latin1'));
}

/** Returns null if the command works, or the reason why it fails. */
function tryCommand(words: readonly string[]): string | null {
  const { status, stderr, error } = spawnSync('unshare', [...words, 'true'], { encoding: 'utf8' });
  if (error !== undefined) return `unshare(1) of util-linux cannot be run: ${error.message}`;
  return status === 0 ? null : stderr.trim().replaceAll('\n', '; ');
}

/**
 * A directory that is removed at the end of its scope. rmdir fails if it is not empty, so that no other files are
 * deleted.
 */
export function temporaryDirectory(): { path: string } & Disposable {
  const path = mkdtempSync(join(realpathSync(tmpdir()), 'linux-mount-demo-'));
  return { path, [Symbol.dispose]: () => rmdirSync(path) };
}

/**
 * Starts the second run and waits for its end, so that the namespace has ended before the first run continues. Signals
 * are passed on to the second run for the same reason.
 */
export async function startInside(
  { words }: NamespaceCommand,
  program: string,
  insideArguments: InsideArguments,
): Promise<{ status: number; claims: number }> {
  const command = [process.execPath, ...process.execArgv, program, '--inside', JSON.stringify(insideArguments)];
  const child = spawn('unshare', [...words, ...command], { stdio: ['inherit', 'inherit', 'inherit', 'ipc'] });
  let claims = 0;
  child.on('message', (message: unknown) => {
    claims = Number(message);
  });
  const passOn = (signal: NodeJS.Signals) => {
    child.kill(signal);
  };
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  for (const signal of signals) process.on(signal, passOn);
  try {
    const status = await new Promise<number>((resolve, reject) => {
      child.on('error', reject);
      // A shell reports a signal as 128 plus its number too.
      child.on('close', (code, signal) => resolve(code ?? 128 + (signal === null ? 0 : constants.signals[signal])));
    });
    return { status, claims };
  } finally {
    for (const signal of signals) process.off(signal, passOn);
  }
}
