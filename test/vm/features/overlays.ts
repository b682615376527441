// Features of mountOverlay.
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import {
  detachedOverlay,
  MountError,
  mountOverlay,
  mountOverlaySync,
  type OverlayMountOptions,
  type OverlayOptionSupport,
  type OverlaySpec,
  type OverlayStrategy,
  overlaySupport,
  pageSize,
  type Support,
} from '../../../lib/index.js';
import { isRealRoot } from '../../support/environment.js';
import type { ScratchDirectory } from '../../support/scratch-directory.js';
import { tableEntry } from '../../support/table.js';
import { type Features, fallsBack, inPart, type Outcome, refused, same, type Use, works } from './feature.js';

import { NOBODY, onlyOne } from './ids.js';

const writable = (scratch: ScratchDirectory) => ({
  lower: [scratch.directory('lower', { below: 'below' })],
  upper: scratch.directory('upper'),
  work: scratch.directory('work'),
});

/** Returns how an overlay was mounted. Strategy "descriptors" is a fallback when the caller did not ask for it. */
function outcomeOf(strategy: string, asked?: OverlayStrategy): Outcome {
  return strategy === 'descriptors' && asked === undefined ? fallsBack(strategy) : works(strategy);
}

/** Mounts an overlay, writes into it, and checks that the upper directory receives the file. */
async function useWritable(scratch: ScratchDirectory, options: Partial<OverlayMountOptions>): Promise<Outcome> {
  const target = scratch.directory('merged');
  const spec = { ...writable(scratch), target, ...options } as OverlayMountOptions;
  await using mount = await mountOverlay(spec);
  writeFileSync(`${target}/new`, 'new');
  writeFileSync(`${target}/below`, 'changed');
  same(readFileSync(scratch.path('upper/new'), 'utf8'), 'new');
  same(readFileSync(scratch.path('lower/below'), 'utf8'), 'below');
  return outcomeOf(mount.strategy, options.strategy);
}

/** Mounts an overlay with an option. A kernel may ignore the option, which {@link overlaySupport} reports. */
const option =
  (spec: Partial<OverlaySpec>, supportOf: (options: OverlayOptionSupport) => Support): Use =>
  async (scratch) => {
    const support = supportOf((await overlaySupport(scratch.root)).options);
    const way = await useWritable(scratch, spec as Partial<OverlayMountOptions>);
    return support.supported ? way : inPart(support.reason);
  };

/** Makes many layers, with a file in the first layer and another in the last. */
function manyLayers(scratch: ScratchDirectory, count: number, length: number): string[] {
  const lower = Array.from({ length: count }, (_, index) => scratch.directory(`${index}/${'x'.repeat(length)}`));
  writeFileSync(`${lower[0]}/first`, '');
  writeFileSync(`${lower.at(-1)}/last`, '');
  return lower;
}

const layers =
  (count: number, length: number): Use =>
  async (scratch) => {
    const target = scratch.directory('merged');
    await using mount = await mountOverlay({ lower: manyLayers(scratch, count, length), target });
    same(readdirSync(target).sort(), ['first', 'last']);
    return outcomeOf(mount.strategy);
  };

