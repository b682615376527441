// Makes the reason of an umount that failed with EBUSY, from a scan for the holders of the mount.
import type { HoldersScan } from '../kernel/native.js';
import { describeHolders, holdersIn } from './holder-kinds.js';

const MOST_NAMED = 3;

/**
 * Returns the reason of an umount that failed with `EBUSY`. The reason names the first holders that block the umount.
 * If the scan found no such holder, the reason says how many processes were examined, and which holders a scan cannot
 * see.
 */
export function busyReason(scan: HoldersScan): string {
  const holders = holdersIn(scan, false);
  const uses = describeHolders(holders.filter(({ blocks }) => blocks));
  if (uses.length === 0) return reasonWithoutHolder(scan, describeHolders(holders));
  const named = uses.slice(0, MOST_NAMED);
  if (uses.length > MOST_NAMED) named.push(`holders() lists the other ${uses.length - MOST_NAMED}`);
  const namedUses = named.join(', and ');
  return `the mount is in use: ${namedUses}; end each use first`;
}

function reasonWithoutHolder({ processes, unseen }: HoldersScan, possibleUses: readonly string[]): string {
  const perhapsThisMount =
    possibleUses.length === 0
      ? ''
      : `; files of the same filesystem, perhaps of this mount, are in use: ${possibleUses.join(', and ')}`;
  const withoutPrivilege =
    unseen === 0 ? '' : `; ${unseen} of the ${processes} processes cannot be examined without CAP_SYS_PTRACE (root)`;
  return (
    `the scan of ${processes - unseen} processes found no holder of the mount${perhapsThisMount}${withoutPrivilege}: ` +
    'unmount again, because the holder may have ended, or look for a holder that this process cannot see: a process ' +
    'outside of this PID namespace, a Unix socket of another network namespace, a file that is in transit through a ' +
    'socket or registered with io_uring, an NFS export, or process accounting'
  );
}
