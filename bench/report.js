// Formats the results for a terminal and as Markdown: one table, with a line for each contender of a row.

/** Formats nanoseconds with three significant digits, in the unit that is easiest to read. */
export function duration(nanoseconds) {
  const [divisor, unit] =
    nanoseconds < 1e3 ? [1, 'ns'] : nanoseconds < 1e6 ? [1e3, 'µs'] : nanoseconds < 1e9 ? [1e6, 'ms'] : [1e9, 's'];
  return `${threeDigits(nanoseconds / divisor)} ${unit}`;
}

export function multiple(ratio) {
  return `${ratio < 10 ? ratio.toFixed(2) : Math.round(ratio).toLocaleString('en')} ×`;
}

function threeDigits(value) {
  return value.toFixed(value < 10 ? 2 : value < 100 ? 1 : 0);
}

/** The cells of the lines of a row: who, how, median, least, ratio of medians, ratio of the least. */
function cells({ entries }) {
  return entries.map(({ who, how, median, minimum, ratio, leastRatio, skipped }) =>
    skipped !== undefined
      ? [who, how, skipped, '', '', '']
      : [who, how, duration(median), duration(minimum), multiple(ratio), multiple(leastRatio)],
  );
}

const HEADS = ['', '', 'median', 'least', '', 'least'];

/** A row of the table for a terminal. */
export function rowText({ name, note, turns, entries }) {
  let text = `\n${name} (${turns} turns, the first = 1)\n`;
  if (note !== undefined) text += `  ${note}\n`;
  const lines = [HEADS, ...cells({ entries })];
  const widths = HEADS.map((_, column) =>
    Math.max(
      ...lines.map((line) =>
        line[2] === '' || (column >= 2 && line[4] === '' && line[3] === '') ? 0 : line[column].length,
      ),
    ),
  );
  widths[0] = Math.max(...lines.map(([who]) => who.length));
  widths[1] = Math.max(...lines.map(([, how]) => how.length));
  for (const line of lines) {
    const padded = line.map((cell, column) =>
      column < 2 ? cell.padEnd(widths[column]) : cell.padStart(widths[column]),
    );
    text += `  ${padded.join('  ')}`.trimEnd();
    text += '\n';
  }
  return text;
}

export function summaryText({ summary, seconds }) {
  const width = Math.max(0, ...summary.map(({ name }) => name.length));
  const lines = summary.map(
    ({ name, figure, unit }) => `  ${name.padEnd(width)}  ${figure.toFixed(3).padStart(9)} ${unit}\n`,
  );
  return `\nSummary (measured in ${seconds} s)\n${lines.join('')}`;
}

/** The page in docs/. `behind` is the text about cases in which others are faster. */
export function markdown({ machine, rows, summary, seconds }, behind) {
  const { processor, processors, arch, kernel, node } = machine;
  const escapeBars = (cell) => cell.replaceAll('|', '\\|');
  const line = (columns) => `| ${columns.map(escapeBars).join(' | ')} |\n`;
  const table = rows.flatMap((row) => {
    return cells(row).map(([who, how, median, least, ratio, leastRatio], index) =>
      line([
        index === 0 ? `**${row.name}**` : '',
        who,
        how,
        median,
        ratio,
        least === '' ? '' : `${least} (${leastRatio})`,
      ]),
    );
  });
  const notes = rows.filter(({ note }) => note !== undefined).map(({ name, note }) => `- *${name}*: ${note}\n`);
  const figures = summary.map(({ name, figure, unit }) => line([name, `${figure.toFixed(3)} ${unit}`]));
  return `# What it costs

<!-- Made by: npm run bench -- --docs. Do not edit; the text about what is behind is in bench/behind.md. -->

![The medians of ten operations on a logarithmic scale: this library, C, and the commands](bench-summary.svg)

[All rows as a picture](bench.svg), and [as a table](#all-rows) below.

Measured by \`npm run bench\` in ${seconds} s on ${processors} × ${processor} (${arch}), Linux ${kernel}, Node ${node}. All contenders of
a row take turns in one run, so that other load on the machine affects all of them. "Median" is the median of the turns, and its ratio is
the median of the ratios of the turns to the first line of the row. "Least" is the fastest turn, and its ratio is the ratio to
the fastest turn of the first line. On a busy machine the ratios tell more than the times, and the least ratios tell most.

${behind.trim()}

## The figures

${line(['', ''])}${line(['---', '---:'])}${figures.join('')}
## All rows

${line(['', 'who', 'how', 'median', 'ratio', 'least'])}${line(['---', '---', '---', '---:', '---:', '---:'])}${table.join('')}
${notes.join('')}
[bench.json](bench.json) has all figures.
`;
}
