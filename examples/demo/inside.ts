// The second run of the demo, which mounts in the private mount namespace.
import { readlinkSync } from 'node:fs';
import { release } from 'node:os';
import { constants, MountError, mount, umountSync } from 'linux-mount';
import { layersAct } from './layers-act.js';
import { countMounts } from './mount-table.js';
import { type InsideArguments, inUserNamespace } from './namespace.js';
import { checkedClaims, claim, DemoError } from './output.js';
import { realInputAct } from './real-input-act.js';

/** Checks that the run is in the private mount namespace, and plays all acts on a tmpfs that no other process sees. */
export async function runInside({ place, outside, lower }: InsideArguments): Promise<void> {
  const here = readlinkSync('/proc/self/ns/mnt');
  // The demo must not mount anything in a mount namespace of other processes.
  if (here === outside) {
    throw new DemoError('This part of the demo mounts things and runs only in its own mount namespace.');
  }
  claim(`this mount namespace, ${here}, differs from the caller's, ${outside}`, here !== outside);
  const { all, shared } = countMounts();
  claim(`none of its ${all} mounts is shared, so new mounts do not propagate out of this namespace`, shared === 0);

  using _tmpfs = await mountTmpfs(place);
  const isUserNamespace = inUserNamespace();
  try {
    await layersAct(place, isUserNamespace);
    realInputAct(place, lower, isUserNamespace);
  } catch (error) {
    const isRefused = error instanceof MountError && error.code === 'EPERM' && error.fsType === 'overlay';
    if (!isUserNamespace || !isRefused) throw error;
    const reason = 'A user namespace may mount overlays since Linux 5.11';
    throw new DemoError(`${error.message}\n${reason}; this is ${release()}. Run this as root.`, { cause: error });
  }
  process.send?.(checkedClaims());
}

/** The tmpfs receives all files of the demo, so that the directory below it stays empty. */
async function mountTmpfs(place: string): Promise<Disposable> {
  await mount('tmpfs', place, 'tmpfs', constants.MS_NOSUID | constants.MS_NODEV, 'mode=700,size=64m');
  return { [Symbol.dispose]: () => umountSync(place) };
}
