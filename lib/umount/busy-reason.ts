import { printable } from '../kernel/errors.js';
import type { HoldersScan } from '../kernel/native.js';
import { listed } from '../reasons/examined-path.js';
import type { Holder, ProcessHolder } from './holder-types.js';
import { holdersIn } from './holders-found.js';

const NAMED = 3;

/** Why umount said EBUSY: the first few who hold the mount; and if nobody was found, where was looked. */
export function busyReason(scan: HoldersScan): string {
  const found = holdersIn(scan, false);
  const groups = inGroups(found.filter(({ blocks }) => blocks));
  if (groups.length === 0) return nobody(scan, found);
  const more = groups.length - NAMED;
  return `held ${groups.slice(0, NAMED).join(', and ')}${more > 0 ? `, and ${more} more (see holders)` : ''}`;
}

/** All that one process does in one piece. */
function inGroups(found: readonly Holder[]): string[] {
  const processes = new Map<number, ProcessHolder[]>();
  const others: string[] = [];
  for (const holder of found) {
    if (holder.kind !== 'process') others.push(`by ${otherInWords(holder)}`);
    else processes.set(holder.pid, [...(processes.get(holder.pid) ?? []), holder]);
  }
  return [...[...processes.values()].map(processInWords), ...others];
}

function processInWords(uses: readonly ProcessHolder[]): string {
  const [{ pid, command, isThisProcess } = { pid: 0, command: '', isThisProcess: false }] = uses;
  const who = isThisProcess ? 'this process' : printable(command).slice(1, -1);
  return `by ${who} (pid ${pid}): ${listed(uses.map(useInWords))}`;
}

const HOW = {
  cwd: 'working directory',
  root: 'root directory',
  executable: 'executable',
  file: 'open file',
  socket: 'Unix socket',
  mapped: 'mapped file',
} as const;

function useInWords({ how, path }: ProcessHolder): string {
  return `${HOW[how]} ${printable(path)}`;
}

function otherInWords(holder: Exclude<Holder, ProcessHolder>): string {
  switch (holder.kind) {
    case 'loop':
      return `the loop device ${holder.device} (file ${printable(holder.path)})`;
    case 'swap':
      return `the swap file ${printable(holder.path)} (swapoff)`;
    case 'mount':
      return `the mount at ${printable(holder.path)} (${holder.fsType}), which is below it (recursive)`;
    case 'overlay':
      return `the overlay at ${printable(holder.path)}`;
    case 'namespace':
      return `the mount namespace of pid ${holder.pid}`;
  }
}

function nobody({ processes, unseen }: HoldersScan, found: readonly Holder[]): string {
  const mapped = found.filter((holder) => holder.kind === 'process');
  const perhaps =
    mapped.length === 0
      ? ''
      : `; files of the same filesystem, perhaps of this mount, are in use ${listed(inGroups(mapped))}`;
  const hidden =
    unseen === 0
      ? ''
      : `; ${unseen} of the ${processes} processes could not be looked at, which needs CAP_SYS_PTRACE (root)`;
  return (
    `nobody was found who holds it, by now: not one of ${processes - unseen} processes with its working directory, ` +
    `root directory, executable, an open or mapped file, or a Unix socket, no loop device, swap file or mount below${perhaps}${hidden}. ` +
    'What cannot be seen from here: processes outside of this PID namespace, sockets of other network namespaces, files on their way through a socket or ' +
    'registered with io_uring, and what the kernel itself keeps (an NFS export, process accounting)'
  );
}
