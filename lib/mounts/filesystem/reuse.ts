// Compares the mount at a target with a requested filesystem, for `ifMounted: 'reuse'` of mountFilesystem() and
// mountTmpfs().
import { constants as fs } from 'node:fs';
import { NO_ID_MAP } from '../../arguments/idmap.js';
import { DETACHED_TARGET } from '../../arguments/target.js';
import { constants } from '../../kernel/constants.js';
import { printable } from '../../kernel/errors.js';
import { examineArguments } from '../../kernel/examine.js';
import { isFailure, native, type PathFacts } from '../../kernel/native.js';
import type { Bytes } from '../../kernel/words.js';
import { keyOf } from '../../kernel/words.js';
import { ask, type ReuseAnswer, type Steps } from '../../operation/driver.js';
import type { MountEntry } from '../../table/mountinfo/entry.js';
import { bytesText, withoutDots } from '../../table/mountinfo/latin1.js';
import type { MountStrategy } from '../handle.js';
import { type Difference, filesystemDiffers } from '../reuse/differences.js';
import { type MountAtTarget, mountAtTarget, unknownIfTransient } from '../reuse/mounted-at.js';
import type { FilesystemPlan } from './plan.js';
import { ID_MAP_FILES, tmpfsDiffers } from './tmpfs-reuse.js';

/**
 * Tests whether the mount at the target is the requested filesystem as a whole: the type, the source, the attributes
 * and each requested parameter. The mount table may show further options, which may be defaults of the filesystem. Only
 * for tmpfs are the defaults known and compared.
 */
export function* probeFilesystem(plan: FilesystemPlan): Steps<ReuseAnswer<MountStrategy>> {
  const { fsType, source, target = DETACHED_TARGET, flags, idMap, namespace } = plan;
  const found = yield* mountAtTarget(target, namespace);
  if (found.kind !== 'mounted') return found;
  const { line } = found;
  const other = (why: string) => ({ kind: 'other', why }) as const;
  if (line.fsType !== fsType) return other(`the mount at the target is a filesystem of type ${line.fsType}`);
  if (!Buffer.from(source ?? 'none').equals(line.source)) return other('the mount at the target has another source');
  if (idMap !== NO_ID_MAP) {
    return {
      kind: 'unknown',
      why: 'the mount at the target is a filesystem, but the mount table does not show its ID map',
    };
  }
  const isTmpfs = fsType === 'tmpfs';
  const [devices, maps] = [source === null ? [] : [source], isTmpfs ? ID_MAP_FILES : []];
  const examination = yield* ask(native.examine, { ...examineArguments(devices, maps), namespace });
  if (isFailure(examination)) return { kind: 'failed', failure: examination };
  const { paths, files } = examination;
  const otherDevice = source === null ? undefined : deviceDiffers(source, paths[0], found);
  if (otherDevice !== undefined) return otherDevice;
  const different = isTmpfs
    ? tmpfsDiffers(plan.parameters.words, line.superOptions, files)
    : parametersDiffer(plan.parameters.words, line.superOptions);
  if (different !== undefined) return different;
  const isWritable = (flags & constants.MS_RDONLY) === 0 && !ALWAYS_READ_ONLY.has(fsType);
  const wanted = { flags, isWritable, ownsSuperblock: !SHARED_SUPERBLOCK.has(fsType), root: subvolumeOf(plan, line) };
  const difference = filesystemDiffers('a filesystem', line, wanted);
  return difference ?? { kind: 'same', id: found.at.uniqueId, strategy: 'data' };
}

/**
 * Tests whether the name of the source still belongs to the device that is mounted. The mount table shows only the name
 * that the device had when it was mounted.
 */
function deviceDiffers(
  source: Bytes,
  device: PathFacts | undefined,
  { at, line }: MountAtTarget,
): Difference | undefined {
  const unknown = unknownIfTransient(device, 'the source');
  if (unknown !== undefined) return unknown;
  if (device === undefined || device.error !== 0 || (device.mode & fs.S_IFMT) !== fs.S_IFBLK) return undefined;
  if (device.special === at.device) return undefined;
  // A filesystem that can span several devices (btrfs) has a device number of its own, with the major number 0.
  const name = printable(source);
  if (line.device.major !== 0) {
    return {
      kind: 'other',
      why: `the mount at the target shows another device, which had the name ${name} when it was mounted`,
    };
  }
  if (withoutDots(bytesText(source)) === bytesText(device.path)) return undefined;
  return {
    kind: 'unknown',
    why: `the mount at the target has the source ${name}, a symbolic link that may have pointed to another device when it was mounted`,
  };
}

// These filesystems set SB_RDONLY themselves: fs/squashfs/super.c, fs/erofs/super.c and others.
const ALWAYS_READ_ONLY: ReadonlySet<string> = new Set(['squashfs', 'erofs', 'cramfs', 'romfs', 'iso9660']);

// Each of these filesystems has one superblock for the whole machine or for a namespace. A read-only mount does not
// make the shared superblock read-only: fs/super.c, get_tree_single and get_tree_keyed; fs/kernfs/mount.c.
const SHARED_SUPERBLOCK: ReadonlySet<string> = new Set([
  ...['sysfs', 'cgroup', 'cgroup2', 'mqueue', 'debugfs', 'tracefs', 'securityfs', 'configfs', 'pstore', 'devtmpfs'],
  ...['efivarfs', 'binfmt_misc', 'fusectl', 'selinuxfs', 'smackfs', 'rpc_pipefs', 'nfsd', 'resctrl'],
]);

// btrfs shows the subvolume that the root of a mount is in (fs/btrfs/super.c, btrfs_show_options). A mount that was
// requested with `subvol` or `subvolid` shows the whole subvolume.
function subvolumeOf({ fsType, parameters }: FilesystemPlan, line: MountEntry<Buffer>): string | undefined {
  if (fsType !== 'btrfs' || !parameters.words.some((word) => /^subvol(?:id)?$/.test(keyOf(word)))) return undefined;
  const shown = line.superOptions.map(bytesText).find((word) => keyOf(word) === 'subvol');
  return shown?.slice('subvol='.length);
}

/**
 * Reports the first requested parameter that the mount table does not show. The report omits the value, which may be a
 * secret.
 */
function parametersDiffer(asked: readonly Bytes[], superOptions: readonly Buffer[]): Difference | undefined {
  const shown = superOptions.map(bytesText);
  const missing = asked.map(bytesText).find((word) => !shown.includes(word));
  if (missing === undefined) return undefined;
  const why = `the mount at the target does not show the requested parameter ${keyOf(missing)}`;
  // Many filesystems do not show a parameter with its default value, or show a value in another form.
  return { kind: 'unknown', why };
}
