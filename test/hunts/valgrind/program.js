// Runs every operation of test/hunts/faults once in each form under valgrind. An operation may fail, because valgrind
// does not know the newest system calls; run.js then examines the memory of the failing operation.
import { caller, lib } from '../../support/library.js';
import { threadsEnd } from '../../support/own-process.js';
import { cases } from '../faults/cases/index.js';
import { Scene } from '../faults/scene.js';

// Valgrind ends a process that calls clone(2) with CLONE_FILES, as operations that make user namespaces do: idmapped
// mounts, and the question whether a user namespace can mount overlays.
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
      // Preparing the scene may need a system call that valgrind does not know.
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
if (done < 50) throw new Error('too few operations to find errors');
