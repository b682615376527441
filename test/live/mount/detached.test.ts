// Tests detached mounts: detachedBind(), detachedFilesystem(), detachedOverlay() and the methods of DetachedMount.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { describe, expect, vi } from 'vitest';
import {
  type DetachedMount,
  detachedBind,
  detachedBindSync,
  detachedFilesystem,
  detachedFilesystemSync,
  detachedOverlay,
  detachedOverlaySync,
  mountOverlaySync,
  mountSync,
  setPropagationSync,
  umountSync,
} from '../../../lib/index.js';
import { NOTHING_LEFT, RESOURCE_FUNCTIONS, runNode, WORKER_FUNCTIONS, withoutPrivilege } from '../../support/child.js';
import { patience, times } from '../../support/effort.js';
import { isRealRoot, lacks, projectRoot } from '../../support/environment.js';
import { lacksBeneath, lacksClone, lacksDetached, lacksOverlay, lacksStrategy } from '../../support/kernel-features.js';
import { missingCall, type Place, test } from '../../support/place.js';
import { mountTable, tableEntry } from '../../support/table.js';
import { rejectionOf, thrownBy } from '../../support/values.js';

vi.setConfig({ testTimeout: patience(60_000) });

/** The synchronous and asynchronous forms of the functions, and of the methods of DetachedMount. */
const forms = [
  [
    'sync',
    {
      overlay: async (...call: Parameters<typeof detachedOverlay>) => detachedOverlaySync(...call),
      bind: async (...call: Parameters<typeof detachedBind>) => detachedBindSync(...call),
      filesystem: async (...call: Parameters<typeof detachedFilesystem>) => detachedFilesystemSync(...call),
      attach: async (mount: DetachedMount, ...call: Parameters<DetachedMount['attach']>) => mount.attachSync(...call),
      set: async (mount: DetachedMount, ...call: Parameters<DetachedMount['setAttributes']>) =>
        mount.setAttributesSync(...call),
      close: async (mount: DetachedMount) => mount.closeSync(),
    },
  ],
  [
    'async',
    {
      overlay: detachedOverlay,
      bind: detachedBind,
      filesystem: detachedFilesystem,
      attach: (mount: DetachedMount, ...call: Parameters<DetachedMount['attach']>) => mount.attach(...call),
      set: (mount: DetachedMount, ...call: Parameters<DetachedMount['setAttributes']>) => mount.setAttributes(...call),
      close: (mount: DetachedMount) => mount.close(),
    },
  ],
] as const;

// In a user namespace overlayfs may not write trusted.* attributes; with `userxattr` overlayfs writes user.* attributes
// instead.
const xattr = isRealRoot ? {} : { userxattr: true };

function layersIn(place: Place) {
  return {
    lower: [place.directory('top', { a: 'top' }), place.directory('base', { a: 'base', b: 'base' })],
    upper: place.directory('upper'),
    work: place.directory('work'),
  };
}

