import { constants as fs } from 'node:fs';
import { NO_ID_MAP } from '../../arguments/idmap.js';
import { NOWHERE } from '../../arguments/target.js';
import { constants } from '../../kernel/constants.js';
import { printable } from '../../kernel/errors.js';
import { examineArguments } from '../../kernel/examine.js';
import { isFailure, native, type PathFacts } from '../../kernel/native.js';
import type { Bytes } from '../../kernel/words.js';
import { keyOf } from '../../kernel/words.js';
import { ask, type ReuseAnswer, type Steps } from '../../operation/driver.js';
import type { MountEntry } from '../../table/mountinfo/entry.js';
import { bytesText, withoutDots } from '../../table/mountinfo/path.js';
import type { MountStrategy } from '../handle.js';
import { filesystemDiffers, type NotTheSame } from '../reuse/differences.js';
import { cannotBeTold, type MountedThere, mountedThere } from '../reuse/mounted-at.js';
import type { FilesystemPlan } from './plan.js';
import { ID_MAP_FILES, tmpfsDiffers } from './tmpfs-reuse.js';

/**
 * Looks whether the filesystem that was asked for is mounted at the target, all of it: type, source, the attributes, and
 * each parameter that was asked for. Others that the table shows may be the filesystem's defaults; of tmpfs it is known
 * which are.
 */
export function* probeFilesystem(plan: FilesystemPlan): Steps<ReuseAnswer<MountStrategy>> {
  const { fsType, source, target = NOWHERE, flags, idMap, namespace } = plan;
  const there = yield* mountedThere(target, namespace);
  if (there.kind !== 'mounted') return there;
  const { line } = there;
  const other = (why: string) => ({ kind: 'other', why }) as const;
  if (line.fsType !== fsType) return other(`a filesystem of type ${line.fsType} is mounted there`);
  if (!Buffer.from(source ?? 'none').equals(line.source)) return other('another source is mounted there');
  if (idMap !== NO_ID_MAP) {
    return { kind: 'untold', why: 'a mount whose map of ids cannot be read is there' };
  }
  const isTmpfs = fsType === 'tmpfs';
  const [devices, maps] = [source === null ? [] : [source], isTmpfs ? ID_MAP_FILES : []];
  const examination = yield* ask(native.examine, { ...examineArguments(devices, maps), namespace });
  if (isFailure(examination)) return { kind: 'failed', failure: examination };
  const { paths, files } = examination;
  const otherDevice = source === null ? undefined : deviceDiffers(source, paths[0], there);
  if (otherDevice !== undefined) return otherDevice;
  const different = isTmpfs
    ? tmpfsDiffers(plan.parameters.words, line.superOptions, files)
    : parametersDiffer(plan.parameters.words, line.superOptions);
  if (different !== undefined) return different;
  const isWritable = (flags & constants.MS_RDONLY) === 0 && !NEVER_WRITTEN.has(fsType);
  const wanted = { flags, isWritable, isOfItself: !ONE_FOR_ALL.has(fsType), root: subvolumeOf(plan, line) };
  const difference = filesystemDiffers(['one', 'such a filesystem'], line, wanted);
  return difference ?? { kind: 'same', id: there.at.uniqueId, strategy: 'data' };
}

/** Whether a device is still called as it was when it was mounted, which is all that the table shows. */
function deviceDiffers(
  source: Bytes,
  device: PathFacts | undefined,
  { at, line }: MountedThere,
): NotTheSame | undefined {
  const untold = cannotBeTold(device, 'which device the source is');
  if (untold !== undefined) return untold;
  if (device === undefined || device.error !== 0 || (device.mode & fs.S_IFMT) !== fs.S_IFBLK) return undefined;
  if (device.special === at.device) return undefined;
  // A filesystem that may be on several devices has a number of its own (btrfs), which tells nothing of them.
  if (line.device.major !== 0)
    return { kind: 'other', why: `another device, which was called ${printable(source)} then, is mounted there` };
  return withoutDots(bytesText(source)) === bytesText(device.path)
    ? undefined
    : { kind: 'untold', why: `a device that was called ${printable(source)} then, a symbolic link, is mounted there` };
}

// They set SB_RDONLY themselves: fs/squashfs/super.c, fs/erofs/super.c and so on.
const NEVER_WRITTEN: ReadonlySet<string> = new Set(['squashfs', 'erofs', 'cramfs', 'romfs', 'iso9660']);

// There is one of them for the machine or for a namespace, which a mount that is to be read-only leaves as it is: fs/super.c,
// get_tree_single and get_tree_keyed; fs/kernfs/mount.c.
const ONE_FOR_ALL: ReadonlySet<string> = new Set([
  ...['sysfs', 'cgroup', 'cgroup2', 'mqueue', 'debugfs', 'tracefs', 'securityfs', 'configfs', 'pstore', 'devtmpfs'],
  ...['efivarfs', 'binfmt_misc', 'fusectl', 'selinuxfs', 'smackfs', 'rpc_pipefs', 'nfsd', 'resctrl'],
]);

// fs/btrfs/super.c, btrfs_show_options: of a mount the subvolume that its root is in. That is all of what was asked for.
function subvolumeOf({ fsType, parameters }: FilesystemPlan, line: MountEntry<Buffer>): string | undefined {
  if (fsType !== 'btrfs' || !parameters.words.some((word) => /^subvol(?:id)?$/.test(keyOf(word)))) return undefined;
  const shown = line.superOptions.map(bytesText).find((word) => keyOf(word) === 'subvol');
  return shown?.slice('subvol='.length);
}

/** Names the first parameter that the table does not show. Its value may be a secret. */
function parametersDiffer(asked: readonly Bytes[], superOptions: readonly Buffer[]): NotTheSame | undefined {
  const shown = superOptions.map(bytesText);
  const missing = asked.map(bytesText).find((word) => !shown.includes(word));
  if (missing === undefined) return undefined;
  const why = `one that does not show the ${keyOf(missing)} that was asked for is mounted there`;
  // What is as it is by default is often not shown, and a value may be shown in other words.
  return { kind: 'untold', why };
}
