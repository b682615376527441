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

/** What lies below a layer, or over it. */
export const STACK_RULES: readonly OverlayRule[] = [
  { codes: EINVAL, find: tooDeep },
  { codes: EINVAL, find: unbindable },
  { codes: EINVAL, find: lockedBelow },
];

// include/linux/fs.h, FILESYSTEM_MAX_STACK_DEPTH: an overlay is one deeper than the deepest of its layers.
const MAX_DEPTH = 2;

function tooDeep({ directories, circumstances: { mounts } }: OverlayCase) {
  if (mounts === null) return undefined;
  let isKnown = true;
  for (const { name, facts } of directories) {
    const mount = mountOf(mounts, facts);
    const depth = mount === undefined ? undefined : depthOf(mounts, mount);
    if (mount !== undefined && depth !== undefined && depth >= MAX_DEPTH) {
      return `overlays are stacked too deep: ${name} is on ${mountInWords(mount)}, which is an overlay over an overlay already, and the kernel allows two. Name the layers of that overlay instead`;
    }
    if (depth === undefined) isKnown = false;
  }
  return isKnown ? null : undefined;
}

/** How many overlays are on top of each other; undefined where the table does not tell. */
function depthOf(mounts: readonly MountLine[], mount: MountLine): number | undefined {
  if (mount.fsType !== 'overlay') return 0;
  const layers = layerPaths(mount.superOptions);
  if (layers === undefined) return undefined;
  let deepest = 0;
  for (const layer of layers) {
    // Its mount may be gone from the table, or hidden below another by now: an overlay below itself is not.
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
      return `${name} is on ${mountInWords(mount)}, whose propagation is unbindable, so that overlayfs cannot use it: make that private, or give another directory`;
    }
  }
  return null;
}

function lockedBelow({ directories, inUserNamespace, circumstances: { mounts } }: OverlayCase) {
  if (!inUserNamespace) return null;
  if (mounts === null) return undefined;
  for (const { name, facts } of directories) {
    if (facts.error !== 0) continue;
    const directory = facts.path.toString('latin1');
    const below = mounts.filter(
      ({ parentId, mountPoint }) => parentId === facts.mountId && mountPoint !== '/' && isWithin(mountPoint, directory),
    );
    if (below.length === 0) continue;
    const points = listed(below.map(({ mountPoint }) => quotedPath(mountPoint)));
    return (
      `${name} has mounts below it (${points}), and in a user namespace the kernel refuses a layer that has mounts below it which came from outside: ` +
      `nothing else was found wrong, but which of them are such is not told. Name a directory without mounts below it`
    );
  }
  return null;
}

/** Directories that are there twice: in this overlay, or in another. */
export const SHARING_RULES: readonly OverlayRule[] = [
  { codes: ['ELOOP', 'EBUSY'], find: sameTwice },
  { codes: ['ELOOP', 'EBUSY'], find: overlapping },
  { codes: ['EBUSY'], find: inUse },
  {
    codes: ['EBUSY'],
    find: ({ upper }) =>
      upper === null
        ? null
        : `overlayfs says that ${upper.name} or its work directory is in use, and no overlay in the mount table here has them: ` +
          'the one that does may be in another mount namespace, or unmounted lazily and still in use. Give directories of its own, or end what uses them',
  },
  {
    codes: ['ESTALE'],
    find: ({ upper, plan }) =>
      upper !== null && plan.words.includes('index=on')
        ? `with index: true ${upper.name} can be mounted only with the lower layers and the work directory that it was first mounted with, ` +
          'by what it and its work directory have noted: give those, or a fresh upper and work'
        : null,
  },
];
function sameTwice({ directories }: OverlayCase) {
  const seen = new Map<string, ExaminedPath>();
  for (const each of directories) {
    if (each.facts.error !== 0) continue;
    const key = `${each.facts.device} ${each.facts.inode}`;
    const other = seen.get(key);
    if (other !== undefined) return `${other.name} and ${each.name} are the same directory: name it once`;
    seen.set(key, each);
  }
  return null;
}
function overlapping({ directories, layers, circumstances: { mounts } }: OverlayCase) {
  if (mounts === null) return undefined;
  const paths = new Map<ExaminedPath, FilesystemPath>();
  for (const each of directories) {
    const path = filesystemPathOf(mounts, each.facts);
    if (path !== undefined) paths.set(each, path);
  }
  // An upper or work inside of a lower layer is allowed; a lower layer inside of anything is not.
  for (const inner of layers) {
    for (const outer of directories) {
      const [innerPath, outerPath] = [paths.get(inner), paths.get(outer)];
      if (inner === outer || innerPath === undefined || outerPath === undefined) continue;
      if (isWithinFilesystemPath(innerPath, outerPath)) {
        return `layers overlap: ${inner.name} is inside ${outer.name}. Name directories that are not inside each other`;
      }
    }
  }
  return paths.size === directories.length ? null : undefined;
}
export function layersOfMount({ fsType, superOptions }: MountLine): Buffer[] | undefined {
  if (fsType !== 'overlay') return undefined;
  try {
    const { upper, work } = parseOverlayData(Buffer.from(superOptions, 'latin1'), {
      form: 'table',
      encoding: 'buffer',
    });
    return [upper, work].filter((each) => each !== undefined) as Buffer[];
  } catch {
    return undefined; // words of a kernel that is newer than this
  }
}

function inUse({ upper, work, circumstances: { mounts } }: OverlayCase) {
  if (upper === null || work === null) return null;
  if (mounts === null) return undefined;
  const wanted = [upper, work].filter(({ facts }) => facts.error === 0);
  for (const mount of mounts) {
    const layers = layersOfMount(mount);
    const taken = wanted.find(({ facts }) => layers?.some((layer) => layer.equals(facts.path)));
    if (taken !== undefined) {
      return `${taken.name} is in use by the overlay mounted at ${quotedPath(mount.mountPoint)}: unmount that first, or give this one an upper and a work of its own`;
    }
  }
  return null;
}
