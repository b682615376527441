// ID maps of the features that test idmapped mounts.
import type { IdMap } from '../../../lib/index.js';

/**
 * Maps only the ID 1, so that the owner of all files, root, is not mapped. A user namespace with a single ID can make
 * this map too.
 */
export const onlyOne: IdMap = { owner: { uid: 1, gid: 1 }, appearsAs: { uid: 0, gid: 0 } };

/** The overflow ID, which stands for an unmapped ID. */
export const NOBODY = 65534;
