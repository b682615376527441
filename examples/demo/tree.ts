// Draws directory trees with columns.
import { lstatSync, readdirSync } from 'node:fs';
import { isWhiteout } from './layers.js';
import { bold, dim, layerStyle, plain, type Style } from './output.js';

/** A column to the right of a tree. */
export interface Column {
  readonly title: string;
  readonly style?: Style;
  /** The alignment of the cells: numbers on the right, marks in the middle. */
  readonly align?: 'right' | 'middle';
}

/** A name in the tree, with its cell in each column. */
export interface Row {
  readonly name: string;
  readonly cells: readonly string[];
  readonly style?: Style;
}

/**
 * Draws a tree of one level with columns.
 *
 * @param rows the branches; the last row may count names that are not drawn: `… 12 more`
 * @param sums rows below the tree
 */
export function drawTree(
  root: string,
  columns: readonly Column[],
  rows: readonly Row[],
  sums: readonly Row[] = [],
): string[] {
  const branches = rows.map((row, index) => ({ ...row, branch: index === rows.length - 1 ? '└── ' : '├── ' }));
  const all = [...branches, ...sums.map((row) => ({ ...row, branch: '' }))];
  const nameWidth = Math.max(root.length, ...all.map(({ branch, name }) => branch.length + name.length));
  const widths = columns.map(({ title }, index) =>
    Math.max(title.length, ...all.map(({ cells }) => cells[index]?.length ?? 0)),
  );
  const cellsLine = (cells: readonly string[], otherwise: Style) =>
    columns
      .map(
        ({ style = otherwise, align }, index) => `   ${style(aligned(cells[index] ?? '', widths[index] ?? 0, align))}`,
      )
      .join('');
  const head = cellsLine(
    columns.map(({ title }) => title),
    dim,
  );
  const lines = all.map(({ branch, name, cells, style = plain }) => {
    const gap = ' '.repeat(nameWidth - branch.length - name.length);
    return `${dim(branch)}${style(name)}${gap}${cellsLine(cells, plain)}`;
  });
  return [`${bold(root)}${' '.repeat(nameWidth - root.length)}${head}`, ...lines].map((line) => line.trimEnd());
}

function aligned(text: string, width: number, align: Column['align']): string {
  if (align === undefined) return text.padEnd(width);
  if (align === 'right') return text.padStart(width);
  return text.padStart(Math.ceil((width + text.length) / 2)).padEnd(width);
}

/** The legend of {@link drawLayers}. */
export const MARKS = '● visible   ○ hidden by a layer above   × whiteout';

/**
 * Draws a merged directory, with the layers that have each name. The function reads the layers, topmost first, and the
 * merged directory.
 *
 * @param layers name and path, topmost first
 */
export function drawLayers(merged: string, layers: readonly (readonly [name: string, path: string])[]): string[] {
  const seen = new Set(readdirSync(merged));
  const names = new Set([...seen, ...layers.flatMap(([, path]) => readdirSync(path))]);
  const rows = [...names].sort().map((name): Row => {
    let isCovered = !seen.has(name);
    const cells = layers.map(([, path]) => {
      const stats = lstatSync(`${path}/${name}`, { throwIfNoEntry: false });
      if (stats === undefined) return '·';
      if (isWhiteout(stats)) return '×';
      if (isCovered) return '○';
      isCovered = true;
      return '●';
    });
    return seen.has(name) ? { name, cells } : { name: `${name} is deleted`, cells, style: dim };
  });
  const columns = layers.map(([title], index): Column => ({ title, style: layerStyle(index), align: 'middle' }));
  return drawTree('merged', columns, rows);
}
