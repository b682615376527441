// Tests moveMount() and moveMountSync(), also with the option `beneath`.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { describe, expect, vi } from 'vitest';
import {
  MountError,
  type MoveOptions,
  mountSync,
  moveMount,
  moveMountSync,
  setPropagationSync,
  type Target,
  umountSync,
} from '../../../lib/index.js';
import { runNode, withoutPrivilege } from '../../support/child.js';
import { patience } from '../../support/effort.js';
import { lacks } from '../../support/environment.js';
import { type Place, test } from '../../support/place.js';
import { mountTable, tableEntry } from '../../support/table.js';
import { rejectionOf, thrownBy } from '../../support/values.js';

vi.setConfig({ testTimeout: patience(60_000) });

const forms = [
  ['moveMountSync', async (...call: Parameters<typeof moveMount>) => moveMountSync(...call)],
  ['moveMount', moveMount],
] as const;

function mounted(place: Place, name: string, files: Readonly<Record<string, string>> = {}): string {
  const path = place.directory(name);
  mountSync(name, path, 'tmpfs');
  place.directory(name, files);
  return path;
}

const sourcesAt = (path: string) =>
  mountTable()
    .filter(({ mountPoint }) => mountPoint === path)
    .map(({ source }) => source);

/**
 * Why this kernel cannot attach a mount beneath another (Linux 6.5); the kernel checks that before it looks at the
 * mount.
 */
const beneathLacks = (() => {
  const error = thrownBy(() => moveMountSync('/proc', '/dev/null', { beneath: true })) as MountError;
  return error.step === 'choose beneath' || error.code === 'ENOSYS'
    ? `this kernel has no beneath (Linux 6.5): ${error.code}`
    : undefined;
})();