describe.each(forms)('%s', (_, { overlay, bind, filesystem, attach, set, close }) => {
  describe('detachedOverlay', () => {
    test.for(['fsconfig', 'descriptors', undefined] as const)(
      'a detached overlay can be read and written through its path, and appears in no mount table: strategy %s',
      async (strategy, { place, skip }) => {
        skip(lacksDetached !== undefined, lacksDetached);
        const why = strategy === undefined ? lacksOverlay : lacksStrategy(strategy);
        skip(why !== undefined, why);
        const layers = layersIn(place);
        const before = mountTable();
        {
          await using mount = await overlay({ ...layers, ...xattr, ...(strategy === undefined ? {} : { strategy }) });
          if (strategy !== undefined) expect(mount.strategy).toBe(strategy);
          expect(mount.path).toBe(`/proc/self/fd/${mount.fd}`);
          expect(readdirSync(mount.path)).toEqual(['a', 'b']);
          expect(readFileSync(join(mount.path, 'a'), 'utf8')).toBe('top');
          writeFileSync(join(mount.path, 'new'), 'new');
          expect(readFileSync(`${layers.upper}/new`, 'utf8')).toBe('new');
          expect(mountTable()).toEqual(before);
        }
        // The layers are free after the detached mount is closed, so a second overlay can use them.
        using _again = mountOverlaySync({ ...layers, ...xattr, target: place.directory('t') });
      },
    );

    test('a detached overlay without an upper layer is read-only, and can be attached', async ({ place, skip }) => {
      skip(lacksDetached !== undefined, lacksDetached);
      skip(lacksOverlay !== undefined, lacksOverlay);
      const { lower } = layersIn(place);
      await using mount = await overlay({ lower, noSuid: true });
      expect(() => writeFileSync(join(mount.path, 'new'), '')).toThrow(expect.objectContaining({ code: 'EROFS' }));
      const target = place.directory('target');
      await using attached = await attach(mount, target);
      expect(tableEntry(target)).toMatchObject({ fsType: 'overlay', options: expect.arrayContaining(['nosuid']) });
      expect(attached.strategy).toBe(mount.strategy);
      const { lower: named } = attached.overlaySync();
      expect(named).toEqual(lower);
    });

    test('detachedOverlay rejects with ENOENT and names the layer that is missing', async ({ place, skip }) => {
      skip(lacksDetached !== undefined, lacksDetached);
      const before = mountTable();
      const error = await rejectionOf(overlay({ lower: [place.directory('a'), place.path('missing')] }));
      expect(error).toMatchObject({
        code: 'ENOENT',
        reason: expect.stringMatching(/^lower\[1\] '.*\/missing' does not/),
      });
      expect(mountTable()).toEqual(before);
    });
  });

  describe('detachedBind', () => {
    test('detachedBind copies a mount tree that appears in no mount table until it is attached', async ({
      place,
      skip,
    }) => {
      skip(lacksDetached !== undefined, lacksDetached);
      const source = place.directory('source', { file: 'content' });
      mountSync('below', place.directory('source/below'), 'tmpfs');
      const before = mountTable();
      const mount = await bind(source, { recursive: true, readonly: true, noExec: true });
      expect(mount).toMatchObject({ strategy: 'tree', closed: false });
      expect(readFileSync(join(mount.path, 'file'), 'utf8')).toBe('content');
      for (const name of ['new', 'below/new'])
        expect(() => writeFileSync(join(mount.path, name), '')).toThrow(expect.objectContaining({ code: 'EROFS' }));
      expect(mountTable()).toEqual(before);

      const target = place.directory('target');
      const attached = await attach(mount, target);
      expect(mount.closed).toBe(true);
      const added = mountTable().filter(({ mountPoint }) => mountPoint.startsWith(target));
      expect(added.map(({ options }) => options.toSorted().join())).toEqual([
        'noexec,relatime,ro',
        'noexec,relatime,ro',
      ]);
      await attached.unmount();
      expect(mountTable()).toEqual(before);
    });

    test('a detached bind of a file can be attached to a file, and rejects with ENOTDIR at a directory', async ({
      place,
      skip,
    }) => {
      skip(lacksDetached !== undefined, lacksDetached);
      await using mount = await bind(place.file('source', 'content'));
      expect(readFileSync(mount.path, 'utf8')).toBe('content');
      expect(await rejectionOf(attach(mount, place.directory('d')))).toMatchObject({
        code: 'ENOTDIR',
        reason: expect.stringMatching(
          /^the target '.*\/d' is a directory, and the root of the mount is not a directory/,
        ),
      });
      await using _attached = await attach(mount, place.file('target'));
      expect(readFileSync(place.path('target'), 'utf8')).toBe('content');
    });

    test('detachedBind with propagation: "slave" gives a mount that is a slave after it is attached', async ({
      place,
      skip,
    }) => {
      skip(lacksDetached !== undefined, lacksDetached);
      const source = place.directory('source');
      mountSync('x', source, 'tmpfs');
      setPropagationSync(source, 'shared');
      const mount = await bind(source, { propagation: 'slave' });
      await using _attached = await attach(mount, place.directory('target'));
      expect(tableEntry(place.path('target'))?.propagation).toMatch(/^master:\d+$/);
      setPropagationSync(source, 'private');
    });

    test.for<[string, (place: Place) => string, string, RegExp]>([
      ['the source is missing', (place) => place.path('missing'), 'ENOENT', /^the source '.*\/missing' does not exist/],
      ['the source is an empty path', () => '', 'ENOENT', /does not exist/],
      [
        'the source is unbindable',
        (place) => {
          mountSync('x', place.directory('s'), 'tmpfs');
          setPropagationSync(place.path('s'), 'unbindable');
          return place.path('s');
        },
        'EINVAL',
        /whose propagation is unbindable/,
      ],
    ])(
      'detachedBind rejects with a reason that names the cause: %s',
      async ([_name, set, code, reason], { place, skip }) => {
        skip(lacksDetached !== undefined, lacksDetached);
        const source = set(place);
        const error = await rejectionOf(bind(source, { readonly: true }));
        expect(error).toMatchObject({ code, path: source, reason: expect.stringMatching(reason) });
        expect(error).not.toHaveProperty('dest');
      },
    );
  });

  describe('detachedFilesystem', () => {
    test('detachedFilesystem gives a filesystem that can be written before it is attached', async ({ place, skip }) => {
      skip(lacksDetached !== undefined, lacksDetached);
      await using mount = await filesystem('scratch', 'tmpfs', {
        parameters: { size: '1m', mode: '700' },
        noSuid: true,
      });
      expect(mount.strategy).toBe('fsconfig');
      writeFileSync(join(mount.path, 'secret'), 'x');
      expect(statSync(`${mount.path}/`).mode & 0o7777).toBe(0o700);
      await using _attached = await attach(mount, place.directory('target'));
      expect(tableEntry(place.path('target'))).toMatchObject({ source: 'scratch', fsType: 'tmpfs' });
      expect(readdirSync(place.path('target'))).toEqual(['secret']);
    });

    test('detachedFilesystem rejects and names the cause for a wrong parameter and for an unknown type', async ({
      skip,
    }) => {
      skip(lacksDetached !== undefined, lacksDetached);
      expect(await rejectionOf(filesystem(null, 'tmpfs', { parameters: { size: 'hush' } }))).toMatchObject({
        code: 'EINVAL',
        syscall: 'fsconfig',
        kernelLog: expect.stringContaining("Bad value for 'size'"),
        message: expect.not.stringContaining('hush'),
      });
      expect(await rejectionOf(filesystem(null, 'no-such-fs'))).toMatchObject({
        code: 'ENODEV',
        reason: expect.stringMatching(/^the filesystem 'no-such-fs' is not in this kernel/),
      });
    });

    test('detachedFilesystem rejects the option strategy: "data" with ERR_INVALID_ARG_VALUE', async () => {
      expect(await rejectionOf((async () => filesystem(null, 'tmpfs', { strategy: 'data' }))())).toMatchObject({
        code: 'ERR_INVALID_ARG_VALUE',
      });
    });
  });

  test('functions for detached mounts reject and name the missing system call on an older kernel', async ({
    place,
    skip,
  }) => {
    skip(lacksDetached === undefined, 'this kernel can make detached mounts');
    const { lower } = layersIn(place);
    const before = mountTable();
    for (const attempt of [() => bind(place.root), () => filesystem(null, 'tmpfs'), () => overlay({ lower })]) {
      expect(await rejectionOf(attempt())).toMatchObject(missingCall('open_tree|fsopen'));
    }
    expect(mountTable()).toEqual(before);
  });

  describe('attach()', () => {
    test('attach() closes the object: every later use except close() throws ERR_INVALID_STATE', async ({
      place,
      skip,
    }) => {
      skip(lacksDetached !== undefined, lacksDetached);
      const mount = await bind(place.directory('source'));
      await using _attached = await attach(mount, place.directory('target'));
      expect(mount.closed).toBe(true);
      const error = {
        code: 'ERR_INVALID_STATE',
        message: expect.stringMatching(/has been attached and can no longer/),
      };
      expect(await rejectionOf((async () => attach(mount, place.directory('other')))())).toMatchObject(error);
      expect(await rejectionOf((async () => set(mount, { readonly: true }))())).toMatchObject(error);
      expect(thrownBy(() => mount.fd)).toMatchObject(error);
      expect(thrownBy(() => mount.path)).toMatchObject(error);
      await close(mount);
      expect(tableEntry(place.path('target'))).toBeDefined();
    });

    test('attach() leaves the detached mount open when it fails, so that a second attempt can succeed', async ({
      place,
      skip,
    }) => {
      skip(lacksDetached !== undefined, lacksDetached);
      await using mount = await bind(place.directory('source', { file: '' }));
      expect(await rejectionOf(attach(mount, place.path('missing')))).toMatchObject({
        code: 'ENOENT',
        path: place.path('missing'),
        reason: expect.stringMatching(/^the target '.*\/missing' does not exist/),
      });
      expect(await rejectionOf(attach(mount, ''))).toMatchObject({ code: 'ENOENT' });
      expect(mount.closed).toBe(false);
      await using _attached = await attach(mount, place.directory('target'));
      expect(readdirSync(place.path('target'))).toEqual(['file']);
    });

    test('attach() with ifMounted: "error" rejects with EBUSY when the target is a mount point', async ({
      place,
      skip,
    }) => {
      skip(lacksDetached !== undefined, lacksDetached);
      const target = place.directory('target');
      mountSync('theirs', target, 'tmpfs');
      await using mount = await bind(place.directory('source'));
      expect(await rejectionOf(attach(mount, target, { ifMounted: 'error' }))).toMatchObject({
        code: 'EBUSY',
        path: target,
        reason: expect.stringMatching(/is a mount point already/),
      });
      expect(mount.closed).toBe(false);
      {
        await using _stacked = await attach(mount, target, { ifMounted: 'stack' });
        expect(tableEntry(target)?.source).not.toBe('theirs');
      }
      expect(tableEntry(target)?.source).toBe('theirs');
    });

    test('attach() with clone attaches copies of one detached tree to several targets', async ({ place, skip }) => {
      skip(lacksDetached !== undefined, lacksDetached);
      skip(lacksClone !== undefined, lacksClone);
      const source = place.directory('source', { file: '' });
      mountSync('below', place.directory('source/below'), 'tmpfs');
      await using mount = await bind(source, { recursive: true, readonly: true });
      const before = mountTable().length;
      const targets = ['one', 'two', 'three'].map((name) => place.directory(name));
      const attached = await Promise.all(targets.map((target) => attach(mount, target, { clone: true })));
      expect(new Set(attached.map(({ id }) => id)).size).toBe(3);
      expect(mountTable()).toHaveLength(before + 6);
      for (const target of targets) {
        expect(readdirSync(target)).toEqual(['below', 'file']);
        expect(tableEntry(`${target}/below`)?.options).toContain('ro');
      }
      expect(mount.closed).toBe(false);
      for (const each of attached) await each.unmount();
      expect(mountTable()).toHaveLength(before);
    });

    test('attach() with clone rejects with EINVAL and names Linux 6.15 on an earlier kernel', async ({
      place,
      skip,
    }) => {
      skip(lacksDetached !== undefined, lacksDetached);
      skip(lacksClone === undefined, 'this kernel can copy a detached mount');
      await using mount = await bind(place.directory('source'));
      expect(await rejectionOf(attach(mount, place.directory('target'), { clone: true }))).toMatchObject({
        code: 'EINVAL',
        reason: expect.stringMatching(/Linux 6\.15/),
      });
      expect(mount.closed).toBe(false);
    });

    test('attach() with beneath puts the mount below the mount at the target, or rejects if none is mounted', async ({
      place,
      skip,
    }) => {
      skip(lacksDetached !== undefined, lacksDetached);
      skip(lacksBeneath !== undefined, lacksBeneath);
      const target = place.directory('target');
      mountSync('old', target, 'tmpfs');
      const mount = await bind(place.directory('source', { new: '' }));
      await using _attached = await attach(mount, target, { beneath: true });
      expect(readdirSync(target)).toEqual([]);
      umountSync(target);
      expect(readdirSync(target)).toEqual(['new']);
      await using other = await bind(place.path('source'));
      expect(await rejectionOf(attach(other, place.directory('free'), { beneath: true }))).toMatchObject({
        code: 'EINVAL',
        reason: expect.stringMatching(/^the target '.*\/free' is not a mount point, and beneath/),
      });
    });

    test('unmount() of an attached tree unmounts every mount of the tree', async ({ place, skip }) => {
      skip(lacksDetached !== undefined, lacksDetached);
      mountSync('below', place.directory('source/below'), 'tmpfs');
      const mount = await bind(place.path('source'), { recursive: true });
      const attached = await attach(mount, place.directory('target'));
      await attached.unmount();
      expect(mountTable().filter(({ mountPoint }) => mountPoint.startsWith(place.path('target')))).toEqual([]);
    });

    test.for<[string, unknown, unknown, string]>([
      ['an unknown option', '/t', { below: true }, 'ERR_INVALID_ARG_VALUE'],
      ['reuse', '/t', { ifMounted: 'reuse' }, 'ERR_INVALID_ARG_VALUE'],
      ['beneath with ifMounted: error', '/t', { beneath: true, ifMounted: 'error' }, 'ERR_INVALID_ARG_VALUE'],
      ['an option clone that is not a boolean', '/t', { clone: 1 }, 'ERR_INVALID_ARG_TYPE'],
      ['a missing target', undefined, {}, 'ERR_INVALID_ARG_TYPE'],
      ['a target with a NUL byte', '/t\0', {}, 'ERR_INVALID_ARG_VALUE'],
    ])(
      'attach() throws or rejects with an ERR_* code for a wrong argument: %s',
      async ([_name, target, options, code], { place, skip }) => {
        skip(lacksDetached !== undefined, lacksDetached);
        await using mount = await bind(place.root);
        const call = [target, options] as Parameters<DetachedMount['attach']>;
        expect(await rejectionOf((async () => attach(mount, ...call))())).toMatchObject({ code });
      },
    );
  });

  test('setAttributes() changes one detached mount, and with recursive the whole detached tree', async ({
    place,
    skip,
  }) => {
    skip(lacksDetached !== undefined, lacksDetached);
    skip(lacks.setattr !== undefined, lacks.setattr);
    const source = place.directory('source');
    mountSync('below', place.directory('source/below'), 'tmpfs');
    await using mount = await bind(source, { recursive: true, noExec: true });
    await set(mount, { readonly: true });
    expect(() => writeFileSync(join(mount.path, 'new'), '')).toThrow(expect.objectContaining({ code: 'EROFS' }));
    writeFileSync(join(mount.path, 'below/new'), '');
    await set(mount, { readonly: true, noExec: false, atime: 'noatime' }, { recursive: true });
    expect(() => writeFileSync(join(mount.path, 'below/new'), '')).toThrow(expect.objectContaining({ code: 'EROFS' }));
    await using _attached = await attach(mount, place.directory('target'));
    for (const path of ['target', 'target/below'])
      expect(tableEntry(place.path(path))?.options).toEqual(['ro', 'noatime']);
    expect(tableEntry(place.path('source/below'))?.options).toContain('rw');
  });

  test('close() can be called several times, and path throws ERR_INVALID_STATE after it', async ({ place, skip }) => {
    skip(lacksDetached !== undefined, lacksDetached);
    const mount = await bind(place.root);
    const { fd } = mount;
    expect(statSync(`/proc/self/fd/${fd}`).isDirectory()).toBe(true);
    await close(mount);
    await close(mount);
    mount[Symbol.dispose]();
    expect(mount.closed).toBe(true);
    expect(thrownBy(() => mount.path)).toMatchObject({
      code: 'ERR_INVALID_STATE',
      message: expect.stringMatching(/has been closed and can no longer be used/),
    });
  });
});

