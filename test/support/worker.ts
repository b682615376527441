/**
 * The beginning of a program for `runNode` that starts workers: `startWorker(source, data)` and `messageOf(worker)`.
 *
 * What a worker throws ends the program, whenever it does: one that is dead already would survive every `terminate()`.
 * Its source is a module, which has the library as `library` and `layers`, as code of a data: URL cannot look up
 * packages, and `workerData` and `parentPort`.
 */
export const STARTS_WORKERS = `
  import { Worker } from 'node:worker_threads';
  const libraries = ['linux-mount', 'linux-mount/layers'].map((name) => import.meta.resolve(name));
  const startWorker = (source, workerData) => {
    const start =
      "import { parentPort, workerData } from 'node:worker_threads';" +
      libraries.map((url, index) => "import * as " + ['library', 'layers'][index] + " from " + JSON.stringify(url) + ";").join('');
    const worker = new Worker(new URL('data:text/javascript,' + encodeURIComponent(start + source)), { workerData });
    return worker.on('error', (error) => { throw error; });
  };
  const messageOf = (worker) => new Promise((resolve) => worker.once('message', resolve));
`;
