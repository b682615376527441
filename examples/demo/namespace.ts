import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, realpathSync, rmdirSync } from 'node:fs';
import { constants, tmpdir } from 'node:os';
import { join } from 'node:path';
import { UsageError } from './arguments.js';
import { DemoError } from './output.js';

/** The way into a private mount namespace: by util-linux's unshare(1), as no Node process can move itself there. */
export interface Way {
  readonly words: readonly string[];
  /** One line that says which way it is. */
  readonly told: string;
}

/** What the run outside tells the one inside. */
export interface Errand {
  /** An empty directory, to mount a tmpfs on. */
  readonly place: string;
  /** The mount namespace outside, where nothing may be mounted. */
  readonly outside: string;
  readonly lower: readonly string[] | null;
}

/** What {@link startInside} wrote down; it is not for people to write. */
export function readErrand(text: string): Errand {
  try {
    const { place, outside, lower } = JSON.parse(text) as Errand;
    if (typeof place === 'string' && typeof outside === 'string') return { place, outside, lower };
  } catch {}
  throw new UsageError('--inside is for the demo itself. Try: npm run demo -- --help');
}

// Nothing mounted inside may appear outside, wherever / is shared (systemd does that).
const MOUNT_NAMESPACE = ['--mount', '--propagation', 'private'];
const USER_NAMESPACE = ['--user', '--map-root-user', ...MOUNT_NAMESPACE];

/** Finds a way by trying. Throws {@link DemoError} when there is none. */
export function findWay(): Way {
  const uid = process.geteuid?.();
  const isRoot = uid === 0;
  if (isRoot && tryWay(MOUNT_NAMESPACE) === null) {
    const where = inUserNamespace() ? ' of this user namespace' : '';
    return { words: MOUNT_NAMESPACE, told: `As root${where}, in a private mount namespace.` };
  }
  const refusal = tryWay(USER_NAMESPACE);
  if (refusal === null) {
    const who = isRoot ? 'root without CAP_SYS_ADMIN' : `an ordinary user (uid ${uid})`;
    return { words: USER_NAMESPACE, told: `As ${who}, in a private mount namespace through a user namespace.` };
  }
  throw new DemoError(
    `This needs a private mount namespace, and there is no way into one: ${refusal}\n` +
      'Run it as root; or allow user namespaces, with those of these that this kernel has:\n' +
      '  sysctl kernel.unprivileged_userns_clone=1 kernel.apparmor_restrict_unprivileged_userns=0\n' +
      'or give the container the right to mount:\n' +
      '  docker run --cap-add SYS_ADMIN --security-opt apparmor=unconfined …',
  );
}

/** The first user namespace, and no other, maps all ids to themselves: user_namespaces(7). */
export function inUserNamespace(): boolean {
  return !/^\s*0\s+0\s+4294967295\s*$/.test(readFileSync('/proc/self/uid_map', 'latin1'));
}

/** Null if the way is open, otherwise why not. */
function tryWay(words: readonly string[]): string | null {
  const { status, stderr, error } = spawnSync('unshare', [...words, 'true'], { encoding: 'utf8' });
  if (error !== undefined) return `unshare(1) of util-linux cannot be run: ${error.message}`;
  return status === 0 ? null : stderr.trim().replaceAll('\n', '; ');
}

/** A directory that goes with its scope. It must be empty then: what is not ours is never deleted. */
export function temporaryDirectory(): { path: string } & Disposable {
  const path = mkdtempSync(join(realpathSync(tmpdir()), 'linux-mount-demo-'));
  return { path, [Symbol.dispose]: () => rmdirSync(path) };
}

/**
 * Runs this program again, inside, and waits for its end, so that the namespace is gone before anything else is done.
 * Signals are passed on rather than obeyed, for the same reason.
 */
export async function startInside(
  { words }: Way,
  program: string,
  errand: Errand,
): Promise<{ status: number; claims: number }> {
  const command = [process.execPath, ...process.execArgv, program, '--inside', JSON.stringify(errand)];
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
      // A shell tells the end by a signal in this way too.
      child.on('close', (code, signal) => resolve(code ?? 128 + (signal === null ? 0 : constants.signals[signal])));
    });
    return { status, claims };
  } finally {
    for (const signal of signals) process.off(signal, passOn);
  }
}
