import { constants, tmpdir } from 'node:os';
import { absolutePath, nonEmptyPathArgument, type PathLike } from '../../arguments/check.js';
import { pathOfTarget } from '../../arguments/target.js';
import { MountError, printable } from '../../kernel/errors.js';
import { isFailure, native, type ScratchResult } from '../../kernel/native.js';
import type { Bytes } from '../../kernel/words.js';
import { OperationChannel } from '../../operation/channel.js';
import { type KernelSupport, planKernel } from './kernel-trials.js';
import { askOptions, type OverlayOptionSupport } from './option-trials.js';
import type { Program, Step } from './program.js';
import { no, type OverlayFilesystemSupport, planSurvey, type Support } from './survey.js';

export type { OverlayFilesystemSupport, Support } from './survey.js';

/** The answer where nothing could be tried, for this reason. */
export function nothingSupported(reason: string): OverlaySupport {
  const none = no(reason);
  const each = <K extends string>(...names: K[]) =>
    Object.fromEntries(names.map((name) => [name, none])) as Record<K, Support>;
  return {
    ...each('overlay', 'appendLayers', 'layerDescriptors', 'dataOnly', 'userNamespace', 'idmappedLower'),
    maxLayers: 0,
    inUserNamespace: false,
    filesystem: each('lower', 'upper', 'dType', 'trustedXattrs', 'userXattrs'),
    options: {
      ...each('index', 'nfsExport', 'userxattr', 'metacopy', 'volatile', 'overrideCreds'),
      redirectDir: each('off', 'follow', 'nofollow', 'on'),
      uuid: each('off', 'null', 'auto', 'on'),
      xino: each('off', 'auto', 'on'),
      verity: each('off', 'on', 'require'),
      fsync: each('auto', 'strict', 'volatile'),
    },
  };
}

export type { OverlayOptionSupport } from './option-trials.js';

/**
 * What overlays can do here. Every answer was found by trying, and every "no" says why.
 *
 * @see {@link overlaySupport}
 */
export interface OverlaySupport extends KernelSupport {
  /** The filesystem of the directory. */
  readonly filesystem: OverlayFilesystemSupport;
  /** The options of an overlay, with an upper layer in the directory where it can be one. */
  readonly options: OverlayOptionSupport;
}

/** Answers by directory, and by filesystem: the same question is asked of the kernel once. */
const byDirectory = new Map<string, Promise<OverlaySupport>>();
const byFilesystem = new Map<string, Promise<Omit<OverlaySupport, 'filesystem'>>>();
const SUPPORT = new OperationChannel('overlaySupport');
const MOST_REMEMBERED = 1000;

const { EMFILE, ENFILE, ENOMEM, EINTR } = constants.errno;
const PASSING: ReadonlySet<number | string> = new Set([EMFILE, ENFILE, ENOMEM, EINTR]);

