import { isUtf8 } from 'node:buffer';
import { readlinkSync } from 'node:fs';
import { constants as os } from 'node:os';
import { describeErrno } from '../kernel/errno.js';
import { MountError } from '../kernel/errors.js';

/**
 * The working directory of this process, which its workers share: text, or bytes where that is not UTF-8.
 *
 * @param path the relative path that starts there, for errors
 * @throws {@link MountError} when it has no path any more, or when its bytes cannot be read
 */
export function workingDirectory(path: string | Buffer): string | Buffer {
  const text = ofNode(path);
  // Node decodes it as UTF-8 only, and has this for each byte that is none: it would be another directory, or nowhere.
  if (!text.includes('\ufffd')) return text;
  const bytes = ofProc(path);
  // Node remembers it until the next chdir(), and meanwhile it may have been removed: proc_pid_cwd(5).
  if (bytes.toString() !== text && bytes.toString('latin1').endsWith(' (deleted)')) throw gone(os.errno.ENOENT, path);
  return isUtf8(bytes) ? bytes.toString() : bytes;
}

function ofNode(path: string | Buffer): string {
  try {
    return process.cwd();
  } catch (error) {
    throw gone(numberOf(error), path);
  }
}

function ofProc(path: string | Buffer): Buffer {
  try {
    return readlinkSync('/proc/self/cwd', { encoding: 'buffer' });
  } catch (error) {
    const errno = numberOf(error);
    const { name, message } = describeErrno(errno);
    const reason = `the name of the working directory is not UTF-8, and /proc/self/cwd, which has its bytes, cannot be read here (${name}: ${message}): give an absolute path as a Buffer`;
    throw new MountError({ errno, syscall: 'readlink', path, reason });
  }
}

function gone(errno: number, path: string | Buffer): MountError {
  const reason =
    'the working directory of this process has no path any more (it was removed, or cannot be searched), and a relative path starts there: change to another directory, or give an absolute path';
  return new MountError({ errno, syscall: 'getcwd', path, reason });
}

function numberOf(error: unknown): number {
  return -((error as { errno?: number }).errno ?? -os.errno.ENOENT);
}
