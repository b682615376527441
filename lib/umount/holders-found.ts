import { isUtf8 } from 'node:buffer';
import type { HoldersScan, ProcessUse } from '../kernel/native.js';
import { parseOverlayData } from '../overlay/parse.js';
import { type MountLine, mountHolding, mountLines } from '../reasons/mount-lines.js';
import type { Holder, HolderPath, OverlayHolder, ProcessHolder } from './holder-types.js';

/** What a scan has found, read: pure. Processes come first, of these the one that asks. */
export function holdersIn(scan: HoldersScan, asBuffers: boolean): Holder[] {
  const show = (path: Buffer): HolderPath => (asBuffers || !isUtf8(path) ? path : path.toString());
  const mounts = mountLines(scan.table) ?? [];
  const ours = mounts.find(({ id }) => id === scan.mountId);
  const isOnMount = (path: string) => ours !== undefined && mountHolding(mounts, path)?.mountPoint === ours.mountPoint;
  // Where there is no other mount of the filesystem, what is on its device is on this one.
  const isOnlyMount =
    scan.namespaces.length === 0 && mounts.filter(({ device }) => device === ours?.device).length === 1;
  const isOurs = ({ pid }: ProcessUse) => pid === process.pid;
  const processes = [...scan.uses.filter(isOurs), ...scan.uses.filter((use) => !isOurs(use))];
  return [
    ...processes.map((use) => asProcess(use, isOnlyMount, show)),
    ...scan.loops
      .filter(({ file }) => isOnMount(file.toString('latin1')))
      .map(({ device, file }): Holder => ({ kind: 'loop', device, path: show(file), blocks: true })),
    ...swapFiles(scan.swaps)
      .filter((file) => isOnMount(file.toString('latin1')))
      .map((file): Holder => ({ kind: 'swap', path: show(file), blocks: true })),
    ...below(mounts, scan.mountId).map(
      ({ id, mountPoint, fsType }): Holder => ({
        kind: 'mount',
        id,
        path: show(bytes(mountPoint)),
        fsType,
        blocks: true,
      }),
    ),
    ...mounts
      .filter(({ fsType, id }) => fsType === 'overlay' && id !== scan.mountId)
      .flatMap((overlay) => layersOn(overlay, isOnMount, show)),
    ...scan.namespaces.map(
      ({ inode, pid, command, mountPoint }): Holder => ({
        ...{ kind: 'namespace', inode, pid, command: command.toString(), path: show(mountPoint), blocks: false },
      }),
    ),
  ];
}

function asProcess(
  { pid, command, how, fd, path, byDevice }: ProcessUse,
  isOnlyMount: boolean,
  show: (path: Buffer) => HolderPath,
): ProcessHolder {
  const common = {
    kind: 'process',
    ...{ pid, command: command.toString(), isThisProcess: pid === process.pid, path: show(path) },
    blocks: !byDevice || isOnlyMount,
  } as const;
  if (how === 'file') return { ...common, how, fd };
  if (how === 'socket') return { ...common, how, fd, byDevice };
  return how === 'mapped' ? { ...common, how, byDevice } : { ...common, how };
}

// Filename  Type  Size  Used  Priority: proc_swaps of mm/swapfile.c, with the escapes of the mount table.
function swapFiles(swaps: Buffer | null): Buffer[] {
  return (swaps?.toString('latin1').split('\n').slice(1) ?? []).flatMap((line) => {
    const [path = '', type] = line.split(/[ \t]+/);
    if (type !== 'file') return [];
    return bytes(path.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8))));
  });
}

// Parents before children, whatever their order in the table.
function below(mounts: readonly MountLine[], top: bigint): MountLine[] {
  const children = new Map<bigint, MountLine[]>();
  for (const mount of mounts) {
    if (mount.id !== mount.parentId) children.set(mount.parentId, [...(children.get(mount.parentId) ?? []), mount]);
  }
  const found = [...(children.get(top) ?? [])];
  // The list grows while it is walked.
  for (const { id } of found) found.push(...(children.get(id) ?? []));
  return found;
}

function layersOn(
  { mountPoint, superOptions }: MountLine,
  isOnMount: (path: string) => boolean,
  show: (path: Buffer) => HolderPath,
): OverlayHolder[] {
  let spec: ReturnType<typeof parseOverlayData>;
  try {
    spec = parseOverlayData(bytes(superOptions), { encoding: 'buffer', form: 'table' });
  } catch {
    return []; // of a kernel that writes options which are not known here
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

function bytes(text: string): Buffer {
  return Buffer.from(text, 'latin1');
}
