// Explains failures in layers: of a walk through layers, and of an operation on a whiteout or an opaque directory.
import { reasonOfProc } from '../kernel/call-reasons.js';
import { describeErrno } from '../kernel/errno.js';
import { MountError, printable } from '../kernel/errors.js';
import type { Failure } from '../kernel/native.js';
import type { Bytes } from '../kernel/words.js';

/** The layers of a walk. The `index` of a failure counts the layers in this order: upper, lower, dataOnly. */
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

const HIDDEN_ATTRIBUTES =
  'the kernel hides trusted.* attributes, which mark opaque directories and redirects, from this process: run it ' +
  'as root outside of a user namespace, or pass userxattr: true if the layers were made with userxattr';
const STOP_THAT_PROCESS = 'stop the process that changes the layer, and start again';
const NO_THREAD =
  'the system refuses this process another thread: raise RLIMIT_NPROC, or pids.max of the cgroup of the process';

function reasonOf({ error, syscall, step }: Failure): string | undefined {
  switch (step) {
    case 'trusted attributes':
      return HIDDEN_ATTRIBUTES;
    case 'mount below':
      return (
        'a filesystem is mounted on this path of the layer, and only a process with CAP_SYS_ADMIN can read the layer ' +
        'below the mount: unmount the filesystem, or run the process as root'
      );
    case 'redirect':
      return (
        'the attribute overlay.redirect is neither a name nor an absolute path, so overlayfs refuses the entry too: ' +
        'replace the damaged layer'
      );
    case 'metacopy':
      return (
        'no lower layer has the content of this file, which has the attribute overlay.metacopy: pass the lower and ' +
        'dataOnly layers of the original overlay in the same order'
      );
    case 'start a thread':
      return NO_THREAD;
    case 'go by way of /proc':
      return reasonOfProc(error);
  }
  const { name } = describeErrno(error);
  if (step === 'open a layer') {
    if (name === 'ENOENT') return 'this layer does not exist: correct the path';
    if (name === 'ENOTDIR') return 'this layer is not a directory: correct the path';
  } else if (name === 'ENOENT' || name === 'ENOTDIR' || name === 'ELOOP') {
    return `another process removed or replaced this entry during the walk: ${STOP_THAT_PROCESS}`;
  }
  switch (name) {
    case 'ESTALE':
      return `another process replaced this entry during the walk: ${STOP_THAT_PROCESS}`;
    case 'EACCES':
    case 'EPERM':
      return syscall === 'openat'
        ? 'this process may not read the entry: run it as the owner of the entry, or as root'
        : 'this process may not search the directory of the entry: run it as the owner of the directory, or as root';
    case 'EMFILE':
    case 'ENFILE':
      return 'the system refuses this process another file descriptor: raise RLIMIT_NOFILE, or pass fewer layers';
    default:
      return undefined;
  }
}

/** Makes the error of a failed walk. The `path` of the error is the path of the entry in its layer. */
export function layerFailure(failure: Failure, layers: Layers): MountError {
  const { error: errno, syscall, step } = failure;
  return new MountError({ errno, syscall, step, path: pathOf(failure, layers), reason: reasonOf(failure) });
}

function reasonOfMarker({ error, syscall, step }: Failure, userxattr: boolean): string | undefined {
  if (step === 'trusted attributes') return HIDDEN_ATTRIBUTES;
  if (step === 'start a thread') return NO_THREAD;
  const attributes = `${userxattr ? 'user' : 'trusted'}.* attributes`;
  switch (describeErrno(error).name) {
    case 'EEXIST':
      return 'a file with this path exists: remove the file first';
    case 'ENOENT':
      return syscall === 'statx'
        ? 'no file has this path: correct the path'
        : 'the parent directory of this path does not exist: make the directory first';
    case 'ENOTDIR':
    case 'ELOOP':
      return syscall === 'open' && step === 'open the directory'
        ? 'this path, or a component of the path, is not a directory, and only a directory can be opaque: correct ' +
            'the path'
        : 'a component of this path is not a directory: correct the path';
    case 'EACCES':
      return 'this process may not search or write the directory: run it as the owner of the directory, or as root';
    case 'EROFS':
      return 'the filesystem or its mount is read-only: make the layer on a writable filesystem';
    case 'EOPNOTSUPP':
    case 'ENOTSUP':
      return syscall === 'mknodat'
        ? "this filesystem does not support device files: pass form: 'xattr', or use another filesystem"
        : `this filesystem does not support ${attributes} (tmpfs supports user.* since Linux 6.6): use another ` +
            `filesystem, such as ext4, XFS or btrfs`;
    case 'EPERM':
      if (syscall === 'mknodat') {
        return (
          'the kernel refuses the device file to this process or on this filesystem (the device of a whiteout needs ' +
          "no privilege since Linux 5.8): pass form: 'xattr', or run the process as root"
        );
      }
      return userxattr
        ? 'this process may not set attributes of this file: run it as the owner of the file, or as root'
        : 'trusted.* attributes need CAP_SYS_ADMIN in the initial user namespace: run the process as root, or pass ' +
            'userxattr: true and mount with userxattr';
    default:
      return undefined;
  }
}

/** Makes the error of a whiteout or opaque marker that could not be made or checked. */
export function markerFailure(failure: Failure, path: Bytes, userxattr: boolean): MountError {
  const { error: errno, syscall, step, left } = failure;
  const leftovers = left ? [`the unfinished whiteout at ${printable(path)}`] : undefined;
  return new MountError({ errno, syscall, step, path, reason: reasonOfMarker(failure, userxattr), left: leftovers });
}
