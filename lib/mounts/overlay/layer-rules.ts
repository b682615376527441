// The rules about the mounts around the directories of an overlay, and about directories that are in use twice.
import { parseOverlayData } from '../../overlay/parse.js';
import { type ExaminedPath, listed } from '../../reasons/examined-path.js';
import {
  type FilesystemPath,
  filesystemPathOf,
  isWithin,
  isWithinFilesystemPath,
  type MountLine,
  mountHolding,
  mountInWords,
  mountOf,
  quotedPath,
} from '../../reasons/mount-lines.js';
import { EINVAL, type OverlayCase, type OverlayRule } from './case.js';

/** Rules for causes in the mounts that hold the directories, and in the mounts below the directories. */
export const STACK_RULES: readonly OverlayRule[] = [
  { codes: EINVAL, find: tooDeep },
  { codes: EINVAL, find: unbindable },
  { codes: EINVAL, find: lockedBelow },
];

// The depth of an overlay is one more than the depth of its deepest layer: include/linux/fs.h,
// FILESYSTEM_MAX_STACK_DEPTH.
const MAX_DEPTH = 2;

function tooDeep({ directories, circumstances: { mounts } }: OverlayCase) {
  if (mounts === null) return undefined;
  for (const { name, facts } of directories) {
    const mount = mountOf(mounts, facts);
    const depth = mount === undefined ? undefined : depthOf(mounts, mount);
    if (mount !== undefined && depth !== undefined && depth >= MAX_DEPTH) {
      return `the overlays are stacked too deep, as the kernel allows two on top of each other: ${name} is on ${mountInWords(mount)}, which is an overlay over an overlay: give the layers of that overlay instead`;
    }
  }
  return undefined;
}

/** Returns how many overlays are on top of each other; undefined if the mount table does not show the layers. */
function depthOf(mounts: readonly MountLine[], mount: MountLine): number | undefined {
  if (mount.fsType !== 'overlay') return 0;
  const layers = layerPaths(mount.superOptions);
  if (layers === undefined) return undefined;
  let deepest = 0;
  for (const layer of layers) {
    // The depth is unknown if the mount of the layer was unmounted, or if the overlay itself hides that mount.
    const holder = layer.startsWith('/') ? mountHolding(mounts, layer) : undefined;
    const depth = holder === undefined || holder === mount ? undefined : depthOf(mounts, holder);
    if (depth === undefined) return undefined;
    deepest = Math.max(deepest, depth);
  }
  return deepest + 1;
}

function layerPaths(superOptions: string): string[] | undefined {
  try {
    const options = Buffer.from(superOptions, 'latin1');
    const { lower, dataOnly = [], upper } = parseOverlayData(options, { form: 'table', encoding: 'buffer' });
    const layers = [...lower, ...dataOnly, ...(upper === undefined ? [] : [upper])] as Buffer[];
    return layers.map((layer) => layer.toString('latin1'));
  } catch {
    return undefined;
  }
}

function unbindable({ directories, circumstances: { mounts } }: OverlayCase) {
  if (mounts === null) return undefined;
  for (const { name, facts } of directories) {
    const mount = mountOf(mounts, facts);
    if (mount?.isUnbindable) {
      return `${name} is on ${mountInWords(mount)}, which is unbindable, and overlayfs cannot use an unbindable mount: make the mount private, or give another directory`;
    }
  }
  return undefined;
}

function lockedBelow({ directories, inUserNamespace, circumstances: { mounts } }: OverlayCase) {
  if (!inUserNamespace || mounts === null) return undefined;
  for (const { name, facts } of directories) {
    if (facts.error !== 0) continue;
    const directory = facts.path.toString('latin1');
    const below = mounts.filter(
      ({ parentId, mountPoint }) => parentId === facts.mountId && mountPoint !== '/' && isWithin(mountPoint, directory),
    );
    if (below.length === 0) continue;
    const points = listed(below.map(({ mountPoint }) => quotedPath(mountPoint)));
    return (
      `${name} has mounts below (${points}), and in a user namespace the kernel refuses a layer with mounts below that came from a more privileged namespace: ` +
      'give a directory without mounts below'
    );
  }
  return undefined;
}

/** Rules for causes in a directory that is in use twice, in this overlay or in another overlay. */
export const SHARING_RULES: readonly OverlayRule[] = [
  { codes: ['ELOOP', 'EBUSY'], find: sameTwice },
  { codes: ['ELOOP', 'EBUSY'], find: overlapping },
  { codes: ['EBUSY'], find: inUse },
  {
    codes: ['EBUSY'],
    find: ({ upper }) =>
      upper === null
        ? undefined
        : `${upper.name} or its work directory is in use by an overlay that the mount table does not show, perhaps because the overlay is in another mount namespace or was unmounted lazily: ` +
          'end the programs that use that overlay, or give another upper and work',
  },
  {
    codes: ['ESTALE'],
    find: ({ upper, plan }) =>
      upper !== null && plan.words.includes('index=on')
        ? `with index: true ${upper.name} can be mounted only with the lower layers and the work directory of its first mount: ` +
          'give those layers and that work directory, or a new upper and work'
        : undefined,
  },
];

function sameTwice({ directories }: OverlayCase) {
  const seen = new Map<string, ExaminedPath>();
  for (const each of directories) {
    if (each.facts.error !== 0) continue;
    const key = `${each.facts.device} ${each.facts.inode}`;
    const other = seen.get(key);
    if (other !== undefined) return `${other.name} and ${each.name} are the same directory: give each directory once`;
    seen.set(key, each);
  }
  return undefined;
}

function overlapping({ directories, layers, circumstances: { mounts } }: OverlayCase) {
  if (mounts === null) return undefined;
  const paths = new Map<ExaminedPath, FilesystemPath>();
  for (const each of directories) {
    const path = filesystemPathOf(mounts, each.facts);
    if (path !== undefined) paths.set(each, path);
  }
  // An upper or work directory may be inside a lower layer. A lower layer must not be inside another directory.
  for (const inner of layers) {
    for (const outer of directories) {
      const [innerPath, outerPath] = [paths.get(inner), paths.get(outer)];
      if (inner === outer || innerPath === undefined || outerPath === undefined) continue;
      if (isWithinFilesystemPath(innerPath, outerPath)) {
        return `the layers overlap, as ${inner.name} is inside ${outer.name}: give directories that are not inside each other`;
      }
    }
  }
  return undefined;
}

/** Returns the upper and work directory of an overlay in the mount table; undefined if the table does not show them. */
function upperAndWorkOf({ fsType, superOptions }: MountLine): Buffer[] | undefined {
  if (fsType !== 'overlay') return undefined;
  try {
    const { upper, work } = parseOverlayData(Buffer.from(superOptions, 'latin1'), {
      form: 'table',
      encoding: 'buffer',
    });
    return [upper, work].filter((each) => each !== undefined) as Buffer[];
  } catch {
    return undefined; // A newer kernel shows a word that this library does not know.
  }
}

function inUse({ upper, work, circumstances: { mounts } }: OverlayCase) {
  if (upper === null || work === null || mounts === null) return undefined;
  const wanted = [upper, work].filter(({ facts }) => facts.error === 0);
  for (const mount of mounts) {
    const layers = upperAndWorkOf(mount);
    const taken = wanted.find(({ facts }) => layers?.some((layer) => layer.equals(facts.path)));
    if (taken !== undefined) {
      return `${taken.name} is in use by the overlay mounted at ${quotedPath(mount.mountPoint)}: unmount that overlay, or give another upper and work`;
    }
  }
  return undefined;
}
