import { parseOverlayData } from './overlay-parse.js';
import type { OverlayCase, OverlayRule } from './overlay-rule.js';
import { type Looked, shown } from './reason-facts.js';
import { isSpotWithin, type MountLine, type Spot, spotOf } from './reason-mounts.js';

/** Directories that are there twice: in this overlay, or in another. */
export const SHARING_RULES: readonly OverlayRule[] = [
  { codes: ['ELOOP', 'EBUSY'], what: 'a directory given twice', find: sameTwice },
  { codes: ['ELOOP', 'EBUSY'], what: 'layers that overlap', find: overlapping },
  { codes: ['EBUSY'], what: 'an overlay in the mount table with the same upper or work', find: inUse },
  {
    codes: ['EBUSY'],
    what: 'an upper or work that is in use out of sight',
    find: ({ upper }) =>
      upper === null
        ? null
        : `overlayfs says that ${upper.name} or its work directory is in use, and no overlay in the mount table here has them: ` +
          'the one that does may be in another mount namespace, or unmounted lazily and still in use. Give directories of its own, or end what uses them',
  },
  {
    codes: ['ESTALE'],
    what: 'an upper that belongs to other lower layers',
    find: ({ upper, plan }) =>
      upper !== null && plan.words.includes('index=on')
        ? `with index: true ${upper.name} can be mounted only with the lower layers and the work directory that it was first mounted with, ` +
          'by what it and its work directory have noted: give those, or a fresh upper and work'
        : null,
  },
];

function sameTwice({ directories }: OverlayCase) {
  const seen = new Map<string, Looked>();
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
  const spots = new Map<Looked, Spot>();
  for (const each of directories) {
    const spot = spotOf(mounts, each.facts);
    if (spot !== undefined) spots.set(each, spot);
  }
  // An upper or work inside of a lower layer is allowed; a lower layer inside of anything is not.
  for (const inner of layers) {
    for (const outer of directories) {
      const [innerSpot, outerSpot] = [spots.get(inner), spots.get(outer)];
      if (inner === outer || innerSpot === undefined || outerSpot === undefined) continue;
      if (isSpotWithin(innerSpot, outerSpot)) {
        return `layers overlap: ${inner.name} is inside ${outer.name}. Name directories that are not inside each other`;
      }
    }
  }
  return spots.size === directories.length ? null : undefined;
}

function inUse({ upper, work, circumstances: { mounts } }: OverlayCase) {
  if (upper === null || work === null) return null;
  if (mounts === null) return undefined;
  const wanted = [upper, work].filter(({ facts }) => facts.error === 0);
  for (const mount of mounts) {
    const layers = layersOfMount(mount);
    const taken = wanted.find(({ facts }) => layers?.some((layer) => layer.equals(facts.path)));
    if (taken !== undefined) {
      return `${taken.name} is in use by the overlay mounted at ${shown(mount.mountPoint)}: unmount that first, or give this one an upper and a work of its own`;
    }
  }
  return null;
}

function layersOfMount({ fsType, superOptions }: MountLine): Buffer[] | undefined {
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
