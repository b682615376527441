// Tests parseOverlayData() with the options that the mount table shows for real overlays.
import fc from 'fast-check';
import { beforeEach, expect } from 'vitest';
import { mountOverlaySync, mountSync, overlayData, parseOverlayData, umountSync } from '../../../lib/index.js';
import { times } from '../../support/effort.js';
import { isRealRoot } from '../../support/environment.js';
import { lacksOverlay, lacksStrategy } from '../../support/kernel-features.js';
import { fileName, fileNames, layerNames, makeLayer, makeLayers } from '../../support/overlay-names.js';
import { type Place, test } from '../../support/place.js';
import { tableEntry } from '../../support/table.js';
import { must } from '../../support/values.js';

beforeEach(({ skip }) => skip(lacksOverlay !== undefined, lacksOverlay));

/** The filesystem options that the mount table shows for the overlay at the target, as bytes. */
function superOptions(target: string): Buffer {
  return Buffer.from(must(tableEntry(target)).superOptions, 'latin1');
}

function isNamedByFsconfig(place: Place, target: string): boolean {
  if (lacksStrategy('fsconfig') !== undefined) return false;
  const lower = [place.directory('named'), place.directory('base')];
  using _merged = mountOverlaySync({ lower, target, strategy: 'fsconfig' });
  return superOptions(target).includes(place.path('named'));
}

const asBuffers = { encoding: 'buffer' } as const;

let round = 0;

test('parseOverlayData() finds the layers of mounted overlays in the mount table, for random file names', ({
  place,
}) => {
  const target = place.directory('merged');
  // The mount table shows no names for layers that are passed as descriptors; before Linux 6.13 also the strategy
  // fsconfig passes descriptors.
  const options = isNamedByFsconfig(place, target) ? {} : ({ strategy: 'data' } as const);
  fc.assert(
    fc.property(layerNames(6), (names) => {
      round += 1;
      const { spec } = makeLayers(place, `${round}`, names);
      using _merged = mountOverlaySync({ ...spec, ...options, target });
      const { lower: shown, upper: shownUpper, work: shownWork } = parseOverlayData(superOptions(target), asBuffers);
      expect([shown, shownUpper, shownWork]).toEqual([spec.lower, spec.upper, spec.work]);
    }),
    { numRuns: times(200, 10) },
  );
});

// Data-only layers serve redirects of metacopy; in a user namespace Linux 6.18 takes data-only layers with userxattr.
const forData = isRealRoot ? { metacopy: true } : { userxattr: true };

test('parseOverlayData() finds data-only layers in the mount table', ({ place, skip }) => {
  const target = place.directory('merged');
  const spec = {
    lower: ['a:b', 'c'].map((name) => makeLayer(place, 'lower', Buffer.from(name))),
    dataOnly: ['d,:', '\\'].map((name) => makeLayer(place, 'data', Buffer.from(name))),
    ...forData,
  };
  const shown = shownOf(overlayData(spec), target);
  if (shown === undefined) return skip('this kernel takes no data-only layers, or not of this user');
  expect(parseOverlayData(shown, asBuffers)).toMatchObject(spec);
});

// mount(2) takes lowerdir+ and datadir+ too. The kernel splits the string at each comma that has no backslash before
// it, and takes everything else as the name.
test('parseOverlayData() finds layers that are given one by one with lowerdir+ and datadir+', ({ place, skip }) => {
  const target = place.directory('merged');
  const layer = (key: string, path: Buffer) => Buffer.concat([Buffer.from(`,${key}=`), path]);
  const given = (lower: Buffer[], dataOnly: Buffer[]) =>
    Buffer.concat([
      Buffer.from(isRealRoot ? 'metacopy=on' : 'userxattr'),
      ...lower.map((path) => layer('lowerdir+', path)),
      ...dataOnly.map((path) => layer('datadir+', path)),
    ]);
  const plain = ['x', 'y', 'z'].map((name) => Buffer.from(place.directory(name)));
  if (shownOf(given(plain, []), target) === undefined) return skip('this kernel has no lowerdir+');
  const takesData = shownOf(given(plain.slice(1), plain.slice(0, 1)), target) !== undefined;

  const name = fileName.map((bytes) => Buffer.from(`${bytes.toString('latin1').replaceAll(',', ';')}+`, 'latin1'));
  fc.assert(
    fc.property(fileNames({ minLength: 2, maxLength: 6 }, name), fc.boolean(), (names, wantsData) => {
      round += 1;
      const lower = names.map((each) => makeLayer(place, `${round}/lower`, each));
      const dataOnly = wantsData && takesData ? [makeLayer(place, `${round}/data`, must(names[0]))] : [];
      const data = given(lower, dataOnly);
      const shown = must(shownOf(data, target));
      const expected = { lower, ...(dataOnly.length > 0 && { dataOnly }), ...forData };
      expect(shown.includes('lowerdir+=')).toBe(true);
      expect(parseOverlayData(shown, asBuffers)).toMatchObject(expected);
      expect(parseOverlayData(data, { ...asBuffers, form: 'data' })).toEqual(expected);
    }),
    { numRuns: times(100, 10) },
  );
});

test('parseOverlayData() reads the options in the mount table, also those that the kernel adds', ({ place }) => {
  const target = place.directory('merged');
  const spec = { lower: [place.directory('l')], upper: place.directory('u'), work: place.directory('w') };
  using _merged = mountOverlaySync({
    ...spec,
    target,
    readonly: true,
    defaultPermissions: true,
    redirectDir: 'nofollow',
  });
  expect(parseOverlayData(superOptions(target))).toMatchObject({
    ...spec,
    defaultPermissions: true,
    redirectDir: 'nofollow',
  });
});

/**
 * The options that the mount table shows after a mount with this option data; undefined if the kernel refuses the data.
 */
function shownOf(data: string | Buffer, target: string): Buffer | undefined {
  try {
    mountSync('overlay', target, 'overlay', 0, data);
  } catch {
    return undefined;
  }
  const shown = superOptions(target);
  umountSync(target);
  return shown;
}
