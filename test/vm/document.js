// Writes docs/kernels.md: what each feature does on each kernel.
import { writeFileSync } from 'node:fs';

const SIGNS = { works: '✓', 'falls back': '↩', 'clear error': '✗', 'in part': '∅', wrong: '**wrong**' };

const HEAD = `# What works on which kernel

<!-- Generated from a run on these kernels: npm run test:kernels -- --docs -->

Every cell is what a small program (\`test/vm/features/\`) saw when it used the feature on that kernel and looked at
the result. Features are found by calling, so a kernel with more or less than its version says behaves accordingly.

| sign | |
|---|---|
| ✓ | works |
| ↩ | falls back to older calls, to the same end; the note says how |
| ✗ | is not there, and the \`MountError\` says so; the note has its \`code\` and \`reason\` |
| ∅ | the kernel takes it, and drops it or does only some of it; the note says what, and of options \`overlaySupport\` too |

This is about features only. \`npm run test:kernels\` also runs the test suite on each kernel, and says what came of it.
Kernels are for x64 unless they are named otherwise: arm64 with pages of 16 KiB, ppc64le with pages of 64 KiB, and s390x,
where numbers begin with their highest byte.
`;

const WHO = {
  root: ['As root', ''],
  user: ['In a user namespace', 'Of an ordinary user, with one id: `unshare --user --map-root-user --mount`.\n'],
};

const cell = (text) => text.replaceAll('|', '\\|').replaceAll('<', '&lt;');

/**
 * Returns one table for each group of features. A note with the fallback or the reason of an error appears once for all
 * kernels.
 */
function tables(columns) {
  const [first] = columns;
  const groups = Map.groupBy?.(first.findings, ({ group }) => group) ?? grouped(first.findings);
  let text = '';
  const notes = [];
  const noteOf = (how) => {
    if (!notes.includes(how)) notes.push(how);
    return notes.indexOf(how) + 1;
  };
  for (const [group, features] of groups) {
    text += `\n### ${group}\n\n| | ${columns.map(({ series }) => series).join(' | ')} |\n|---|${'---|'.repeat(columns.length)}\n`;
    for (const { name } of features) {
      const cells = columns.map(({ findings }) => {
        const found = findings.find((each) => each.group === group && each.name === name);
        if (found === undefined) return '';
        const sign = SIGNS[found.outcome];
        return found.outcome === 'works' ? sign : `${sign} ${noteOf(found.how)}`;
      });
      text += `| ${cell(name)} | ${cells.join(' | ')} |\n`;
    }
  }
  return `${text}\n${notes.map((note, index) => `${index + 1}. ${cell(note)}`).join('\n')}\n`;
}

function grouped(findings) {
  const groups = new Map();
  for (const each of findings) groups.set(each.group, [...(groups.get(each.group) ?? []), each]);
  return groups;
}

/**
 * Writes what the features do on each kernel.
 *
 * @param path the file
 * @param results for each kernel `series`, `release`, and `features` as features.ts prints them
 */
export function writeDocument(path, results) {
  let text = HEAD;
  text += `\n| series | kernel |\n|---|---|\n`;
  for (const { series, release } of results) text += `| ${series} | \`${release}\` |\n`;
  for (const [user, [title, about]] of Object.entries(WHO)) {
    const columns = results.map(({ series, features }) => ({
      series,
      findings: features.find((each) => each.user === user)?.findings ?? [],
    }));
    text += `\n## ${title}\n${about === '' ? '' : `\n${about}`}${tables(columns)}`;
  }
  writeFileSync(path, text);
}
