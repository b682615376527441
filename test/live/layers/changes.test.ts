// Tests changes() with layers that the tests make file by file: kinds, whiteouts, opaque directories, redirects,
// metacopies.
import {
  chmodSync,
  closeSync,
  linkSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { describe, expect, vi } from 'vitest';
import { MountError, mountOverlaySync, mountSync, umountSync } from '../../../lib/index.js';
import { type Change, type ChangesSpec, changes } from '../../../lib/layers/index.js';
import { runNode } from '../../support/child.js';
import { isRealRoot, lacks, pass } from '../../support/environment.js';
import { joined, lacksOverlayAttributes, prefix } from '../../support/layers.js';
import { makeNode, S_IFCHR, S_IFIFO, S_IFSOCK, setAttribute } from '../../support/native-files.js';
import { type Place, test } from '../../support/place.js';
import { rejectionOf, thrownBy } from '../../support/values.js';

vi.setConfig({ testTimeout: 120_000 });

const userxattr = !isRealRoot;

async function all(spec: ChangesSpec): Promise<Change[]> {
  const found: Change[] = [];
  for await (const change of changes({ userxattr, ...spec })) found.push(change);
  return found;
}

/** Each change as its type, kind and path; a modified entry of another kind also shows the kind before. */
const words = (found: readonly Change[]) =>
  found.map((change) => {
    const { type, path, kind } = change;
    const was = change.type === 'modified' && change.before !== kind ? `${change.before} to ` : '';
    return `${type} ${was}${kind} ${typeof path === 'string' ? path : path.toString('latin1')}`;
  });

/** The entries of a layer: a string for a file, null for a directory, a mode for a node or a whiteout device. */
type Entries = Readonly<Record<string, string | null | { link: string } | { mode: number } | 'whiteout'>>;

function layer(place: Place, name: string, entries: Entries): string {
  const root = place.directory(name);
  for (const [path, entry] of Object.entries(entries)) {
    const full = Buffer.from(`${root}/${path}`, 'latin1');
    if (entry === null) mkdirSync(full);
    else if (typeof entry === 'string') writeFileSync(full, entry);
    else if ('link' in entry) symlinkSync(entry.link, full);
    else makeNode(full, entry.mode);
  }
  return root;
}

const WHITEOUT = { mode: S_IFCHR };
const mark = (root: string, path: string, name: string, value: string) =>
  setAttribute(Buffer.from(`${root}/${path}`, 'latin1'), prefix + name, value);

/** Sets the same time for several files, so that only their contents differ. */
const alike = (...paths: string[]) => {
  for (const path of paths) utimesSync(path, 1000, 1000);
};

describe('changes() in layers without attributes of overlayfs', () => {
  test('changes() reports added, modified and deleted entries in the order of their paths', async ({ place }) => {
    const lower = layer(place, 'lower', {
      d: null,
      'd/gone': '1',
      'd/kept': '1',
      'd/more': '1',
      z: 'z',
      tree: null,
      'tree/x': '',
    });
    const upper = layer(place, 'upper', {
      ...{ d: null, 'd/gone': WHITEOUT, 'd/more': '12', 'd/new': null, 'd/new/file': 'x', 'd-': 'x', 'd.': 'x' },
      ...{ tree: WHITEOUT, nothing: WHITEOUT, 'd/nothing': WHITEOUT, 'd/new/nothing': WHITEOUT },
    });
    expect(words(await all({ lower: [lower], upper }))).toEqual([
      'deleted file d/gone',
      'modified file d/more',
      'added directory d/new',
      'added file d/new/file',
      'added file d-',
      'added file d.',
      'deleted directory tree',
    ]);
  });

  test('changes() reports the kind, owner, mode, size, time, device and hard link of each entry', async ({
    place,
    skip,
  }) => {
    const lower = layer(place, 'lower', {});
    const entries = {
      fifo: { mode: S_IFIFO | 0o640 },
      link: { link: 'to' },
      socket: { mode: S_IFSOCK | 0o600 },
      d: null,
    };
    const upper = layer(place, 'upper', { ...entries, 'd/file': 'four' });
    chmodSync(`${upper}/d/file`, 0o640);
    utimesSync(`${upper}/d/file`, 0, 12.5);
    linkSync(`${upper}/d/file`, `${upper}/other`);
    const found = await all({ lower: [lower], upper });
    expect(words(found)).toEqual([
      ...['added directory d', 'added file d/file', 'added fifo fifo', 'added symlink link', 'added file other'],
      'added socket socket',
    ]);
    const [directory, file, fifo, link, other] = found;
    expect(file).toEqual({
      ...{ type: 'added', path: 'd/file', kind: 'file', source: `${upper}/d/file`, content: `${upper}/d/file` },
      ...{ mode: 0o100640, uid: 0, gid: 0, size: 4, mtimeNs: 12_500_000_000n, device: null },
      hardLink: expect.stringMatching(/^\d+:\d+$/),
    });
    expect(other).toMatchObject({ hardLink: (file as { hardLink: string }).hardLink });
    expect(directory).toMatchObject({ content: null, hardLink: null });
    expect(fifo).toMatchObject({ mode: S_IFIFO | 0o640, content: null, hardLink: null, device: null });
    expect(link).toMatchObject({ size: 2, content: null });
    skip(!isRealRoot, 'only root may make devices');
    makeNode(`${upper}/null`, S_IFCHR | 0o600, 1, 3);
    expect((await all({ lower: [lower], upper })).at(-3)).toMatchObject({
      kind: 'device',
      device: { major: 1, minor: 3 },
    });
  });

  test('changes() does not report a directory whose own metadata is equal in both layers', async ({ place }) => {
    const lower = layer(place, 'lower', { same: null, other: null });
    const upper = layer(place, 'upper', { same: null, 'same/file': '', other: null });
    utimesSync(`${upper}/same`, 1, 1);
    chmodSync(`${upper}/other`, 0o700);
    const found = await all({ lower: [lower], upper });
    expect(words(found)).toEqual(['modified directory other', 'added file same/file']);
    expect(found[0]).toMatchObject({ metadataChanged: true, dataChanged: false, before: 'directory' });
  });

  test('changes() compares a copied-up file with the lower file by content, although size and time are equal', async ({
    place,
  }) => {
    const entries = { same: 'same', forged: 'one', link: { link: 'a' }, 'other-link': { link: 'a' } };
    const lower = layer(place, 'lower', entries);
    const upper = layer(place, 'upper', { ...entries, forged: 'two', 'other-link': { link: 'b' } });
    for (const name of ['same', 'forged']) alike(`${lower}/${name}`, `${upper}/${name}`);
    // Symbolic links have times too.
    const { lutimesSync } = await import('node:fs');
    for (const name of ['link', 'other-link']) for (const root of [lower, upper]) lutimesSync(`${root}/${name}`, 1, 1);
    const found = await all({ lower: [lower], upper });
    expect(words(found)).toEqual(['modified file forged', 'modified symlink other-link']);
    for (const change of found) expect(change).toMatchObject({ dataChanged: true, metadataChanged: false });
    chmodSync(`${upper}/same`, 0o600);
    expect((await all({ lower: [lower], upper })).at(-1)).toMatchObject({ path: 'same', metadataChanged: true });
  });

  test('changes() reports no change for a hard link to the file of the lower layer', async ({ place }) => {
    const lower = layer(place, 'lower', { a: '' });
    const upper = layer(place, 'upper', {});
    linkSync(`${lower}/a`, `${upper}/a`);
    expect(await all({ lower: [lower], upper })).toEqual([]);
  });

  test('changes() reports an entry that is replaced by an entry of another kind as modified', async ({ place }) => {
    const lower = layer(place, 'lower', { a: '', b: null, 'b/in': '', c: { link: 'b' }, d: null, 'd/in': '' });
    const upper = layer(place, 'upper', { a: null, 'a/new': '', b: '', c: null, d: { link: 'b' } });
    expect(words(await all({ lower: [lower], upper }))).toEqual([
      ...['modified file to directory a', 'added file a/new', 'modified directory to file b'],
      ...['modified symlink to directory c', 'modified directory to symlink d'],
    ]);
  });

  test('changes() merges several lower layers, and entries of a layer hide those of the layers below', async ({
    place,
  }) => {
    const base = layer(place, 'base', { a: 'a', b: 'b', c: null, 'c/x': '', 'c/y': '', d: null, 'd/old': '', e: '' });
    const middle = layer(place, 'middle', { a: WHITEOUT, b: 'newer', c: null, 'c/x': WHITEOUT, d: 'a file', e: null });
    const upper = layer(place, 'upper', {
      a: 'again',
      b: WHITEOUT,
      c: null,
      'c/x': 'again',
      'c/y': 'yes',
      d: null,
      'd/old': 'other',
      e: null,
    });
    expect(words(await all({ lower: [middle, base], upper }))).toEqual([
      ...['added file a', 'deleted file b', 'added file c/x', 'modified file c/y', 'modified file to directory d'],
      'added file d/old',
    ]);
  });

  test('changes() does not follow symbolic links in the layers', async ({ place }) => {
    place.directory('outside', { secret: '' });
    const lower = layer(place, 'lower', { a: { link: place.path('outside') }, b: null, 'b/x': '' });
    const upper = layer(place, 'upper', { a: null, 'a/secret': 'x', b: { link: '../outside' } });
    expect(words(await all({ lower: [lower], upper }))).toEqual([
      ...['modified symlink to directory a', 'added file a/secret', 'modified directory to symlink b'],
    ]);
  });

  test('changes() reports names that are not UTF-8 as Buffers', async ({ place }) => {
    const names = ['new\nline', 'not utf8 \xff', 'x'.repeat(255), 'ü'].map((name) => Buffer.from(name, 'latin1'));
    const root = Buffer.from(`${place.root}/upper \xfe`, 'latin1');
    mkdirSync(root);
    for (const name of names) {
      mkdirSync(joined(root, name));
      writeFileSync(joined(joined(root, name), name), '');
    }
    const lower = layer(place, 'lower', {});
    const sorted = [...names].sort(Buffer.compare);
    const found = await all({ lower: [lower], upper: root, encoding: 'buffer' });
    expect(found.map(({ path }) => path)).toEqual(sorted.flatMap((name) => [name, joined(name, name)]));
    for (const { path, ...rest } of found) {
      expect(rest).toMatchObject({ source: joined(root, path as Buffer) });
    }
    const texts = await all({ lower: [lower], upper: root });
    expect(texts.map(({ path }) => typeof path)).toEqual(
      sorted.flatMap((name) => Array(2).fill(name.includes(0xff) || name.includes(0xfc) ? 'object' : 'string')),
    );
  });

  test('changes() resolves relative layers against the working directory at the time of the call', async ({
    place,
  }) => {
    const [lower, upper] = [layer(place, 'lower', { a: '' }), layer(place, 'upper', { a: WHITEOUT })];
    const { status, stdout } = await runNode(
      `process.chdir(process.argv[1]);
       const { changes } = await import('linux-mount/layers');
       const walk = changes({ lower: ['lower'], upper: 'upper', userxattr: true });
       process.chdir('/');
       for await (const change of walk) console.log(JSON.stringify(change));`,
      { args: [place.root] },
    );
    expect({ status, stdout }).toEqual({ status: 0, stdout: '{"type":"deleted","path":"a","kind":"file"}\n' });
    expect(lower + upper).toContain('lower');
  });
});

describe('changes() in layers with attributes of overlayfs', () => {
  test('changes() recognises whiteouts that are files with an extended attribute', async ({ place, skip }) => {
    skip(lacksOverlayAttributes(place) !== undefined, lacksOverlayAttributes(place));
    const lower = layer(place, 'lower', { d: null, 'd/gone': '1', 'd/empty': '1' });
    const upper = layer(place, 'upper', { d: null, 'd/gone': '', 'd/empty': '', 'd/full': 'not empty' });
    mark(upper, 'd', 'opaque', 'x');
    for (const name of ['gone', 'full']) mark(upper, `d/${name}`, 'whiteout', '');
    const expectedChanges = ['modified file d/empty', 'added file d/full', 'deleted file d/gone'];
    expect(words(await all({ lower: [lower], upper }))).toEqual(expectedChanges);
    // A whiteout of a lower layer hides entries of the layers below.
    const top = layer(place, 'top', { d: null, 'd/gone': 'again' });
    expect(words(await all({ lower: [upper, lower], upper: top }))).toEqual(['added file d/gone']);
  });

  test('changes() reports entries that an opaque directory hides as deleted, a whole directory as one entry', async ({
    place,
    skip,
  }) => {
    skip(lacksOverlayAttributes(place) !== undefined, lacksOverlayAttributes(place));
    const entries = { d: null, 'd/a': 'a', 'd/b': null, 'd/b/x': '', 'd/b/y': '', 'd/c': null, 'd/c/z': '' };
    const lower = layer(place, 'lower', entries);
    const upper = layer(place, 'upper', { d: null, 'd/a': 'other', 'd/b': null, 'd/b/y': 'other', 'd/b/n': '' });
    expect(words(await all({ lower: [lower], upper }))).toEqual([
      'modified file d/a',
      'added file d/b/n',
      'modified file d/b/y',
    ]);
    mark(upper, 'd', 'opaque', 'y');
    const expectedChanges = [
      'modified file d/a',
      'added file d/b/n',
      'deleted file d/b/x',
      'modified file d/b/y',
      'deleted directory d/c',
    ];
    expect(words(await all({ lower: [lower], upper }))).toEqual(expectedChanges);
    // An opaque directory of a lower layer hides the entries of the layers below.
    const top = layer(place, 'top', { d: null, 'd/c': null, 'd/b': null, 'd/b/x': WHITEOUT });
    expect(words(await all({ lower: [upper, lower], upper: top }))).toEqual(['added directory d/c']);
    mark(upper, 'd', 'opaque', 'yes');
    expect(words(await all({ lower: [lower], upper }))).not.toEqual(expectedChanges);
  });

  test('changes() follows redirects to a name and to a path', async ({ place, skip }) => {
    skip(lacksOverlayAttributes(place) !== undefined, lacksOverlayAttributes(place));
    const lower = layer(place, 'lower', { a: null, 'a/one': null, 'a/one/x': 'x', 'a/one/y': '', b: null });
    const upper = layer(place, 'upper', {
      ...{ a: null, 'a/one': WHITEOUT, 'a/two': null, 'a/two/y': WHITEOUT, 'a/two/new': '' },
      ...{ b: null, 'b/three': null },
    });
    mark(upper, 'a/two', 'redirect', 'one');
    mark(upper, 'b/three', 'redirect', '/a/one\0');
    const found = await all({ lower: [lower], upper });
    expect(words(found)).toEqual([
      ...['deleted directory a/one', 'added directory a/two', 'added file a/two/new', 'added file a/two/x'],
      ...['added directory b/three', 'added file b/three/x', 'added file b/three/y'],
    ]);
    const sources = found.flatMap((change) => (change.type === 'added' ? [change.source] : []));
    expect(sources).toEqual([
      ...[`${upper}/a/two`, `${upper}/a/two/new`, `${lower}/a/one/x`],
      ...[`${upper}/b/three`, `${lower}/a/one/x`, `${lower}/a/one/y`],
    ]);
  });

  test('changes() resolves a redirect of a lower layer in the layers below, also inside a moved directory', async ({
    place,
    skip,
  }) => {
    skip(lacksOverlayAttributes(place) !== undefined, lacksOverlayAttributes(place));
    const base = layer(place, 'base', { file: 'data', tree: null, 'tree/right': '', moved: null, here: null });
    const lower = layer(place, 'lower', {
      ...{ moved: null, 'moved/new': null, 'moved/new/file': '', 'moved/new/tree': null },
      ...{ file: WHITEOUT, tree: WHITEOUT },
    });
    mark(lower, 'moved/new', 'opaque', 'y');
    mark(lower, 'moved/new/file', 'metacopy', '');
    mark(lower, 'moved/new/file', 'redirect', '/file');
    mark(lower, 'moved/new/tree', 'redirect', '/tree');
    const upper = layer(place, 'upper', { moved: WHITEOUT, here: null, 'here/moved': null });
    mark(upper, 'here/moved', 'redirect', '/moved');
    const found = await all({ lower: [lower, base], upper });
    expect(words(found)).toEqual([
      ...['added directory here/moved', 'added directory here/moved/new', 'added file here/moved/new/file'],
      ...['added directory here/moved/new/tree', 'added file here/moved/new/tree/right', 'deleted directory moved'],
    ]);
    expect(found[2]).toMatchObject({ source: `${lower}/moved/new/file`, content: `${base}/file` });
    // Entries of the same path in the layer of the redirect are not the destination of the redirect.
    unlinkSync(`${lower}/tree`);
    unlinkSync(`${lower}/file`);
    mkdirSync(`${lower}/tree`);
    writeFileSync(`${lower}/tree/wrong`, '');
    writeFileSync(`${lower}/file`, 'wrong');
    expect(words(await all({ lower: [lower, base], upper }))).toEqual(words(found));
  });

  test.for(['a/b', '/a//b', '/a/', '/', '.', '..', '/..', '/a/./b', ''])(
    'changes() rejects with EINVAL and names the attribute for a redirect to %j',
    async (redirect, { place, skip }) => {
      skip(lacksOverlayAttributes(place) !== undefined, lacksOverlayAttributes(place));
      const lower = layer(place, 'lower', {});
      const upper = layer(place, 'upper', { d: null });
      mark(upper, 'd', 'redirect', redirect);
      const error = await rejectionOf(all({ lower: [lower], upper }));
      expect(error).toBeInstanceOf(MountError);
      expect(error).toMatchObject({
        code: 'EINVAL',
        path: `${upper}/d`,
        reason: expect.stringContaining('overlay.redirect'),
      });
    },
  );

  test('changes() ignores redirects in the bottom layer, as the kernel does', async ({ place, skip }) => {
    skip(lacksOverlayAttributes(place) !== undefined, lacksOverlayAttributes(place));
    const bottom = layer(place, 'bottom', { d: null, 'd/below': '' });
    const lower = layer(place, 'lower', {});
    const upper = layer(place, 'upper', { d: null, 'd/new': '' });
    mark(bottom, 'd', 'redirect', 'a/b');
    for (const layers of [[bottom], [lower, bottom]]) {
      expect(words(await all({ lower: layers, upper }))).toEqual(['added file d/new']);
    }
    const error = await rejectionOf(all({ lower: [bottom, lower], upper }));
    expect(error).toMatchObject({ code: 'EINVAL', path: `${bottom}/d` });
    // The kernel ignores redirects in the bottom layer too.
    const [work, target] = [place.directory('work'), place.directory('target')];
    const names = (layers: readonly string[]) => {
      const options = userxattr ? ({ userxattr } as const) : ({ redirectDir: 'follow' } as const);
      using merged = mountOverlaySync({ lower: layers, upper, work, target, ...options });
      return readdirSync(`${merged.target}/d`).sort();
    };
    expect(names([lower, bottom])).toEqual(['below', 'new']);
    if (!userxattr) expect(() => names([bottom, lower])).toThrow('EINVAL');
  });

  test('changes() never follows a redirect out of the layers', async ({ place, skip }) => {
    skip(lacksOverlayAttributes(place) !== undefined, lacksOverlayAttributes(place));
    place.directory('outside', { secret: '' });
    const lower = layer(place, 'lower', { link: { link: '../outside' }, x: null });
    for (const [index, redirect] of ['/../outside', '..', '.', '/link', '/x/../../outside'].entries()) {
      const upper = layer(place, `upper${index}`, { d: null });
      mark(upper, 'd', 'redirect', redirect);
      const found = await all({ lower: [lower], upper }).then(words, (error) => [(error as MountError).code]);
      expect(found.join()).not.toContain('secret');
    }
  });

  test('changes() reports the lower file as the content of a metadata-only copy', async ({ place, skip }) => {
    skip(lacksOverlayAttributes(place) !== undefined, lacksOverlayAttributes(place));
    const lower = layer(place, 'lower', { file: 'data', 'moved-from': 'data' });
    const data = layer(place, 'data', { store: null, 'store/blob': 'blob' });
    const upper = layer(place, 'upper', { file: '', moved: '', 'moved-from': WHITEOUT });
    for (const name of ['file', 'moved']) mark(upper, name, 'metacopy', '');
    mark(upper, 'moved', 'redirect', '/moved-from');
    chmodSync(`${upper}/file`, 0o600);
    const [file, moved] = await all({ lower: [lower], upper });
    expect(file).toMatchObject({
      type: 'modified',
      dataChanged: false,
      metadataChanged: true,
      content: `${lower}/file`,
    });
    expect(moved).toMatchObject({ type: 'added', source: `${upper}/moved`, content: `${lower}/moved-from` });

    writeFileSync(`${upper}/only`, '');
    mark(upper, 'only', 'metacopy', '');
    mark(upper, 'only', 'redirect', '/store/blob');
    expect((await all({ lower: [lower], upper, dataOnly: [data] })).at(-1)).toMatchObject({
      content: `${data}/store/blob`,
    });
    expect(await rejectionOf(all({ lower: [lower], upper }))).toMatchObject({
      ...{ code: 'EIO', path: `${upper}/only`, reason: expect.stringContaining('overlay.metacopy') },
    });
  });

  test('changes() compares extended attributes, except those of overlayfs', async ({ place, skip }) => {
    skip(lacksOverlayAttributes(place) !== undefined, lacksOverlayAttributes(place));
    const lower = layer(place, 'lower', { a: null, b: null, c: '', d: null });
    const upper = layer(place, 'upper', { a: null, b: null, c: '', d: null });
    alike(`${lower}/c`, `${upper}/c`);
    mark(upper, 'a', 'impure', 'y');
    mark(upper, 'a', 'origin', 'y');
    const own = isRealRoot ? 'trusted.mine' : 'user.mine';
    for (const name of ['b', 'c']) setAttribute(`${upper}/${name}`, own, '1');
    setAttribute(`${lower}/c`, own, '2');
    // An overlay of overlays stores attributes of the inner overlay, which count as content.
    mark(upper, 'd', 'overlay.opaque', 'y');
    const found = await all({ lower: [lower], upper });
    expect(words(found)).toEqual(['modified directory b', 'modified file c', 'modified directory d']);
  });

  test('changes() rejects with EPERM when the kernel hides trusted attributes, and names userxattr', async ({
    place,
    skip,
  }) => {
    skip(isRealRoot, 'root can read trusted attributes');
    const [lower, upper] = [layer(place, 'lower', {}), layer(place, 'upper', {})];
    const error = await rejectionOf(all({ lower: [lower], upper, userxattr: false }));
    expect(error).toMatchObject({ code: 'EPERM', reason: expect.stringContaining('userxattr: true') });
  });
});

test('changes() reports a file with several names in an indexed overlay only under the name that was changed', async ({
  place,
  skip,
}) => {
  skip(!isRealRoot, 'an index needs trusted.* attributes');
  const lower = layer(place, 'lower', { a: 'old' });
  linkSync(`${lower}/a`, `${lower}/b`);
  const [upper, work, target] = [place.directory('upper'), place.directory('work'), place.directory('merged')];
  {
    using _merged = mountOverlaySync({ lower: [lower], upper, work, target, index: true });
    writeFileSync(`${target}/a`, 'written');
    expect(readFileSync(`${target}/b`, 'utf8')).toBe('written');
  }
  expect(words(await all({ lower: [lower], upper }))).toEqual(['modified file a']);
});

/** Makes a chain of directories deeper than the longest path, with a file in each directory. */
function deep(root: string, levels: number, content: string): void {
  let fd = openSync(root, 'r');
  for (let level = 0; level < levels; level += 1) {
    const next = `/proc/self/fd/${fd}/a-directory`;
    mkdirSync(next);
    const nextFd = openSync(next, 'r');
    closeSync(fd);
    fd = nextFd;
    writeFileSync(`/proc/self/fd/${fd}/file`, content);
  }
  closeSync(fd);
}

test('changes() walks trees deeper than the longest path with fewer than 400 descriptors', async ({ place }) => {
  const levels = process.env['KERNEL_VM'] === undefined ? 3000 : 600;
  const roots = ['upper', 'lower', 'base'].map((name) => place.directory(name)) as [string, string, string];
  for (const root of roots) deep(root, levels, root);
  const [upper, ...lower] = roots;
  let [count, most, longest] = [0, 0, 0];
  for await (const { type, kind, path } of changes({ lower, upper, userxattr })) {
    expect([type, kind]).toEqual(['modified', 'file']);
    count += 1;
    longest = Math.max(longest, path.length);
    if (count % 100 === 0) most = Math.max(most, readdirSync('/proc/self/fd').length);
  }
  expect(count).toBe(levels);
  expect(longest).toBe(levels * 12 + 4);
  expect(most).toBeLessThan(400);
});

test('changes() reads files that a mount on a layer hides, or rejects with EXDEV where this is impossible', async ({
  place,
}) => {
  const lower = layer(place, 'lower', { a: null, 'a/hidden': '', b: null, 'b/hidden': '' });
  const upper = layer(place, 'upper', { a: null, 'a/hidden': 'changed', b: null });
  for (const path of [`${upper}/a`, `${lower}/b`]) mountSync('on-it', path, 'tmpfs');
  try {
    const found = await all({ lower: [lower], upper }).then(words, (error: MountError) => [
      error.code,
      error.path,
      error.reason,
    ]);
    if (found[0] === 'EXDEV') {
      expect(found).toEqual(['EXDEV', `${upper}/a`, expect.stringContaining('a filesystem is mounted on this path')]);
      expect(pass).not.toBe('root');
    } else {
      expect(found).toEqual(['modified file a/hidden']);
    }
  } finally {
    for (const path of [`${upper}/a`, `${lower}/b`]) umountSync(path);
  }
});

describe('errors that changes() throws or rejects with', () => {
  test('changes() rejects and names the layer that is missing or is no directory', async ({ place }) => {
    const [lower, file] = [layer(place, 'lower', {}), place.file('file')];
    const missing = place.path('missing');
    expect(await rejectionOf(all({ lower: [lower], upper: missing }))).toMatchObject({
      code: 'ENOENT',
      path: missing,
      syscall: 'open',
    });
    expect(await rejectionOf(all({ lower: [lower, missing], upper: lower }))).toMatchObject({
      code: 'ENOENT',
      path: missing,
    });
    const error = await rejectionOf(all({ lower: [lower, file], upper: lower }));
    expect(error).toMatchObject({
      code: 'ENOTDIR',
      path: file,
      reason: 'this layer is not a directory: correct the path',
    });
  });

  test('changes() reports earlier changes and then rejects with ENOENT at a removed directory', async ({ place }) => {
    const lower = layer(place, 'lower', {});
    const upper = layer(place, 'upper', { z: null, 'z/file': '' });
    for (let index = 0; index < 5000; index += 1) writeFileSync(`${upper}/file${index}`, '');
    const walk = changes({ lower: [lower], upper, userxattr });
    await walk.next();
    rmSync(`${upper}/z`, { recursive: true });
    let count = 1;
    const error = await rejectionOf(
      (async () => {
        for await (const _ of walk) count += 1;
      })(),
    );
    expect(count).toBe(5000);
    expect(error).toMatchObject({
      code: 'ENOENT',
      path: `${upper}/z`,
      reason: expect.stringContaining('during the walk'),
    });
    // The walk ends after the error.
    expect(await walk.next()).toEqual({ done: true, value: undefined });
  });

  test.for([
    ['a directory without permission to read', 0o300, 'openat'],
    ['a directory without permission to search', 0o600, 'statx'],
  ] as const)(
    'changes() rejects with EACCES and names the directory that it may not read or search: %s',
    async ([_, mode, syscall], { place, skip }) => {
      skip(pass !== 'root' || lacks.setpriv !== undefined, 'needs to give up the rights of root');
      const lower = layer(place, 'lower', { d: null });
      const upper = layer(place, 'upper', { d: null, 'd/file': '' });
      chmodSync(`${upper}/d`, mode);
      const { stdout } = await runNode(
        `const { changes } = await import('linux-mount/layers');
       const { openSync } = await import('node:fs');
       process.setgid(54321); process.setgroups([]); process.setuid(54321);
       try { for await (const _ of changes({ lower: [process.argv[1]], upper: process.argv[2], userxattr: true })); }
       catch ({ code, path, syscall, reason }) { console.log(JSON.stringify([code, path, syscall, typeof reason])); }`,
        { args: [lower, upper] },
      );
      expect(JSON.parse(stdout)).toEqual([
        'EACCES',
        expect.stringContaining(`${upper}/d`),
        expect.any(String),
        'string',
      ]);
      expect(syscall).toBeTruthy();
    },
  );

  test.for([
    [{ lower: '/a', upper: '/b' }, 'ERR_INVALID_ARG_TYPE', 'lower'],
    [{ lower: [], upper: '/b' }, 'ERR_INVALID_ARG_VALUE', 'lower'],
    [{ lower: ['/a', ''], upper: '/b' }, 'ERR_INVALID_ARG_VALUE', 'lower[1]'],
    [{ lower: ['/a\0'], upper: '/b' }, 'ERR_INVALID_ARG_VALUE', 'lower[0]'],
    [{ lower: Object.assign(Array(3), { 0: '/a', 2: '/c' }), upper: '/b' }, 'ERR_INVALID_ARG_TYPE', 'lower[1]'],
    [{ lower: ['/a'], dataOnly: Array(2), upper: '/b' }, 'ERR_INVALID_ARG_TYPE', 'dataOnly[0]'],
    [{ lower: ['/a'] }, 'ERR_INVALID_ARG_TYPE', 'upper'],
    [{ lower: ['/a'], upper: '/b', userxattr: 1 }, 'ERR_INVALID_ARG_TYPE', 'userxattr'],
    [{ lower: ['/a'], upper: '/b', encoding: 'hex' }, 'ERR_INVALID_ARG_VALUE', 'encoding'],
    [{ lower: ['/a'], upper: '/b', signal: 1 }, 'ERR_INVALID_ARG_TYPE', 'signal'],
    [{ lower: ['/a'], upper: '/b', work: '/w' }, 'ERR_INVALID_ARG_VALUE', 'work'],
    [null, 'ERR_INVALID_ARG_TYPE', 'spec'],
  ])('changes() throws at once for a wrong argument: %j', ([spec, code, name]) => {
    const error = thrownBy(() => changes(spec as unknown as ChangesSpec));
    expect(error).toMatchObject({ code, message: expect.stringContaining(name as string) });
  });
});

test.for([
  [new Date('2400-01-01T00:00:00.500Z'), 13_569_465_600_500_000_000n],
  [new Date('1900-01-01T00:00:00.000Z'), -2_208_988_800_000_000_000n],
] as const)(
  'changes() reports the modification time in nanoseconds, also in the years 1900 and 2400: %s',
  async ([date, mtimeNs], { place }) => {
    const upper = place.directory('upper', { file: '' });
    utimesSync(`${upper}/file`, date, date);
    const walk = changes({ lower: [place.directory('lower')], upper, userxattr: !isRealRoot });
    expect((await walk.next()).value).toMatchObject({ path: 'file', mtimeNs });
    await walk.return();
  },
);
