// Tests of the benchmark charts in docs/: labels fit and do not overlap, and the charts show the figures of
// docs/bench.json.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { projectRoot } from '../../support/environment.js';

const PICTURES = ['bench.svg', 'bench-summary.svg'];
const LINE_HEIGHT = 10;

const isHere = ['bench', 'docs'].every((name) => existsSync(join(projectRoot, name)));
const read = (name: string) => readFileSync(join(projectRoot, 'docs', name), 'utf8');

describe('benchmark charts', () => {
  let widthOf: typeof import('../../../bench/svg.js').widthOf;
  let docsOf: typeof import('../../../bench/docs.js').docsOf;
  beforeEach(async ({ skip }) => {
    skip(!isHere, 'this copy of the project lacks bench/ or docs/');
    ({ widthOf } = await import('../../../bench/svg.js'));
    ({ docsOf } = await import('../../../bench/docs.js'));
  });

  /** Returns the labels of a chart with the estimated start and end of each. */
  function labelsOf(picture: string) {
    const pattern = /<text x="([\d.-]+)" y="([\d.-]+)" class="([^"]*)" text-anchor="(\w+)">([^<]*)</g;
    return Array.from(picture.matchAll(pattern), ([, x, y, kind, anchor, escaped]) => {
      const words = escaped!.replace(/&#(\d+);/g, (_, code) => String.fromCharCode(code));
      const width = widthOf(words, kind);
      const start = Number(x) - (anchor === 'end' ? width : anchor === 'middle' ? width / 2 : 0);
      return { words, start, end: start + width, y: Number(y) };
    });
  }

  test.each([
    // These widths are measured in DejaVu Sans at 12 pixels, the widest font in which browsers show the charts.
    ['linux-mount, mountOverlaySync + unmountSync, allowSharedUpper', '', 412.5],
    ['25.1 ms  ·  75,595 ×', '', 123.3],
    ['nftw(3), lgetxattr(2) and fstatat(2) of each', '', 254.2],
    ['a mount and its umount until the watcher tells of them, beside 10,000 mounts', 'title', 532.3],
  ])('the chart code estimates the width of %j between its real width and 30 percent above', (words, kind, width) => {
    expect(widthOf(words, kind)).toBeGreaterThanOrEqual(width);
    expect(widthOf(words, kind)).toBeLessThan(width * 1.3);
  });

  test.each(PICTURES)('every label of the chart %s lies inside the picture', (name) => {
    const picture = read(name);
    const width = Number(/<svg [^>]*width="(\d+)"/.exec(picture)?.[1]);
    const height = Number(/<svg [^>]*height="(\d+)"/.exec(picture)?.[1]);
    const labels = labelsOf(picture);
    expect(labels.length).toBe(picture.split('<text').length - 1);
    expect(labels.filter(({ start, end, y }) => start < 0 || end > width || y < LINE_HEIGHT || y > height)).toEqual([]);
  });

  test.each(PICTURES)('no label of the chart %s overlaps another label', (name) => {
    const labels = labelsOf(read(name));
    const covered = labels.flatMap((one, index) =>
      labels
        .slice(index + 1)
        .filter(({ start, end, y }) => Math.abs(y - one.y) < LINE_HEIGHT && start < one.end && one.start < end)
        .map(({ words }) => [one.words, words]),
    );
    expect(covered).toEqual([]);
  });

  test('the summary chart is at most 830 pixels wide and 700 pixels high, to fit the GitHub page', () => {
    const [, width, height] = /width="(\d+)" height="(\d+)"/.exec(read('bench-summary.svg')) ?? [];
    expect(Number(width)).toBeLessThanOrEqual(830);
    expect(Number(height)).toBeLessThanOrEqual(700);
  });

  test('docs/bench.md and the charts are up to date with docs/bench.json', () => {
    for (const [name, contents] of Object.entries(docsOf(JSON.parse(read('bench.json'))))) {
      expect(read(name) === contents, `docs/${name}: npm run bench -- --draw`).toBe(true);
    }
  });
});