export const overlays: Features = {
  "strategy 'data'": (scratch) => useWritable(scratch, { strategy: 'data' }),
  "strategy 'fsconfig'": (scratch) => useWritable(scratch, { strategy: 'fsconfig' }),
  "strategy 'descriptors'": (scratch) => useWritable(scratch, { strategy: 'descriptors' }),
  'more option data than a page': layers(Math.ceil(pageSize / 200) + 10, 200),
  '500 layers': layers(500, 20),
  '501 layers are refused': (scratch) => {
    const options = { lower: manyLayers(scratch, 501, 1), target: scratch.directory('merged') };
    try {
      mountOverlaySync(options);
    } catch (error) {
      // If this user cannot mount any overlay, that error is the result.
      if (error instanceof MountError && /\b500\b/.test(error.reason ?? '')) return works();
      throw error;
    }
    throw new Error('501 layers were mounted');
  },
  'names of any bytes': async (scratch) => {
    const odd = scratch.directory('a:b,c\\d e', { odd: '' });
    const target = scratch.directory('merged');
    await using mount = await mountOverlay({ lower: [odd, scratch.directory('b')], target });
    same(readdirSync(target), ['odd']);
    same((await mount.overlay()).lower, [odd, scratch.path('b')]);
    return outcomeOf(mount.strategy);
  },
  'upper in use by another overlay is refused': async (scratch) => {
    const layers = writable(scratch);
    await using _mount = await mountOverlay({ ...layers, target: scratch.directory('one') });
    refused('EBUSY', () => mountOverlaySync({ ...layers, target: scratch.directory('two') }));
    return works();
  },
  detachedOverlay: async (scratch) => {
    await using mount = await detachedOverlay(writable(scratch));
    writeFileSync(`${mount.path}/new`, '');
    same(existsSync(scratch.path('upper/new')), true);
    return outcomeOf(mount.strategy);
  },
  'in a root': async (scratch) => {
    const target = { root: scratch.directory('root'), path: '/merged', create: 'directory' } as const;
    await using mount = await mountOverlay({ ...writable(scratch), target });
    same(readFileSync(scratch.path('root/merged/below'), 'utf8'), 'below');
    return outcomeOf(mount.strategy);
  },
  volatile: option({ volatile: true }, (options) => options.volatile),
  metacopy: option({ metacopy: true, redirectDir: 'on' }, (options) => options.metacopy),
  redirectDir: option({ redirectDir: 'nofollow' }, (options) => options.redirectDir.nofollow),
  index: option({ index: true }, (options) => options.index),
  nfsExport: option({ index: true, nfsExport: true }, (options) => options.nfsExport),
  xino: option({ xino: 'on' }, (options) => options.xino.on),
  defaultPermissions: async (scratch) => {
    const way = await useWritable(scratch, { defaultPermissions: true });
    using _mount = mountOverlaySync({
      ...writable(scratch),
      target: scratch.path('merged'),
      defaultPermissions: true,
    });
    same(tableEntry(scratch.path('merged'))?.superOptions.split(',').includes('default_permissions'), true);
    return way;
  },
  userxattr: option({ userxattr: true }, (options) => options.userxattr),
  "uuid 'off'": option({ uuid: 'off' }, (options) => options.uuid.off),
  "uuid 'null'": option({ uuid: 'null' }, (options) => options.uuid.null),
  "uuid 'on'": option({ uuid: 'on' }, (options) => options.uuid.on),
  verity: option({ verity: 'on', metacopy: true, redirectDir: 'on' }, (options) => options.verity.on),
  overrideCreds: option({ overrideCreds: false }, (options) => options.overrideCreds),
  "fsync 'volatile'": option({ fsync: 'volatile' }, (options) => options.fsync.volatile),
  dataOnly: async (scratch) => {
    const target = scratch.directory('merged');
    const lower = [scratch.directory('l', { seen: '' }), scratch.directory('m')];
    // Only a file whose metadata was copied up without its data refers to a data-only layer, and a user namespace has
    // no such files.
    const more = isRealRoot ? ({ metacopy: true, redirectDir: 'follow' } as const) : {};
    const dataOnly = [scratch.directory('d', { unseen: '' })];
    await using mount = await mountOverlay({ lower, dataOnly, target, ...more });
    same(readdirSync(target), ['seen']);
    return outcomeOf(mount.strategy);
  },
  'lowerIdmap, tmpfs': (scratch) => useLowerIdmap(scratch, scratch),
};

/** Mounts an overlay over an idmapped layer in which the owner of the files is not mapped. */
export async function useLowerIdmap(scratch: ScratchDirectory, layers: ScratchDirectory): Promise<Outcome> {
  const lower = [layers.directory('idmapped', { file: '' }), layers.directory('plain')];
  const target = scratch.directory('merged');
  await using mount = await mountOverlay({ lower, target, lowerIdmap: [onlyOne, undefined] });
  same(statSync(`${target}/file`).uid, NOBODY);
  return works(mount.strategy);
}