test('a second attach() rejects with ERR_INVALID_STATE while the first attach() runs', async ({ place, skip }) => {
  skip(lacksDetached !== undefined, lacksDetached);
  const mount = await detachedBind(place.directory('source'));
  const [first, second] = [mount.attach(place.directory('one')), mount.attach(place.directory('two'))];
  expect(await rejectionOf(second)).toMatchObject({ code: 'ERR_INVALID_STATE' });
  await using _attached = await first;
  expect([tableEntry(place.path('one')) !== undefined, tableEntry(place.path('two'))]).toEqual([true, undefined]);
});

test('a mount is attached although close() is called during attach()', async ({ place, skip }) => {
  skip(lacksDetached !== undefined, lacksDetached);
  const mount = await detachedBind(place.directory('source'));
  const attaching = mount.attach(place.directory('target'));
  await mount.close();
  const attached = await attaching;
  expect(tableEntry(place.path('target'))).toBeDefined();
  await attached.unmount();
});

test('detachedBind, detachedFilesystem and detachedOverlay reject with EPERM without CAP_SYS_ADMIN', async ({
  place,
  skip,
}) => {
  skip(lacks.setpriv !== undefined, lacks.setpriv);
  skip(lacksDetached !== undefined, lacksDetached);
  const { stdout, stderr } = await runNode(
    `import * as all from 'linux-mount';
     const [root] = process.argv.slice(1);
     for (const call of [() => all.detachedBind(root), () => all.detachedFilesystem(null, 'tmpfs'), () => all.detachedOverlay({ lower: [root, '/'] })])
       try { await call(); } catch ({ code, reason }) { console.log(code, reason); }`,
    { args: [place.root], wrapper: withoutPrivilege },
  );
  expect(stderr).toBe('');
  expect(stdout).toMatch(/^(EPERM this process lacks CAP_SYS_ADMIN: .*\n){3}$/);
});

