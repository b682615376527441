// The operation `holders`: lists the users of a mount.
import { encodingOption, optionsArgument, type PathLike, pathArgument } from '../arguments/check.js';
import { reasonOfStep } from '../kernel/call-reasons.js';
import { MountError, printable } from '../kernel/errors.js';
import { examineArguments } from '../kernel/examine.js';
import { type Failure, isFailure, native } from '../kernel/native.js';
import type { Bytes } from '../kernel/words.js';
import { OperationChannel } from '../operation/channel.js';
import { ask, type Operation, type Plan, run, runSync, type Steps } from '../operation/driver.js';
import { circumstancesOf, QUESTION_FILES } from '../reasons/circumstances.js';
import { COMMON_RULES, type CommonCase } from '../reasons/common-rules.js';
import { noMountPoint } from '../reasons/examined-path.js';
import { findReason, type Rule } from '../reasons/find-reason.js';
import { mountOf } from '../reasons/mount-lines.js';
import { holdersIn } from './holder-kinds.js';
import type { Holder } from './holder-types.js';
import type { UmountCase } from './rules.js';

/** The options of {@link holders}. */
export interface HoldersOptions {
  /**
   * The form of paths in the result: `'utf8'` returns a string for a path that is UTF-8 and a Buffer for another path,
   * `'buffer'` returns a Buffer for every path. The default is `'utf8'`.
   */
  encoding?: 'utf8' | 'buffer';
}

const KNOWN: ReadonlySet<string> = new Set(['encoding']);

interface HoldersPlan extends Plan {
  readonly target: Bytes;
  readonly asBuffers: boolean;
}

function planHolders(target: PathLike, options: HoldersOptions = {}): HoldersPlan {
  const { encoding } = optionsArgument('options', options, KNOWN);
  const asBuffers = encodingOption(encoding) === 'buffer';
  return { target: pathArgument('target', target), asBuffers };
}

const RULES: readonly Rule<CommonCase & Pick<UmountCase, 'target'>>[] = [
  ...COMMON_RULES,
  {
    codes: ['EINVAL'],
    // A scan for holders fails with EINVAL only if the target is not a mount point.
    find: ({ target, circumstances: { mounts } }) =>
      noMountPoint(target, mounts === null ? undefined : mountOf(mounts, target.facts)),
  },
];

const HOLDERS: Operation<HoldersPlan, 'holders', Holder[]> = {
  channel: new OperationChannel('holders'),
  subject: ({ target }) => ({ target }),
  call: native.holders,
  arguments: ({ target }) => ({ target }),
  result: ({ asBuffers }, scan) => holdersIn(scan, asBuffers),
  error: function* ({ target }, failure) {
    const { error: errno, syscall, step } = failure;
    const reason = reasonOfStep(failure) ?? (yield* examinedReason(target, failure));
    return new MountError({ errno, syscall, step, path: target, reason });
  },
};

function* examinedReason(path: Bytes, failure: Failure): Steps<string | undefined> {
  const examination = yield* ask(native.examine, examineArguments([path], QUESTION_FILES));
  const [facts] = isFailure(examination) ? [] : examination.paths;
  if (facts === undefined || isFailure(examination)) return undefined;
  const target = { name: printable(path), facts };
  const circumstances = circumstancesOf(examination);
  return findReason(RULES, { failure, circumstances, fsType: null, inUserNamespace: false, paths: [target], target });
}

/**
 * Lists the users of the mount at a path, of the topmost mount if several are stacked: processes (by working directory,
 * root directory, executable, open file, mapped file or Unix socket), loop devices, swap files, mounts below, overlays
 * with a layer on the mount, and other mount namespaces with the same mount. A holder with `blocks` makes umount(2)
 * fail with `EBUSY`.
 *
 * Processes are matched by the mount ID, which the kernel reports for every directory and open file. Unix sockets are
 * matched by the device of the filesystem (`byDevice`), and so are mapped files where the kernel does not report their
 * mount. If an umount would propagate to copies of the mount, in this mount namespace or in another one, the users of
 * these copies are in the result too.
 *
 * The function reads `/proc` and `/sys` on a thread of this library, opens no file on another filesystem, and changes
 * nothing. The result describes one moment: a process may start or end its use at any time. The result lacks holders
 * that the calling process cannot see:
 * - processes of other users, without CAP_SYS_PTRACE;
 * - processes outside of the PID namespace of `/proc`, or hidden by the option `hidepid` of `/proc`;
 * - mapped files of a process in uninterruptible sleep;
 * - mount namespaces that no process is in;
 * - Unix sockets of other network namespaces;
 * - files that are in transit through a socket or registered with io_uring;
 * - uses by the kernel itself, for example an NFS export.
 *
 * @param target the mount point; a symbolic link is followed
 * @throws {@link MountError}: `EINVAL` when the target is not a mount point; `ENOENT` and other codes when the path
 *   does not lead to a file. `TypeError` with Node's codes for wrong arguments.
 * @example
 * ```ts
 * for (const holder of await holders('/mnt/usb')) {
 *   if (holder.kind === 'process') console.log(`${holder.command} (pid ${holder.pid}): ${holder.how} ${holder.path}`);
 * }
 * ```
 * @see https://man7.org/linux/man-pages/man5/proc_pid_fdinfo.5.html
 */
export async function holders(target: PathLike, options?: HoldersOptions): Promise<Holder[]> {
  return run(HOLDERS, planHolders(target, options));
}

/**
 * Lists the users of the mount at a path, as {@link holders} does, and blocks the calling thread until the scan of
 * `/proc` ends.
 *
 * @example
 * ```ts
 * const isFree = !holdersSync('/mnt/usb').some(({ blocks }) => blocks);
 * ```
 */
export function holdersSync(target: PathLike, options?: HoldersOptions): Holder[] {
  return runSync(HOLDERS, planHolders(target, options));
}
