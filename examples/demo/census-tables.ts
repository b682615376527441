// Draws the tables of act 6: names and counts of the layers and of the merged directory.
import { type Census, type Count, total } from './census.js';
import { grouped, layerStyle, printable, shorten } from './output.js';
import { type Column, drawTree, type Row } from './tree.js';

const ROWS = 8;
const WIDE = 24;

/** The largest names in the merged root, and the layers that contribute to each. */
export function drawTopLevels(lower: readonly string[], { topLevels }: Census): string[] {
  const names = lower.map(printable);
  // Each layer has a column if there is room. Otherwise one column lists the numbers of the layers.
  const isWide = names.join('').length > WIDE;
  const layerColumns: Column[] = isWide
    ? [{ title: 'layers' }]
    : names.map((title, index) => ({ title, style: layerStyle(index), align: 'middle' }));
  const layerCells = (layers: ReadonlySet<number>) =>
    isWide
      ? [
          shorten(
            [...layers]
              .sort((one, other) => one - other)
              .map(layerNumber)
              .join(' '),
            24,
          ),
        ]
      : names.map((_, index) => (layers.has(index) ? '●' : '·'));

  const bySize = [...topLevels.values()].sort((one, other) => other.bytes - one.bytes);
  const rows = bySize.slice(0, ROWS).map(({ name, layers, files, bytes }): Row => {
    return { name: shorten(name, 32), cells: [...layerCells(layers), grouped(files), grouped(bytes)] };
  });
  const rest = bySize.slice(ROWS);
  if (rest.length > 0) {
    const { files, bytes } = total(rest);
    const cells = [...layerColumns.map(() => ''), grouped(files), grouped(bytes)];
    rows.push({ name: `… ${grouped(rest.length)} more`, cells });
  }
  return drawTree('merged', [...layerColumns, number('files'), number('bytes')], rows);
}

/** The counts of each layer, their sum, and the counts of the merged directory. */
export function drawCounts(lower: readonly string[], { fromLayers, throughMount }: Census): string[] {
  const rows = lower.map((path, index): Row => {
    const name = `${lower.length > 1 ? `${layerNumber(index)} ` : ''}${shorten(printable(path), 34)}`;
    return { name, cells: counted(fromLayers[index]), style: layerStyle(index) };
  });
  const drawn = rows.length <= ROWS ? rows : rows.slice(0, ROWS - 1);
  if (drawn.length < rows.length) {
    const rest = total(fromLayers.slice(drawn.length));
    drawn.push({ name: `… ${grouped(rows.length - drawn.length)} more`, cells: counted(rest) });
  }
  const columns = ['files', 'directories', 'links', 'others', 'bytes'].map(number);
  return drawTree('what comes from', columns, drawn, [
    { name: 'all layers', cells: counted(total(fromLayers)) },
    { name: 'merged', cells: counted(throughMount) },
  ]);
}

function number(title: string): Column {
  return { title, align: 'right' };
}

function layerNumber(index: number): string {
  return String(index + 1);
}

function counted(count: Count | undefined): string[] {
  if (count === undefined) return [];
  return [count.files, count.directories, count.links, count.others, count.bytes].map(grouped);
}