describe.each(forms)('%s', (_, move) => {
  const failure = async (from: unknown, to: unknown, options?: unknown) =>
    rejectionOf((async () => move(from as Target, to as Target, options as MoveOptions))());

  test('moveMount moves a mount and all mounts below it, and gives a handle with the new target', async ({ place }) => {
    const from = mounted(place, 'from', { file: 'content' });
    mounted(place, 'from/below');
    const to = place.directory('to');
    const mount = await move(from, to);
    expect(mount).toMatchObject({ target: to, strategy: 'move', reused: false });
    expect(readFileSync(`${to}/file`, 'utf8')).toBe('content');
    expect([sourcesAt(from), sourcesAt(to), sourcesAt(`${to}/below`)]).toEqual([[], ['from'], ['from/below']]);
    await mount.unmount();
    expect([sourcesAt(to), sourcesAt(`${to}/below`)]).toEqual([[], []]);
  });

  test('moveMount moves the topmost mount of a stack over the mount at the new target', async ({ place }) => {
    const from = mounted(place, 'from');
    mountSync('above', from, 'tmpfs');
    writeFileSync(`${from}/above`, '');
    const to = mounted(place, 'to');
    await using _moved = await move(from, to);
    expect([sourcesAt(from), sourcesAt(to).toSorted()]).toEqual([['from'], ['above', 'to']]);
    expect(readdirSync(to)).toEqual(['above']);
  });

  test('moveMount follows symbolic links, and accepts paths as Buffers', async ({ place }) => {
    const from = Buffer.from(`${place.root}/fr\xffom\n`, 'latin1');
    const to = Buffer.from(`${place.root}/t,o:\xfe`, 'latin1');
    for (const path of [from, to]) mkdirSync(path);
    mountSync('bytes', from, 'tmpfs');
    const link = place.path('link');
    symlinkSync(from, link);
    const mount = await move(link, to);
    expect(mount.target).toEqual(to);
    expect(tableEntry(`${place.root}/t,o:\xfe`)?.source).toBe('bytes');
    await mount.unmount();
  });

  test('moveMount moves a mount between two paths inside a root directory', async ({ place }) => {
    place.directory('root/a');
    place.directory('root/b');
    mountSync('x', place.path('root/a'), 'tmpfs');
    // Outside the root directory the link would lead elsewhere.
    symlinkSync('/b', place.path('root/link'));
    const mount = await move({ root: place.path('root'), path: '/a' }, { root: place.path('root'), path: '/link' });
    expect([sourcesAt(place.path('root/a')), sourcesAt(place.path('root/b'))]).toEqual([[], ['x']]);
    expect(mount.target).toBe(`${place.root}/root/link`);
    await mount.unmount();
    expect(sourcesAt(place.path('root/b'))).toEqual([]);
  });

  test('moveMount rejects with a reason that names the path that is missing inside a root directory', async ({
    place,
  }) => {
    const root = place.directory('root');
    const from = mounted(place, 'from');
    expect(await failure({ root, path: 'no' }, place.directory('to'))).toMatchObject({
      code: 'ENOENT',
      reason: expect.stringMatching(/^the target 'no' inside the root '.*\/root' does not exist|^'no' inside/),
    });
    expect(await failure({ root: place.path('nowhere'), path: 'a' }, { root, path: 'no' })).toMatchObject({
      code: 'ENOENT',
      reason: expect.stringMatching(/^the root '.*\/nowhere' does not exist/),
    });
    expect(await failure(from, { root, path: 'no' })).toMatchObject({
      code: 'ENOENT',
      reason: expect.stringMatching(/^the target 'no' inside the root '.*\/root' does not exist/),
    });
    expect(sourcesAt(from)).toEqual(['from']);
  });

  test('moveMount with ifMounted: "error" rejects with EBUSY when the new target is a mount point', async ({
    place,
  }) => {
    const [from, to] = [mounted(place, 'from'), mounted(place, 'to')];
    expect(await failure(from, to, { ifMounted: 'error' })).toMatchObject({
      code: 'EBUSY',
      path: from,
      dest: to,
      reason: expect.stringMatching(/is a mount point already/),
    });
    expect([sourcesAt(from), sourcesAt(to)]).toEqual([['from'], ['to']]);
    umountSync(to);
    await using _moved = await move(from, to, { ifMounted: 'error' });
    expect(sourcesAt(to)).toEqual(['from']);
  });

  interface Failing {
    readonly name: string;
    readonly from?: string;
    readonly to?: string;
    readonly set?: (place: Place) => void;
    readonly code: string;
    readonly reason: RegExp;
  }

  test.for<Failing>([
    {
      name: 'the source is missing',
      from: 'missing',
      code: 'ENOENT',
      reason: /^the source '.*\/missing' does not exist/,
    },
    {
      name: 'the target is missing',
      to: 'missing',
      code: 'ENOENT',
      reason: /^the target '.*\/missing' does not exist/,
    },
    {
      name: 'the source is not a mount point',
      ...{ from: 'to', to: 'from', code: 'EINVAL' },
      reason: /^'.*\/to' is not a mount point, and only a mount can be moved/,
    },
    {
      name: 'the source is a directory inside a mount',
      ...{ from: 'from/inside', code: 'EINVAL' },
      reason: /^'.*\/inside' is not a mount point, and only a mount can be moved/,
    },
    {
      name: 'the source is a directory and the target is a file',
      ...{ to: 'file', code: 'ENOTDIR' },
      reason: /^the source '.*\/from' is a directory and the target '.*\/file' is a file/,
    },
    {
      name: 'the target is inside the source',
      ...{ to: 'from/inside', code: 'ELOOP' },
      reason: /^the target '.*\/from\/inside' is inside the source '.*\/from', and a mount cannot be moved into itself/,
    },
    {
      name: 'the parent mount of the source is shared',
      ...{ code: 'EINVAL', set: (place: Place) => setPropagationSync(place.root, 'shared') },
      reason: /^the mount at '.*\/from' is on the mount at '.*' \(tmpfs\), which is shared/,
    },
    {
      name: 'the source is unbindable and the target is on a shared mount',
      ...{ to: 'shared/x', code: 'EINVAL' },
      set: (place: Place) => {
        setPropagationSync(place.path('from'), 'unbindable');
        setPropagationSync(mounted(place, 'shared'), 'shared');
        place.directory('shared/x');
      },
      reason: /^the mount at '.*\/from' \(tmpfs\) or a mount below it is unbindable/,
    },
  ])(
    'moveMount rejects with a reason that names the cause, and moves nothing: $name',
    async ({ from = 'from', to = 'to', set, code, reason }, { place }) => {
      mounted(place, 'from', {});
      place.directory('from/inside');
      place.directory('to');
      place.file('file');
      set?.(place);
      const before = mountTable();
      const error = await failure(place.path(from), place.path(to));
      expect(error).toBeInstanceOf(MountError);
      expect(error).toMatchObject({ code, path: place.path(from), dest: place.path(to) });
      expect((error as MountError).reason).toMatch(reason);
      expect(mountTable()).toEqual(before);
      setPropagationSync(place.root, 'private', { recursive: true });
    },
  );

  test.for<[string, unknown, unknown, unknown, string]>([
    ['an unknown option', '/a', '/b', { below: true }, 'ERR_INVALID_ARG_VALUE'],
    ['an option beneath that is not a boolean', '/a', '/b', { beneath: 1 }, 'ERR_INVALID_ARG_TYPE'],
    ['ifMounted: reuse', '/a', '/b', { ifMounted: 'reuse' }, 'ERR_INVALID_ARG_VALUE'],
    ['beneath with ifMounted: error', '/a', '/b', { beneath: true, ifMounted: 'error' }, 'ERR_INVALID_ARG_VALUE'],
    ['an undefined source', undefined, '/b', {}, 'ERR_INVALID_ARG_TYPE'],
    ['an undefined target', '/a', undefined, {}, 'ERR_INVALID_ARG_TYPE'],
    ['a source with a NUL character', '/a\0', '/b', {}, 'ERR_INVALID_ARG_VALUE'],
  ])(
    'moveMount throws or rejects with an ERR_* code for a wrong argument: %s',
    async ([_name, from, to, options, code]) => {
      expect(await failure(from, to, options)).toMatchObject({ code });
    },
  );

  describe('option beneath', () => {
    test('moveMount with beneath puts a mount below the mount at the target', async ({ place, skip }) => {
      skip(beneathLacks !== undefined, beneathLacks);
      const [from, to] = [mounted(place, 'new', { file: 'new' }), mounted(place, 'old', { file: 'old' })];
      const mount = await move(from, to, { beneath: true });
      expect(readFileSync(`${to}/file`, 'utf8')).toBe('old');
      expect(sourcesAt(from)).toEqual([]);
      umountSync(to);
      expect(readFileSync(`${to}/file`, 'utf8')).toBe('new');
      await mount.unmount();
      expect(sourcesAt(to)).toEqual([]);
    });

    test('moveMount with beneath rejects with EINVAL when the target is not a mount point', async ({ place, skip }) => {
      skip(beneathLacks !== undefined, beneathLacks);
      const [from, to] = [mounted(place, 'new'), place.directory('to')];
      expect(await failure(from, to, { beneath: true })).toMatchObject({
        code: 'EINVAL',
        reason: expect.stringMatching(/^the target '.*\/to' is not a mount point, and beneath needs a mount/),
      });
      expect(sourcesAt(from)).toEqual(['new']);
    });

    test('moveMount with beneath rejects with a reason on a kernel before Linux 6.5', async ({ place, skip }) => {
      skip(beneathLacks === undefined, 'this kernel can attach a mount beneath another');
      const [from, to] = [mounted(place, 'new'), mounted(place, 'old')];
      expect(await failure(from, to, { beneath: true })).toMatchObject({
        reason: expect.stringMatching(
          /^move_mount\(2\) is missing in this kernel or sandbox|^this kernel cannot attach a mount beneath/,
        ),
      });
      expect([sourcesAt(from), sourcesAt(to)]).toEqual([['new'], ['old']]);
    });
  });
});

