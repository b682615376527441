// What tests know about their environment: paths of the project, programs of test/native, and reasons to skip tests.
import { spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { isMainThread } from 'node:worker_threads';
import { constants as mountConstants, mountFilesystemSync, mountSync, setPropagationSync } from '../../lib/index.js';
import { thrownBy } from './values.js';

/** The name of the pass of test/run.js. */
export const pass: string = process.env['LINUX_MOUNT_PASS'] ?? 'unknown';

/** The top folder of the project. */
export const projectRoot: string = fileURLToPath(new URL('../..', import.meta.url));

/** The addon that the tests load, which `npm run build:native` writes. */
export const addonFile: string = fileURLToPath(new URL('../../build/Release/linux_mount.node', import.meta.url));

/** The program that runs a command with system calls denied (test/native/deny.c). */
export const denyProgram: string = fileURLToPath(new URL('../native/build/Release/deny', import.meta.url));

/** The program that makes a system call of a command fail (test/native/inject.c, test/hunts/faults/injector.js). */
export const injectProgram: string = fileURLToPath(new URL('../native/build/Release/inject', import.meta.url));

/** The program that prints which system calls the kernel has, without the library (test/native/calls.c). */
export const callsProgram: string = fileURLToPath(new URL('../native/build/Release/calls', import.meta.url));

/** The program that exchanges two names in a loop (test/native/exchange.c). */
export const exchangeProgram: string = fileURLToPath(new URL('../native/build/Release/exchange', import.meta.url));

/** Whether this process is root in the initial user namespace. */
export const isRealRoot: boolean =
  process.getuid?.() === 0 && /^\s*0\s+0\s+4294967295\s*$/.test(readFileSync('/proc/self/uid_map', 'utf8'));

/** The FUSE device. test/run.js makes one where ordinary users may not open /dev/fuse. */
export const fuseDevice: string = process.env['LINUX_MOUNT_FUSE'] ?? '/dev/fuse';

function isAccessible(path: string): boolean {
  try {
    accessSync(path, constants.R_OK | constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

/**
 * Whether a bind mount gets its attributes before it is attached. The failing system call shows which call came first.
 */
function hasTreeCalls(): boolean {
  const bind = () => mountSync('/missing', '/', null, mountConstants.MS_BIND | mountConstants.MS_RDONLY);
  return (thrownBy(bind) as { syscall: string }).syscall === 'open_tree';
}

/** Whether mount_setattr(2) is available. The failing system call shows which call came first. */
function hasSetattr(): boolean {
  const change = () => setPropagationSync('/missing', 'private');
  return (thrownBy(change) as { syscall: string }).syscall === 'mount_setattr';
}

/**
 * Whether fsopen(2) and move_mount(2) are available. Without them the call fails before it looks up the missing target.
 */
function hasFsopen(): boolean {
  const make = () => mountFilesystemSync('x', '/missing', 'tmpfs', { strategy: 'fsconfig' });
  return (thrownBy(make) as { code: string }).code === 'ENOENT';
}

/** Whether a program of util-linux works. busybox has programs of the same names without the options. */
function works(...command: [string, ...string[]]): boolean {
  return spawnSync(command[0], command.slice(1), { stdio: 'ignore' }).status === 0;
}

/** Reasons to skip a test, each undefined where the feature is available. */
export const lacks = {
  realRoot: isRealRoot ? undefined : 'only root outside of a user namespace may do this',
  ownDirectory: isMainThread ? undefined : 'a worker cannot change the working directory of its process',
  fuse: isAccessible(fuseDevice) ? undefined : 'there is no /dev/fuse that this user may open',
  deny: existsSync(denyProgram) ? undefined : 'test/native is not built',
  treeCalls: hasTreeCalls()
    ? undefined
    : 'without open_tree a bind is as writable as its source for an instant (kernels before 5.2)',
  setattr: hasSetattr() ? undefined : 'no mount_setattr here (Linux 5.12)',
  fsopen: hasFsopen() ? undefined : 'no fsopen here (Linux 5.2)',
  setpriv: works('setpriv', '--bounding-set=-all', 'true') ? undefined : 'this user or machine has no setpriv',
  userNamespace: works('unshare', '--user', '--map-root-user', '--mount', 'true')
    ? undefined
    : 'user namespaces are not allowed here',
  mountNamespace: works('unshare', '--mount', 'true') ? undefined : 'no mount namespace can be made here',
  prlimit: works('prlimit', '--nproc') ? undefined : 'no prlimit here',
} as const;
