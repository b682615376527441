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

interface MarkPlan {
  readonly path: Bytes;
  readonly form: string | undefined;
  readonly userxattr: boolean;
}

function planMark(path: PathLike, options: object, forms: readonly string[] = []): MarkPlan {
  const { form, userxattr } = optionsArgument('options', options, forms.length === 0 ? OF_MARK : OF_FORM);
  return {
    path: nonEmptyPathArgument('path', path),
    form: choiceOption('options.form', form, forms),
    userxattr: booleanOption('options.userxattr', userxattr) ?? false,
  };
}

const whiteoutWords = ({ path, form, userxattr }: MarkPlan) => [path, form === 'xattr', userxattr] as const;
const opaqueWords = ({ path, form, userxattr }: MarkPlan) => [path, form === 'x' ? 'x' : 'y', userxattr] as const;

function failureAt(plan: MarkPlan, failure: native.Failure): MountError {
  return markFailure(failure, plan.path, plan.userxattr);
}

function done(plan: MarkPlan, outcome: native.Outcome): void {
  if (native.isFailure(outcome)) throw failureAt(plan, outcome);
}

function answer(plan: MarkPlan, found: boolean | native.Failure): boolean {
  if (native.isFailure(found)) throw failureAt(plan, found);
  return found;
}

interface Mark<T> {
  readonly channel: OperationChannel;
  run(plan: MarkPlan): Promise<T>;
  runSync(plan: MarkPlan): T;
}

function perform<T>({ channel, run }: Mark<T>, plan: MarkPlan): Promise<T> {
  return channel.isWatched ? channel.run({ target: plan.path }, run, plan) : run(plan);
}

function performSync<T>({ channel, runSync }: Mark<T>, plan: MarkPlan): T {
  return channel.isWatched ? channel.runSync({ target: plan.path }, runSync, plan) : runSync(plan);
}

const MAKE_WHITEOUT: Mark<void> = {
  channel: new OperationChannel('makeWhiteout'),
  run: async (plan) => done(plan, await native.makeWhiteout(...whiteoutWords(plan))),
  runSync: (plan) => done(plan, native.makeWhiteoutSync(...whiteoutWords(plan))),
};

const IS_WHITEOUT: Mark<boolean> = {
  channel: new OperationChannel('isWhiteout'),
  run: async (plan) => answer(plan, await native.isWhiteout(plan.path, plan.userxattr)),
  runSync: (plan) => answer(plan, native.isWhiteoutSync(plan.path, plan.userxattr)),
};

const MAKE_OPAQUE: Mark<void> = {
  channel: new OperationChannel('makeOpaque'),
  run: async (plan) => done(plan, await native.makeOpaque(...opaqueWords(plan))),
  runSync: (plan) => done(plan, native.makeOpaqueSync(...opaqueWords(plan))),
};

const IS_OPAQUE: Mark<boolean> = {
  channel: new OperationChannel('isOpaque'),
  run: async (plan) => answer(plan, await native.isOpaque(plan.path, plan.userxattr)),
  runSync: (plan) => answer(plan, native.isOpaqueSync(plan.path, plan.userxattr)),
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
  const plan = planMark(path, options, ['device', 'xattr']);
  return perform(MAKE_WHITEOUT, plan);
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
  const plan = planMark(path, options, ['device', 'xattr']);
  performSync(MAKE_WHITEOUT, plan);
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
  const plan = planMark(path, options);
  return perform(IS_WHITEOUT, plan);
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
  const plan = planMark(path, options);
  return performSync(IS_WHITEOUT, plan);
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
  const plan = planMark(path, options, ['y', 'x']);
  return perform(MAKE_OPAQUE, plan);
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
  const plan = planMark(path, options, ['y', 'x']);
  performSync(MAKE_OPAQUE, plan);
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
  const plan = planMark(path, options);
  return perform(IS_OPAQUE, plan);
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
  const plan = planMark(path, options);
  return performSync(IS_OPAQUE, plan);
}
