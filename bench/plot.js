// What was measured as a picture: a group for each row, a bar for each contender, on a logarithmic scale. An SVG by hand,
// as libraries that plot bring a browser's worth of code along for these few rectangles.
import { duration, multiple } from './report.js';

const WIDTH = 1040;
const LEFT = 380; // where the scale begins
const RIGHT = 880; // and where it ends; behind it is room for figures
const LINE = 16;
const TITLE = 30;
const BAR = 10;
const HEAD = 92;

// Of about the same lightness, so that they are seen on white and on black.
const COLOURS = {
  'linux-mount': '#e8590c',
  C: '#868e96',
  'Go syscall': '#1c8fb8',
  'moby/sys': '#4c6ef5',
  Node: '#37a05a',
  commands: '#b06fc4',
};

const STYLE = `
  svg { font: 12px system-ui, sans-serif; }
  .ground { fill: #fff; } text { fill: #24292f; } .dim { fill: #57606a; } .grid { stroke: #d0d7de; }
  .title { font-weight: 600; font-size: 13px; } .figure { font-variant-numeric: tabular-nums; }
  @media (prefers-color-scheme: dark) {
    .ground { fill: #0d1117; } text { fill: #e6edf3; } .dim { fill: #9198a1; } .grid { stroke: #30363d; }
  }`;

const kindOf = (who) => (who in COLOURS ? who : 'commands');
const text = (x, y, words, { kind = '', anchor = 'start' } = {}) =>
  `<text x="${x}" y="${y}" class="${kind}" text-anchor="${anchor}">${words.replace(/[&<>]/g, (c) => `&#${c.charCodeAt(0)};`)}</text>`;

/**
 * @param {{ machine: object, rows: { name: string, skipped?: string, entries: object[] }[] }} report
 * @returns {string} the SVG
 */
export function plot({ machine, rows }) {
  const all = rows.flatMap(({ entries }) => entries.filter(({ skipped }) => skipped === undefined));
  const decades = all.map(({ median }) => Math.log10(median));
  const [low, high] = [Math.floor(Math.min(...decades)), Math.ceil(Math.max(...decades))];
  const at = (nanoseconds) => LEFT + ((Math.log10(nanoseconds) - low) / (high - low)) * (RIGHT - LEFT);

  const parts = [];
  let y = HEAD;
  for (const { name, skipped, entries } of rows) {
    y += TITLE;
    parts.push(text(16, y - 8, skipped === undefined ? name : `${name}: ${skipped}`, { kind: 'title' }));
    for (const entry of entries) {
      parts.push(...bar(entry, y, at));
      y += LINE;
    }
  }
  const height = y + 24;
  const grid = Array.from({ length: high - low + 1 }, (_, index) => 10 ** (low + index)).map(
    (mark) =>
      `<line class="grid" x1="${at(mark)}" y1="${HEAD}" x2="${at(mark)}" y2="${height - 16}"/>` +
      text(at(mark), HEAD - 6, duration(mark).replace(/\.0+ /, ' '), { kind: 'dim', anchor: 'middle' }),
  );
  const { processors, processor, kernel, node } = machine;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img">
<title>linux-mount and others: time for each operation, on a logarithmic scale</title>
<style>${STYLE}
</style>
<rect class="ground" width="${WIDTH}" height="${height}"/>
${text(16, 26, 'Time for each operation: the median, and how many times the first of the group (logarithmic; less is better)', { kind: 'title' })}
${text(16, 44, `${processors} × ${processor}, Linux ${kernel}, Node ${node}`, { kind: 'dim' })}
${legend()}
${grid.join('\n')}
${parts.join('\n')}
</svg>
`;
}

function legend() {
  let x = 16;
  return Object.entries(COLOURS)
    .map(([kind, colour]) => {
      const words = kind === 'commands' ? 'commands, each in a process of its own' : kind;
      const one = `<rect x="${x}" y="53" width="10" height="10" fill="${colour}"/>${text(x + 15, 62, words)}`;
      x += 15 + words.length * 7 + 16;
      return one;
    })
    .join('\n');
}

function bar({ who, how, median, ratio, skipped }, y, at) {
  const label = text(LEFT - 8, y + BAR, [who, how].filter((part) => part !== '').join(', '), { anchor: 'end' });
  if (skipped !== undefined) return [label, text(LEFT + 6, y + BAR, skipped, { kind: 'dim' })];
  const end = at(median);
  return [
    label,
    `<rect x="${LEFT}" y="${y + 1}" width="${(end - LEFT).toFixed(1)}" height="${BAR}" rx="1.5" fill="${COLOURS[kindOf(who)]}"/>`,
    text(end + 6, y + BAR, `${duration(median)}  ·  ${multiple(ratio)}`, { kind: 'figure dim' }),
  ];
}
