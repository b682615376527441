// npm run docs:picture: draws the output of the demo as docs/demo.svg. The demo mounts for real, in its own mount
// namespace, on two small directories. The picture shows the acts whose output is the same on every machine.
//
//   npm run docs:picture             writes the picture
//   npm run docs:picture -- --check  fails when the existing picture is out of date
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { createAnsiSequenceParser } from 'ansi-sequence-parser';

const FILE = fileURLToPath(new URL('../../docs/demo.svg', import.meta.url));
const DEMO = fileURLToPath(new URL('../../examples/dist/demo.js', import.meta.url));

// The picture shows the acts before the fourth.
const FIRST = /^1\. /;
const AFTER = /^4\. /;

const CELL = { width: 8.4, height: 20 };
const FONT = 14;
const MARGIN = 20;
const BAR = 36;
const BACKGROUND = '#1e2127';
const FOREGROUND = '#d7dae0';
const COLOURS = {
  red: '#ff7b85',
  green: '#98c379',
  yellow: '#e5c07b',
  blue: '#7cb7ff',
  magenta: '#d7a0e8',
  cyan: '#5cc9d6',
};

function demoLines() {
  const place = mkdtempSync(join(tmpdir(), 'linux-mount-picture-'));
  try {
    const lower = ['one', 'two'].flatMap((name) => {
      const path = mkdtempSync(join(place, `${name}-`));
      writeFileSync(join(path, name), `${name}\n`);
      return ['--lower', path];
    });
    const { status, stdout, stderr } = spawnSync(process.execPath, [DEMO, ...lower], {
      env: { ...process.env, FORCE_COLOR: '1', NO_COLOR: '' },
      encoding: 'utf8',
    });
    if (status !== 0) throw new Error(`the demo failed: ${stderr}`);
    return stdout.split('\n');
  } finally {
    rmSync(place, { recursive: true }); // two files; the mounts of the demo ended with their namespace
  }
}

/** Returns the lines of the picture. Each line is a list of parts with styles. */
function parts() {
  const parser = createAnsiSequenceParser();
  const lines = demoLines().map((line) => parser.parse(line));
  const text = (line) => line.map(({ value }) => value).join('');
  const [first, after] = [FIRST, AFTER].map((pattern) => lines.findIndex((line) => pattern.test(text(line))));
  if (first < 0 || after < first) throw new Error('the demo does not have the acts that the picture shows');
  const plain = (value, decorations = []) => ({ value, foreground: null, decorations: new Set(decorations) });
  const prompt = [plain('$ ', ['dim']), plain('npm run demo', ['bold'])];
  const more = [plain('…', ['dim'])];
  return [prompt, [], ...lines.slice(first, after), more];
}

const escaped = (text) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
const number = (value) => String(Math.round(value * 10) / 10);

// Each part of a line has its position and width in columns, so that columns align in every font.
function drawn(line, row) {
  let column = 0;
  const y = number(BAR + MARGIN + row * CELL.height + FONT);
  return line.flatMap(({ value, foreground, decorations }) => {
    const start = column;
    column += [...value].length;
    const fill = foreground === null ? FOREGROUND : COLOURS[foreground.name];
    if (fill === undefined) throw new Error(`the picture has no colour for ${foreground.name}`);
    const style = [
      `fill="${fill}"`,
      ...(decorations.has('bold') ? ['font-weight="bold"'] : []),
      ...(decorations.has('dim') ? ['opacity="0.65"'] : []),
    ].join(' ');
    return [...value.matchAll(/\S+(?: \S+)*/g)].map(({ 0: words, index }) => {
      const place = `x="${number(MARGIN + (start + [...value.slice(0, index)].length) * CELL.width)}" y="${y}"`;
      const length = `textLength="${number([...words].length * CELL.width)}" lengthAdjust="spacingAndGlyphs"`;
      return `<text ${place} ${length} ${style}>${escaped(words)}</text>`;
    });
  });
}

/** Returns the up-to-date picture. */
export function picture() {
  const lines = parts();
  const columns = Math.max(...lines.map((line) => line.reduce((sum, { value }) => sum + [...value].length, 0)));
  const [width, height] = [MARGIN * 2 + columns * CELL.width, BAR + MARGIN * 2 + lines.length * CELL.height];
  const words = lines.map((line) => line.map(({ value }) => value).join('')).join('\n');
  const buttons = ['#ff5f57', '#febc2e', '#28c840'].map(
    (fill, index) => `<circle cx="${MARGIN + index * 20}" cy="${BAR / 2}" r="6" fill="${fill}"/>`,
  );
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${number(width)} ${number(height)}" role="img"`,
    `  width="${number(width)}" height="${number(height)}" font-size="${FONT}"`,
    `  font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace">`,
    '<title>npm run demo</title>',
    `<desc>${escaped(words)}</desc>`,
    // The picture has its own background and a border, to be readable on a light page and on a dark one.
    `<rect x="0.5" y="0.5" width="${number(width - 1)}" height="${number(height - 1)}" rx="8" fill="${BACKGROUND}" stroke="#8888" />`,
    ...buttons,
    ...lines.flatMap(drawn),
    '</svg>',
    '',
  ].join('\n');
}

/** Whether the existing picture is up to date. */
export function isPictureCurrent() {
  return readFileSync(FILE, 'utf8') === picture();
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  if (!process.argv.includes('--check')) {
    writeFileSync(FILE, picture());
  } else if (!isPictureCurrent()) {
    console.error('docs/demo.svg does not show the current output of the demo: npm run docs:picture');
    process.exitCode = 1;
  }
}
