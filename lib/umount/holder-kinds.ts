// The table of the kinds of holders: how each kind is found in a scan, and how an EBUSY reason describes the kind.
import { isUtf8 } from 'node:buffer';
import { printable } from '../kernel/errors.js';
import type { HoldersScan, ProcessUse } from '../kernel/native.js';
import { parseOverlayData } from '../overlay/parse.js';
import { listed } from '../reasons/examined-path.js';
import { type MountLine, mountHolding, mountLines } from '../reasons/mount-lines.js';
import { withoutOctal } from '../table/mountinfo/latin1.js';
import type { Holder, HolderPath, OverlayHolder, ProcessHolder } from './holder-types.js';

/** A scan and its parsed mount table, from which each kind of holder is found. */
interface ParsedScan {
  readonly scan: HoldersScan;
  readonly mounts: readonly MountLine[];
  /** Whether no other mount of the same filesystem is visible, in this mount namespace or in another one. */
  readonly isOnlyMount: boolean;
  /** Whether an absolute path without links, in Latin-1, is on the mount. */
  isOnMount(path: string): boolean;
  show(path: Buffer): HolderPath;
}

interface HolderKind<H extends Holder> {
  /** Returns the holders of this kind in a scan. */
  find(parsed: ParsedScan): H[];
  /**
   * Returns clauses for the EBUSY reason, such as `'/swap' is a swap file`. A kind of holder that never blocks has no
   * clauses.
   */
  describe?(holders: readonly H[]): string[];
}

type HolderOf<K extends Holder['kind']> = Extract<Holder, { kind: K }>;

// `holders` returns the kinds of holders in this order. A kind of holder without a row in this table is a compile
// error.
const HOLDER_KINDS: { readonly [K in Holder['kind']]: HolderKind<HolderOf<K>> } = {
  process: {
    find: ({ scan, isOnlyMount, show }) => {
      const isOwn = ({ pid }: ProcessUse) => pid === process.pid;
      const uses = [...scan.uses.filter(isOwn), ...scan.uses.filter((use) => !isOwn(use))];
      return uses.map((use) => processHolder(use, isOnlyMount, show));
    },
    describe: (holders) => {
      const byProcess = new Map<number, ProcessHolder[]>();
      for (const holder of holders) byProcess.set(holder.pid, [...(byProcess.get(holder.pid) ?? []), holder]);
      return [...byProcess.values()].map(describeProcess);
    },
  },
  loop: {
    find: ({ scan, isOnMount, show }) =>
      scan.loops
        .filter(({ file }) => isOnMount(file.toString('latin1')))
        .map(({ device, file }) => ({ kind: 'loop', device, path: show(file), blocks: true })),
    describe: (holders) =>
      holders.map(({ device, path }) => `loop device ${device} uses the file ${printable(path)} (losetup -d)`),
  },
  swap: {
    find: ({ scan, isOnMount, show }) =>
      swapFiles(scan.swaps)
        .filter(isOnMount)
        .map((file) => ({ kind: 'swap', path: show(bytes(file)), blocks: true })),
    describe: (holders) => holders.map(({ path }) => `${printable(path)} is a swap file (swapoff)`),
  },
  mount: {
    find: ({ scan, mounts, show }) =>
      mountsBelow(mounts, scan.mountId).map(({ id, mountPoint, fsType }) => ({
        ...{ kind: 'mount', id, path: show(bytes(mountPoint)), fsType, blocks: true },
      })),
    describe: (holders) =>
      holders.map(({ path, fsType }) => `the mount at ${printable(path)} (${fsType}) is below the target (recursive)`),
  },
  overlay: {
    find: ({ scan, mounts, isOnMount, show }) =>
      mounts
        .filter(({ fsType, id }) => fsType === 'overlay' && id !== scan.mountId)
        .flatMap((overlay) => layersOnMount(overlay, isOnMount, show)),
  },
  namespace: {
    find: ({ scan, show }) =>
      scan.namespaces.map(({ inode, pid, command, mountPoint }) => ({
        ...{ kind: 'namespace', inode, pid, command: command.toString(), path: show(mountPoint), blocks: false },
      })),
  },
};

/**
 * Returns the holders in a scan, without a system call. Processes come first, and the calling process before other
 * processes.
 */
export function holdersIn(scan: HoldersScan, asBuffers: boolean): Holder[] {
  const mounts = mountLines(scan.table) ?? [];
  const mount = mounts.find(({ id }) => id === scan.mountId);
  const parsed: ParsedScan = {
    scan,
    mounts,
    isOnlyMount: scan.namespaces.length === 0 && mounts.filter(({ device }) => device === mount?.device).length === 1,
    isOnMount: (path) => mount !== undefined && mountHolding(mounts, path)?.mountPoint === mount.mountPoint,
    show: (path) => (asBuffers || !isUtf8(path) ? path : path.toString()),
  };
  return Object.values(HOLDER_KINDS).flatMap((kind): Holder[] => kind.find(parsed));
}

