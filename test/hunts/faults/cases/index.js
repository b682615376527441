import { changes } from './changes.js';
import { detachedMounts } from './detached.js';
import { elsewhere } from './elsewhere.js';
import { inRoot } from './in-root.js';
import { layerChanges } from './layer-changes.js';
import { layerMarks } from './layer-marks.js';
import { mountedAlready } from './mounted-already.js';
import { mounts } from './mounts.js';
import { overlays } from './overlays.js';
import { questions } from './questions.js';
import { pass } from './stages.js';
import { umounts } from './umounts.js';

// The operations whose system calls are made to fail. Each is written once, for both forms: `call` gives the form asked
// for of a function of the library.
//
//   prepare(scene)    what has to be there before
//   act(call, stage)  the operation; `stage` is what prepare gave. Both are given the containers last
//   show(result)      what of the result must be the same when a fault made no difference
//   undo(result)      takes back what came of it, and then mounts and names must be as before
//   keeps             there is nothing that takes it back; "names": but for directories that it made
//   undoes            it takes back what it has done in any case, so that a fault may hit that
//   partly            it may end in the middle, and says in `left` what it has not done
//   marks             what it leaves may be beside what it names: a mark of the directory
//   changes           what it does not change itself may change meanwhile
//   passesOver(code)  whether its result may be another when a call fails so
//   settle(stage)     lets go of what prepare holds
//   containers        how many processes in other mount namespaces it is given
//   forms             when it has one only

/** @type {readonly any[]} */
const all = [
  ...mounts,
  ...overlays,
  ...mountedAlready,
  ...inRoot,
  ...changes,
  ...detachedMounts,
  ...umounts,
  ...elsewhere,
  ...questions,
  ...layerMarks,
  ...layerChanges,
];

/** Those of this pass: without openat2(2) the ones that look something up in a root. */
export const cases = pass === 'walked' ? all.filter(({ name }) => name.includes('in a root')) : all;
