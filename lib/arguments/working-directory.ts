// Reads the working directory of this process, also when its path is not UTF-8.
import { isUtf8 } from 'node:buffer';
import { readlinkSync } from 'node:fs';
import { constants as os } from 'node:os';
import { describeErrno } from '../kernel/errno.js';
import { MountError } from '../kernel/errors.js';

/**
 * Returns the working directory of this process, which its workers share: a string, or a Buffer if the path is not
 * UTF-8.
 *
 * @param path the relative path to resolve, for errors
 * @throws {@link MountError} when the working directory has no path any more, or when its bytes cannot be read
 */
export function workingDirectory(path: string | Buffer): string | Buffer {
  const text = cwdOfNode(path);
  // process.cwd() decodes UTF-8 and puts U+FFFD for every invalid byte, so that the text may name another directory.
  if (!text.includes('\ufffd')) return text;
  const bytes = cwdOfProc(path);
  // Node caches the path until the next chdir(). The kernel marks a removed directory with " (deleted)":
  // proc_pid_cwd(5).
  if (bytes.toString() !== text && bytes.toString('latin1').endsWith(' (deleted)'))
    throw goneError(os.errno.ENOENT, path);
  return isUtf8(bytes) ? bytes.toString() : bytes;
}

function cwdOfNode(path: string | Buffer): string {
  try {
    return process.cwd();
  } catch (error) {
    throw goneError(numberOf(error), path);
  }
}

function cwdOfProc(path: string | Buffer): Buffer {
  try {
    return readlinkSync('/proc/self/cwd', { encoding: 'buffer' });
  } catch (error) {
    const errno = numberOf(error);
    const { name, message } = describeErrno(errno);
    const reason = `the path of the working directory is not UTF-8, and /proc/self/cwd, which has its bytes, cannot be read (${name}: ${message}): give an absolute path as a Buffer`;
    throw new MountError({ errno, syscall: 'readlink', path, reason });
  }
}

function goneError(errno: number, path: string | Buffer): MountError {
  const reason =
    'the working directory of this process has no path any more, because it was removed or cannot be searched: change to another directory, or give an absolute path';
  return new MountError({ errno, syscall: 'getcwd', path, reason });
}

function numberOf(error: unknown): number {
  return -((error as { errno?: number }).errno ?? -os.errno.ENOENT);
}
