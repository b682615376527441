// Tests of the checks that a prebuilt addon and a manifest must pass before publishing.
import { execFileSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ARCHITECTURES, BUILT_IN, chosenArchitectures, skip } from '../../../release/architectures.js';
import { dropNeeded } from '../../../release/elf.js';
import { examine } from '../../../release/gate.js';
import { missingToPublish } from '../../../release/to-publish.js';
import { addonFile, projectRoot } from '../../support/environment.js';

const here = ARCHITECTURES.find(({ name }) => name === process.arch);
const hasTools = ['readelf', 'strip', 'cc'].every((tool) => existsSync(`/usr/bin/${tool}`));

let place: string;
beforeEach(() => {
  place = mkdtempSync(join(tmpdir(), 'gate-'));
});
afterEach(() => rmSync(place, { recursive: true })); // nothing is mounted in this directory

describe.skipIf(here === undefined || !hasTools)('prebuild checks', () => {
  const problemsOf = (prebuild: string) => examine({ ...here!, prebuild }).problems;

  test('the prebuild check accepts the tested addon only after DT_NEEDED is dropped and the file is stripped', () => {
    const file = join(place, 'a.node');
    copyFileSync(addonFile, file);
    expect(problemsOf(file)).toEqual(expect.arrayContaining(['has a DT_NEEDED', 'is not stripped']));
    dropNeeded(file);
    expect(problemsOf(file)).not.toContain('has a DT_NEEDED');
    expect(problemsOf(file)).toContain('is not stripped');
    execFileSync('strip', ['--strip-all', file]);
    expect(problemsOf(file)).toEqual([]);
  });

  test('the prebuild check reports everything that stops a file from loading on another machine', () => {
    const [source, file] = [join(place, 'b.c'), join(place, 'b.node')];
    writeFileSync(
      source,
      `#include <math.h>\nconst char *where = "${projectRoot}"; double g(double a) { return sin(a); }`,
    );
    execFileSync('cc', ['-shared', '-fPIC', '-Wl,-rpath,/elsewhere', '-Wl,-z,execstack', '-o', file, source, '-lm']);
    const problems = problemsOf(file).join('\n');
    for (const problem of [
      'DT_NEEDED',
      'DT_RUNPATH',
      'flag NOW',
      'flag NODELETE',
      'a stack that can be',
      'not stripped',
    ]) {
      expect(problems).toContain(problem);
    }
    expect(problems).toMatch(/imports symbols that symbols\.js does not list.* sin\b/);
    expect(problems).toMatch(/^exports g, where$/m);
    expect(problems).toContain('contains the path of the build folder');
    expect(problems).toContain('is not the binary that the tests run');
  });

  test('the prebuild check reports a path of the temporary build folder in the file', () => {
    const [source, file] = [join(place, 'd.c'), join(place, 'd.node')];
    writeFileSync(source, `const char *where = "${join(tmpdir(), BUILT_IN)}aBcDeF/src-native/mount/mount.cc";`);
    execFileSync('cc', ['-shared', '-fPIC', '-o', file, source]);
    expect(problemsOf(file)).toContain('contains the path of the build folder');
  });

  test('the prebuild check reports another architecture and a glibc symbol that is too new', () => {
    const other = ARCHITECTURES.find(({ name }) => name !== process.arch)!;
    expect(examine({ ...other, prebuild: addonFile }).problems).toContain(`is not for ${other.machine}`);
    const [source, file] = [join(place, 'c.c'), join(place, 'c.node')];
    writeFileSync(
      source,
      '#include <pthread.h>\nint g(pthread_once_t *a, void (*b)(void)) { return pthread_once(a, b); }',
    );
    execFileSync('cc', ['-shared', '-fPIC', '-pthread', '-o', file, source]);
    const newest = execFileSync('getconf', ['GNU_LIBC_VERSION'], { encoding: 'utf8' }).split(' ')[1]!;
    const isNew = newest.localeCompare('2.34', 'en', { numeric: true }) >= 0;
    expect(problemsOf(file).join('\n').includes('asks for glibc 2.34, newer than 2.28')).toBe(isNew);
  });
});

test('a missing tool is an error for an architecture that the command line names or --complete requires', () => {
  const required = (...words: string[]) =>
    chosenArchitectures(words).flatMap(({ name, isRequired }) => (isRequired ? [name] : []));
  expect(required()).toEqual([]);
  expect(required('x64', 'arm64')).toEqual(['x64', 'arm64']);
  expect(required('--complete')).toEqual(ARCHITECTURES.map(({ name }) => name));
  expect(() => chosenArchitectures(['x86'])).toThrow('x86 is none of');
  expect(() => skip('to load it', 'qemu', 'qemu-user-static', true)).toThrow('qemu is missing');
});

test('publishing requires repository, homepage and bugs in package.json, and a dated changelog entry', () => {
  const manifest = {
    version: '1.2.3',
    repository: { type: 'git', url: 'git+https://example.org/linux-mount.git' },
    homepage: 'https://example.org/linux-mount#readme',
    bugs: { url: 'https://example.org/linux-mount/issues' },
  };
  const changelog = '# Changelog\n\n## [1.2.3] - 2026-01-31\n';
  expect(missingToPublish(manifest, changelog)).toEqual([]);
  expect(missingToPublish({ ...manifest, bugs: manifest.bugs.url }, changelog)).toEqual([]);
  for (const name of ['repository', 'homepage', 'bugs']) {
    for (const value of [undefined, '', { url: './here' }]) {
      expect(missingToPublish({ ...manifest, [name]: value }, changelog), name).toEqual([
        expect.stringMatching(`^${name} in package.json: npm pkg set `),
      ]);
    }
  }
  expect(missingToPublish(manifest, '# Changelog\n\n## Unreleased\n')).toEqual([
    expect.stringMatching(/^1\.2\.3 in CHANGELOG\.md: /),
  ]);
});