/**
 * Finds out what overlays can do in a directory: with this kernel, in this namespace, on its filesystem.
 *
 * It mounts overlays in a mount namespace of its own that nobody else sees, over a small hidden directory that it makes
 * in `directory` and takes away again. Options that the kernel takes and then drops are told apart by their effect or by
 * what the mount table shows of them. Where the caller may not mount, or the directory cannot be used, that is an answer,
 * not an error.
 *
 * The first call takes some milliseconds, on a thread of its own; while it lasts, filesystems that the process unmounts
 * may stay in use by it. Answers are kept, by path and by filesystem: a second call for the same path asks the kernel
 * nothing, and does not notice if another filesystem has been mounted there since. To be killed in the middle of the
 * first call leaves a directory `.linux-mount-…` behind, which need not be empty; no mount is left.
 *
 * @param directory where upper layers are to be, `os.tmpdir()` unless given; a relative path starts at the working
 *   directory
 * @throws {@link MountError}: `ENOENT`, `ENOTDIR` or `EACCES` when there is no such directory or it cannot be entered; any
 *   code with `left` when what was made in it could not be removed; `EMFILE`, `ENFILE`, `ENOMEM`, `EINTR` when there is no
 *   answer at the moment; `TypeError` with Node's codes for wrong arguments
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
  return SUPPORT.isWatched ? SUPPORT.run({ target: path }, askOnce, path) : askOnce(path);
}

function askOnce(path: Bytes): Promise<OverlaySupport> {
  const key = typeof path === 'string' ? path : path.toString('latin1');
  return remembered(byDirectory, `${typeof path}:${key}`, () => ask(path));
}

async function ask(directory: Bytes): Promise<OverlaySupport> {
  const survey = planSurvey();
  const first = await run(directory, survey.program, null);
  if (typeof first === 'string') return deepFreeze(nothingSupported(first));
  const { upperWords, userxattr, ...filesystem } = survey.read(first.steps, first.placeError);
  const found = { ...filesystem, upperWords, userxattr };

  // All that the rest depends on.
  const { device, inUserNamespace, privateError } = first;
  const key = JSON.stringify([device, inUserNamespace, privateError, found]);
  const rest = await remembered(byFilesystem, key, async () => {
    const kernel = planKernel(found);
    const readOptions = askOptions(kernel.program, found);
    const result = await run(directory, kernel.program, kernel.namespaceData);
    if (typeof result === 'string') return nothingSupported(result);
    const support = kernel.read(result);
    // Without any overlay, each option's own refusal would mislead.
    const { overlay } = support;
    const options = overlay.supported ? readOptions(result.steps) : nothingSupported(overlay.reason).options;
    return { ...support, options };
  });
  const { overlay } = rest;
  return deepFreeze({
    ...rest,
    filesystem: overlay.supported ? filesystem : { ...filesystem, lower: overlay, upper: overlay },
  });
}

// Linux 5.10 says ENOMEM of more layers than an overlay can have.
function isTooManyLayers(step: Step | undefined, error: number | string): boolean {
  const [name, , , data] = step ?? [];
  return error === ENOMEM && name === 'mount' && data !== undefined && data.split(':').length > 500;
}

/** The results of a program; a sentence where this thread may not even have a working directory of its own. */
async function run(directory: Bytes, program: Program, namespaceData: string | null): Promise<ScratchResult | string> {
  const result = await native.scratch.async({ directory, program: program.words, namespaceData });
  if (isFailure(result)) {
    if (result.syscall === 'unshare' && !PASSING.has(result.error))
      return 'a sandbox refuses unshare(2), without which nothing can be tried unseen';
    throw new MountError({ errno: result.error, syscall: result.syscall, path: directory });
  }
  // These say something of this process at this moment. As answers they would be kept.
  const errors = result.steps.filter((error, index) => !isTooManyLayers(program.steps[index], error));
  const passing = [...errors, result.privateError, result.placeError].find((error) => PASSING.has(error));
  if (passing !== undefined && result.removeError === 0) {
    const reason = 'this process or machine has too little of something at the moment, so that nothing can be tried';
    throw new MountError({ errno: Number(passing), syscall: 'mount', path: directory, reason });
  }
  if (result.removeError !== 0) {
    throw new MountError({
      errno: result.removeError,
      syscall: 'rmdir',
      path: directory,
      reason: 'what was made in there to try overlays could not be removed',
      left: [printable(pathOfTarget({ path: result.left, root: directory, create: 0, resolve: 0 }))],
    });
  }
  return result;
}

function remembered<T>(answers: Map<string, Promise<T>>, key: string, ask: () => Promise<T>): Promise<T> {
  const known = answers.get(key);
  if (known !== undefined) return known;
  const answer = ask();
  answers.set(key, answer);
  // What failed may work the next time.
  answer.catch(() => answers.delete(key));
  for (const oldest of answers.keys()) {
    if (answers.size <= MOST_REMEMBERED) break;
    answers.delete(oldest);
  }
  return answer;
}

function deepFreeze<T extends object>(value: T): T {
  for (const each of Object.values(value)) if (typeof each === 'object' && each !== null) deepFreeze(each);
  return Object.freeze(value);
}
