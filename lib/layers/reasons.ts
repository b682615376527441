import { reasonOfProc } from '../kernel/call-reasons.js';
import { describeErrno } from '../kernel/errno.js';
import { MountError, printable } from '../kernel/errors.js';
import type { Failure } from '../kernel/native.js';
import type { Bytes } from '../kernel/words.js';

/** The layers of a walk, as the failures count them. */
export interface Layers {
  readonly upper: Bytes;
  readonly lower: readonly Bytes[];
  readonly dataOnly: readonly Bytes[];
}

const bytesOf = (path: Bytes) => (typeof path === 'string' ? Buffer.from(path) : path);

function pathOf({ index, other }: Failure, { upper, lower, dataOnly }: Layers): Bytes | undefined {
  const layer = [upper, ...lower, ...dataOnly][index];
  if (layer === undefined || other === null) return layer;
  const path = Buffer.concat([bytesOf(layer), Buffer.from('/'), other]);
  const text = path.toString();
  return Buffer.from(text).equals(path) ? text : path;
}

const HIDDEN =
  'trusted.* attributes, which mark opaque directories and more, are hidden from this process: run it as root outside of a user namespace, or give userxattr: true if the layers were made with that';
const CHANGING = 'somebody is changing the layer: stop that, and begin anew';

function reasonOf({ error, syscall, step }: Failure): string | undefined {
  switch (step) {
    case 'trusted attributes':
      return HIDDEN;
    case 'mount below':
      return 'something is mounted on this, which overlayfs would not see, and this process may not look below it (CAP_SYS_ADMIN): unmount it';
    case 'redirect':
      return 'its attribute overlay.redirect is no name and no absolute path, and overlayfs refuses it as well: the layer is damaged';
    case 'metacopy':
      return 'its content is in none of the lower layers (overlay.metacopy): give the layers that the upper one was made on, in the same order, and dataOnly if there were such';
    case 'start a thread':
      return 'the system gives this process no further thread: raise RLIMIT_NPROC or pids.max of its cgroup';
    case 'go by way of /proc':
      return reasonOfProc(error);
  }
  const { name } = describeErrno(error);
  if (step === 'open a layer') {
    if (name === 'ENOENT') return 'this layer does not exist: correct the path';
    if (name === 'ENOTDIR') return 'this layer is not a directory: correct the path';
  } else if (name === 'ENOENT' || name === 'ENOTDIR' || name === 'ELOOP') {
    return `it was there a moment ago: ${CHANGING}`;
  }
  switch (name) {
    case 'ESTALE':
      return `another was put in its place during the walk: ${CHANGING}`;
    case 'EACCES':
    case 'EPERM':
      return syscall === 'openat'
        ? 'this process may not read it: run it as the owner, or as root'
        : 'this process may not search the directory that it is in: run it as the owner, or as root';
    case 'EMFILE':
    case 'ENFILE':
      return 'there are no more file descriptors: raise the limit (RLIMIT_NOFILE), or look at fewer layers at once';
    default:
      return undefined;
  }
}

/** The error for a walk that failed: its path is the entry in its layer. */
export function layerFailure(failure: Failure, layers: Layers): MountError {
  const { error: errno, syscall, step } = failure;
  return new MountError({ errno, syscall, step, path: pathOf(failure, layers), reason: reasonOf(failure) });
}

function reasonOfMark({ error, syscall, step }: Failure, userxattr: boolean): string | undefined {
  if (step === 'trusted attributes') return HIDDEN;
  if (step === 'start a thread') return reasonOf({ error, syscall, step } as Failure);
  const attributes = `${userxattr ? 'user' : 'trusted'}.* attributes`;
  switch (describeErrno(error).name) {
    case 'EEXIST':
      return 'there is something already: remove it first';
    case 'ENOENT':
      return syscall === 'statx'
        ? 'there is nothing: correct the path'
        : 'the directory that it is to be in does not exist: make it first';
    case 'ENOTDIR':
    case 'ELOOP':
      return syscall === 'open' && step === 'open the directory'
        ? 'it is no directory, or the path leads through something that is none: only directories are marked'
        : 'the path leads through something that is no directory: correct it';
    case 'EACCES':
      return 'this process may not reach or write the directory: run it as the owner, or as root';
    case 'EROFS':
      return 'the filesystem or the mount is read-only: make layers where they can be written';
    case 'EOPNOTSUPP':
    case 'ENOTSUP':
      return syscall === 'mknodat'
        ? "this filesystem has no devices: give form: 'xattr', or use another filesystem"
        : `this filesystem has no ${attributes} (tmpfs has user.* from Linux 6.6 on): use another, such as ext4, XFS or btrfs`;
    case 'EPERM':
      if (syscall === 'mknodat') {
        return "this process or filesystem may have no devices; that of a whiteout needs no privilege from Linux 5.8 on: give form: 'xattr', or run it as root";
      }
      return userxattr
        ? 'this process may not set attributes here: run it as the owner, or as root'
        : 'to set trusted.* attributes needs CAP_SYS_ADMIN outside of a user namespace: run it as root, or give userxattr: true and mount with userxattr';
    default:
      return undefined;
  }
}

/** The error for a mark that could not be made or looked at. */
export function markFailure(failure: Failure, path: Bytes, userxattr: boolean): MountError {
  const { error: errno, syscall, step, left } = failure;
  const what = left ? [`what was made for ${printable(path)}`] : undefined;
  return new MountError({ errno, syscall, step, path, reason: reasonOfMark(failure, userxattr), left: what });
}
