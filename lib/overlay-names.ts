import { absolutePath } from './arguments.js';
import type { FoundLayers, OverlayLayers } from './overlay-data.js';

/** The same directories by absolute paths, to be remembered: a handle outlives the working directory of the moment. */
export function absoluteNames(names: FoundLayers): OverlayLayers {
  const { lower, dataOnly, upper, work } = names;
  // Nearly always nothing has to be made, and what is there can be kept.
  if (names.isAbsolute) return names;
  return {
    lower: lower.map(absolutePath),
    dataOnly: dataOnly.map(absolutePath),
    upper: upper === null ? null : absolutePath(upper),
    work: work === null ? null : absolutePath(work),
  };
}
