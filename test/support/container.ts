// Starts a process in another mount namespace, in the ways that container runtimes do.
import { mkdirSync, readFileSync } from 'node:fs';
import { inUserNamespace } from './child.js';
import { copyProgram, HolderProcess, programPath } from './holder.js';
import type { Place } from './place.js';

/** A process in its own mount namespace, and the paths of its mounts in this namespace. */
export interface Container extends AsyncDisposable {
  readonly pid: number;
  /** The test's directory, with the paths that are valid in the container. */
  readonly inside: Place;
  /** The mount points in the container that are in the test's directory. */
  points(): string[];
}

function containerOf(holder: HolderProcess, inside: Place): Container {
  const start = inside.root;
  return {
    pid: holder.pid,
    inside,
    points: () =>
      readFileSync(`/proc/${holder.pid}/mountinfo`, 'latin1')
        .trimEnd()
        .split('\n')
        .map((line) => line.split(' ')[4] ?? '')
        .filter((point) => point.startsWith(`${start}/`) && point !== '/'),
    [Symbol.asyncDispose]: () => holder[Symbol.asyncDispose](),
  };
}

/** The kinds of containers, each with the command that makes its namespaces. */
export const containerKinds = {
  'a mount namespace': ['unshare', '--mount', '--propagation', 'private', '--'],
  'with its own pid namespace and /proc': [
    ...['unshare', '--mount', '--propagation', 'private', '--pid', '--fork', '--kill-child', '--mount-proc', '--'],
  ],
  'with its own root, and without /proc': ['unshare', '--mount', '--propagation', 'private', '--'],
  'with its own user namespace': inUserNamespace,
} as const;

export type ContainerKind = keyof typeof containerKinds;

/** Starts a container in the test's directory. */
export async function startContainer(place: Place, kind: ContainerKind): Promise<Container> {
  const before = containerKinds[kind];
  if (kind !== 'with its own root, and without /proc') {
    return containerOf(await HolderProcess.shell('', { before }), place);
  }
  const root = place.directory('container');
  for (const program of ['sleep', 'umount']) copyProgram(programPath(program), root);
  for (const name of ['old', 'proc']) mkdirSync(`${root}/${name}`);
  // umount(8) reads the mount table, so the script unmounts /proc last.
  const script = `
    mount --bind "${root}" "${root}"
    mount --rbind /proc "${root}/proc"
    cd "${root}"
    pivot_root . old
    export PATH=/
    umount -l /old
    umount -l /proc`;
  const inside = Object.create(place, {
    root: { value: '' },
    path: { value: (name: string) => `/${name}` },
    directory: {
      value: (name: string, files?: Record<string, string>) => {
        place.directory(`container/${name}`, files);
        return `/${name}`;
      },
    },
  }) as Place;
  return containerOf(await HolderProcess.shell(script, { before }), inside);
}
