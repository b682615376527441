import { caller, lib } from '../../support/library.js';
import { threadsEnd } from '../../support/own-process.js';
import { cases } from '../faults/cases/index.js';
import { Scene } from '../faults/scene.js';

// Every operation of test/hunts/faults once in each form, for run.js to look at the memory that they use. An operation may fail
// here, as valgrind does not know the newest system calls: then that is what is looked at.

// Valgrind ends a process that calls clone(2) with CLONE_FILES, as what makes user namespaces does: mapped ids, and the
// question whether overlays can be had in one.
const CLONING = /mapped|overlaySupport/;

let [done, failed] = [0, 0];
for (const one of cases.filter(({ name, containers }) => containers === undefined && !CLONING.test(name))) {
  for (const form of one.forms ?? ['sync', 'async']) {
    const scene = new Scene();
    try {
      const stage = one.prepare(scene, lib, []);
      try {
        const result = await one.act(caller(form), stage, []);
        one.undo?.(result);
        done += 1;
      } catch (error) {
        if (!(error instanceof lib.MountError)) throw error;
        failed += 1;
      } finally {
        one.settle?.(stage);
      }
    } catch (error) {
      // What has to be there before may be what cannot be had.
      if (!(error instanceof lib.MountError)) throw error;
      failed += 1;
    } finally {
      scene.end();
    }
  }
}
globalThis.gc();
await threadsEnd();
console.log(`${done} operations done, ${failed} failed`);
if (done < 50) throw new Error('too few operations to see anything');
