// The chart of all results: a group for each row, and a bar for each contender, on a logarithmic scale. The code writes
// the SVG itself, because plotting libraries bring much code for a few rectangles.
import { BAR, bar, endOf, grid, legend, picture, scaleOf, text, widthOf } from './svg.js';

const MARGIN = 16;
const SCALE = 340;
const LINE = 16;
const TITLE = 30;
const HEAD = 108;

const labelOf = ({ who, how }) => [who, how].filter((part) => part !== '').join(', ');

/**
 * @param {{ machine: object, rows: { name: string, entries: object[] }[] }} report
 * @returns {string} the SVG
 */
export function plot({ machine, rows }) {
  const all = rows.flatMap(({ entries }) => entries);
  const left = MARGIN + Math.max(...all.map((entry) => widthOf(labelOf(entry)))) + 8;
  const scale = scaleOf(all, left, left + SCALE);

  const bars = [];
  let y = HEAD;
  for (const { name, entries } of rows) {
    y += TITLE;
    bars.push(text(MARGIN, y - 8, name, { kind: 'title' }));
    for (const entry of entries) {
      bars.push(...bar(labelOf(entry), entry, y, scale));
      y += LINE;
    }
  }
  const { processors, processor, kernel, node } = machine;
  return picture({
    width: Math.max(...all.map((entry) => endOf(entry, scale))) + MARGIN,
    height: y + BAR,
    title: 'linux-mount and others: time for each operation, on a logarithmic scale',
    parts: [
      text(MARGIN, 26, 'Time for each operation, on a logarithmic scale: less is better', { kind: 'title' }),
      text(MARGIN, 44, 'The median of the turns, and how many times that of the first in the group', { kind: 'dim' }),
      text(MARGIN, 60, `${processors} × ${processor}, Linux ${kernel}, Node ${node}`, { kind: 'dim' }),
      ...legend(MARGIN, 78),
      ...grid(scale, HEAD, y),
      ...bars,
    ],
  });
}
