// Tests that overlays of layers with random names show exactly these layers.
import { readdirSync, writeFileSync } from 'node:fs';
import fc from 'fast-check';
import { beforeEach, expect } from 'vitest';
import { mountOverlay, mountOverlaySync } from '../../../lib/index.js';
import { times } from '../../support/effort.js';
import { lacksOverlay } from '../../support/kernel-features.js';
import { layerNames, makeLayers } from '../../support/overlay-names.js';
import { test } from '../../support/place.js';

beforeEach(({ skip }) => skip(lacksOverlay !== undefined, lacksOverlay));

let round = 0;

test.for([
  ['mountOverlaySync', async (options: Parameters<typeof mountOverlay>[0]) => mountOverlaySync(options)],
  ['mountOverlay', mountOverlay],
] as const)(
  'an overlay shows exactly the layers that the options name, for random file names: %s',
  async ([_name, doMount], { place }) => {
    const target = place.directory('merged');
    await fc.assert(
      fc.asyncProperty(layerNames(6), async (names) => {
        round += 1;
        const { spec, marks } = makeLayers(place, `${round}`, names);
        const mount = await doMount({ ...spec, target });
        try {
          expect(readdirSync(target).sort()).toEqual(marks.sort());
          if (spec.upper !== undefined) {
            writeFileSync(`${target}/written`, '');
            expect(readdirSync(spec.upper).sort()).toEqual(['upper', 'written']);
          }
        } finally {
          await mount.unmount();
        }
      }),
      { numRuns: times(150, 10) },
    );
  },
);
