// Tests the options `idmap` and `lowerIdmap`: idmapped mounts of binds, filesystems and overlay layers.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, closeSync, mkdirSync, openSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect } from 'vitest';
import {
  detachedBind,
  detachedBindSync,
  detachedFilesystem,
  detachedFilesystemSync,
  detachedOverlay,
  detachedOverlaySync,
  type IdMap,
  type MountError,
  mountBind,
  mountBindSync,
  mountFilesystem,
  mountFilesystemSync,
  mountOverlay,
  mountOverlaySync,
  mountSync,
  mountTmpfs,
  mountTmpfsSync,
  umountSync,
} from '../../../lib/index.js';
import { runNode } from '../../support/child.js';
import { patience, times } from '../../support/effort.js';
import { isRealRoot, lacks } from '../../support/environment.js';
import { HolderProcess } from '../../support/holder.js';
import { lacksOverlay } from '../../support/kernel-features.js';
import { missingCall, type Place, test } from '../../support/place.js';
import { mountTable, tableEntry } from '../../support/table.js';
import { rejectionOf } from '../../support/values.js';

const forms = [
  [
    'sync',
    {
      bind: async (...call: Parameters<typeof mountBind>) => mountBindSync(...call),
      filesystem: async (...call: Parameters<typeof mountFilesystem>) => mountFilesystemSync(...call),
      tmpfs: async (...call: Parameters<typeof mountTmpfs>) => mountTmpfsSync(...call),
      overlay: async (...call: Parameters<typeof mountOverlay>) => mountOverlaySync(...call),
      detachedBind: async (...call: Parameters<typeof detachedBind>) => detachedBindSync(...call),
      detachedFilesystem: async (...call: Parameters<typeof detachedFilesystem>) => detachedFilesystemSync(...call),
      detachedOverlay: async (...call: Parameters<typeof detachedOverlay>) => detachedOverlaySync(...call),
    },
  ],
  [
    'async',
    {
      ...{ bind: mountBind, filesystem: mountFilesystem, tmpfs: mountTmpfs, overlay: mountOverlay },
      ...{ detachedBind, detachedFilesystem, detachedOverlay },
    },
  ],
] as const;

// A user namespace with one ID can map only that ID.
const top = isRealRoot ? 100_000 : 0;
const count = isRealRoot ? 10 : 1;
const ranges: IdMap = { uid: [{ inside: 0, outside: top, count }], gid: [{ inside: 0, outside: top, count }] };
const wide = isRealRoot ? undefined : 'a user namespace with one ID has no second ID to map to';

/** Why the IDs of a mount cannot be mapped on this system; undefined if they can. */
const lack = (() => {
  try {
    mountBindSync('/proc/self/nowhere', '/', { idmap: ranges });
  } catch (error) {
    const { code, reason } = error as MountError;
    return code === 'ENOENT' ? undefined : `${code}: ${reason}`;
  }
  return undefined;
})();

/**
 * Why a tmpfs cannot be an idmapped mount on this system (tmpfs supports idmapped mounts since Linux 6.3); undefined if
 * it can.
 */
function tmpfsLacks(place: Place): string | undefined {
  if (lack !== undefined) return lack;
  const target = place.directory('probe');
  try {
    mountBindSync(place.root, target, { idmap: ranges }).unmountSync();
    return undefined;
  } catch (error) {
    return (error as MountError).reason;
  }
}

/** Mounts a tmpfs with one file for each owner that the tests compare. */
function filesIn(place: Place, name = 'source'): string {
  const path = place.directory(name);
  mountSync(name, path, 'tmpfs');
  for (const id of isRealRoot ? [0, 3, 50] : [0]) {
    writeFileSync(`${path}/${id}`, '');
    chownSync(`${path}/${id}`, id, id);
  }
  return path;
}

const owners = (path: string) =>
  Object.fromEntries(
    readdirSync(path)
      .filter((name) => /^\d+$/.test(name))
      .map((name) => [name, [statSync(join(path, name)).uid, statSync(join(path, name)).gid]]),
  );

const mapped = isRealRoot
  ? { 0: [top, top], 3: [top + 3, top + 3], 50: [65534, 65534] } // 65534 (nobody) is the owner of a file whose ID is not mapped.
  : { 0: [0, 0] };

