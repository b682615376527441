// Rows of overlays: few and many layers, read-only and writable, and with many other mounts.
import { mountOverlay, mountOverlaySync, mountSync, overlayData, umountSync } from 'linux-mount';
import { libraryAsync, libraryAtOnce, librarySync } from '../library.js';
import { crowd } from '../place.js';

const CROWD = 1000;
const LAYERS = 500; // the limit of the kernel
const NAME = 255; // the longest file name in bytes
const PATH = 3000;

export const READ_ONLY = 'overlay of 2 layers + umount';
export const WRITABLE = 'overlay of 2 layers and an upper + umount';
export const BESIDE_TMPFS = `${WRITABLE}, beside ${CROWD.toLocaleString('en')} tmpfs`;
export const BESIDE_OVERLAYS = `${WRITABLE}, beside ${CROWD.toLocaleString('en')} of its kind`;
export const LONG_NAMES = `overlay of ${LAYERS} layers with paths of ${PATH.toLocaleString('en')} bytes + umount`;
export const HANDLE = 'mountOverlaySync + unmountSync';
export const UNLOOKED = `${HANDLE}, allowSharedUpper`;
export const KNOWN = 'loop that checks its mount';

const AWAITED = 'await mountOverlay + await unmount';
const LONG = 'its option string has more than a page';

export function overlayRows(place, peers) {
  const { target, targets } = place;
  const lower = place.several(2, 'lower');
  const above = { upper: place.directory('upper'), work: place.directory('work') };
  const words = (data) => ['overlay', target, 'overlay', data];

  /** The loops of other programs, with an option string. */
  const others = (data, more) => [peers.go('mount', words(data), more), peers.moby('mount', words(data), more)];
  const forked = (data) =>
    peers.forked('mount(8)', 'mount', [
      ['mount', '-t', 'overlay', 'overlay', '-o', data, target],
      ['umount', target],
    ]);
  const c = (data, more) => [peers.c('mount', words(data), more), peers.program('mount', words(data), more)];
  const known = (name, data) => ({ ...peers.c(name, words(data)), how: KNOWN });

  /** Read-only overlays in every form. */
  const stack = (layers, more) => {
    const data = overlayData({ lower: layers });
    const plain = () => {
      mountSync('overlay', target, 'overlay', 0, data);
      umountSync(target);
    };
    return [
      ...c(data, more),
      librarySync('mountSync + umountSync', plain, more),
      librarySync(HANDLE, () => mountOverlaySync({ lower: layers, target }).unmountSync(), more),
      peers.library(HANDLE, 'overlay', [target, ...layers], more),
      ...others(data, more),
      libraryAsync(AWAITED, async () => (await mountOverlay({ lower: layers, target })).unmount(), more),
      libraryAtOnce(
        targets.length,
        (index) => mountOverlay({ lower: layers, target: targets[index] }),
        (_, mounted) => mounted.unmount(),
        { every: 5 },
      ),
      forked(data),
    ];
  };

  const writableData = overlayData({ lower, ...above });
  const writable = [
    librarySync(UNLOOKED, () => mountOverlaySync({ lower, ...above, target, allowSharedUpper: true }).unmountSync()),
    librarySync(HANDLE, () => mountOverlaySync({ lower, ...above, target }).unmountSync()),
  ];
  const ofTheirKind = (path, index) => {
    const own = { upper: place.directory(`upper${index}`), work: place.directory(`work${index}`) };
    mountSync('overlay', path, 'overlay', 0, overlayData({ lower, ...own }));
  };
  const beside = (name, mountOne) => ({
    name,
    before: () => crowd(place, CROWD, mountOne),
    contenders: [peers.c('mount', words(writableData)), ...writable],
  });

  return [
    {
      name: READ_ONLY,
      isJudged: true,
      note: `"${KNOWN}" makes the calls of a handle that unmounts only its own mount.`,
      contenders: stack(lower).toSpliced(1, 0, known('mount-known', overlayData({ lower }))),
    },
    {
      name: WRITABLE,
      isJudged: true,
      note: 'Without allowSharedUpper the library checks whether another overlay uses the upper directory.',
      contenders: [
        ...c(writableData).toSpliced(1, 0, known('mount-known-writable', writableData)),
        ...writable,
        ...others(writableData),
        forked(writableData),
      ],
    },
    // The library compares the upper directory with all mounts, to find an overlay that uses it. These rows have many
    // mounts of each kind.
    beside(BESIDE_TMPFS, (path) => mountSync('tmpfs', path, 'tmpfs')),
    beside(BESIDE_OVERLAYS, ofTheirKind),
    { name: 'overlay of 50 layers + umount', contenders: stack(place.several(50, 'fifty'), { times: 20 }) },
    {
      name: `overlay of ${LAYERS} layers + umount`,
      note: 'The names of the layers are relative to the working directory, so that they fit into an option string.',
      contenders: stack(
        place.several(LAYERS, 'l').map((_, index) => `l${index}`),
        { times: 4 },
      ),
    },
    longNames(),
  ];

  function longNames() {
    const names = `${`/${'x'.repeat(NAME - 16)}`.repeat(12)}/`;
    const layers = Array.from({ length: LAYERS }, (_, index) => {
      const path = `long${index}${names}`;
      return place.directory(path + 'y'.repeat(PATH - `${place.path}/${path}`.length));
    });
    return {
      name: LONG_NAMES,
      note: 'The calls are fsopen(2) to move_mount(2), with a descriptor for each layer.',
      contenders: [
        peers.c('overlay-descriptors', [target, ...layers], { times: 1 }),
        peers.program('overlay-descriptors', [target, ...layers], { times: 1 }),
        librarySync(HANDLE, () => mountOverlaySync({ lower: layers, target, strategy: 'fsconfig' }).unmountSync(), {
          times: 1,
        }),
        libraryAsync(AWAITED, async () => (await mountOverlay({ lower: layers, target })).unmount(), { times: 1 }),
        peers.cannot('Go syscall', LONG),
        peers.cannot('moby/sys', LONG),
        peers.cannot('mount(8)', LONG),
      ],
    };
  }
}
