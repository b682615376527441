// The rules about the single directories of an overlay, and about its upper and work directory together.
import { describeErrno } from '../../kernel/errno.js';
import { type ExaminedPath, isDirectory, isReadOnly, kindOf, listed } from '../../reasons/examined-path.js';
import {
  filesystemPathOf,
  isWithinFilesystemPath,
  mountInWords,
  mountOf,
  quotedPath,
} from '../../reasons/mount-lines.js';
import { EINVAL, type OverlayCase, type OverlayRule } from './case.js';
import { canNeverBeLower, canNeverBeUpper, filesystemName } from './filesystems.js';

/** Rules for causes in a single directory of an overlay, or in the upper and work directory together. */
export const DIRECTORY_RULES: readonly OverlayRule[] = [
  {
    codes: ['EINVAL', 'ENOTDIR'],
    find: ({ directories, target }) => {
      const others = [...directories, target].filter(({ facts }) => facts.error === 0 && !isDirectory(facts));
      const [first] = others;
      if (first === undefined) return undefined;
      return others.length === 1
        ? `${first.name} is ${kindOf(first.facts)}, not a directory: give a directory`
        : `${listed(others.map(({ name }) => name))} are not directories: give directories`;
    },
  },
  {
    codes: ['EINVAL', 'ENOMEM'], // Linux 5.10 returns ENOMEM
    find: ({ layers }) =>
      layers.length <= 500
        ? undefined
        : `the overlay has ${layers.length} lower layers, and overlayfs takes at most 500: merge some layers into one directory`,
  },
  {
    codes: ['EINVAL', 'EROFS', 'EACCES', 'EPERM', 'ENOTSUP', 'EXDEV'],
    find: ({ layers, upper }) => {
      if (upper !== null && upper.facts.error === 0 && canNeverBeUpper(upper.facts.type)) {
        return `${upper.name} is on a filesystem that cannot hold an upper directory (${filesystemName(upper.facts.type)}): put upper and work on ext4, XFS, btrfs or tmpfs`;
      }
      const wrong = layers.find(({ facts }) => facts.error === 0 && canNeverBeLower(facts.type));
      if (wrong === undefined) return undefined;
      return `${wrong.name} is on a filesystem that overlayfs does not take for a layer (${filesystemName(wrong.facts.type)}): copy the layer to another filesystem`;
    },
  },
  {
    codes: ['EINVAL', 'EROFS'],
    find: ({ upper, work }) => {
      const wrong = [upper, work].find((each) => each !== null && isReadOnly(each.facts));
      return wrong
        ? `${wrong.name} is on a read-only mount: make the mount writable (remount with rw), or leave upper and work out and give the directory as a lower layer`
        : undefined;
    },
  },
  { codes: EINVAL, find: onDifferentMounts },
  { codes: EINVAL, find: insideEachOther },
  {
    codes: ['EINVAL', 'EROFS'],
    find: ({ work, volatile }) =>
      work !== null && volatile?.error === 0
        ? `${work.name} was used by an overlay mounted with volatile, whose data was not synced to disk and may be incomplete: ` +
          "give a new upper and work, or remove the directory 'work/incompat/volatile' in the work directory if the data is complete"
        : undefined,
  },
  {
    codes: ['EROFS', 'EACCES', 'EPERM', 'ENOSPC', 'EDQUOT'],
    find: unusableWork,
  },
  {
    codes: EINVAL,
    find: ({ upper, trial }) => {
      if (upper === null || trial === null || upper.facts.error !== 0) return undefined;
      const attributes = trial.tmpfile === 0 && [trial.trusted, trial.user].every((error) => error === EOPNOTSUPP);
      const lacking = [...(trial.types ? [] : ['d_type']), ...(attributes ? ['extended attributes'] : [])];
      if (lacking.length === 0) return undefined;
      return `${upper.name} is on a filesystem (${filesystemName(upper.facts.type)}) without ${listed(lacking)}: put upper and work on ext4, XFS, btrfs or tmpfs`;
    },
  },
];

const EOPNOTSUPP = 95;
// The errors of filesystems without O_TMPFILE: EOPNOTSUPP, EISDIR and EINVAL (open(2)).
const NO_TMPFILE: readonly number[] = [EOPNOTSUPP, 21, 22];

function onDifferentMounts({ upper, work, circumstances: { mounts } }: OverlayCase) {
  if (upper === null || work === null) return undefined;
  if (upper.facts.error !== 0 || work.facts.error !== 0) return undefined;
  if (upper.facts.mountId === work.facts.mountId) return undefined;
  const where = ({ name, facts }: ExaminedPath) => {
    const mount = mounts === null ? undefined : mountOf(mounts, facts);
    return `${name} is on ${mount === undefined ? 'another mount' : mountInWords(mount)}`;
  };
  return `work and upper must be on the same mount: ${where(work)}, ${where(upper)}: put work beside upper`;
}

function insideEachOther({ upper, work, circumstances: { mounts } }: OverlayCase) {
  if (upper === null || work === null) return undefined;
  if (upper.facts.error !== 0 || work.facts.error !== 0 || mounts === null) return undefined;
  if (upper.facts.inode === work.facts.inode && upper.facts.device === work.facts.device) {
    return `${upper.name} and ${work.name} are the same directory: give another work directory beside upper`;
  }
  const [upperPath, workPath] = [filesystemPathOf(mounts, upper.facts), filesystemPathOf(mounts, work.facts)];
  if (upperPath === undefined || workPath === undefined) return undefined;
  const inside = (inner: ExaminedPath, outer: ExaminedPath) =>
    `${inner.name} is inside ${outer.name}: put work beside upper, neither inside the other`;
  if (isWithinFilesystemPath(workPath, upperPath)) return inside(work, upper);
  return isWithinFilesystemPath(upperPath, workPath) ? inside(upper, work) : undefined;
}

// Overlayfs replaces the directory `work` in the work directory. If the replacement fails, overlayfs mounts read-only
// without an error (fs/overlayfs/super.c, ovl_get_workdir).
function unusableWork({ failure, work, workspace, trial, plan }: OverlayCase) {
  if (work === null || work.facts.error !== 0) return undefined;
  if (trial !== null && trial.tmpfile !== 0 && !NO_TMPFILE.includes(trial.tmpfile)) {
    const { name, message } = describeErrno(trial.tmpfile);
    return `overlayfs cannot write in ${work.name} (${name}: ${message}): make the directory writable for this process, or give another upper and work`;
  }
  if (failure.step !== 'verify' || workspace === null) return undefined;
  const or = plan.words.includes('index=on') ? " or 'index'" : '';
  if (workspace.error === 0) {
    return `overlayfs could not replace the directory 'work'${or} in ${work.name}, because ${quotedPath(workspace.path)} is not empty, so the overlay would be read-only: give an empty work directory, or empty the work directory`;
  }
  return `overlayfs could not make the directory 'work'${or} in ${work.name}, so the overlay would be read-only: give an empty, writable work directory beside upper`;
}