test('detachedOverlay makes a detached mount with the strategy "descriptors" when fsopen(2) is missing', async ({
  place,
  skip,
}) => {
  skip(lacks.deny !== undefined, lacks.deny);
  skip(lacksDetached !== undefined, lacksDetached);
  skip(lacksOverlay !== undefined, lacksOverlay);
  const { lower, upper, work } = layersIn(place);
  const { stdout, stderr } = await runNode(
    `import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
     import { detachedOverlay, detachedOverlaySync } from 'linux-mount';
     const [spec, target] = process.argv.slice(1);
     const table = () => readFileSync('/proc/self/mountinfo', 'utf8');
     const before = table();
     for (const form of [detachedOverlaySync, detachedOverlay]) {
       const mount = await form(JSON.parse(spec));
       writeFileSync(mount.path + '/new', '');
       const isUnseen = table() === before;
       const names = readdirSync(mount.path);
       const attached = await mount.attach(target);
       console.log(JSON.stringify({ strategy: mount.strategy, isUnseen, names, namesAfterAttach: readdirSync(target), lower: attached.overlaySync().lower }));
       await attached.unmount();
     }
     console.log(table() === before);`,
    {
      args: [JSON.stringify({ lower, upper, work, ...xattr }), place.directory('target')],
      deny: ['fsopen=ENOSYS'],
    },
  );
  expect(stderr).toBe('');
  const names = ['a', 'b', 'new'];
  const result = { strategy: 'descriptors', isUnseen: true, names, namesAfterAttach: names, lower };
  const [first = '', second = '', isAsBefore] = stdout.split('\n');
  expect([JSON.parse(first), JSON.parse(second), isAsBefore]).toEqual([result, result, 'true']);
});