/** Describes holders in clauses for an EBUSY reason. All uses by one process are in one clause. */
export function describeHolders(holders: readonly Holder[]): string[] {
  return (Object.keys(HOLDER_KINDS) as Holder['kind'][]).flatMap((kind) => describeKind(kind, holders));
}

function describeKind<K extends Holder['kind']>(kind: K, holders: readonly Holder[]): string[] {
  const isOfKind = (holder: Holder): holder is HolderOf<K> => holder.kind === kind;
  return HOLDER_KINDS[kind].describe?.(holders.filter(isOfKind)) ?? [];
}

// A use that is known only by the device is certain to be a use of this mount only if the filesystem has no other
// mount.
function processHolder(use: ProcessUse, isOnlyMount: boolean, show: (path: Buffer) => HolderPath): ProcessHolder {
  const { pid, command, how, fd, path, byDevice } = use;
  const common = {
    kind: 'process',
    ...{ pid, command: command.toString(), isThisProcess: pid === process.pid, path: show(path) },
    blocks: !byDevice || isOnlyMount,
  } as const;
  if (how === 'file') return { ...common, how, fd };
  if (how === 'socket') return { ...common, how, fd, byDevice };
  return how === 'mapped' ? { ...common, how, byDevice } : { ...common, how };
}

const PROCESS_USES: Readonly<Record<ProcessHolder['how'], string>> = {
  cwd: 'working directory',
  root: 'root directory',
  executable: 'executable',
  file: 'open file',
  socket: 'Unix socket',
  mapped: 'mapped file',
};

function describeProcess(uses: readonly ProcessHolder[]): string {
  const [{ pid, command, isThisProcess } = { pid: 0, command: '', isThisProcess: false }] = uses;
  const name = isThisProcess ? 'this process' : printable(command).slice(1, -1);
  return `${name} (pid ${pid}) has ${listed(uses.map(({ how, path }) => `${PROCESS_USES[how]} ${printable(path)}`))}`;
}

// The columns of /proc/swaps are Filename, Type, Size, Used and Priority. Paths in /proc/swaps have the same octal
// escapes as in the mount table (mm/swapfile.c, swap_show).
function swapFiles(swaps: Buffer | null): string[] {
  return (swaps?.toString('latin1').split('\n').slice(1) ?? []).flatMap((line) => {
    const [path = '', type] = line.split(/[ \t]+/);
    return type === 'file' ? [withoutOctal(path)] : [];
  });
}

// Returns the mounts below a mount. A parent mount precedes its child mounts, whatever the order of the mount table.
function mountsBelow(mounts: readonly MountLine[], top: bigint): MountLine[] {
  const children = new Map<bigint, MountLine[]>();
  for (const mount of mounts) {
    if (mount.id !== mount.parentId) children.set(mount.parentId, [...(children.get(mount.parentId) ?? []), mount]);
  }
  const found = [...(children.get(top) ?? [])];
  // The loop appends to the array that it iterates over, so the loop also reaches the children of children.
  for (const { id } of found) found.push(...(children.get(id) ?? []));
  return found;
}

function layersOnMount(
  { mountPoint, superOptions }: MountLine,
  isOnMount: (path: string) => boolean,
  show: (path: Buffer) => HolderPath,
): OverlayHolder[] {
  let spec: ReturnType<typeof parseOverlayData>;
  try {
    spec = parseOverlayData(bytes(superOptions), { encoding: 'buffer', form: 'table' });
  } catch {
    return []; // A newer kernel can write options that parseOverlayData does not know.
  }
  const { lower, upper, work, dataOnly = [] } = spec;
  const named = (layers: readonly unknown[], how: OverlayHolder['how']) =>
    layers.filter((layer) => Buffer.isBuffer(layer)).map((layer) => ({ layer, how }));
  return [...named([upper], 'upper'), ...named([work], 'work'), ...named([...lower, ...dataOnly], 'lower')]
    .filter(({ layer }) => layer[0] === 0x2f && isOnMount(layer.toString('latin1')))
    .map(({ layer, how }) => ({
      ...{ kind: 'overlay', path: show(bytes(mountPoint)), layer: show(layer), how, blocks: false },
    }));
}

function bytes(latin1: string): Buffer {
  return Buffer.from(latin1, 'latin1');
}
