import { choiceOption, optionsArgument, type PathLike, pathArgument } from '../arguments/check.js';
import { reasonOfStep } from '../kernel/call-reasons.js';
import { MountError, printable } from '../kernel/errors.js';
import { examineArguments } from '../kernel/examine.js';
import { type Failure, isFailure, native } from '../kernel/native.js';
import type { Bytes } from '../kernel/words.js';
import { OperationChannel } from '../operation/channel.js';
import { ask, type Operation, type Plan, run, runSync, type Steps } from '../operation/driver.js';
import { COMMON_RULES, type CommonCase } from '../reasons/common.js';
import { circumstancesOf, noMountPoint, QUESTION_FILES } from '../reasons/facts.js';
import { mountOf } from '../reasons/mounts.js';
import { type Rule, reasonBy } from '../reasons/rule.js';
import type { Holder } from './holder-types.js';
import { holdersIn } from './holders-found.js';
import type { UmountCase } from './rules.js';

/** Options of {@link holders}. */
export interface HoldersOptions {
  /** `'utf8'` gives paths that are UTF-8 as strings and others as Buffers, `'buffer'` gives all as Buffers. */
  encoding?: 'utf8' | 'buffer';
}

const KNOWN: ReadonlySet<string> = new Set(['encoding']);

interface HoldersPlan extends Plan {
  readonly target: Bytes;
  readonly asBuffers: boolean;
}

function planHolders(target: PathLike, options: HoldersOptions = {}): HoldersPlan {
  const { encoding } = optionsArgument('options', options, KNOWN);
  const asBuffers = choiceOption('options.encoding', encoding, ['utf8', 'buffer']) === 'buffer';
  return { target: pathArgument('target', target), asBuffers };
}

const RULES: readonly Rule<CommonCase & Pick<UmountCase, 'target'>>[] = [
  ...COMMON_RULES,
  {
    codes: ['EINVAL'],
    what: 'a place where nothing is mounted',
    // There is no other.
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
  return reasonBy(RULES, { failure, circumstances, fsType: null, inUserNamespace: false, paths: [target], target });
}

/**
 * Who uses the mount at a path, the topmost if there are several: processes (working directory, root directory,
 * executable, open and mapped files, Unix sockets), loop devices and swap files on it, mounts below it, overlays that have a layer on
 * it, and other mount namespaces that have it as well. Those with `blocks` are why umount(2) answers `EBUSY`.
 *
 * Processes are matched by the mount's id, which the kernel tells of every directory and open file; mapped files by
 * the device where it does not, and Unix sockets always (`byDevice`). Where an umount would propagate to copies of the mount, in this or other namespaces,
 * those who use a copy count too.
 *
 * It reads `/proc` and `/sys` on a thread of its own, follows no path to a file system that may not answer, and changes
 * nothing. It is a picture of a moment: a process may have gone since, or come. What it cannot see is not in the
 * result: processes of other users without CAP_SYS_PTRACE, processes outside of the PID namespace of `/proc` or hidden
 * by its `hidepid`, the memory of one that waits for a dead device, mount namespaces that no process is in, sockets of other
 * network namespaces, files on their way through a socket or registered with io_uring, and what the kernel itself keeps (an NFS export).
 *
 * @param target the mount point; a symbolic link is followed
 * @throws {@link MountError}: `EINVAL` when it is not a mount point, `ENOENT` and the like when it leads nowhere;
 *   `TypeError` with Node's codes for wrong arguments
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
 * {@link holders} on the calling thread, which waits until all of `/proc` is read.
 *
 * @example
 * ```ts
 * const isFree = !holdersSync('/mnt/usb').some(({ blocks }) => blocks);
 * ```
 */
export function holdersSync(target: PathLike, options?: HoldersOptions): Holder[] {
  return runSync(HOLDERS, planHolders(target, options));
}