// With index=on, overlayfs refuses (EBUSY) an upper layer that another mount holds. A second mount that succeeds proves
// that the detached mount is gone.
describe('release of a detached mount', () => {
  const indexed = isRealRoot ? undefined : 'index=on needs trusted.* attributes';
  const spec = (place: Place) => ({ ...layersIn(place), index: true });
  const mountAgain = (place: Place) => {
    using _again = mountOverlaySync({ ...layersIn(place), index: true, target: place.directory('again') });
  };

  const cases: readonly (readonly [name: string, program: string])[] = [
    [
      'by process.exit()',
      `globalThis.kept = await detachedOverlay(spec); ready(); await inputArrives(); process.exit();`,
    ],
    [
      'by SIGKILL',
      `globalThis.kept = await detachedOverlay(spec); ready(); await new Promise(() => setInterval(() => {}, 1e6));`,
    ],
  ];

  test.for(cases)(
    'the kernel releases a detached mount when its process ends: %s',
    async ([name, program], { place, skip }) => {
      skip(lacksDetached !== undefined, lacksDetached);
      skip(indexed !== undefined, indexed);
      for (let round = 0; round < 5; round += 1) {
        const child = spawn(
          process.execPath,
          [
            ...['--input-type=module', '--eval'],
            `import { detachedOverlay } from 'linux-mount';
           const spec = JSON.parse(process.argv[1]);
           const ready = () => process.stdout.write('ready');
           const inputArrives = () => new Promise((resolve) => process.stdin.once('data', resolve));
           ${program}`,
            ...['--', JSON.stringify(spec(place))],
          ],
          { cwd: projectRoot, stdio: ['pipe', 'pipe', 'inherit'] },
        );
        await once(child.stdout, 'data');
        expect(thrownBy(() => mountAgain(place))).toMatchObject({ code: 'EBUSY' });
        if (name === 'by SIGKILL') child.kill('SIGKILL');
        else child.stdin.end('end');
        await once(child, 'exit');
        mountAgain(place);
      }
    },
  );

  test('a detached mount of a worker is released after the worker is terminated', async ({ place, skip }) => {
    skip(lacksDetached !== undefined, lacksDetached);
    skip(indexed !== undefined, indexed);
    const { stdout, stderr } = await runNode(
      `${WORKER_FUNCTIONS}
       import { readdirSync } from 'node:fs';
       import { mountOverlaySync } from 'linux-mount';
       const [spec, target] = process.argv.slice(1);
       const source = "globalThis.kept = await library.detachedOverlay(JSON.parse(workerData.spec));" +
         "parentPort.postMessage('ready'); setInterval(() => {}, 1e6);";
       const again = () => mountOverlaySync({ ...JSON.parse(spec), target }).unmountSync();
       const descriptors = () => readdirSync('/proc/self/fd').length;
       let before;
       for (let round = 0; round < 5; round++) {
         const worker = startWorker(source, { spec });
         await messageOf(worker);
         let code;
         try { again(); } catch (error) { code = error.code; }
         await worker.terminate();
         // The addon closes the descriptor on a separate thread.
         for (let tries = 0; ; tries++) {
           try { again(); break; } catch (error) { if (tries === 500) throw error; }
           await new Promise((resolve) => setTimeout(resolve, 10));
         }
         before ??= descriptors();
         console.log(code, descriptors() - before);
       }`,
      { args: [JSON.stringify(spec(place)), place.directory('again')], timeout: 50_000 },
    );
    expect({ stdout, stderr }).toEqual({ stdout: 'EBUSY 0\n'.repeat(5), stderr: '' });
  });

  test('a detached mount and its descriptor are released after its object is garbage-collected', async ({
    place,
    skip,
  }) => {
    skip(lacksDetached !== undefined, lacksDetached);
    skip(indexed !== undefined, indexed);
    const { stdout, stderr } = await runNode(
      `import { readdirSync } from 'node:fs';
       import { detachedOverlay, mountOverlaySync } from 'linux-mount';
       const [spec, target] = process.argv.slice(1);
       const descriptors = () => readdirSync('/proc/self/fd').length;
       const again = () => mountOverlaySync({ ...JSON.parse(spec), target }).unmountSync();
       let before;
       const lines = [];
       const drop = async () => { const mount = await detachedOverlay(JSON.parse(spec)); return mount.fd; };
       for (let round = 0; round < 5; round++) {
         await drop();
         let tries = 0;
         for (; tries < 500; tries++) {
           gc();
           await new Promise((resolve) => setTimeout(resolve, 10));
           try { again(); break; } catch ({ code }) { if (code !== 'EBUSY') throw new Error(code); }
         }
         before ??= descriptors(); // The first round creates resources that the process keeps.
         lines.push((tries < 500) + ' ' + (descriptors() - before));
       }
       console.log(lines.join('\\n')); // console.log() opens a descriptor, so the output comes last.`,
      {
        args: [JSON.stringify(spec(place)), place.directory('again')],
        nodeArgs: ['--expose-gc'],
        timeout: 50_000,
      },
    );
    expect({ stdout, stderr }).toEqual({ stdout: 'true 0\n'.repeat(5), stderr: '' });
  });

  test('a detached mount is released at the end of the block that declares it with using or await using', async ({
    place,
    skip,
  }) => {
    skip(lacksDetached !== undefined, lacksDetached);
    skip(indexed !== undefined, indexed);
    {
      using _mount = detachedOverlaySync(spec(place));
      expect(thrownBy(() => mountAgain(place))).toMatchObject({ code: 'EBUSY' });
    }
    mountAgain(place);
    {
      await using _mount = await detachedOverlay(spec(place));
      expect(thrownBy(() => mountAgain(place))).toMatchObject({ code: 'EBUSY' });
    }
    mountAgain(place);
  });
});

