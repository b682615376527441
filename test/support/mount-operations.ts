// A list of all operations that mount something at a target, in both forms, for tests that hold for all of them.
import {
  detachedBind,
  detachedBindSync,
  type Mount,
  type MountingOptions,
  mountBind,
  mountBindSync,
  mountFilesystem,
  mountFilesystemSync,
  mountOverlay,
  mountOverlaySync,
  mountSync,
  mountTmpfs,
  mountTmpfsSync,
  moveMount,
  moveMountSync,
  type Target,
} from '../../lib/index.js';
import { lacks } from './environment.js';
import { lacksStrategy, overlayStrategies } from './kernel-features.js';
import type { Place } from './place.js';

type Options = Pick<MountingOptions, 'namespace' | 'signal'>;

/** An operation that mounts something at a target, in its synchronous or asynchronous form. */
export interface MountOperation {
  readonly name: string;
  /** Why this machine cannot run the operation. */
  readonly lacks: string | undefined;
  /** Whether the operation takes `namespace` and looks up its source in this namespace. */
  readonly takesNamespace: boolean;
  mount(place: Place, target: Target, options?: Options): Promise<Mount>;
}

const source = (place: Place) => place.directory('source', { mark: 'source' });
const layers = (place: Place) => ({ lower: [place.directory('top', { mark: 'top' }), place.directory('base')] });

/** Returns a mount that can be moved, because its parent mount is private. */
function movable(place: Place): string {
  const path = place.directory('movable');
  mountSync('moved', path, 'tmpfs');
  return path;
}

type Pair = readonly [
  async: (place: Place, target: Target, options: Options) => Promise<Mount>,
  sync: (place: Place, target: Target, options: Options) => Mount,
];

const pairs: readonly (readonly [name: string, why: string | undefined, takesNamespace: boolean, pair: Pair])[] = [
  [
    'mountBind',
    undefined,
    true,
    [
      (place, target, options) => mountBind(source(place), target, { readonly: true, ...options }),
      (place, target, options) => mountBindSync(source(place), target, { readonly: true, ...options }),
    ],
  ],
  [
    'mountTmpfs',
    undefined,
    true,
    [
      (_, target, options) => mountTmpfs(target, { size: '1m', ...options }),
      (_, target, options) => mountTmpfsSync(target, { size: '1m', ...options }),
    ],
  ],
  [
    'mountFilesystem by fsconfig',
    lacks.fsopen,
    true,
    [
      (_, target, options) => mountFilesystem('x', target, 'tmpfs', { strategy: 'fsconfig', ...options }),
      (_, target, options) => mountFilesystemSync('x', target, 'tmpfs', { strategy: 'fsconfig', ...options }),
    ],
  ],
  ...overlayStrategies.map(
    (strategy) =>
      [
        `mountOverlay by ${strategy}`,
        lacksStrategy(strategy),
        true,
        [
          (place: Place, target: Target, options: Options) =>
            mountOverlay({ ...layers(place), target, strategy, ...options }),
          (place: Place, target: Target, options: Options) =>
            mountOverlaySync({ ...layers(place), target, strategy, ...options }),
        ],
      ] as const,
  ),
  [
    'moveMount',
    undefined,
    false,
    [
      (place, target, options) => moveMount(movable(place), target, options),
      (place, target, options) => moveMountSync(movable(place), target, options),
    ],
  ],
  [
    'attach',
    lacks.treeCalls,
    false,
    [
      async (place, target, options) => {
        await using detached = await detachedBind(source(place));
        return await detached.attach(target, options);
      },
      (place, target, options) => {
        using detached = detachedBindSync(source(place));
        return detached.attachSync(target, options);
      },
    ],
  ],
];

/** Every operation that mounts something, in both forms. */
export const mountOperations: readonly MountOperation[] = pairs.flatMap(
  ([name, why, takesNamespace, [async, sync]]) => [
    { name, lacks: why, takesNamespace, mount: (place, target, options = {}) => async(place, target, options) },
    {
      name: `${name}, sync`,
      lacks: why,
      takesNamespace,
      mount: async (place, target, options = {}) => sync(place, target, options),
    },
  ],
);
