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
import { markFailure } from './reasons.js';

/** Where overlayfs's extended attributes are. */
export interface MarkOptions {
  /** Under `user.overlay.` instead of `trusted.overlay.`, as with the mount option of that name. */
  userxattr?: boolean;
}

/** How {@link makeWhiteout} makes one. */
export interface WhiteoutOptions extends MarkOptions {
  /** A character device 0:0; or an empty file with the attribute `overlay.whiteout`, for lower layers (Linux 6.8). */
  form?: 'device' | 'xattr';
}

/** How {@link makeOpaque} marks a directory. */
export interface OpaqueOptions extends MarkOptions {
  /** `'y'`: opaque. `'x'`: not opaque, but there are whiteouts in it that are attributes (Linux 6.8). */
  form?: 'y' | 'x';
}

const OF_MARK: ReadonlySet<string> = new Set(['userxattr']);
const OF_FORM: ReadonlySet<string> = new Set(['form', 'userxattr']);

interface MarkPlan extends Plan {
  readonly path: Bytes;
  readonly form: string | undefined;
  readonly userAttribute: boolean;
}

function planMark(path: PathLike, options: object, forms: readonly string[] = []): MarkPlan {
  const { form, userxattr } = optionsArgument('options', options, forms.length === 0 ? OF_MARK : OF_FORM);
  return {
    path: nonEmptyPathArgument('path', path),
    form: choiceOption('options.form', form, forms),
    userAttribute: booleanOption('options.userxattr', userxattr) ?? false,
  };
}

/** What the four operations have in common. */
const MARK = {
  subject: ({ path }: MarkPlan) => ({ target: path }),
  error: ({ path, userAttribute }: MarkPlan, failure: Failure) => settled(markFailure(failure, path, userAttribute)),
};

const MAKE_WHITEOUT: Operation<MarkPlan, 'makeWhiteout', void> = {
  ...MARK,
  channel: new OperationChannel('makeWhiteout'),
  call: native.makeWhiteout,
  arguments: ({ path, form, userAttribute }) => ({ path, attribute: form === 'xattr', userAttribute }),
  result: () => undefined,
};

const IS_WHITEOUT: Operation<MarkPlan, 'isWhiteout', boolean> = {
  ...MARK,
  channel: new OperationChannel('isWhiteout'),
  call: native.isWhiteout,
  arguments: (plan) => plan,
  result: (_, isWhiteout) => isWhiteout,
};

const MAKE_OPAQUE: Operation<MarkPlan, 'makeOpaque', void> = {
  ...MARK,
  channel: new OperationChannel('makeOpaque'),
  call: native.makeOpaque,
  arguments: ({ path, form, userAttribute }) => ({ path, value: form === 'x' ? 'x' : 'y', userAttribute }),
  result: () => undefined,
};

const IS_OPAQUE: Operation<MarkPlan, 'isOpaque', boolean> = {
  ...MARK,
  channel: new OperationChannel('isOpaque'),
  call: native.isOpaque,
  arguments: (plan) => plan,
  result: (_, isOpaque) => isOpaque,
};

/**
 * Makes a whiteout: in an upper layer, or one that will be lower to others, it hides what has this name below. mknod(2) of a
 * character device 0:0, which needs no privilege since Linux 5.8; or, with `form: 'xattr'`, an empty file with the attribute
 * `overlay.whiteout`, whose directory gets `overlay.opaque` with the value `x` (unless it has that attribute): overlayfs
 * takes these in lower layers, never in the upper one, and not in the lowest. If it fails nothing is left.
 *
 * @param path where; nothing may be there
 * @throws {@link MountError}: `EEXIST`; `EPERM` where devices or `trusted.*` attributes are refused; `EOPNOTSUPP` on a
 *   filesystem without such attributes. `TypeError` with Node's codes for wrong arguments.
 * @example
 * ```ts
 * await makeWhiteout('/layers/app/etc/motd'); // no /etc/motd, whatever is below
 * ```
 * @see https://docs.kernel.org/filesystems/overlayfs.html#whiteouts-and-opaque-directories
 */
