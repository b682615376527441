import { absolutePath, type Bytes, isAbsolute } from './arguments.js';
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

// Of whoever mounted the overlay: a descriptor, and the place of a layer whose ids are mapped, which nobody else sees
// (src-native/overlay_apart.cc).
const OF_ONE_PROCESS = /^\/proc\/(?:thread-)?self\/|^\/\d+$/;

/**
 * Whether a name that the mount table has for a layer means the same to everybody. One that starts at a working directory
 * does not; the number of a descriptor is such a one, from /proc/self/fd.
 */
export function isForAll(name: Bytes): boolean {
  return isAbsolute(name) && !OF_ONE_PROCESS.test(typeof name === 'string' ? name : name.toString('latin1'));
}
