// Makes and finds single whiteouts and opaque directories in a layer.
import {
  booleanOption,
  choiceOption,
  nonEmptyPathArgument,
  optionsArgument,
  type PathLike,
} from '../arguments/check.js';
import { type Failure, native } from '../kernel/native.js';
import type { Bytes } from '../kernel/words.js';
import { OperationChannel } from '../operation/channel.js';
import { type Operation, type Plan, run, runSync, settled } from '../operation/driver.js';
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

const MARKER_OPTIONS: ReadonlySet<string> = new Set(['userxattr']);
const FORM_OPTIONS: ReadonlySet<string> = new Set(['form', 'userxattr']);

interface MarkerPlan extends Plan {
  readonly path: Bytes;
  readonly form: string | undefined;
  readonly userAttribute: boolean;
}

function planMarker(path: PathLike, options: object, forms: readonly string[] = []): MarkerPlan {
  const { form, userxattr } = optionsArgument('options', options, forms.length === 0 ? MARKER_OPTIONS : FORM_OPTIONS);
  return {
    path: nonEmptyPathArgument('path', path),
    form: choiceOption('options.form', form, forms),
    userAttribute: booleanOption('options.userxattr', userxattr) ?? false,
  };
}

// The properties that the four operations share.
const MARKER = {
  subject: ({ path }: MarkerPlan) => ({ target: path }),
  error: ({ path, userAttribute }: MarkerPlan, failure: Failure) =>
    settled(markerFailure(failure, path, userAttribute)),
};

const MAKE_WHITEOUT: Operation<MarkerPlan, 'makeWhiteout', void> = {
  ...MARKER,
  channel: new OperationChannel('makeWhiteout'),
  call: native.makeWhiteout,
  arguments: ({ path, form, userAttribute }) => ({ path, attribute: form === 'xattr', userAttribute }),
  result: () => undefined,
};

const IS_WHITEOUT: Operation<MarkerPlan, 'isWhiteout', boolean> = {
  ...MARKER,
  channel: new OperationChannel('isWhiteout'),
  call: native.isWhiteout,
  arguments: (plan) => plan,
  result: (_, isWhiteout) => isWhiteout,
};

const MAKE_OPAQUE: Operation<MarkerPlan, 'makeOpaque', void> = {
  ...MARKER,
  channel: new OperationChannel('makeOpaque'),
  call: native.makeOpaque,
  arguments: ({ path, form, userAttribute }) => ({ path, value: form === 'x' ? 'x' : 'y', userAttribute }),
  result: () => undefined,
};

const IS_OPAQUE: Operation<MarkerPlan, 'isOpaque', boolean> = {
  ...MARKER,
  channel: new OperationChannel('isOpaque'),
  call: native.isOpaque,
  arguments: (plan) => plan,
  result: (_, isOpaque) => isOpaque,
};

/**
 * Makes a whiteout, which hides the file with the same path in the layers below: mknod(2) of a character device 0:0,
 * which needs no privilege since Linux 5.8.
 *
 * With `form: 'xattr'`, the function makes an empty file with the attribute `overlay.whiteout`, and sets the attribute
 * `overlay.opaque` of the parent directory to `x`, unless the directory has this attribute. overlayfs recognises this
 * form in lower layers, but not in the upper layer and not in the lowest layer. If the function fails, it removes the
 * file and the attribute that it made.
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
  return run(MAKE_WHITEOUT, planMarker(path, options, ['device', 'xattr']));
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
  runSync(MAKE_WHITEOUT, planMarker(path, options, ['device', 'xattr']));
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
  return run(IS_WHITEOUT, planMarker(path, options));
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
  return runSync(IS_WHITEOUT, planMarker(path, options));
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
  return run(MAKE_OPAQUE, planMarker(path, options, ['y', 'x']));
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
  runSync(MAKE_OPAQUE, planMarker(path, options, ['y', 'x']));
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
  return run(IS_OPAQUE, planMarker(path, options));
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
  return runSync(IS_OPAQUE, planMarker(path, options));
}
