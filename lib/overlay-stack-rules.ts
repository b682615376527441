import { parseOverlayData } from './overlay-parse.js';
import { EINVAL, type OverlayCase, type OverlayRule } from './overlay-rule.js';
import { listed, mountInWords, shown } from './reason-facts.js';
import { isWithin, type MountLine, mountHolding, mountOf } from './reason-mounts.js';

/** What lies below a layer, or over it. */
export const STACK_RULES: readonly OverlayRule[] = [
  { codes: EINVAL, what: 'overlays stacked too deep', find: tooDeep },
  { codes: EINVAL, what: 'a layer on an unbindable mount', find: unbindable },
  { codes: EINVAL, what: 'mounts below a layer that are locked', find: lockedBelow },
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
    const points = listed(below.map(({ mountPoint }) => shown(mountPoint)));
    return (
      `${name} has mounts below it (${points}), and in a user namespace the kernel refuses a layer that has mounts below it which came from outside: ` +
      `nothing else was found wrong, but which of them are such is not told. Name a directory without mounts below it`
    );
  }
  return null;
}
