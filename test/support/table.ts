// Reads /proc/self/mountinfo without the library, for assertions.
import { readFileSync } from 'node:fs';

/** The fields of a line of /proc/self/mountinfo that tests compare. */
export interface TableLine {
  readonly id: number;
  readonly mountPoint: string;
  /** The options of the mount, such as `ro` and `nosuid`. */
  readonly options: readonly string[];
  readonly propagation: string;
  readonly fsType: string;
  readonly source: string;
  /** The options of the filesystem in one string, because each filesystem escapes them in its own way. */
  readonly superOptions: string;
}

/** Returns the mounts of this process in the order of the mount table, with the escapes of mountinfo. */
export function mountTable(): TableLine[] {
  const text = readFileSync('/proc/self/mountinfo', 'latin1');
  // trim() would also remove other white space that the name of a layer may end with.
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

/** Returns the topmost mount at a path. */
export function tableEntry(path: string): TableLine | undefined {
  return mountTable().findLast(({ mountPoint }) => mountPoint === path);
}
