// The figures of the summary, from the rows of the table.
import { FEW_PATHS, IS_MOUNT_POINT, pathBeside } from './rows/lookups.js';
import { ACCESS, ASYNC, BIND, CHANGES, CHECKED, SYNC, TREE } from './rows/mounts.js';
import {
  BESIDE_OVERLAYS,
  BESIDE_TMPFS,
  HANDLE,
  KNOWN,
  LONG_NAMES,
  READ_ONLY,
  UNLOOKED,
  WRITABLE,
} from './rows/overlays.js';
import { FINDMNT, READ, tableName } from './rows/tables.js';

const MANY = 10_000;
const MICROSECONDS = 'µs';

/**
 * Each line: the row, the name of the figure, how it is computed from the entries of the row (by `how`), and its unit.
 */
const LINES = [
  [BIND, 'bind + umount, sync over C', (of) => of(SYNC).ratio],
  [
    CHANGES,
    'two changes of a mount, async minus sync, over 2 × fs.promises.access',
    over('mountSync, twice', 'await mount, twice'),
  ],
  [BIND, 'bind + umount, async minus sync, over 2 × fs.promises.access', over(SYNC, ASYNC)],
  [TREE, 'read-only bind of 50 mounts, over C', (of) => of(CHECKED).ratio],
  [READ_ONLY, 'overlay of 2 layers, sync over C', (of) => of(HANDLE).ratio],
  [READ_ONLY, 'the same, least over least', (of) => of(HANDLE).leastRatio],
  [READ_ONLY, 'the same, over C that checks its mount', (of) => of(HANDLE).ratio / of(KNOWN).ratio],
  [WRITABLE, 'overlay with an upper layer that is not looked for, sync over C', (of) => of(UNLOOKED).ratio],
  [WRITABLE, 'the same, least over least', (of) => of(UNLOOKED).leastRatio],
  [WRITABLE, 'the same, over C that checks its mount', (of) => of(UNLOOKED).ratio / of(KNOWN).ratio],
  [WRITABLE, 'to look for the upper layer', look, MICROSECONDS],
  [BESIDE_TMPFS, 'the same beside 1,000 tmpfs', look, MICROSECONDS],
  [BESIDE_OVERLAYS, 'the same beside 1,000 of its kind', look, MICROSECONDS],
  [LONG_NAMES, 'overlay of 500 layers with long names, sync over C', (of) => of(HANDLE).ratio],
  [tableName(MANY), 'table of 10,000 mounts, read and parsed over the bare read', (of) => of(READ).ratio],
  [
    tableName(MANY),
    'table of 10,000 mounts, findmnt over this',
    (of) => of('spawnSync', FINDMNT).median / of(READ).median,
  ],
  [FEW_PATHS, 'isMountPointSync', (of) => of(IS_MOUNT_POINT).median / 1000, MICROSECONDS],
  [pathBeside(MANY), 'the same beside 10,000 mounts', (of) => of(IS_MOUNT_POINT).median / 1000, MICROSECONDS],
];

function over(sync, async) {
  return (of) => (of(async).median - of(sync).median) / of(ACCESS).median;
}

function look(of) {
  return (of(HANDLE).median - of(UNLOOKED).median) / 1000;
}

/**
 * @param {{ name: string, entries: object[] }[]} rows
 * @returns {{ name: string, figure: number, unit: string }[]} the figures of the rows that were measured
 */
export function summarize(rows) {
  return LINES.flatMap(([row, name, figureOf, unit = '×']) => {
    const entries = rows.find((each) => each.name === row)?.entries ?? [];
    const of = (how, who) =>
      entries.find((entry) => entry.how === how && (who === undefined || entry.who === who)) ?? {};
    const figure = figureOf(of);
    return Number.isFinite(figure) ? [{ name, figure, unit }] : [];
  });
}
