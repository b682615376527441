import { spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { isMainThread } from 'node:worker_threads';
import { constants as mountConstants, mountFilesystemSync, mountSync, setPropagationSync } from '../../lib/index.js';
import { thrownBy } from './values.js';

/** Which pass of test/run.js this is. */
export const pass: string = process.env['LINUX_MOUNT_PASS'] ?? 'unknown';

/** The top of the project. */
export const projectRoot: string = fileURLToPath(new URL('../..', import.meta.url));

/** The addon that the tests run, as `npm run build:native` writes it. */
export const addonFile: string = fileURLToPath(new URL('../../build/Release/linux_mount.node', import.meta.url));

/** The program that runs another with system calls denied; test/native. */
export const denyProgram: string = fileURLToPath(new URL('../native/build/Release/deny', import.meta.url));

/** The program that runs another one of whose system calls is to fail, see test/hunts/faults/injector.js; test/native. */
export const injectProgram: string = fileURLToPath(new URL('../native/build/Release/inject', import.meta.url));

/** The program that says which system calls are there, without the library; test/native. */
export const callsProgram: string = fileURLToPath(new URL('../native/build/Release/calls', import.meta.url));

/** The program that exchanges names all the time; test/native. */
export const exchangeProgram: string = fileURLToPath(new URL('../native/build/Release/exchange', import.meta.url));

/** Whether root here is root of the whole machine, not of a user namespace. */
export const isRealRoot: boolean =
  process.getuid?.() === 0 && /^\s*0\s+0\s+4294967295\s*$/.test(readFileSync('/proc/self/uid_map', 'utf8'));

/** The device of FUSE: test/run.js makes one where that of the machine is not for ordinary users. */
export const fuseDevice: string = process.env['LINUX_MOUNT_FUSE'] ?? '/dev/fuse';

function isAccessible(path: string): boolean {
  try {
    accessSync(path, constants.R_OK | constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

/** Whether a bind gets its attributes before it is attached; the call that fails first tells. */
function hasTreeCalls(): boolean {
  const bind = () => mountSync('/missing', '/', null, mountConstants.MS_BIND | mountConstants.MS_RDONLY);
  return (thrownBy(bind) as { syscall: string }).syscall === 'open_tree';
}

/** Whether a mount without a place can be changed; the call that fails first tells. */
function hasSetattr(): boolean {
  const change = () => setPropagationSync('/missing', 'private');
  return (thrownBy(change) as { syscall: string }).syscall === 'mount_setattr';
}

/** Whether filesystems can be made by fsopen(2) and attached; the call that fails first tells. */
function hasFsopen(): boolean {
  const make = () => mountFilesystemSync('x', '/missing', 'tmpfs', { strategy: 'fsconfig' });
  return (thrownBy(make) as { code: string }).code === 'ENOENT';
}

/** Programs of util-linux; busybox has some of the same names. */
function works(...command: [string, ...string[]]): boolean {
  return spawnSync(command[0], command.slice(1), { stdio: 'ignore' }).status === 0;
}

/** Reasons to skip, each undefined where there is none. */
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
