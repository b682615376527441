import type { IdMap } from '../../../lib/index.js';

/** Maps the id 1 alone, so that root, who has made all files here, is nobody. It can be made in a user namespace too. */
export const onlyOne: IdMap = { owner: { uid: 1, gid: 1 }, appearsAs: { uid: 0, gid: 0 } };

/** The id that stands for those that are not mapped. */
export const NOBODY = 65534;