export async function makeWhiteout(path: PathLike, options: WhiteoutOptions = {}): Promise<void> {
  return run(MAKE_WHITEOUT, planMark(path, options, ['device', 'xattr']));
}

/**
 * {@link makeWhiteout} on the calling thread.
 *
 * @example
 * ```ts
 * makeWhiteoutSync('/layers/app/etc/motd', { form: 'xattr', userxattr: true });
 * ```
 */
export function makeWhiteoutSync(path: PathLike, options: WhiteoutOptions = {}): void {
  runSync(MAKE_WHITEOUT, planMark(path, options, ['device', 'xattr']));
}

/**
 * Whether there is a whiteout at a path of a layer, in either form: statx(2), and of an empty file lgetxattr(2).
 *
 * @param path its last name is not followed
 * @throws {@link MountError} when nothing is there or it cannot be reached; `EPERM` for an empty file when `trusted.*`
 *   attributes are hidden from this process, so that it cannot tell
 * @example
 * ```ts
 * if (await isWhiteout('/layers/app/etc/motd')) console.log('deleted by this layer');
 * ```
 */
export async function isWhiteout(path: PathLike, options: MarkOptions = {}): Promise<boolean> {
  return run(IS_WHITEOUT, planMark(path, options));
}

/**
 * {@link isWhiteout} on the calling thread.
 *
 * @example
 * ```ts
 * const gone = readdirSync('/layers/app/etc').filter((name) => isWhiteoutSync(`/layers/app/etc/${name}`));
 * ```
 */
export function isWhiteoutSync(path: PathLike, options: MarkOptions = {}): boolean {
  return runSync(IS_WHITEOUT, planMark(path, options));
}

/**
 * Makes a directory of a layer opaque, so that nothing of a directory of this name below is seen: fsetxattr(2) of
 * `overlay.opaque`.
 *
 * @param path the directory; a link is not followed
 * @throws {@link MountError}: `ENOTDIR`; `EPERM` where `trusted.*` attributes are refused; `EOPNOTSUPP` on a filesystem
 *   without such attributes. `TypeError` with Node's codes for wrong arguments.
 * @example
 * ```ts
 * await makeOpaque('/layers/app/var/cache'); // only what this layer has in it
 * ```
 * @see https://docs.kernel.org/filesystems/overlayfs.html#whiteouts-and-opaque-directories
 */
export async function makeOpaque(path: PathLike, options: OpaqueOptions = {}): Promise<void> {
  return run(MAKE_OPAQUE, planMark(path, options, ['y', 'x']));
}

/**
 * {@link makeOpaque} on the calling thread.
 *
 * @example
 * ```ts
 * makeOpaqueSync('/layers/app/var/cache', { userxattr: true });
 * ```
 */
export function makeOpaqueSync(path: PathLike, options: OpaqueOptions = {}): void {
  runSync(MAKE_OPAQUE, planMark(path, options, ['y', 'x']));
}

/**
 * Whether a directory of a layer is opaque: `overlay.opaque` is `y`. What is no directory is not.
 *
 * @param path a link is not followed
 * @throws {@link MountError} when nothing is there or it cannot be reached; `EPERM` when `trusted.*` attributes are hidden
 *   from this process, so that it cannot tell
 * @example
 * ```ts
 * if (await isOpaque('/layers/app/var/cache')) console.log('made anew by this layer');
 * ```
 */
export async function isOpaque(path: PathLike, options: MarkOptions = {}): Promise<boolean> {
  return run(IS_OPAQUE, planMark(path, options));
}

/**
 * {@link isOpaque} on the calling thread.
 *
 * @example
 * ```ts
 * isOpaqueSync('/layers/app/var/cache', { userxattr: true });
 * ```
 */
export function isOpaqueSync(path: PathLike, options: MarkOptions = {}): boolean {
  return runSync(IS_OPAQUE, planMark(path, options));
}