test('a child process that inherits the descriptor can use the detached mount after the parent closes it', async ({
  place,
  skip,
}) => {
  skip(lacksDetached !== undefined, lacksDetached);
  skip(lacksOverlay !== undefined, lacksOverlay);
  const { lower } = layersIn(place);
  const mount = await detachedOverlay({ lower });
  const child = spawn('sh', ['-c', 'read line; cat /proc/self/fd/3/a /proc/self/fd/3/b'], {
    stdio: ['pipe', 'pipe', 'inherit', mount.fd],
  });
  let output = '';
  child.stdout?.on('data', (part) => {
    output += String(part);
  });
  await mount.close();
  child.stdin?.end('go on\n');
  await once(child, 'close');
  expect(output).toBe('topbase');
});

test('examples/detached.ts lists a merged directory by a program that inherits the descriptor', async ({
  place,
  skip,
}) => {
  skip(lacksDetached !== undefined, lacksDetached);
  skip(lacksOverlay !== undefined, lacksOverlay);
  const { lower } = layersIn(place);
  const source = readFileSync(join(projectRoot, 'examples/detached.ts'), 'utf8');
  const { outputText } = ts.transpileModule(source, {
    compilerOptions: { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2022 },
  });
  const before = mountTable();
  const args = ['detached.js', lower[1] ?? '', lower[0] ?? '', 'ls', '-1'];
  const { status, stdout, stderr } = await runNode(outputText, { args });
  expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: 'a\nb\n', stderr: '' });
  expect(mountTable()).toEqual(before);
  const missing = await runNode(outputText, { args: args.slice(0, 3) });
  expect(missing.stderr).toMatch(/TypeError: usage: detached\.js DIRECTORY OVER COMMAND/);
});

