// Lanes in a worker that is terminated while they run.
import { parentPort, workerData } from 'node:worker_threads';
import { Lane } from './lane.js';

const { shared, child, seed } = workerData;
const lanes = [0, 1].map(
  (index) => new Lane(`worker${index}`, seed + index, shared, { child, isCancelling: index === 1 }),
);
parentPort.postMessage('begun');
await Promise.all(lanes.map((lane) => lane.run(Number.POSITIVE_INFINITY)));
