/**
 * The beginning of a program for `runNode` that starts workers: `startWorker(source, data)` and `messageOf(worker)`.
 *
 * What a worker throws ends the program, whenever it does: one that is dead already would survive every `terminate()`.
 * Its source is a module, which has the library as `library` and `layers`, as code of a data: URL cannot look up
 * packages, and `workerData` and `parentPort`.
 */
export const STARTS_WORKERS = `
  import { Worker } from 'node:worker_threads';
  const importOf = (name, from) => 'import * as ' + name + ' from ' + JSON.stringify(import.meta.resolve(from)) + ';';
  const imports =
    "import { parentPort, workerData } from 'node:worker_threads';" +
    importOf('library', 'linux-mount') + importOf('layers', 'linux-mount/layers');
  const startWorker = (source, workerData) => {
    const worker = new Worker(new URL('data:text/javascript,' + encodeURIComponent(imports + source)), { workerData });
    return worker.on('error', (error) => { throw error; });
  };
  const messageOf = (worker) => new Promise((resolve) => worker.once('message', resolve));
`;
