// Finds out by trials which overlay features work in a directory: overlaySupport().
import { constants, tmpdir } from 'node:os';
import { absolutePath, nonEmptyPathArgument, type PathLike } from '../../arguments/check.js';
import { pathOfTarget } from '../../arguments/target.js';
import { isTransient } from '../../kernel/errno.js';
import { MountError, printable } from '../../kernel/errors.js';
import { isFailure, native, type ScratchResult } from '../../kernel/native.js';
import type { Bytes } from '../../kernel/words.js';
import { OperationChannel } from '../../operation/channel.js';
import { type KernelSupport, planKernel } from './kernel-trials.js';
import { askOptions, type OverlayOptionSupport, sameForAllOptions } from './option-trials.js';
import type { Program, Step } from './program.js';
import { no, type OverlayFilesystemSupport, planSurvey, type Support } from './survey.js';

export type { OverlayOptionSupport } from './option-trials.js';
export type { OverlayFilesystemSupport, Support } from './survey.js';

/**
 * The overlay features that work in a directory. `overlaySupport` tries every feature, and gives a reason for each
 * feature that does not work.
 *
 * @see {@link overlaySupport}
 */
export interface OverlaySupport extends KernelSupport {
  /** What an overlay can use the filesystem of the directory for. */
  readonly filesystem: OverlayFilesystemSupport;
  /** Which overlay options work. The trials use an upper directory in the directory if the filesystem can hold one. */
  readonly options: OverlayOptionSupport;
}

function nothingSupported(reason: string): OverlaySupport {
  const none = no(reason);
  const each = <K extends string>(...names: K[]) =>
    Object.fromEntries(names.map((name) => [name, none])) as Record<K, Support>;
  return {
    ...each('overlay', 'appendLayers', 'layerDescriptors', 'dataOnly', 'userNamespace', 'idmappedLower'),
    maxLayers: 0,
    inUserNamespace: false,
    filesystem: each('lower', 'upper', 'dType', 'trustedXattrs', 'userXattrs'),
    options: sameForAllOptions(none),
  };
}

const byDirectory = new Map<string, Promise<OverlaySupport>>();
const byFilesystem = new Map<string, Promise<Omit<OverlaySupport, 'filesystem'>>>();
const MAX_REMEMBERED = 1000;

const CHANNEL = new OperationChannel('overlaySupport');

const { ENOMEM } = constants.errno;

/**
 * Finds out what overlays can do in a directory: with this kernel, in this namespace and on the filesystem of the
 * directory.
 *
 * The function mounts overlays in a private mount namespace, over a small hidden directory that it makes in `directory`
 * and removes again. The function recognises an option that the kernel takes and then drops by the effect of the
 * option, or by the mount table. If the caller may not mount, or the directory cannot be used, the function does not
 * reject: it reports every feature as unsupported, with the reason.
 *
 * The first call takes some milliseconds on a thread of this library. While the call runs, its mount namespace keeps
 * filesystems in use that the process unmounts. The library remembers answers by path and by filesystem: a second call
 * for the same path makes no system call, and so does not notice a filesystem that was mounted at the path since. If
 * the process is killed during the first call, a directory `.linux-mount-…` stays behind, which may have files in it;
 * no mount stays.
 *
 * @param directory the directory for upper layers, `os.tmpdir()` by default; a relative path starts at the working
 *   directory
 * @returns the answers, deeply frozen
 * @throws {@link MountError}: `ENOENT`, `ENOTDIR` or `EACCES` if the directory does not exist or cannot be entered; any
 *   code with `left` if the function could not remove what it made in the directory; `EMFILE`, `ENFILE`, `ENOMEM` or
 *   `EINTR` if there is no answer at the moment; `TypeError` with Node's codes for wrong arguments
 * @example
 * ```ts
 * const { options, filesystem } = await overlaySupport('/var/lib/images');
 * if (!filesystem.upper.supported) throw new Error(filesystem.upper.reason);
 * const spec = { lower, upper, work, volatile: options.volatile.supported };
 * ```
 * @see https://docs.kernel.org/filesystems/overlayfs.html
 */
