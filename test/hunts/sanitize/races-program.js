// Runs the load on the main thread for the whole time, and in two workers at once, each of which lives for a few
// seconds and is terminated in the middle of its calls.
import { setTimeout as sleep } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { load } from './load.js';

const seconds = Number(process.argv[2]);
const end = performance.now() + seconds * 1000;
const source = new URL(
  `data:text/javascript,${encodeURIComponent(
    `const { load } = await import(${JSON.stringify(new URL('load.js', import.meta.url).href)}); await load(1000);`,
  )}`,
);
let terminated = 0;

async function workers() {
  while (performance.now() < end) {
    const worker = new Worker(source);
    worker.on('error', (error) => {
      throw error;
    });
    await sleep(2000 + Math.random() * 3000);
    await worker.terminate();
    terminated += 1;
  }
}

const [counts] = await Promise.all([load(seconds), workers(), workers()]);
console.log(`${JSON.stringify(counts)} on the main thread, ${terminated} workers terminated`);
if (counts.done < 100 || terminated < 2) throw new Error('too few calls to find races');
