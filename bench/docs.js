// Writes the pages of docs/ that show the benchmark: all figures, the text, and the two charts.
import { readFileSync, writeFileSync } from 'node:fs';
import { plot } from './plot.js';
import { plotSummary } from './plot-summary.js';
import { markdown } from './report.js';

const file = (name) => new URL(`../docs/${name}`, import.meta.url);

/** Returns the contents of the files by name. */
export function docsOf(report) {
  return {
    'bench.md': markdown(report, readFileSync(new URL('behind.md', import.meta.url), 'utf8')),
    'bench.svg': plot(report),
    'bench-summary.svg': plotSummary(report),
  };
}

/** @param {object} [report] new results; by default the results in docs/bench.json */
export function writeDocs(report) {
  if (report !== undefined) writeFileSync(file('bench.json'), `${JSON.stringify(report, null, 2)}\n`);
  const drawn = docsOf(report ?? JSON.parse(readFileSync(file('bench.json'), 'utf8')));
  for (const [name, contents] of Object.entries(drawn)) writeFileSync(file(name), contents);
}
