// The summary chart: ten rows for readers who ask whether this library is fast enough. Each row shows this library, the
// same work in C, and what else a program would use.
import { BAR, bar, figureOf, grid, picture, scaleOf, text, widthOf } from './svg.js';

const MARGIN = 14;
const WIDTH = 830; // GitHub shows a page 830 pixels wide
const LINE = 14;
const GAP = 15;
const HEAD = 82;

const LOOP = ['C', 'loop on the same thread'];
const library = (how) => ['linux-mount', how];
const command = (who) => [who, 'spawnSync'];

/** The title of each row, the words below it, the row of the table, and the entries by `who` and `how`. */
const ROWS = [
  {
    title: 'bind + umount',
    words: ['mountBindSync + unmountSync'],
    from: 'bind + umount',
    entries: [library('mountBindSync + unmountSync'), LOOP, command('mount(8)')],
  },
  {
    title: 'bind + umount, awaited',
    words: ['await mount + await umount', 'Node: 2 × await fs.promises.access'],
    from: 'bind + umount',
    entries: [library('await mount + await umount'), LOOP, ['Node', '2 × await fs.promises.access']],
  },
  {
    title: 'read-only bind of 50 mounts',
    words: ['mountBindSync + unmountSync'],
    from: 'read-only bind of a tree of 50 mounts + umount',
    entries: [library('mountBindSync + unmountSync'), LOOP, ['moby/sys', '']],
  },
  {
    title: 'tmpfs + umount',
    words: ['mountTmpfsSync + unmountSync'],
    from: 'tmpfs + umount',
    entries: [library('mountTmpfsSync + unmountSync'), LOOP, command('mount(8)')],
  },
  {
    title: 'overlay of 2 layers and an upper',
    words: ['mountOverlaySync + unmountSync'],
    from: 'overlay of 2 layers and an upper + umount',
    entries: [library('mountOverlaySync + unmountSync'), LOOP, command('mount(8)')],
  },
  {
    title: 'overlay of 500 layers',
    words: ['mountOverlaySync + unmountSync'],
    from: 'overlay of 500 layers + umount',
    entries: [library('mountOverlaySync + unmountSync'), LOOP, command('mount(8)')],
  },
  {
    title: 'the same, paths of 3,000 bytes',
    words: ['mountOverlaySync + unmountSync'],
    from: 'overlay of 500 layers with paths of 3,000 bytes + umount',
    entries: [library('mountOverlaySync + unmountSync'), LOOP, ['mount(8)', '']],
  },
  {
    title: 'whether it is a mount point',
    words: ['isMountPointSync', 'beside 10,000 mounts'],
    from: 'whether a path is a mount point, beside 10,000 mounts',
    entries: [library('isMountPointSync'), LOOP, command('mountpoint(1)')],
  },
  {
    title: 'mount table of 10,000 mounts',
    words: ['readMountTableSync', 'C: read, and not parsed'],
    from: 'mount table of 10,000 mounts',
    entries: [library('readMountTableSync'), ['C', 'bare read, nothing parsed'], command('findmnt(8)')],
  },
  {
    title: 'who holds a mount',
    words: ['holdersSync', 'among all processes'],
    from: 'who holds a mount, among all processes',
    entries: [library('holdersSync'), command('fuser(1)'), command('lsof(8)')],
  },
];

/** Finds the rows of the summary in the table. A missing name is an error. */
function chosen(rows) {
  return ROWS.map(({ title, words, from, entries }) => {
    const row = rows.find(({ name }) => name === from);
    const found = entries.map(([who, how]) => {
      const entry = row?.entries.find((each) => each.who === who && each.how === how);
      if (entry === undefined) throw new Error(`bench/plot-summary.js: "${from}" has no ${who}, ${how}`);
      return entry;
    });
    return { title, words, entries: found };
  });
}

/**
 * @param {{ machine: object, rows: { name: string, entries: object[] }[] }} report
 * @returns {string} the SVG
 */
export function plotSummary({ machine, rows }) {
  const groups = chosen(rows);
  const all = groups.flatMap(({ entries }) => entries);
  const measured = all.filter(({ skipped }) => skipped === undefined);
  const names = Math.max(
    ...groups.flatMap(({ title, words }) => [widthOf(title, 'title'), ...words.map((each) => widthOf(each))]),
  );
  const left = MARGIN + names + GAP + Math.max(...all.map(({ who }) => widthOf(who))) + 8;
  const right = WIDTH - MARGIN - 6 - Math.max(...measured.map((entry) => widthOf(figureOf(entry))));
  const scale = scaleOf(all, left, right);

  const bars = [];
  let y = HEAD;
  for (const { title, words, entries } of groups) {
    y += GAP;
    bars.push(text(MARGIN, y + BAR, title, { kind: 'title' }));
    bars.push(...words.map((each, index) => text(MARGIN, y + BAR + (index + 1) * LINE, each, { kind: 'dim' })));
    for (const entry of entries) {
      bars.push(...bar(entry.who, entry, y, scale));
      y += LINE;
    }
  }
  const { processors, processor, kernel, node } = machine;
  return picture({
    width: WIDTH,
    height: y + MARGIN,
    title: 'linux-mount beside C and the commands: time for ten operations, on a logarithmic scale',
    parts: [
      text(MARGIN, 24, 'Time for each operation, on a logarithmic scale: less is better', { kind: 'title' }),
      text(MARGIN, 42, 'The median, and how many times that of C: a loop of the same system calls', { kind: 'dim' }),
      text(MARGIN, 58, `${processors} × ${processor}, Linux ${kernel}, Node ${node}`, { kind: 'dim' }),
      ...grid(scale, HEAD, y),
      ...bars,
    ],
  });
}