test('moveMount rejects with EPERM and names CAP_SYS_ADMIN without that capability', async ({ place, skip }) => {
  skip(lacks.setpriv !== undefined, lacks.setpriv);
  const { stdout, stderr } = await runNode(
    `import { moveMount, moveMountSync } from 'linux-mount';
     for (const form of [moveMountSync, moveMount])
       try { await form(...process.argv.slice(1)); } catch ({ code, reason }) { console.log(code, reason); }`,
    { args: [mounted(place, 'from'), place.directory('to')], wrapper: withoutPrivilege },
  );
  expect(stderr).toBe('');
  expect(stdout).toMatch(/^(EPERM this process lacks CAP_SYS_ADMIN: .*\n){2}$/);
});

test('moveMount with beneath replaces a mount in use, and a reader always sees old or new files', async ({
  place,
  skip,
}) => {
  skip(beneathLacks !== undefined, beneathLacks);
  const target = mounted(place, 'target', { version: '0' });
  const next = place.directory('next');
  // The child process reads until its standard input has data, and then prints how often the version grew and every
  // other result.
  const reader = spawn(
    process.execPath,
    [
      '--eval',
      `const { readFileSync } = require('node:fs');
       let [last, reads, grew, wrong] = [0, 0, 0, []];
       let stop = false;
       process.stdin.on('data', () => { stop = true; });
       const round = () => {
         for (let i = 0; i < 500; i++) {
           reads += 1;
           try {
             const version = Number(readFileSync(process.argv[1] + '/version', 'utf8'));
             if (version < last) wrong.push('went back');
             if (version > last) grew += 1;
             last = version;
           } catch ({ code }) { wrong.push(code); }
         }
         if (!stop) return setImmediate(round);
         console.log(JSON.stringify({ reads, grew, wrong: [...new Set(wrong)] }));
         process.exit();
       };
       process.stdout.write('ready\\n');
       round();`,
      target,
    ],
    { stdio: ['pipe', 'pipe', 'inherit'] },
  );
  let output = '';
  reader.stdout.on('data', (part) => {
    output += String(part);
  });
  await once(reader.stdout, 'data');
  const until = Date.now() + patience(2000);
  let version = 0;
  while (Date.now() < until) {
    version += 1;
    mountSync('next', next, 'tmpfs');
    writeFileSync(`${next}/version`, String(version));
    const move = version % 2 === 0 ? moveMount : moveMountSync;
    await move(next, target, { beneath: true });
    // The unmount is lazy, because the reader may have a file of the mount open.
    umountSync(target, 2);
  }
  reader.stdin.end('stop');
  await once(reader, 'close');
  const { reads, grew, wrong } = JSON.parse(output.split('\n')[1] ?? '');
  expect(wrong).toEqual([]);
  expect(reads).toBeGreaterThan(version);
  expect(grew).toBeGreaterThan(10);
  expect(sourcesAt(target)).toEqual(['next']);
  expect(readdirSync(target)).toEqual(['version']);
});