test('a child process does not inherit the descriptor of a detached mount unless the caller passes it', async ({
  place,
  skip,
}) => {
  skip(lacksDetached !== undefined, lacksDetached);
  await using mount = await detachedBind(place.root);
  const { stdout } = spawnSync('readlink', [`/proc/self/fd/${mount.fd}`], { encoding: 'utf8' });
  expect(stdout).not.toContain(place.root);
});

test('5,000 detached mounts leave no descriptor, no thread and no mount', async ({ place, skip }) => {
  skip(lacksDetached !== undefined, lacksDetached);
  mkdirSync(place.path('target'));
  const { stdout, stderr } = await runNode(
    `${RESOURCE_FUNCTIONS}
     import { detachedBind, detachedBindSync, detachedFilesystem } from 'linux-mount';
     const [source, target] = process.argv.slice(1);
     const rounds = [
       async () => detachedBindSync(source, { readonly: true }).closeSync(),
       async () => (await detachedBind(source, { recursive: true })).close(),
       async () => (await (await detachedBind(source)).attach(target)).unmount(),
       async () => {
         const mount = await detachedFilesystem('x', 'tmpfs', { parameters: { size: 4096 } });
         await mount.attach(target + '/missing').catch(() => {});
         await detachedBind(source + '/missing').catch(() => {});
         mount.closeSync();
       },
     ];
     const round = (index) => rounds[index % 4]();
     for (let index = 0; index < 8; index++) await round(index);
     const before = await resources();
     for (let index = 0; index < ${times(5000, 100)}; index++) await round(index);
     console.log(JSON.stringify(await left(before)));`,
    { args: [place.directory('source'), place.path('target')], timeout: 50_000 },
  );
  expect(stderr).toBe('');
  expect(JSON.parse(stdout)).toEqual(NOTHING_LEFT);
});

test('attachSync() and setAttributesSync() throw EMFILE when the process has no free descriptor', async ({
  place,
  skip,
}) => {
  skip(lacksDetached !== undefined, lacksDetached);
  skip(lacks.prlimit !== undefined, lacks.prlimit);
  skip(lacks.setattr !== undefined, lacks.setattr);
  const { stdout, stderr } = await runNode(
    `import { openSync } from 'node:fs';
     import { detachedBindSync } from 'linux-mount';
     const mount = detachedBindSync(process.argv[1]);
     try { for (;;) openSync('/dev/null'); } catch {}
     const codes = [];
     for (const call of [() => mount.setAttributesSync({ readonly: true }), () => mount.attachSync(process.argv[2])])
       try { call(); } catch ({ code }) { codes.push(code); }
     console.log(...codes);`,
    { args: [place.directory('source'), place.directory('target')], wrapper: ['prlimit', '--nofile=64', '--'] },
  );
  expect({ stdout, stderr }).toEqual({ stdout: 'EMFILE EMFILE\n', stderr: '' });
});
