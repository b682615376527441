// Makes and finds single whiteouts and opaque directories in a layer.
import {
  booleanOption,
  choiceOption,
  nonEmptyPathArgument,
  optionsArgument,
  type PathLike,
} from '../arguments/check.js';
import type { MountError } from '../kernel/errors.js';
import * as native from '../kernel/native.js';
import type { Bytes } from '../kernel/words.js';
import { OperationChannel } from '../operation/channel.js';
import { markerFailure } from './reasons.js';

/** Options of {@link isWhiteout} and {@link isOpaque}: the prefix of overlayfs's extended attributes. */
export interface MarkOptions {
  /** Whether the attributes are `user.overlay.*` instead of `trusted.overlay.*`: the mount option `userxattr`. */
  userxattr?: boolean;
}

/** Options of {@link makeWhiteout}. */
export interface WhiteoutOptions extends MarkOptions {
  /**
   * The form of the whiteout: `'device'` is a character device 0:0. `'xattr'` is an empty file with the attribute
   * `overlay.whiteout`, for lower layers only (since Linux 6.8). The default form is `'device'`.
   */
  form?: 'device' | 'xattr';
}

/** Options of {@link makeOpaque}. */
export interface OpaqueOptions extends MarkOptions {
  /**
   * The value of the attribute `overlay.opaque`: `'y'` makes the directory opaque. With `'x'` the directory is not
   * opaque, and overlayfs knows that the directory has whiteouts of the form `'xattr'` (since Linux 6.8). The default
   * value is `'y'`.
   */
  form?: 'y' | 'x';
}

const MARK_OPTIONS: ReadonlySet<string> = new Set(['userxattr']);
const FORM_OPTIONS: ReadonlySet<string> = new Set(['form', 'userxattr']);

interface MarkerPlan {
  readonly path: Bytes;
  readonly form: string | undefined;
  readonly userxattr: boolean;
}

function planMarker(path: PathLike, options: object, forms: readonly string[] = []): MarkerPlan {
  const { form, userxattr } = optionsArgument('options', options, forms.length === 0 ? MARK_OPTIONS : FORM_OPTIONS);
  return {
    path: nonEmptyPathArgument('path', path),
    form: choiceOption('options.form', form, forms),
    userxattr: booleanOption('options.userxattr', userxattr) ?? false,
  };
}

const whiteoutArguments = ({ path, form, userxattr }: MarkerPlan) => [path, form === 'xattr', userxattr] as const;
const opaqueArguments = ({ path, form, userxattr }: MarkerPlan) => [path, form === 'x' ? 'x' : 'y', userxattr] as const;

function failureAt(plan: MarkerPlan, failure: native.Failure): MountError {
  return markerFailure(failure, plan.path, plan.userxattr);
}

function done(plan: MarkerPlan, outcome: native.Outcome): void {
  if (native.isFailure(outcome)) throw failureAt(plan, outcome);
}

function answer(plan: MarkerPlan, found: boolean | native.Failure): boolean {
  if (native.isFailure(found)) throw failureAt(plan, found);
  return found;
}

interface Marker<T> {
  readonly channel: OperationChannel;
  run(plan: MarkerPlan): Promise<T>;
  runSync(plan: MarkerPlan): T;
}

function perform<T>({ channel, run }: Marker<T>, plan: MarkerPlan): Promise<T> {
  return channel.isWatched ? channel.run({ target: plan.path }, run, plan) : run(plan);
}

function performSync<T>({ channel, runSync }: Marker<T>, plan: MarkerPlan): T {
  return channel.isWatched ? channel.runSync({ target: plan.path }, runSync, plan) : runSync(plan);
}

const MAKE_WHITEOUT: Marker<void> = {
  channel: new OperationChannel('makeWhiteout'),
  run: async (plan) => done(plan, await native.makeWhiteout(...whiteoutArguments(plan))),
  runSync: (plan) => done(plan, native.makeWhiteoutSync(...whiteoutArguments(plan))),
};

const IS_WHITEOUT: Marker<boolean> = {
  channel: new OperationChannel('isWhiteout'),
  run: async (plan) => answer(plan, await native.isWhiteout(plan.path, plan.userxattr)),
  runSync: (plan) => answer(plan, native.isWhiteoutSync(plan.path, plan.userxattr)),
};

const MAKE_OPAQUE: Marker<void> = {
  channel: new OperationChannel('makeOpaque'),
  run: async (plan) => done(plan, await native.makeOpaque(...opaqueArguments(plan))),
  runSync: (plan) => done(plan, native.makeOpaqueSync(...opaqueArguments(plan))),
};

const IS_OPAQUE: Marker<boolean> = {
  channel: new OperationChannel('isOpaque'),
  run: async (plan) => answer(plan, await native.isOpaque(plan.path, plan.userxattr)),
  runSync: (plan) => answer(plan, native.isOpaqueSync(plan.path, plan.userxattr)),
};

