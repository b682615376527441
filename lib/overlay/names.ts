import { absolutePath, isAbsolute } from '../arguments/check.js';
import type { Bytes } from '../kernel/words.js';
import { bytesText } from '../table/mountinfo/latin1.js';
import type { FoundLayers, OverlayLayers } from './write.js';

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

/**
 * Whether a name that the mount table has for a layer means the same to everybody. One that starts at a working directory
 * does not, nor does that of a descriptor: its number, from /proc/self/fd, or its name in /proc.
 */
export function isForAll(name: Bytes): boolean {
  return isAbsolute(name) && !isOfMappedLayer(name) && !/^\/proc\/(?:thread-)?self\//.test(bytesText(name));
}

/** Whether it may be the name that a layer whose ids are mapped has in a place of our own: src-native/overlay/private_overlay.cc. */
export function isOfMappedLayer(name: Bytes): boolean {
  return /^\/\d+$/.test(bytesText(name));
}
