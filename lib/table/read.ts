// Reads the mount table: /proc/PID/mountinfo, with the unique mount IDs of listmount(2) and statmount(2).
import { encodingOption, optionsArgument } from '../arguments/check.js';
import { type Namespace, namespaceArgument } from '../arguments/namespace.js';
import { namespaceReasonOfStep, reasonOfProc } from '../kernel/call-reasons.js';
import { describeErrno } from '../kernel/errno.js';
import { invalidArgType, invalidArgValue, MountError, outOfRange } from '../kernel/errors.js';
import { native } from '../kernel/native.js';
import type { NativeNamespace } from '../kernel/words.js';
import { OperationChannel } from '../operation/channel.js';
import { type Operation, type Plan, run, runSync, settled } from '../operation/driver.js';
import { MountTable } from './mount-table.js';
import { type MountInfoOptions, parseTable } from './mountinfo/parse.js';

/** Options of {@link readMountTable}. */
export interface MountTableOptions extends MountInfoOptions {
  /**
   * The ID of the process whose mount table to read. Paths are as that process sees them. Default: the calling thread's
   * mount table.
   */
  pid?: number;
  /** The mount namespace whose mount table to read, instead of `pid`. Paths start at the root of the namespace. */
  namespace?: Namespace;
}

interface TablePlan extends Plan {
  /** The directory of the process in /proc. */
  readonly procDirectory: string;
  readonly encoding: 'utf8' | 'buffer';
  readonly namespace: NativeNamespace;
}

const KNOWN: ReadonlySet<string> = new Set(['pid', 'encoding', 'namespace']);
const LAST_PID = 2 ** 22; // PID_MAX_LIMIT in include/linux/threads.h

// /proc/self would be the main thread, which may be in another mount namespace than the calling thread.
const CALLING_THREAD = '/proc/thread-self';

function planTable(options: MountTableOptions): TablePlan {
  const { pid, encoding, namespace } = optionsArgument('options', options, KNOWN);
  if (pid !== undefined && typeof pid !== 'number') throw invalidArgType('options.pid', 'of type number', pid);
  if (pid !== undefined && !(Number.isInteger(pid) && pid >= 1 && pid <= LAST_PID)) {
    throw outOfRange('options.pid', `an integer >= 1 and <= ${LAST_PID}`, pid);
  }
  if (pid !== undefined && namespace !== undefined) {
    throw invalidArgValue(
      'options.namespace',
      'cannot be combined with options.pid: name the process or the mount namespace',
    );
  }
  return {
    procDirectory: pid === undefined ? CALLING_THREAD : `/proc/${pid}`,
    encoding: encodingOption(encoding),
    namespace: namespaceArgument('options.namespace', namespace),
  };
}

const TABLE: Operation<TablePlan, 'table', MountTable> = {
  channel: new OperationChannel('readMountTable'),
  subject: () => ({}),
  call: native.table,
  arguments: (plan) => plan,
  result: ({ encoding }, { table, ids }) => new MountTable(parseTable(table, encoding, ids)),
  error: ({ procDirectory, namespace }, failure) => {
    const { error: errno, syscall, step } = failure;
    const isCallingThread = procDirectory === CALLING_THREAD && namespace === null;
    const reason = isCallingThread
      ? reasonOfProc(errno)
      : (namespaceReasonOfStep(failure, namespace) ?? reasonOfProcess(errno, procDirectory));
    return settled(new MountError({ errno, syscall, step, path: `${procDirectory}/mountinfo`, reason }));
  },
};

/** Explains why the mount table of another process cannot be read. */
function reasonOfProcess(errno: number, procDirectory: string): string | undefined {
  switch (describeErrno(errno).name) {
    case 'ENOENT':
    case 'EINVAL': // the process has ended, and its parent has not waited for it yet
      return `no process is running under ${procDirectory}: give the ID of a running process`;
    case 'EACCES':
    case 'EPERM':
      return `this process may not read ${procDirectory}/mountinfo, which belongs to another user: run as that user, or with CAP_SYS_PTRACE`;
    default:
      return undefined;
  }
}

/**
 * Reads the mount table: `/proc/PID/mountinfo`, and the unique mount IDs from listmount(2). The kernel provides unique
 * mount IDs since Linux 6.8; for another process since Linux 6.11, with CAP_SYS_ADMIN over the mount namespace of that
 * process.
 *
 * A separate thread reads the table. Lines may be of any length, and names may consist of any bytes. The result
 * contains every mount that exists during the whole call; a mount that is attached or detached meanwhile may be
 * missing.
 *
 * To look up one path, call {@link mountAt} or {@link isMountPoint}, which do not read the table.
 *
 * @param options the process or the mount namespace, and the form of names
 * @throws {@link MountError}: `ENOENT` if there is no such process; `EACCES` or `EINVAL` if this process may not
 *   inspect the other process, or if the other process has ended
 * @throws `TypeError` or `RangeError` with Node's codes if an argument is invalid
 * @example
 * ```ts
 * const table = await readMountTable();
 * for (const { target, fsType, source } of table.entries) console.log(target, fsType, source);
 * const box = await readMountTable({ pid: 4121 });
 * box.at('/')?.fsType; // 'overlay'
 * ```
 * @see https://man7.org/linux/man-pages/man5/proc_pid_mountinfo.5.html
 */
export function readMountTable(options: MountTableOptions & { encoding: 'buffer' }): Promise<MountTable<Buffer>>;
export function readMountTable(options?: MountTableOptions): Promise<MountTable>;
export async function readMountTable(options: MountTableOptions = {}): Promise<MountTable> {
  return run(TABLE, planTable(options));
}

/**
 * Reads the mount table on the calling thread: the synchronous form of {@link readMountTable}.
 *
 * @example
 * ```ts
 * readMountTableSync().filter({ fsType: 'overlay' });
 * ```
 */
export function readMountTableSync(options: MountTableOptions & { encoding: 'buffer' }): MountTable<Buffer>;
export function readMountTableSync(options?: MountTableOptions): MountTable;
export function readMountTableSync(options: MountTableOptions = {}): MountTable {
  return runSync(TABLE, planTable(options));
}