/**
 * Makes a whiteout, which hides the file with the same path in the layers below: mknod(2) of a character device 0:0,
 * which needs no privilege since Linux 5.8.
 *
 * With `form: 'xattr'`, the function makes an empty file with the attribute `overlay.whiteout`, and sets the attribute
 * `overlay.opaque` of the parent directory to `x`, unless the directory has this attribute. overlayfs recognises this
 * form in lower layers, but not in the upper layer and not in the lowest layer. If the function fails, the function
 * removes what it made.
 *
 * @param path the path of the whiteout; no file may have this path
 * @throws {@link MountError}: `EEXIST`; `EPERM` where devices or `trusted.*` attributes are refused; `EOPNOTSUPP` on a
 *   filesystem without such attributes. `TypeError` with Node's codes for wrong arguments.
 * @example
 * ```ts
 * await makeWhiteout('/layers/app/etc/motd'); // hides /etc/motd of the layers below
 * ```
 * @see https://docs.kernel.org/filesystems/overlayfs.html#whiteouts-and-opaque-directories
 */
export async function makeWhiteout(path: PathLike, options: WhiteoutOptions = {}): Promise<void> {
  const plan = planMarker(path, options, ['device', 'xattr']);
  return perform(MAKE_WHITEOUT, plan);
}

/**
 * Makes a whiteout, as {@link makeWhiteout} does, and blocks the calling thread.
 *
 * @example
 * ```ts
 * makeWhiteoutSync('/layers/app/etc/motd', { form: 'xattr', userxattr: true });
 * ```
 */
export function makeWhiteoutSync(path: PathLike, options: WhiteoutOptions = {}): void {
  const plan = planMarker(path, options, ['device', 'xattr']);
  performSync(MAKE_WHITEOUT, plan);
}

/**
 * Returns whether the file at a path of a layer is a whiteout, in either form: statx(2), and lgetxattr(2) for an empty
 * file.
 *
 * @param path the path of the file; a symbolic link in the last component is not followed
 * @throws {@link MountError}: `ENOENT` and other codes when the path does not lead to a file; `EPERM` for an empty file
 *   when the kernel hides `trusted.*` attributes from this process
 * @example
 * ```ts
 * if (await isWhiteout('/layers/app/etc/motd')) console.log('this layer deletes the file');
 * ```
 */
export async function isWhiteout(path: PathLike, options: MarkOptions = {}): Promise<boolean> {
  const plan = planMarker(path, options);
  return perform(IS_WHITEOUT, plan);
}

/**
 * Returns whether the file at a path of a layer is a whiteout, as {@link isWhiteout} does, and blocks the calling
 * thread.
 *
 * @example
 * ```ts
 * const gone = readdirSync('/layers/app/etc').filter((name) => isWhiteoutSync(`/layers/app/etc/${name}`));
 * ```
 */
export function isWhiteoutSync(path: PathLike, options: MarkOptions = {}): boolean {
  const plan = planMarker(path, options);
  return performSync(IS_WHITEOUT, plan);
}

/**
 * Makes a directory of a layer opaque, so that overlayfs does not merge it with the directories below: fsetxattr(2) of
 * `overlay.opaque`.
 *
 * @param path the directory; a symbolic link in the last component is not followed
 * @throws {@link MountError}: `ENOTDIR`; `EPERM` where `trusted.*` attributes are refused; `EOPNOTSUPP` on a filesystem
 *   without such attributes. `TypeError` with Node's codes for wrong arguments.
 * @example
 * ```ts
 * await makeOpaque('/layers/app/var/cache'); // hides /var/cache of the layers below
 * ```
 * @see https://docs.kernel.org/filesystems/overlayfs.html#whiteouts-and-opaque-directories
 */
export async function makeOpaque(path: PathLike, options: OpaqueOptions = {}): Promise<void> {
  const plan = planMarker(path, options, ['y', 'x']);
  return perform(MAKE_OPAQUE, plan);
}

/**
 * Makes a directory of a layer opaque, as {@link makeOpaque} does, and blocks the calling thread.
 *
 * @example
 * ```ts
 * makeOpaqueSync('/layers/app/var/cache', { userxattr: true });
 * ```
 */
export function makeOpaqueSync(path: PathLike, options: OpaqueOptions = {}): void {
  const plan = planMarker(path, options, ['y', 'x']);
  performSync(MAKE_OPAQUE, plan);
}

/**
 * Returns whether a directory of a layer is opaque, so that its attribute `overlay.opaque` is `y`: lgetxattr(2).
 * Returns false for a file that is not a directory.
 *
 * @param path the directory; a symbolic link in the last component is not followed
 * @throws {@link MountError}: `ENOENT` and other codes when the path does not lead to a file; `EPERM` when the kernel
 *   hides `trusted.*` attributes from this process
 * @example
 * ```ts
 * if (await isOpaque('/layers/app/var/cache')) console.log('this layer replaces the directory');
 * ```
 */
export async function isOpaque(path: PathLike, options: MarkOptions = {}): Promise<boolean> {
  const plan = planMarker(path, options);
  return perform(IS_OPAQUE, plan);
}

/**
 * Returns whether a directory of a layer is opaque, as {@link isOpaque} does, and blocks the calling thread.
 *
 * @example
 * ```ts
 * isOpaqueSync('/layers/app/var/cache', { userxattr: true });
 * ```
 */
export function isOpaqueSync(path: PathLike, options: MarkOptions = {}): boolean {
  const plan = planMarker(path, options);
  return performSync(IS_OPAQUE, plan);
}
