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

/** What may be wrong with each directory by itself, and with upper and work together. */
export const DIRECTORY_RULES: readonly OverlayRule[] = [
  {
    codes: ['EINVAL', 'ENOTDIR'],
    find: ({ directories, target }) => {
      const wrong = [...directories, target].filter(({ facts }) => facts.error === 0 && !isDirectory(facts));
      const [first] = wrong;
      if (first === undefined) return null;
      return wrong.length === 1
        ? `${first.name} is ${kindOf(first.facts)}, not a directory: give a directory`
        : `${listed(wrong.map(({ name }) => name))} are not directories: give directories`;
    },
  },
  {
    codes: ['EINVAL', 'ENOMEM'], // the latter in Linux 5.10
    find: ({ layers }) =>
      layers.length <= 500
        ? null
        : `there are ${layers.length} lower layers and overlayfs takes at most 500: merge some of them into one directory`,
  },
  {
    codes: ['EINVAL', 'EROFS', 'EACCES', 'EPERM', 'ENOTSUP', 'EXDEV'],
    find: ({ layers, upper }) => {
      if (upper !== null && upper.facts.error === 0 && canNeverBeUpper(upper.facts.type)) {
        return `${upper.name} is on a filesystem that cannot hold an upper layer (${filesystemName(upper.facts.type)}): put upper and work on one that can, such as ext4, XFS, btrfs or tmpfs`;
      }
      const wrong = layers.find(({ facts }) => facts.error === 0 && canNeverBeLower(facts.type));
      if (wrong === undefined) return null;
      return `${wrong.name} is on a filesystem that overlayfs does not take (${filesystemName(wrong.facts.type)}): copy the layer to another one`;
    },
  },
  {
    codes: ['EINVAL', 'EROFS'],
    find: ({ upper, work }) => {
      const wrong = [upper, work].find((each) => each !== null && isReadOnly(each.facts));
      return wrong
        ? `${wrong.name} is on a read-only mount: make it writable (remount with rw), or leave out upper and work and name it as a lower layer`
        : null;
    },
  },
  { codes: EINVAL, find: onDifferentMounts },
  { codes: EINVAL, find: insideOneAnother },
  {
    codes: ['EINVAL', 'EROFS'],
    find: ({ work, volatile }) =>
      work !== null && volatile?.error === 0
        ? `${work.name} was used by an overlay mounted with volatile, which has not been synced to disk and may have lost data ` +
          `(work/incompat/volatile in it): give a fresh upper and work, or remove that directory if you know that the data is whole`
        : null,
  },
  {
    codes: ['EROFS', 'EACCES', 'EPERM', 'ENOSPC', 'EDQUOT'],
    find: unusableWork,
  },
  {
    codes: EINVAL,
    find: ({ upper, trial }) => {
      if (upper === null) return null;
      if (trial === null || upper.facts.error !== 0) return undefined;
      const attributes = trial.tmpfile === 0 && [trial.trusted, trial.user].every((error) => error === EOPNOTSUPP);
      const lacking = [...(trial.types ? [] : ['d_type']), ...(attributes ? ['extended attributes'] : [])];
      if (lacking.length === 0) return trial.tmpfile === 0 ? null : undefined;
      return `${upper.name} is on a filesystem (${filesystemName(upper.facts.type)}) without ${listed(lacking)}, and nothing else was found wrong: put upper and work on one that has them, such as ext4, XFS, btrfs or tmpfs`;
    },
  },
];

const EOPNOTSUPP = 95;
// What filesystems answer that do not have O_TMPFILE: open(2).
const NO_TMPFILE: readonly number[] = [EOPNOTSUPP, 21, 22];

function onDifferentMounts({ upper, work, circumstances: { mounts } }: OverlayCase) {
  if (upper === null || work === null) return null;
  if (upper.facts.error !== 0 || work.facts.error !== 0) return undefined;
  if (upper.facts.mountId === work.facts.mountId) return null;
  const where = ({ name, facts }: ExaminedPath) => {
    const mount = mounts === null ? undefined : mountOf(mounts, facts);
    return `${name} is on ${mount === undefined ? 'another mount' : mountInWords(mount)}`;
  };
  return `work and upper must be on the same mount: ${where(work)}, ${where(upper)}: put work beside upper`;
}

function insideOneAnother({ upper, work, circumstances: { mounts } }: OverlayCase) {
  if (upper === null || work === null) return null;
  if (upper.facts.error !== 0 || work.facts.error !== 0 || mounts === null) return undefined;
  if (upper.facts.inode === work.facts.inode && upper.facts.device === work.facts.device) {
    return `${upper.name} and ${work.name} are the same directory: give work a directory of its own beside upper`;
  }
  const [upperPath, workPath] = [filesystemPathOf(mounts, upper.facts), filesystemPathOf(mounts, work.facts)];
  if (upperPath === undefined || workPath === undefined) return undefined;
  const inside = (inner: ExaminedPath, outer: ExaminedPath) =>
    `${inner.name} is inside ${outer.name}: put work beside upper, neither inside the other`;
  if (isWithinFilesystemPath(workPath, upperPath)) return inside(work, upper);
  return isWithinFilesystemPath(upperPath, workPath) ? inside(upper, work) : null;
}

// overlayfs removes what an earlier one left at `work` and makes it anew; where that fails it mounts read-only.
function unusableWork({ failure, work, workspace, trial, plan }: OverlayCase) {
  if (work === null || work.facts.error !== 0) return null;
  if (trial !== null && trial.tmpfile !== 0 && !NO_TMPFILE.includes(trial.tmpfile)) {
    const { name, message } = describeErrno(trial.tmpfile);
    return `nothing can be written in ${work.name} (${name}: ${message}), as overlayfs must: make it writable for this process, or give another upper and work`;
  }
  if (failure.step !== 'verify' || workspace === null) return undefined;
  const names = plan.words.includes('index=on') ? "'work' or 'index'" : "'work'";
  if (workspace.error === 0) {
    return `overlayfs would be read-only, as it could not make its directory ${names} anew in ${work.name}, where ${quotedPath(workspace.path)} exists: give an empty work directory, or empty this one`;
  }
  return `overlayfs would be read-only, as it could not make its directory ${names} in ${work.name}: give an empty work directory that can be written to, beside upper`;
}
