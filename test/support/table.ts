import { readFileSync } from 'node:fs';

/** One line of /proc/self/mountinfo, as far as tests look at it. */
export interface TableLine {
  readonly id: number;
  readonly mountPoint: string;
  /** The options of the mount: `ro`, `nosuid` … */
  readonly options: readonly string[];
  readonly propagation: string;
  readonly fsType: string;
  readonly source: string;
  /** The options of the filesystem, in one piece, as its escaping is its own. */
  readonly superOptions: string;
}

/** The mounts of this process, in the table's order. Escapes are left as they are. */
export function mountTable(): TableLine[] {
  const text = readFileSync('/proc/self/mountinfo', 'latin1');
  // Not trimmed: the name of a layer may end with what passes for a space.
  return text
    .replace(/\n$/, '')
    .split('\n')
    .map((line) => {
      const [mount = '', filesystem = ''] = line.split(' - ');
      const [id, , , , mountPoint = '', options = '', ...propagation] = mount.split(' ');
      const [fsType = '', source = '', superOptions = ''] = filesystem.split(' ');
      return {
        id: Number(id),
        mountPoint,
        options: options.split(','),
        propagation: propagation.join(' '),
        fsType,
        source,
        superOptions,
      };
    });
}

/** The topmost mount at a path. */
export function tableEntry(path: string): TableLine | undefined {
  return mountTable().findLast(({ mountPoint }) => mountPoint === path);
}