export async function overlaySupport(directory: PathLike = tmpdir()): Promise<OverlaySupport> {
  const path = absolutePath(nonEmptyPathArgument('directory', directory));
  return CHANNEL.isWatched ? CHANNEL.run({ target: path }, supportAt, path) : supportAt(path);
}

function supportAt(path: Bytes): Promise<OverlaySupport> {
  const key = typeof path === 'string' ? path : path.toString('latin1');
  return remembered(byDirectory, `${typeof path}:${key}`, () => trySupport(path));
}

async function trySupport(directory: Bytes): Promise<OverlaySupport> {
  const survey = planSurvey();
  const first = await run(directory, survey.program, null);
  if (typeof first === 'string') return deepFreeze(nothingSupported(first));
  const { upperWords, userxattr, ...filesystem } = survey.read(first.steps, first.placeError);
  const surveyed = { ...filesystem, upperWords, userxattr };

  // All properties but `filesystem` depend only on the values in this key.
  const { device, inUserNamespace, privateError } = first;
  const key = JSON.stringify([device, inUserNamespace, privateError, surveyed]);
  const rest = await remembered(byFilesystem, key, async () => {
    const kernel = planKernel(surveyed);
    const readOptions = askOptions(kernel.program, surveyed);
    const result = await run(directory, kernel.program, kernel.namespaceData);
    if (typeof result === 'string') return nothingSupported(result);
    const support = kernel.read(result);
    // If no overlay can be mounted at all, each option gets this reason, because the refusal of a single option would
    // mislead.
    const { overlay } = support;
    return { ...support, options: overlay.supported ? readOptions(result.steps) : sameForAllOptions(overlay) };
  });
  const { overlay } = rest;
  return deepFreeze({
    ...rest,
    filesystem: overlay.supported ? filesystem : { ...filesystem, lower: overlay, upper: overlay },
  });
}

// Linux 5.10 returns ENOMEM for more layers than an overlay can have.
function isTooManyLayers(step: Step | undefined, error: number | string): boolean {
  const [name, , , data] = step ?? [];
  return error === ENOMEM && name === 'mount' && data !== undefined && data.split(':').length > 500;
}

/**
 * Runs a program of trials in a directory. Returns a reason instead of results if a sandbox makes every trial
 * impossible.
 */
async function run(directory: Bytes, program: Program, namespaceData: string | null): Promise<ScratchResult | string> {
  const result = await native.scratch.async({ directory, program: program.words, namespaceData });
  if (isFailure(result)) {
    if (result.syscall === 'unshare' && !isTransient(result.error))
      return 'a sandbox refuses unshare(2), and without a private mount namespace no overlay can be tried';
    throw new MountError({ errno: result.error, syscall: result.syscall, path: directory });
  }
  if (result.removeError !== 0) {
    throw new MountError({
      errno: result.removeError,
      syscall: 'rmdir',
      path: directory,
      reason:
        'the scratch directory, which overlaySupport made to try overlays, could not be removed: remove that directory',
      left: [printable(pathOfTarget({ path: result.left, root: directory, create: 0, resolve: 0 }))],
    });
  }
  const errors = result.steps.filter((error, index) => !isTooManyLayers(program.steps[index], error));
  const transient = [...errors, result.privateError, result.placeError].find(
    (error) => typeof error === 'number' && isTransient(error),
  );
  if (transient !== undefined) {
    const reason =
      'the process or the machine lacks memory or descriptors at the moment to try overlays: try again later';
    throw new MountError({ errno: Number(transient), syscall: 'mount', path: directory, reason });
  }
  return result;
}

function remembered<T>(answers: Map<string, Promise<T>>, key: string, find: () => Promise<T>): Promise<T> {
  const known = answers.get(key);
  if (known !== undefined) return known;
  const answer = find();
  answers.set(key, answer);
  // A failure is not remembered, so that a later call tries again.
  answer.catch(() => answers.delete(key));
  for (const oldest of answers.keys()) {
    if (answers.size <= MAX_REMEMBERED) break;
    answers.delete(oldest);
  }
  return answer;
}

function deepFreeze<T extends object>(value: T): T {
  for (const each of Object.values(value)) if (typeof each === 'object' && each !== null) deepFreeze(each);
  return Object.freeze(value);
}
