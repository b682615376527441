// Checks which folders of src-native/ include headers of which folders, and that no headers include each other in a
// circle.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { projectRoot } from '../../support/environment.js';

/** The folders of src-native/, each with the folders whose headers its files may include. */
const BELOW: Readonly<Record<string, readonly string[]>> = {
  libc: [],
  kernel: ['libc'],
  threads: ['kernel', 'libc'],
  napi: ['threads', 'kernel', 'libc'],
  table: ['napi', 'threads', 'kernel', 'libc'],
  place: ['table', 'napi', 'threads', 'kernel', 'libc'],
  mount: ['place', 'table', 'napi', 'threads', 'kernel', 'libc'],
  umount: ['place', 'table', 'napi', 'threads', 'kernel', 'libc'],
  overlay: ['mount', 'place', 'table', 'napi', 'threads', 'kernel', 'libc'],
  engines: ['place', 'table', 'napi', 'threads', 'kernel', 'libc'],
};

const root = join(projectRoot, 'src-native');
const isHere = existsSync(root);
const sources = isHere
  ? readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((file) =>
      /^(?!build|node_modules|nodedir).*\.(cc|h)$/.test(file),
    )
  : [];
const includes = new Map(
  sources.map((file) => {
    const text = readFileSync(join(root, file), 'utf8');
    return [file, [...text.matchAll(/^#include "(.*)"$/gm)].map(([, header]) => header as string)];
  }),
);
const folderOf = (file: string) => file.split('/')[0] as string;

test('a native file includes only headers of its own folder and of the folders below it', ({ skip }) => {
  skip(!isHere, 'this copy of the project lacks src-native/');
  const upwards: string[] = [];
  for (const [file, headers] of includes) {
    if (file === 'addon.cc') continue;
    const allowed = BELOW[folderOf(file)];
    for (const header of headers)
      if (folderOf(header) !== folderOf(file) && !allowed?.includes(folderOf(header)))
        upwards.push(`${file} -> ${header}`);
  }
  expect(upwards).toEqual([]);
  expect(includes.size).toBeGreaterThan(80);
});

test('no native header includes itself through other headers', ({ skip }) => {
  skip(!isHere, 'this copy of the project lacks src-native/');
  const circles: string[] = [];
  const done = new Set<string>();
  function follow(file: string, path: readonly string[]): void {
    if (path.includes(file)) circles.push([...path, file].join(' -> '));
    if (path.includes(file) || done.has(file)) return;
    for (const header of includes.get(file) ?? []) follow(header, [...path, file]);
    done.add(file);
  }
  for (const file of includes.keys()) follow(file, []);
  expect(circles).toEqual([]);
});

test('no file of kernel/ or threads/ includes napi.h', ({ skip }) => {
  skip(!isHere, 'the sources are not here');
  const files = sources.filter((file) => ['kernel', 'threads'].includes(folderOf(file)));
  const including = files.filter((file) => readFileSync(join(root, file), 'utf8').includes('#include <napi.h>'));
  expect(including).toEqual([]);
});
