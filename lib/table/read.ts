import { encodingOption, optionsArgument } from '../arguments/check.js';
import { type Namespace, namespaceArgument } from '../arguments/namespace.js';
import { namespaceReasonOfStep, reasonOfProc } from '../kernel/call-reasons.js';
import { invalidArgType, invalidArgValue, MountError, outOfRange } from '../kernel/errors.js';
import { native } from '../kernel/native.js';
import type { NativeNamespace } from '../kernel/words.js';
import { OperationChannel } from '../operation/channel.js';
import { type Operation, type Plan, run, runSync, settled } from '../operation/driver.js';
import { MountTable } from './mount-table.js';
import { type MountInfoOptions, parseTable } from './mountinfo/parse.js';

/** Options of {@link readMountTable}. */
export interface MountTableOptions extends MountInfoOptions {
  /** The process whose table to read; its paths are as that process sees them. This process unless given. */
  pid?: number;
  /** The mount namespace whose table to read, where it is not known by a process; paths are as its root sees them. */
  namespace?: Namespace;
}

interface TablePlan extends Plan {
  /** The directory of /proc. */
  readonly process: string;
  readonly encoding: 'utf8' | 'buffer';
  readonly namespace: NativeNamespace;
}

const KNOWN: ReadonlySet<string> = new Set(['pid', 'encoding', 'namespace']);
const LAST_PID = 2 ** 22; // PID_MAX_LIMIT

// /proc/thread-self, not /proc/self: threads may be in different mount namespaces.
const OURS = '/proc/thread-self';

function planTable(options: MountTableOptions): TablePlan {
  const { pid, encoding, namespace } = optionsArgument('options', options, KNOWN);
  if (pid !== undefined && typeof pid !== 'number') throw invalidArgType('options.pid', 'of type number', pid);
  if (pid !== undefined && !(Number.isInteger(pid) && pid >= 1 && pid <= LAST_PID)) {
    throw outOfRange('options.pid', `an integer >= 1 and <= ${LAST_PID}`, pid);
  }
  if (pid !== undefined && namespace !== undefined) {
    throw invalidArgValue('options.namespace', 'cannot go with options.pid: the table is that of one of them');
  }
  return {
    process: pid === undefined ? OURS : `/proc/${pid}`,
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
  error: ({ process, namespace }, failure) => {
    const { error: errno, syscall, step } = failure;
    const isOurs = process === OURS && namespace === null;
    const reason = isOurs ? reasonOfProc(errno) : namespaceReasonOfStep(failure, namespace);
    return settled(new MountError({ errno, syscall, step, path: `${process}/mountinfo`, reason }));
  },
};

/**
 * The mount table: `/proc/PID/mountinfo`, and the lasting ids of its mounts from listmount(2), where the kernel has
 * them (Linux 6.8; of another process 6.11 and CAP_SYS_ADMIN over its mount namespace).
 *
 * It is read on a thread of its own. Lines may have any length, names any bytes. What is mounted or unmounted while it
 * is read may be in it or not; everything else is.
 *
 * To ask about one path only, {@link mountAt} and {@link isMountPoint} do not read the table.
 *
 * @param options whose table, and how names come
 * @throws {@link MountError}: `ENOENT` no such process, `EACCES` or `EINVAL` one that may not be looked at or has ended;
 *   `TypeError` or `RangeError` with Node's codes for wrong arguments
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
 * {@link readMountTable} on the calling thread.
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
