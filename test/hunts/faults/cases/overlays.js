// Fault cases of mountOverlay by each strategy.
import { handle, inside, layerStage, MAPPED, rootStage } from './stages.js';

const WAYS = ['data', 'fsconfig', 'descriptors'];

export const overlays = [
  ...WAYS.map((strategy) => ({
    name: `mountOverlay by ${strategy}`,
    prepare: layerStage,
    act: (call, stage) => call('mountOverlay')({ ...stage, strategy }),
    ...handle,
  })),
  {
    name: 'mountOverlay with mapped lower ids',
    prepare: layerStage,
    act: (call, { lower, target }) => call('mountOverlay')({ lower, target, lowerIdmap: MAPPED }),
    ...handle,
  },
  ...WAYS.map((strategy) => ({
    name: `mountOverlay by ${strategy} in a root`,
    prepare: rootStage,
    act: (call, { root, lower, upper, work }) =>
      call('mountOverlay')({ lower, upper, work, strategy, target: inside(root, '/a/b', 'directory') }),
    ...handle,
    keeps: 'names',
  })),
];
