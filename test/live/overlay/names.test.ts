// Tests that overlays of layers with random names show exactly these layers.
import { readdirSync, writeFileSync } from 'node:fs';
import fc from 'fast-check';
import { beforeEach, expect } from 'vitest';
import { mountOverlay, mountOverlaySync } from '../../../lib/index.js';
import { times } from '../../support/effort.js';
import { lacksOverlay } from '../../support/kernel-features.js';
import { fileName, fileNames, makeLayer } from '../../support/overlay-names.js';
import { test } from '../../support/place.js';

beforeEach(({ skip }) => skip(lacksOverlay !== undefined, lacksOverlay));

const spec = fc.record({
  lower: fileNames({ minLength: 2, maxLength: 6 }),
  writable: fc.boolean(),
  upper: fileName,
  work: fileName,
});

let round = 0;

test.for([
  ['mountOverlaySync', async (options: Parameters<typeof mountOverlay>[0]) => mountOverlaySync(options)],
  ['mountOverlay', mountOverlay],
] as const)(
  'an overlay shows exactly the layers that the options name, for random file names: %s',
  async ([_name, doMount], { place }) => {
    const target = place.directory('merged');
    await fc.assert(
      fc.asyncProperty(spec, async ({ lower, writable, upper, work }) => {
        round += 1;
        const layers = lower.map((layer, index) => makeLayer(place, `${round}/lower`, layer, `lower${index}`));
        const above = {
          upper: makeLayer(place, `${round}/upper`, upper, 'upper'),
          work: makeLayer(place, `${round}/work`, work),
        };
        const expected = [...lower.map((_, index) => `lower${index}`), ...(writable ? ['upper'] : [])];
        const mount = await doMount({ lower: layers, target, ...(writable ? above : {}) });
        try {
          expect(readdirSync(target).sort()).toEqual(expected.sort());
          if (writable) {
            writeFileSync(`${target}/written`, '');
            expect(readdirSync(above.upper).sort()).toEqual(['upper', 'written']);
          }
        } finally {
          await mount.unmount();
        }
      }),
      { numRuns: times(150, 10) },
    );
  },
);
