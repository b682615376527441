// Checks that links in pages lead to existing files and headings, and that packed pages link to packed files only.
import { dirname, join, normalize } from 'node:path';
import { isFile, isPacked, pages, read } from './pages.js';

const withoutCode = (text) => text.replace(/^```.*?^```$/gms, '').replace(/`[^`\n]*`/g, '');

/** Returns the anchors of a page as GitHub makes them. A repeated heading gets a number. */
function anchorsOf(page) {
  const text = read(page).replace(/^```.*?^```$/gms, '');
  const anchors = new Set(Array.from(text.matchAll(/<a (?:id|name)="([^"]+)"/g), ([, name]) => name));
  for (const [, heading] of text.matchAll(/^#+ (.*)$/gm)) {
    const plain = heading
      .replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-');
    let anchor = plain;
    for (let count = 1; anchors.has(anchor); count += 1) anchor = `${plain}-${count}`;
    anchors.add(anchor);
  }
  return anchors;
}

function linksOf(page) {
  return Array.from(
    withoutCode(read(page)).matchAll(/\]\(([^)\s]+)\)|(?:src|href)="([^"]+)"/g),
    ([, link, attribute]) => link ?? attribute,
  ).filter((target) => !/^[a-z]+:/.test(target));
}

/** Adds the broken links of all pages to `faults`. */
export function checkLinks(faults) {
  let count = 0;
  for (const page of pages) {
    for (const target of linksOf(page)) {
      count += 1;
      const [path, anchor] = target.split('#');
      const file = path === '' ? page : normalize(join(dirname(page), path));
      if (!isFile(file)) faults.push(`${page}: ${target} leads to no file`);
      else if (isPacked(page) && !isPacked(file))
        faults.push(`${page}: ${target} leads to a file that is not in the package ("files" in package.json)`);
      else if (anchor !== undefined && !anchorsOf(file).has(anchor))
        faults.push(`${page}: ${target} has no such heading`);
    }
  }
  console.log(`${count} links lead to files, those of packed pages to packed files`);
}