/** Starts a process in a new user namespace that maps the IDs of `ranges`. */
async function namespaceProcess(): Promise<ChildProcess> {
  const child = spawn('unshare', ['--user', 'sh', '-c', 'echo ready; exec sleep 1000'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(child.stdout as NonNullable<ChildProcess['stdout']>, 'data');
  const line = `0 ${top} ${count}`;
  if (!isRealRoot) writeFileSync(`/proc/${child.pid}/setgroups`, 'deny');
  writeFileSync(`/proc/${child.pid}/uid_map`, line);
  writeFileSync(`/proc/${child.pid}/gid_map`, line);
  return child;
}

async function end(child: ChildProcess): Promise<void> {
  child.kill('SIGKILL');
  await once(child, 'close');
}

/** The children of this process with their states, zombies included. */
function children(): string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      try {
        const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
        const [state, parent] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
        return Number(parent) === process.pid ? [`${pid} ${state}`] : [];
      } catch {
        return [];
      }
    });
}

describe.each(forms)('%s', (_, call) => {
  test('an idmapped bind shows the mapped owners, and the source keeps its owners', async ({ place, skip }) => {
    const why = tmpfsLacks(place);
    skip(why !== undefined, why);
    const source = filesIn(place);
    const before = owners(source);
    const target = place.directory('target');
    await using _bind = await call.bind(source, target, { idmap: ranges });
    expect(owners(target)).toEqual(mapped);
    expect(owners(source)).toEqual(before);
  });

  test('a file that root creates through an idmapped bind belongs to the mapped owner in the source', async ({
    place,
    skip,
  }) => {
    const why = wide ?? tmpfsLacks(place);
    skip(why !== undefined, why);
    const source = filesIn(place);
    chownSync(source, 3, 50); // The kernel refuses to create a file for an ID that is not mapped.
    const target = place.directory('target');
    const idmap = { owner: { uid: 3, gid: 50 }, appearsAs: { uid: 0, gid: 0 } };
    await using _bind = await call.bind(source, target, { idmap });
    writeFileSync(`${target}/9`, '');
    expect(owners(source)).toMatchObject({ 9: [3, 50] });
    expect(owners(target)).toEqual({ 0: [65534, 65534], 3: [0, 65534], 50: [65534, 0], 9: [0, 0] });
  });

  test('the option idmap accepts the map of a user namespace that is given by process ID, descriptor or path', async ({
    place,
    skip,
  }) => {
    const why = lacks.userNamespace ?? tmpfsLacks(place);
    skip(why !== undefined, why);
    const source = filesIn(place);
    const target = place.directory('target');
    const child = await namespaceProcess();
    const file = `/proc/${child.pid}/ns/user`;
    const fd = openSync(file, 'r');
    try {
      for (const userNamespace of [{ pid: child.pid as number }, { fd }, { path: file }]) {
        await using _bind = await call.bind(source, target, { idmap: { userNamespace } });
        expect(owners(target)).toEqual(mapped);
      }
    } finally {
      closeSync(fd);
      await end(child);
    }
  });

  test('the option idmap looks up a process ID in the /proc of the caller, not of the namespace of the target', async ({
    place,
    skip,
  }) => {
    const why = lacks.mountNamespace ?? lacks.userNamespace ?? tmpfsLacks(place);
    skip(why !== undefined, why);
    const source = filesIn(place);
    const target = place.directory('target');
    const child = await namespaceProcess();
    try {
      await using box = await HolderProcess.shell('mount -t tmpfs x /proc', { before: ['unshare', '--mount'] });
      const namespace = { pid: box.pid };
      const idmap = { userNamespace: { pid: child.pid as number } };
      await using _bind = await call.bind(source, target, { namespace, idmap });
      expect(owners(`/proc/${box.pid}/root${target}`)).toEqual(mapped);
      expect(tableEntry(target)).toBeUndefined();
      await using _overlay = await call.overlay({
        ...{ lower: [source, place.directory('other')], target: place.directory('merged'), namespace },
        lowerIdmap: [idmap, undefined],
      });
      expect(owners(`/proc/${box.pid}/root${place.path('merged')}`)).toEqual(mapped);
    } finally {
      await end(child);
    }
  });

  test('a recursive bind with idmap and readonly maps the IDs of every mount of the tree', async ({ place, skip }) => {
    const why = tmpfsLacks(place);
    skip(why !== undefined, why);
    const source = filesIn(place);
    mkdirSync(`${source}/below`);
    filesIn(place, 'source/below');
    const target = place.directory('target');
    await using _bind = await call.bind(source, target, { idmap: ranges, recursive: true, readonly: true });
    expect([owners(target), owners(`${target}/below`)]).toEqual([mapped, mapped]);
    expect(tableEntry(`${target}/below`)?.options).toContain('ro');
  });

  test('a recursive bind with idmap rejects when one mount of the tree cannot be idmapped', async ({ place, skip }) => {
    const why = tmpfsLacks(place);
    skip(why !== undefined, why);
    const source = filesIn(place);
    mkdirSync(`${source}/below`);
    mountSync('none', `${source}/below`, 'ramfs');
    const before = mountTable();
    const error = await rejectionOf(call.bind(source, place.directory('target'), { idmap: ranges, recursive: true }));
    expect(error).toMatchObject({
      code: 'EINVAL',
      reason: expect.stringMatching(/does not support idmapped mounts in this kernel/),
    });
    expect(mountTable()).toEqual(before);
  });

  test('mountFilesystem and mountTmpfs with idmap make a mount with mapped owners', async ({ place, skip }) => {
    const why = tmpfsLacks(place);
    skip(why !== undefined, why);
    const target = place.directory('target');
    for (const make of [
      () => call.filesystem('x', target, 'tmpfs', { idmap: ranges, parameters: { mode: '755' } }),
      () => call.tmpfs(target, { idmap: ranges, mode: 0o755 }),
    ]) {
      await using mount = await make();
      expect(mount.strategy).toBe('fsconfig');
      expect(statSync(target).uid).toBe(top);
    }
  });

  test('detachedBind and detachedFilesystem with idmap make a mount with mapped owners', async ({ place, skip }) => {
    const why = tmpfsLacks(place);
    skip(why !== undefined, why);
    await using bound = await call.detachedBind(filesIn(place), { idmap: ranges });
    expect(owners(bound.path)).toEqual(mapped);
    await using made = await call.detachedFilesystem(null, 'tmpfs', { idmap: ranges });
    expect(statSync(`${made.path}/`).uid).toBe(top);
  });

  test('the option lowerIdmap maps all lower layers with one map, or each layer with its own map', async ({
    place,
    skip,
  }) => {
    skip(lacksOverlay !== undefined, lacksOverlay);
    const why = tmpfsLacks(place);
    skip(why !== undefined, why);
    const lower = [filesIn(place, 'a'), filesIn(place, 'b')];
    writeFileSync(`${lower[1]}/7`, '');
    const target = place.directory('target');
    {
      await using mount = await call.overlay({ lower, target, lowerIdmap: ranges });
      expect(owners(target)).toEqual({ ...mapped, 7: [top, top] });
      expect(mount.overlaySync().lower).toEqual(lower);
    }
    {
      await using _mount = await call.overlay({ lower, target, lowerIdmap: [undefined, ranges] });
      expect(owners(target)).toEqual({ ...owners(lower[0] as string), 7: [top, top] });
    }
    await using mount = await call.detachedOverlay({ lower, lowerIdmap: ranges });
    expect(owners(mount.path)).toEqual({ ...mapped, 7: [top, top] });
  });

  test('a copy up from an idmapped lower layer keeps the mapped owner in the upper directory', async ({
    place,
    skip,
  }) => {
    skip(lacksOverlay !== undefined, lacksOverlay);
    const why = wide ?? tmpfsLacks(place);
    skip(why !== undefined, why);
    const lower = [filesIn(place, 'a'), filesIn(place, 'b')];
    const [upper, work, target] = ['upper', 'work', 'target'].map((name) => place.directory(name)) as [
      string,
      string,
      string,
    ];
    await using _mount = await call.overlay({ lower, upper, work, target, lowerIdmap: ranges });
    writeFileSync(`${target}/3`, 'changed');
    expect(owners(upper)).toEqual({ 3: [top + 3, top + 3] });
    expect(readFileSync(`${lower[0]}/3`, 'utf8')).toBe('');
  });

  describe('ifMounted: "reuse" of an idmapped mount', () => {
    const refusal = async (mounting: () => Promise<unknown>) => {
      const error = await rejectionOf(mounting());
      expect(error).toMatchObject({ code: 'EBUSY', step: 'check target' });
      return (error as MountError).reason;
    };

    test('mountBind with ifMounted: "reuse" rejects with EBUSY when the bind may have another ID map', async ({
      place,
      skip,
    }) => {
      skip(tmpfsLacks(place) !== undefined, tmpfsLacks(place));
      const [source, mapped] = [filesIn(place), place.directory('mapped')];
      const [one, other] = [place.directory('one'), place.directory('other')];
      await using _mapped = await call.bind(source, mapped, { idmap: ranges });
      await using _one = await call.bind(source, one, { idmap: ranges });
      await using _other = await call.bind(source, other);
      const again = (from: string, to: string, options: object = {}) =>
        refusal(() => call.bind(from, to, { ...options, ifMounted: 'reuse' }));
      expect(await again(source, one)).toMatch(/^the mount at the target is a bind with an ID map, which is not what/);
      expect(await again(mapped, other)).toMatch(
        /^the mount at the target is a bind without an ID map, which is not what/,
      );
      // A bind of an idmapped mount is idmapped too, and the kernel does not show which map a mount has.
      expect(await again(mapped, one)).toMatch(
        /^the mount at the target is a bind.*, but the mount table does not show its ID map, and so/,
      );
      expect(await again(source, other, { idmap: ranges })).toMatch(
        /^the mount at the target is a bind of the source, but the mount table does not show its ID map/,
      );
    });

    test('mountFilesystem and mountTmpfs with ifMounted: "reuse" reject a mount with another ID map', async ({
      place,
      skip,
    }) => {
      skip(tmpfsLacks(place) !== undefined, tmpfsLacks(place));
      const target = place.directory('t');
      await using _existing = await call.tmpfs(target, { idmap: ranges });
      for (const mounting of [
        () => call.filesystem('tmpfs', target, 'tmpfs', { ifMounted: 'reuse' }),
        () => call.tmpfs(target, { ifMounted: 'reuse' }),
      ]) {
        expect(await refusal(mounting)).toMatch(
          /^the mount at the target is a filesystem with an ID map, which is not what/,
        );
      }
      expect(await refusal(() => call.tmpfs(target, { idmap: ranges, ifMounted: 'reuse' }))).toMatch(
        /^the mount at the target is a filesystem, but the mount table does not show its ID map/,
      );
    });

    test('mountOverlay with ifMounted: "reuse" rejects an overlay whose layers may have other ID maps', async ({
      place,
      skip,
    }) => {
      skip(tmpfsLacks(place) !== undefined, tmpfsLacks(place));
      skip(lacksOverlay !== undefined, lacksOverlay);
      const lower = [filesIn(place, 'a'), filesIn(place, 'b')];
      const target = place.directory('merged');
      const reuse = { lower, target, ifMounted: 'reuse' } as const;
      {
        await using _plain = await call.overlay({ lower, target });
        expect(await refusal(() => call.overlay({ ...reuse, lowerIdmap: ranges }))).toMatch(
          /^an overlay whose lower layers may have other ID mappings, .*, is mounted at the target\b/,
        );
      }
      await using _mapped = await call.overlay({ lower, target, lowerIdmap: ranges });
      expect(await refusal(() => call.overlay(reuse))).toMatch(
        // With the strategy `descriptors` (Linux 6.13) the mount table shows the path of a layer inside a detached
        // mount.
        /^an overlay whose layer '[^']*' in the mount table (?:is a relative path or|may be an idmapped layer)/,
      );
    });
  });

  describe('operations with an ID map that is refused', () => {
    interface Refused {
      readonly name: string;
      readonly idmap: (place: Place) => IdMap | Promise<IdMap>;
      readonly source?: (place: Place) => string;
      readonly code: string;
      readonly reason: RegExp;
      readonly skip?: string | undefined;
    }

    test.for<Refused>([
      {
        name: 'the filesystem does not support idmapped mounts',
        idmap: () => ranges,
        source: (place) => {
          mountSync('x', place.directory('ramfs'), 'ramfs');
          return place.path('ramfs');
        },
        code: 'EINVAL',
        reason: /^the filesystem of '.*\/ramfs' does not support idmapped mounts in this kernel/,
      },
      {
        name: 'the source is an idmapped mount already',
        idmap: () => ranges,
        source: (place) => {
          mountBindSync(filesIn(place), place.directory('mapped'), { idmap: ranges });
          return place.path('mapped');
        },
        code: 'EPERM',
        reason: /its mount is idmapped already/,
      },
      {
        name: 'the user namespace is given as a mount namespace',
        idmap: () => ({ userNamespace: { path: '/proc/self/ns/mnt' } }),
        code: 'EINVAL',
        reason: /the given namespace is no suitable user namespace: .*give a user namespace other than the one/,
      },
      {
        name: 'the user namespace is that of the process itself',
        idmap: () => ({ userNamespace: { pid: process.pid } }),
        code: isRealRoot ? 'EPERM' : 'EINVAL',
        reason: isRealRoot
          ? /or the given namespace is the initial user namespace: /
          : /other than the one that the filesystem belongs/,
      },
      {
        name: 'the process of the user namespace does not exist',
        idmap: () => ({ userNamespace: { pid: 2 ** 31 - 1 } }),
        code: 'ENOENT',
        reason: /^process 2147483647 does not exist/,
      },
      {
        name: 'the descriptor of the user namespace is not open',
        idmap: () => ({ userNamespace: { fd: 54321 } }),
        code: 'EBADF',
        reason: /^the namespace, descriptor 54321, is not an open descriptor/,
      },
      {
        name: 'the map names IDs that the outer user namespace does not map',
        idmap: () => ({ uid: [{ inside: 0, outside: 5, count: 1 }], gid: [{ inside: 0, outside: 5, count: 1 }] }),
        code: 'EPERM',
        reason: /^the kernel refuses the ID map \(EPERM: /,
        skip: isRealRoot ? 'all ids are mapped here' : undefined,
      },
    ])(
      'a bind with idmap rejects with a reason that names the cause, and leaves no mount and no child process: $name',
      async ({ idmap, source = filesIn, code, reason, skip: why }, { place, skip }) => {
        const because = why ?? tmpfsLacks(place);
        skip(because !== undefined, because);
        const from = source(place);
        const target = place.directory('target');
        const options = { idmap: await idmap(place) };
        const before = [mountTable(), children()];
        const errors = [
          await rejectionOf(call.bind(from, target, options)),
          await rejectionOf(call.detachedBind(from, options)),
        ];
        for (const error of errors) {
          expect(error).toMatchObject({ code, path: from });
          expect((error as MountError).reason).toMatch(reason);
        }
        expect([mountTable(), children()]).toEqual(before);
      },
    );

    test('an overlay with lowerIdmap rejects with EINVAL and names the layer that cannot be idmapped', async ({
      place,
      skip,
    }) => {
      skip(lacksOverlay !== undefined, lacksOverlay);
      const why = tmpfsLacks(place);
      skip(why !== undefined, why);
      const ramfs = place.directory('ramfs');
      mountSync('x', ramfs, 'ramfs');
      const before = mountTable();
      for (const attempt of [
        () => call.overlay({ lower: [filesIn(place, 'a'), ramfs], target: place.directory('t'), lowerIdmap: ranges }),
        () => call.detachedOverlay({ lower: [place.path('a'), ramfs], lowerIdmap: [undefined, ranges] }),
      ]) {
        expect(await rejectionOf(attempt())).toMatchObject({
          code: 'EINVAL',
          reason: expect.stringMatching(/'.*\/ramfs' does not support idmapped mounts in this kernel/),
        });
      }
      umountSync(place.path('a'));
      expect(mountTable()).toEqual(before);
    });

    test('an operation with idmap rejects with ENOSYS when mount_setattr(2) is missing', async ({ place, skip }) => {
      skip(lacks.setattr === undefined, 'this kernel has mount_setattr(2)');
      const [source, target] = [place.directory('s'), place.directory('t')];
      const ids = {
        code: 'ENOSYS',
        reason: expect.stringMatching(/^mount_setattr\(2\), which idmapped mounts need, is missing \(.*\) or denied/),
      };
      const made = lacks.fsopen === undefined ? ids : missingCall('open_tree|fsopen');
      for (const [attempt, error] of [
        [() => call.bind(source, target, { idmap: ranges }), ids],
        [() => call.tmpfs(target, { idmap: ranges }), made],
        [() => call.overlay({ lower: [source, target], target, lowerIdmap: ranges }), made],
      ] as const) {
        expect(await rejectionOf(attempt())).toMatchObject(error);
      }
      expect(tableEntry(target)).toBeUndefined();
    });
  });
});

