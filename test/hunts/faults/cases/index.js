// The operations whose system calls are made to fail. A case describes an operation once for both forms: the argument
// `call` of `act` finds a function of the library in the form under test. The properties of a case:
//
//   prepare(scene)    makes what the operation needs
//   act(call, stage)  runs the operation; `stage` is the result of prepare. prepare and act also receive the containers
//   show(result)      the part of the result that must be equal when a fault has no effect
//   undo(result)      undoes the operation; mounts and names must then be as before
//   keeps             true: nothing undoes the operation; "names": directories that the operation makes may stay
//   undoes            the operation always undoes its own work, and a fault may hit the undoing
//   partly            the operation may stop in the middle, and names in `left` what it has not done
//   marks             what the operation leaves may be an overlayfs attribute of the parent directory
//   changes           the scene may change during the operation for other reasons
//   passesOver(code)  whether the result may differ after a fault with this error code
//   settle(stage)     releases what prepare holds open
//   containers        the number of processes in other mount namespaces that the case needs
//   forms             the forms of the operation, if there is only one
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

/** The cases of this pass. The pass without openat2(2) runs only cases that look up a path in a root. */
export const cases = pass === 'no-openat2' ? all.filter(({ name }) => name.includes('in a root')) : all;
