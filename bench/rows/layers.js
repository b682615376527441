// Rows of changes(): a walk of the upper layer, with a lookup in the lower layer for each entry.
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { changes } from 'linux-mount/layers';
import { libraryAsync } from '../library.js';

const { countChanges } = createRequire(import.meta.url)('../native/build/Release/changes.node');

const IN_ONE = 1000; // files in a directory

export function layerRows(place, peers, count) {
  const [lower, upper] = [place.directory('changed-lower'), place.directory('changed-upper')];
  const walk = async () => {
    let found = 0;
    for await (const { type } of changes({ lower: [lower], upper })) if (type !== 'deleted') found += 1;
    if (found < count) throw new Error(`changes: ${found} of ${count}`);
  };
  const walkInC = () => {
    const found = countChanges(lower, upper);
    if (found < count) throw new Error(`nftw: ${found} of ${count}`);
  };
  const times = 1;
  return [
    {
      name: `changes of ${count.toLocaleString('en')} files`,
      note: 'The lower layer has half of them too. C and Go look up each file in both layers and report nothing. The walk by nftw(3) also reads the attribute of each file, and counts. find(1) looks up each file in the upper layer only.',
      before: () => {
        fill();
        return () => {
          for (const path of [lower, upper]) rmSync(path, { recursive: true });
        };
      },
      contenders: [
        peers.c('changes', [upper, lower], { times }),
        { who: 'C', how: 'nftw(3), lgetxattr(2) and fstatat(2) of each', run: walkInC, times },
        libraryAsync('for await (… of changes(…))', walk, { times }),
        peers.go('changes', [upper, lower], { times, how: 'filepath.WalkDir and Lstat' }),
        peers.forked('find(1)', 'findutils', [['find', upper, '-printf', '%P %y %m %U %G %s %T@\\n']]),
      ],
    },
  ];

  function fill() {
    for (let index = 0; index < count; index += 1) {
      const directory = `directory${Math.floor(index / IN_ONE)}`;
      const layers = index % 2 === 0 ? [upper] : [upper, lower];
      for (const layer of layers) {
        if (index % IN_ONE < 2) mkdirSync(join(layer, directory), { recursive: true });
        writeFileSync(join(layer, directory, `file${index}`), layer === upper ? 'changed' : '');
      }
    }
  }
}