// A child process of the addon makes the user namespace of the map. With copies of the descriptors of this process, the
// child would keep the mounts of other threads busy.
test('an idmapped bind can be unmounted while other threads create user namespaces for their maps', async ({
  place,
  skip,
}) => {
  const why = tmpfsLacks(place);
  skip(why !== undefined, why);
  const source = filesIn(place);
  const round = async (index: number) => {
    const target = place.directory(`t${index}`);
    for (let count = times(150, 20); count > 0; count -= 1) {
      await (await mountBind(source, target, { idmap: ranges })).unmount();
    }
  };
  await Promise.all(Array.from({ length: 8 }, (_, index) => round(index)));
});

test('an idmapped bind leaves no child process, raises no SIGCHLD and disturbs no other wait for a child', async ({
  place,
  skip,
}) => {
  const why = tmpfsLacks(place);
  skip(why !== undefined, why);
  filesIn(place);
  for (let index = 0; index < 8; index += 1) place.directory(`t${index}`);
  const { stdout, stderr } = await runNode(
    `import { execFile, spawnSync } from 'node:child_process';
     import { readdirSync, readFileSync } from 'node:fs';
     import { mountBind, mountBindSync } from 'linux-mount';
     const [root, idmap] = [process.argv[1], JSON.parse(process.argv[2])];
     let signals = 0;
     process.on('SIGCHLD', () => { signals += 1; });
     const children = () => readdirSync('/proc').filter((name) => /^\\d+$/.test(name)).filter((pid) => {
       try {
         const stat = readFileSync('/proc/' + pid + '/stat', 'utf8');
         return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]) === process.pid;
       } catch { return false; }
     });
     const round = async (index) => {
       for (let count = 0; count < 25; count++) {
         const form = count % 2 === 0 ? mountBind : mountBindSync;
         const mount = await form(root + '/source', root + '/t' + index, { idmap });
         await mount.unmount();
       }
     };
     await Promise.all(Array.from({ length: 8 }, (_, index) => round(index)));
     const bySignals = signals;
     const statuses = [];
     const run = (status) => new Promise((resolve) => execFile('sh', ['-c', 'exit ' + status], (error) => {
       statuses.push((error?.code ?? 0) === status);
       resolve();
     }));
     await Promise.all([
       ...Array.from({ length: 8 }, (_, index) => round(index)),
       ...Array.from({ length: 20 }, (_, index) => run(index)),
     ]);
     statuses.push(spawnSync('sh', ['-c', 'exit 7']).status === 7);
     console.log(JSON.stringify({ bySignals, statuses: statuses.every(Boolean), runs: statuses.length, children: children() }));`,
    { args: [place.root, JSON.stringify(ranges)] },
  );
  expect(stderr).toBe('');
  expect(JSON.parse(stdout)).toEqual({ bySignals: 0, statuses: true, runs: 21, children: [] });
});

