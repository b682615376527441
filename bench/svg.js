// The parts that the two charts share: text with known width, bars, colours, a light and a dark scheme.
import { duration, multiple } from './report.js';

export const FONT = 12;
export const BAR = 10;

// The colours have similar lightness, so that they are visible on white and on black.
const COLOURS = {
  'linux-mount': '#e8590c',
  C: '#868e96',
  'Go syscall': '#1c8fb8',
  'moby/sys': '#4c6ef5',
  Node: '#37a05a',
  commands: '#b06fc4',
};

const STYLE = `
  svg { font: ${FONT}px system-ui, sans-serif; }
  .ground { fill: #fff; } text { fill: #24292f; } .dim { fill: #57606a; } .grid { stroke: #d0d7de; }
  .title { font-weight: 600; } .figure { font-variant-numeric: tabular-nums; }
  .over { paint-order: stroke; stroke: #fff; stroke-width: 4px; }
  @media (prefers-color-scheme: dark) {
    .ground { fill: #0d1117; } text { fill: #e6edf3; } .dim { fill: #9198a1; } .grid { stroke: #30363d; }
    .over { stroke: #0d1117; }
  }`;

// Widths of characters as fractions of the font size, at least those of DejaVu Sans, the widest font behind
// `sans-serif`.
const WIDTHS = [
  [0.37, " ',.·/\\|:;-fijlIJ"],
  [0.47, '!()[]tr"'],
  [0.62, '*_`?szckvxyFLTPYoae'],
  [1, '@…%mMW'],
  [0.84, '#+<=>^~×≥wOQGD&'],
];
const OTHERS = 0.76;
const BOLD = 1.14;

/** Returns the largest width of a text in pixels. */
export function widthOf(words, kind = '') {
  const parts = [...words].map((one) => WIDTHS.find(([, characters]) => characters.includes(one))?.[0] ?? OTHERS);
  const sum = parts.reduce((total, part) => total + part, 0);
  return Math.ceil(sum * FONT * (kind.includes('title') ? BOLD : 1));
}

const escaped = (words) => words.replace(/[&<>]/g, (one) => `&#${one.charCodeAt(0)};`);
const number = (value) => String(Math.round(value * 10) / 10);

/** Text at a position: it starts there, ends there (`end`) or is centred there (`middle`). */
export function text(x, y, words, { kind = '', anchor = 'start' } = {}) {
  return `<text x="${number(x)}" y="${number(y)}" class="${kind}" text-anchor="${anchor}">${escaped(words)}</text>`;
}

/** The figure to the right of a bar. */
export function figureOf({ median, ratio }) {
  return `${duration(median)}  ·  ${multiple(ratio)}`;
}

/** The largest x at which a bar and its figure end. */
export function endOf(entry, { at, left }) {
  const { median, skipped } = entry;
  return skipped === undefined ? Math.ceil(at(median)) + 6 + widthOf(figureOf(entry)) : left + 6 + widthOf(skipped);
}

const isMeasured = ({ skipped }) => skipped === undefined;

/** Returns a logarithmic scale for the results between two x coordinates. */
export function scaleOf(entries, left, right) {
  const decades = entries.filter(isMeasured).map(({ median }) => Math.log10(median));
  const [low, high] = [Math.floor(Math.min(...decades)), Math.ceil(Math.max(...decades))];
  const at = (nanoseconds) => left + ((Math.log10(nanoseconds) - low) / (high - low)) * (right - left);
  const marks = Array.from({ length: high - low + 1 }, (_, index) => 10 ** (low + index));
  return { at, marks, left };
}

/** The bar of an entry with its label on the left and its figure on the right, or the reason why there is no bar. */
export function bar(label, { who, median, skipped, ratio }, y, { at, left }) {
  const name = text(left - 8, y + BAR, label, { anchor: 'end' });
  if (skipped !== undefined) return [name, text(left + 6, y + BAR, skipped, { kind: 'dim over' })];
  const end = at(median);
  return [
    name,
    `<rect x="${left}" y="${y + 1}" width="${number(end - left)}" height="${BAR}" rx="1.5" fill="${colourOf(who)}"/>`,
    text(end + 6, y + BAR, figureOf({ median, ratio }), { kind: 'figure dim over' }),
  ];
}

const colourOf = (who) => COLOURS[who] ?? COLOURS.commands;

/** Lines for the powers of ten between head and foot. Every second line has a label where the lines are close. */
export function grid({ at, marks }, head, foot) {
  const names = marks.map((mark) => duration(mark).replace(/\.0+ /, ' '));
  const isNear = at(marks[1]) - at(marks[0]) < Math.max(...names.map((name) => widthOf(name)));
  return marks.flatMap((mark, index) => [
    `<line class="grid" x1="${number(at(mark))}" y1="${head}" x2="${number(at(mark))}" y2="${foot}"/>`,
    ...(isNear && index % 2 === 1 ? [] : [text(at(mark), head - 6, names[index], { kind: 'dim', anchor: 'middle' })]),
  ]);
}

/** A line that names the colours. */
export function legend(x, y) {
  return Object.entries(COLOURS).flatMap(([kind, colour]) => {
    const words = kind === 'commands' ? 'commands, each in a process of its own' : kind;
    const one = [`<rect x="${x}" y="${y - 9}" width="10" height="10" fill="${colour}"/>`, text(x + 15, y, words)];
    x += 15 + widthOf(words) + 16;
    return one;
  });
}

/** The whole SVG file. */
export function picture({ width, height, title, parts }) {
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img">
<title>${escaped(title)}</title>
<style>${STYLE}
</style>
<rect class="ground" width="${width}" height="${height}"/>
${parts.join('\n')}
</svg>
`;
}