test('a signal to the process group does not reach the child process that creates the user namespace', {
  timeout: patience(120_000),
}, async ({ place, skip }) => {
  const why = tmpfsLacks(place);
  skip(why !== undefined, why);
  filesIn(place);
  place.directory('t');
  const { stdout, stderr, signal } = await runNode(
    `import { spawn } from 'node:child_process';
     import { mountBindSync } from 'linux-mount';
     const [root, idmap, rounds] = [process.argv[1], JSON.parse(process.argv[2]), Number(process.argv[3])];
     let signals = 0;
     process.on('SIGUSR2', () => { signals += 1; });
     // The sender has its own process group, so that it does not signal itself.
     const sender = spawn('setsid', ['sh', '-c', 'while kill -USR2 -' + process.pid + '; do :; done'], { stdio: 'ignore' });
     while (signals === 0) await new Promise(setImmediate);
     // The sender and this process need one processor each. On a busy machine, 10 rounds are enough.
     const end = performance.now() + 10_000;
     for (let count = 0; count < rounds && (count < 10 || performance.now() < end); count++)
       mountBindSync(root + '/source', root + '/t', { idmap }).unmountSync();
     // This process does not wait for the end of the sender: libuv drops SIGCHLD when its signal pipe is full.
     sender.kill('SIGKILL');
     console.log('done');
     process.exit();`,
    {
      args: [place.root, JSON.stringify(ranges), String(times(700, 100))],
      wrapper: ['setsid', '--wait', 'setpriv', '--pdeathsig', 'KILL', '--'],
      timeout: 60_000,
    },
  );
  expect({ stdout, stderr, signal }).toEqual({ stdout: 'done\n', stderr: '', signal: null });
});
