// Tests the option `namespace`: operations in the mount namespace of another process.
import { closeSync, existsSync, openSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { relative } from 'node:path';
import { describe, expect } from 'vitest';
import {
  detachedBind,
  detachedFilesystem,
  detachedOverlay,
  type Mount,
  type MountError,
  mountBind,
  mountBindSync,
  mountFilesystem,
  mountOverlay,
  mountSync,
  mountTmpfs,
  mountTmpfsSync,
  moveMount,
  moveMountSync,
  type Namespace,
  setMountAttributes,
  setMountAttributesSync,
  setPropagation,
  setPropagationSync,
  umount,
  umountSync,
} from '../../../lib/index.js';
import { runNode, WORKER_FUNCTIONS, withoutPrivilege } from '../../support/child.js';
import { type Container, type ContainerKind, containerKinds, startContainer } from '../../support/container.js';
import { isRealRoot, lacks } from '../../support/environment.js';
import { Hang } from '../../support/hang.js';
import { lacksOverlay } from '../../support/kernel-features.js';
import { mountOperations } from '../../support/mount-operations.js';
import { libraryThreads } from '../../support/own-process.js';
import { test } from '../../support/place.js';
import { mountTable } from '../../support/table.js';
import { rejectionOf, thrownBy, until } from '../../support/values.js';

const kinds = Object.keys(containerKinds) as ContainerKind[];
const A_NAMESPACE = 'a mount namespace';

/** The namespaces, directories and mounts of this process and its threads, which no test may change. */
function ownState() {
  return {
    namespace: readlinkSync('/proc/self/ns/mnt'),
    thread: readlinkSync('/proc/thread-self/ns/mnt'),
    root: readlinkSync('/proc/self/root'),
    cwd: process.cwd(),
    table: mountTable(),
  };
}

/** The mount namespaces of all threads of this process; a thread that has just ended counts as one of this process. */
function namespacesOfThreads(): Set<string> {
  const namespaces = readdirSync('/proc/self/task').map((id) => {
    try {
      return readlinkSync(`/proc/self/task/${id}/ns/mnt`);
    } catch {
      return readlinkSync('/proc/self/ns/mnt');
    }
  });
  return new Set(namespaces);
}

/** Waits until no thread is in another mount namespace; a thread may end a moment after its call. */
async function expectNoThreadElsewhere() {
  await until(() => namespacesOfThreads().size === 1);
}

function whyNot(kind: ContainerKind): string | undefined {
  if (lacks.mountNamespace !== undefined) return lacks.mountNamespace;
  if (kind === 'with its own user namespace') return lacks.userNamespace;
  return undefined;
}

describe.each(kinds)('operation in a container: %s', (kind) => {
  // The tests of moveMount() are below, because the mount to move must exist in the container first.
  describe.each(mountOperations.filter(({ name }) => !name.startsWith('moveMount')))(
    '$name',
    ({ lacks: why, takesNamespace, mount }) => {
      test('a mount into a container is visible only in the container, and its handle unmounts it', async ({
        place,
        skip,
      }) => {
        skip(whyNot(kind) !== undefined, whyNot(kind));
        skip(why !== undefined, why);
        await using container = await startContainer(place, kind);
        const { pid, inside } = container;
        const target = inside.directory('target');
        // A tree that is attached in the container is made in the namespace of the test.
        const from = takesNamespace ? inside : place;
        const before = ownState();
        const mounted = await mount(from, target, { namespace: { pid } });
        expect(container.points()).toEqual([target]);
        expect(ownState()).toEqual(before);
        await mounted.unmount();
        expect(container.points()).toEqual([]);

        const again = await mount(
          from,
          { root: inside.directory('root'), path: 'new/t', create: 'directory' },
          { namespace: { pid } },
        );
        expect(container.points()).toEqual([inside.path('root/new/t')]);
        again.unmountSync();
        expect(container.points()).toEqual([]);
        expect(ownState()).toEqual(before);
        await expectNoThreadElsewhere();
      });
    },
  );

  test('a recursive read-only bind in a container is read-only also without mount_setattr(2)', async ({
    place,
    skip,
  }) => {
    skip(whyNot(kind) !== undefined, whyNot(kind));
    skip(lacks.treeCalls !== undefined || lacks.deny !== undefined, lacks.treeCalls ?? lacks.deny);
    await using container = await startContainer(place, kind);
    const { pid, inside } = container;
    const { stdout, stderr } = await runNode(
      `import { readFileSync } from 'node:fs';
       import { mountBind, mountBindSync, mountTmpfsSync } from 'linux-mount';
       const [source, below, target, pid] = process.argv.slice(1);
       const namespace = { pid: Number(pid) };
       const filesystem = mountTmpfsSync(below, { namespace });
       for (const form of [mountBindSync, mountBind]) {
         const mount = await form(source, target, { readonly: true, recursive: true, namespace });
         const lines = readFileSync('/proc/' + pid + '/mountinfo', 'latin1').split('\\n').map((line) => line.split(' '));
         const words = lines.filter((fields) => fields[4]?.startsWith(target)).map((fields) => fields[5]);
         console.log(mount.strategy, ...words.map((word) => word.split(',')[0]));
         mount.unmountSync();
       }
       filesystem.unmountSync();`,
      {
        args: [inside.directory('source'), inside.directory('source/below'), inside.directory('target'), String(pid)],
        deny: ['mount_setattr=ENOSYS'],
      },
    );
    expect({ stdout, stderr }).toEqual({ stdout: 'tree ro ro\n'.repeat(2), stderr: '' });
    expect(container.points()).toEqual([]);
  });

  test('attributes, propagation, moves and unmounts take effect only in the container, in both forms', async ({
    place,
    skip,
  }) => {
    skip(whyNot(kind) !== undefined, whyNot(kind));
    await using container = await startContainer(place, kind);
    const { pid, inside } = container;
    const namespace = { pid };
    const [one, two] = [inside.directory('one'), inside.directory('two')];
    const before = ownState();
    const line = (point: string) =>
      readFileSync(`/proc/${pid}/mountinfo`, 'latin1')
        .split('\n')
        .findLast((each) => each.split(' ')[4] === point) ?? '';
    for (const isSync of [false, true]) {
      await mountTmpfs(one, { namespace });
      if (isSync) setMountAttributesSync(one, { noExec: true }, { namespace });
      else await setMountAttributes(one, { noExec: true }, { namespace });
      expect(line(one)).toContain('noexec');
      if (isSync) setPropagationSync(one, 'shared', { namespace });
      else await setPropagation(one, 'shared', { namespace });
      expect(line(one)).toContain('shared:');
      const moved = isSync ? moveMountSync(one, two, { namespace }) : await moveMount(one, two, { namespace });
      expect(container.points()).toEqual([two]);
      expect(moved.target).toBe(two);
      await mountTmpfs({ root: two, path: 'below', create: 'directory' }, { namespace });
      if (isSync) umountSync(two, { namespace, recursive: true });
      else await umount(two, { namespace, recursive: true });
      expect(container.points()).toEqual([]);
      await mountTmpfs(two, { namespace });
      if (isSync) umountSync(two, { namespace });
      else await umount(two, { namespace });
      expect(container.points()).toEqual([]);
    }
    expect(ownState()).toEqual(before);
    await expectNoThreadElsewhere();
  });

  test('overlay() and ifMounted read the mount table of the container', async ({ place, skip }) => {
    skip(lacksOverlay !== undefined, lacksOverlay);
    skip(whyNot(kind) !== undefined, whyNot(kind));
    await using container = await startContainer(place, kind);
    const { pid, inside } = container;
    const spec = { lower: [inside.directory('l1'), inside.directory('l2')], target: inside.directory('target') };
    const namespace = { pid };
    await using merged = await mountOverlay({ ...spec, namespace });
    expect(await merged.overlay()).toMatchObject({ lower: spec.lower });
    expect(merged.overlaySync()).toMatchObject({ lower: spec.lower });
    await using same = await mountOverlay({ ...spec, namespace, ifMounted: 'reuse' });
    expect([same.reused, same.id]).toEqual([true, merged.id]);
    expect(await rejectionOf(mountTmpfs(spec.target, { namespace, ifMounted: 'error' }))).toMatchObject({
      code: 'EBUSY',
      reason: expect.stringContaining('is a mount point already'),
    });
    expect(await rejectionOf(mountTmpfs(spec.target, { namespace, ifMounted: 'reuse' }))).toMatchObject({
      code: 'EBUSY',
      reason: expect.stringContaining('the mount at the target is a filesystem of type overlay'),
    });
    await merged.unmount();
    expect(container.points()).toEqual([]);
  });

  test('detached mounts that are made outside of a container can be attached inside', async ({ place, skip }) => {
    skip(whyNot(kind) !== undefined, whyNot(kind));
    skip(lacks.treeCalls !== undefined, lacks.treeCalls);
    await using container = await startContainer(place, kind);
    const { pid, inside } = container;
    const lower = [place.directory('secret/one', { one: '1' }), place.directory('secret/two', { two: '2' })];
    const target = inside.directory('target');
    const before = ownState();
    for (const make of [
      () => detachedBind(place.path('secret/one'), { readonly: true }),
      ...(lacksOverlay === undefined ? [() => detachedOverlay({ lower })] : []),
      () => detachedFilesystem('mine', 'tmpfs'),
    ]) {
      const detached = await make();
      expect(container.points()).toEqual([]);
      const mount = await detached.attach(target, { namespace: { pid } });
      expect(container.points()).toEqual([target]);
      expect(ownState()).toEqual(before);
      await mount.unmount();
      expect(container.points()).toEqual([]);
    }
    await expectNoThreadElsewhere();
  });
});

async function withContainer(
  { place, skip }: { place: Parameters<typeof startContainer>[0]; skip: (condition: boolean, note?: string) => void },
  use: (container: Container) => Promise<void>,
) {
  skip(lacks.mountNamespace !== undefined, lacks.mountNamespace);
  await using container = await startContainer(place, A_NAMESPACE);
  await use(container);
}

describe('option namespace', () => {
  test('an operation can use a namespace descriptor that the caller closes during the call', async ({ place, skip }) =>
    withContainer({ place, skip }, async ({ pid, points }) => {
      const target = place.directory('target');
      const fd = openSync(`/proc/${pid}/ns/mnt`, 'r');
      const mounting = mountTmpfs(target, { namespace: { fd } });
      closeSync(fd);
      const mount = await mounting;
      expect(points()).toEqual([target]);
      // A handle stores the number of the descriptor and keeps no copy of the descriptor.
      const error = (await rejectionOf(mount.unmount())) as MountError;
      expect(error.code).toBe('EBADF');
      expect(error.reason).toContain(`the namespace, descriptor ${fd}, is not an open descriptor`);
      expect(thrownBy(() => mount.unmountSync())).toMatchObject({ code: 'EBADF' });
      const other = openSync(`/proc/${pid}/ns/mnt`, 'r');
      expect(other).toBe(fd);
      await mount.unmount();
      closeSync(other);
      expect(points()).toEqual([]);
    }));

  test('an operation accepts a namespace file, also by a relative path and without a process in the namespace', async ({
    place,
    skip,
  }) => {
    skip(lacks.mountNamespace !== undefined, lacks.mountNamespace);
    const file = place.file('namespace');
    const target = place.directory('target');
    // A mount namespace can be bound only in an older mount namespace (fs/namespace.c, mnt_ns_loop). Linux 6.18
    // compares IDs that each processor takes in batches, so a newer namespace may count as older; then the test makes
    // another namespace.
    let isBound = false;
    for (let attempt = 0; attempt < 20 && !isBound; attempt += 1) {
      await using container = await startContainer(place, A_NAMESPACE);
      try {
        mountBindSync(`/proc/${container.pid}/ns/mnt`, file);
        isBound = true;
      } catch (error) {
        // mount(2) and move_mount(2) report different codes.
        expect(['EINVAL', 'ELOOP']).toContain((error as { code: string }).code);
      }
    }
    skip(!isBound, 'this kernel takes every new mount namespace for older than that of the test');
    const before = ownState();
    for (const path of [file, relative(process.cwd(), file), Buffer.from(file), new URL(`file://${file}`)]) {
      await using mount = await mountTmpfs(target, { namespace: { path } });
      expect(ownState()).toEqual(before);
      expect(await rejectionOf(mountTmpfs(target, { namespace: { path }, ifMounted: 'error' }))).toMatchObject({
        code: 'EBUSY',
      });
      await mount.unmount();
      const other = mountTmpfsSync(target, { namespace: { path } });
      umountSync(target, { namespace: { path } });
      expect(thrownBy(() => other.unmountSync())).toMatchObject({ code: 'EINVAL' });
    }
    umountSync(file);
  });

  test.for<[string, (place: { file(name: string): string }) => Namespace, object]>([
    [
      'the process does not exist',
      () => ({ pid: 0x7fff_ffff }),
      { code: 'ENOENT', reason: 'process 2147483647 does not exist: give the PID of a running process' },
    ],
    [
      'the namespace is of another type',
      () => ({ path: '/proc/self/ns/uts' }),
      {
        code: 'EINVAL',
        syscall: 'setns',
        reason: "'/proc/self/ns/uts' is not a mount namespace: give the file ns/mnt of a process",
      },
    ],
    [
      'the path is a plain file',
      (place) => ({ path: place.file('plain') }),
      { code: 'EINVAL', syscall: 'setns', reason: expect.stringContaining('is not a mount namespace') },
    ],
    [
      'the path is missing',
      () => ({ path: '/missing' }),
      { code: 'ENOENT', reason: expect.stringContaining("the namespace '/missing' cannot be opened") },
    ],
    [
      'the descriptor is not open',
      () => ({ fd: 0x7fff_ffff }),
      { code: 'EBADF', reason: expect.stringContaining('is not an open descriptor') },
    ],
  ])(
    'every operation with a wrong namespace rejects with a reason that names the cause, and changes nothing: %s',
    async ([_name, name, expected], { place }) => {
      const namespace = name(place);
      const target = place.directory('target');
      const before = ownState();
      const lower = [place.directory('l1'), place.directory('l2')];
      for (const operation of [
        async () => mountTmpfs(target, { namespace }),
        async () => mountTmpfsSync(target, { namespace }),
        async () => mountBind(target, target, { namespace }),
        async () => mountFilesystem('x', target, 'tmpfs', { namespace }),
        async () => mountOverlay({ lower, target, namespace }),
        async () => moveMount(target, target, { namespace }),
        async () => setMountAttributes(target, { readonly: true }, { namespace }),
        async () => setPropagation(target, 'private', { namespace }),
        async () => umount(target, { namespace }),
        async () => umountSync(target, { namespace }),
        async () => umount(target, { namespace, recursive: true }),
        async () => mountTmpfs({ root: target, path: 'new', create: 'directory' }, { namespace }),
        async () => mountTmpfs(target, { namespace, ifMounted: 'reuse' }),
      ]) {
        expect(await rejectionOf(operation())).toMatchObject(expected);
      }
      expect(readdirSync(target)).toEqual([]);
      expect(ownState()).toEqual(before);
    },
  );

  test('operations throw or reject for a wrong namespace, and for a relative path with a namespace', async ({
    place,
  }) => {
    const target = place.directory('target');
    for (const [namespace, code] of [
      [{}, 'ERR_INVALID_ARG_VALUE'],
      [{ pid: 1, fd: 1 }, 'ERR_INVALID_ARG_VALUE'],
      [{ pid: 0 }, 'ERR_OUT_OF_RANGE'],
      [{ pid: 1.5 }, 'ERR_OUT_OF_RANGE'],
      [{ pid: '1' }, 'ERR_INVALID_ARG_TYPE'],
      [{ fd: -1 }, 'ERR_OUT_OF_RANGE'],
      [{ path: '' }, 'ERR_INVALID_ARG_VALUE'],
      [{ PID: 1 }, 'ERR_INVALID_ARG_VALUE'],
      [1, 'ERR_INVALID_ARG_TYPE'],
    ] as const) {
      expect(await rejectionOf(mountTmpfs(target, { namespace: namespace as never }))).toMatchObject({ code });
    }
    const namespace = { pid: process.pid };
    for (const operation of [
      () => mountTmpfs('t', { namespace }),
      () => mountTmpfs({ root: 'r', path: 't' }, { namespace }),
      () => mountBind('s', target, { namespace }),
      () => mountBind(target, 't', { namespace }),
      () => mountOverlay({ lower: ['a', target], target, namespace }),
      () => mountOverlay({ lower: [target], upper: 'u', work: target, target, namespace }),
      () => moveMount('a', target, { namespace }),
      () => moveMount(target, 'a', { namespace }),
      () => setMountAttributes('t', { readonly: true }, { namespace }),
      () => setPropagation('t', 'private', { namespace }),
      () => umount('t', { namespace }),
    ]) {
      expect(await rejectionOf(operation())).toMatchObject({
        code: 'ERR_INVALID_ARG_VALUE',
        message: expect.stringContaining('must be absolute, because it is a path in another mount namespace'),
      });
    }
    const mount = await mountTmpfs(target);
    expect(await rejectionOf(mount.unmount({ namespace }))).toMatchObject({ code: 'ERR_INVALID_ARG_VALUE' });
    await mount.unmount();
  });

  test('an operation with a namespace rejects with EPERM and names CAP_SYS_ADMIN without that capability', async ({
    place,
    skip,
  }) => {
    skip(lacks.setpriv !== undefined, lacks.setpriv);
    const { stdout, stderr } = await runNode(
      `import { mountTmpfs, umountSync } from 'linux-mount';
       const namespace = { path: '/proc/self/ns/mnt' };
       await mountTmpfs(process.argv[1], { namespace }).catch(({ code, syscall, reason }) => console.log(code, syscall, reason));
       try { umountSync(process.argv[1], { namespace }); } catch ({ code, syscall }) { console.log(code, syscall); }`,
      { args: [place.directory('target')], wrapper: withoutPrivilege },
    );
    expect(stderr).toBe('');
    expect(stdout).toMatch(
      /^EPERM setns this process may not enter the mount namespace '\/proc\/self\/ns\/mnt': run it with CAP_SYS_ADMIN/,
    );
    expect(stdout).toMatch(/\nEPERM setns\n$/);
  });

  test('an operation with a namespace rejects with EPERM when a sandbox refuses unshare(2)', async ({
    place,
    skip,
  }) => {
    skip(lacks.deny !== undefined, lacks.deny);
    const { stdout, stderr } = await runNode(
      `import { mountTmpfs } from 'linux-mount';
       await mountTmpfs(process.argv[1], { namespace: { pid: process.pid } }).catch(({ code, syscall, reason }) => console.log(code, syscall, reason));`,
      { args: [place.directory('target')], deny: ['unshare=EPERM'] },
    );
    expect({ stdout, stderr }).toEqual({
      stdout: expect.stringMatching(/^EPERM unshare this process may not give a thread its own working directory/),
      stderr: '',
    });
  });
});

test('the reason of a failure describes the paths in the namespace of the call', async ({ place, skip }) => {
  skip(lacksOverlay !== undefined, lacksOverlay);
  skip(lacks.mountNamespace !== undefined, lacks.mountNamespace);
  await using container = await startContainer(place, 'with its own root, and without /proc');
  const { pid, inside } = container;
  const namespace = { pid };
  const source = inside.directory('source');
  // /tmp exists in the namespace of the test and not in the container.
  expect(existsSync('/tmp')).toBe(true);
  const lower = [inside.directory('l1'), '/tmp'];
  for (const [operation, reason] of [
    [async () => mountTmpfs('/tmp', { namespace }), "the target '/tmp' does not exist"],
    [async () => mountTmpfsSync('/tmp', { namespace }), "the target '/tmp' does not exist"],
    [async () => mountBind('/tmp', source, { namespace }), "the source '/tmp' does not exist"],
    [async () => mountOverlay({ lower, target: source, namespace }), "lower[1] '/tmp' does not exist"],
    [async () => setMountAttributes(source, { readonly: true }, { namespace }), "'/source' is not a mount point"],
    [async () => umount(source, { namespace }), "'/source' is not a mount point"],
    [async () => umountSync(source, { namespace }), "'/source' is not a mount point"],
    [async () => umount({ root: '/', path: 'source' }, { namespace }), 'is not a mount point'],
    [async () => mountTmpfs({ root: '/tmp', path: 'x' }, { namespace }), "the root '/tmp' does not exist"],
    [
      async () => mountFilesystem('x', source, 'nonsense', { namespace }),
      "the filesystem 'nonsense' is not in this kernel",
    ],
  ] as const) {
    const error = (await rejectionOf(operation() as Promise<unknown>)) as MountError;
    expect(error.reason).toContain(reason);
  }
  expect(container.points()).toEqual([]);
});

test('64 concurrent calls in another namespace leave no thread in that namespace', async ({ place, skip }) =>
  withContainer({ place, skip }, async ({ pid, points }) => {
    const targets = Array.from({ length: 64 }, (_, index) => place.directory(`t${index}`));
    const before = ownState();
    for (let round = 0; round < 4; round += 1) {
      const mounts = await Promise.all(targets.map((target) => mountTmpfs(target, { namespace: { pid } })));
      expect(points()).toHaveLength(64);
      // Calls for both namespaces run at the same time; no thread of one namespace may serve the other.
      const both: (Mount | undefined)[] = await Promise.all(
        targets.map((target, index) =>
          index % 2 === 0 ? mountTmpfs(target) : (mounts[index] as Mount).unmount().then(() => undefined),
        ),
      );
      expect(points()).toHaveLength(32);
      await Promise.all(both.map((mount) => mount?.unmount()));
      for (const [index, mount] of mounts.entries()) if (index % 2 === 0) mount.unmountSync();
      expect(points()).toEqual([]);
    }
    expect(ownState()).toEqual(before);
    await expectNoThreadElsewhere();
    await until(() => libraryThreads().length === 0);
  }));

test('calls of workers in another namespace leave the workers and the process in their own namespace', async ({
  place,
  skip,
}) =>
  withContainer({ place, skip }, async ({ pid, points }) => {
    for (let index = 0; index < 4; index += 1) place.directory(`t${index}`);
    const { stdout, stderr } = await runNode(
      `${WORKER_FUNCTIONS}
       import { readlinkSync } from 'node:fs';
       const before = readlinkSync('/proc/self/ns/mnt');
       const source = ${JSON.stringify(`
         import { readlinkSync } from 'node:fs';
         const { mountTmpfs, mountTmpfsSync } = library;
         const before = readlinkSync('/proc/thread-self/ns/mnt');
         const namespace = { pid: workerData.pid };
         for (let round = 0; round < 25; round++) {
           await (await mountTmpfs(workerData.target, { namespace })).unmount();
           mountTmpfsSync(workerData.target, { namespace }).unmountSync();
         }
         await mountTmpfs(workerData.target, { namespace });
         parentPort.postMessage(readlinkSync('/proc/thread-self/ns/mnt') === before);`)};
       const [place, pid] = process.argv.slice(1);
       const answers = await Promise.all([0, 1, 2, 3].map((index) =>
         messageOf(startWorker(source, { pid: Number(pid), target: place + '/t' + index }))));
       console.log(answers.join(), readlinkSync('/proc/self/ns/mnt') === before);`,
      { args: [place.root, String(pid)] },
    );
    expect({ stdout, stderr }).toEqual({ stdout: 'true,true,true,true true\n', stderr: '' });
    expect(points().sort()).toEqual([0, 1, 2, 3].map((index) => place.path(`t${index}`)));
    expect(mountTable().filter(({ mountPoint }) => mountPoint.startsWith(`${place.root}/t`))).toEqual([]);
    for (let index = 0; index < 4; index += 1) umountSync(place.path(`t${index}`), { namespace: { pid } });
  }));

test('a call that hangs in another namespace blocks no other call, and an abort rejects it', async ({
  place,
  skip,
}) => {
  skip(lacks.fuse !== undefined, lacks.fuse);
  skip(lacks.mountNamespace !== undefined, lacks.mountNamespace);
  const target = place.directory('target');
  using hang = new Hang(place.directory('hang'));
  // The namespace of the container is a copy, so that it contains the mount that hangs.
  await using container = await startContainer(place, A_NAMESPACE);
  const namespace = { pid: container.pid };
  const controller = new AbortController();
  const hung = rejectionOf(mountTmpfs(`${hang.path}/x`, { namespace, signal: controller.signal }));
  await using mount = await mountTmpfs(target, { namespace });
  controller.abort();
  expect(await hung).toMatchObject({ name: 'AbortError' });
  await mount.unmount();
  hang.end();
  await expectNoThreadElsewhere();
});

test('the process ID in idmap.userNamespace is looked up in the namespace of the caller', async ({ place, skip }) => {
  skip(!isRealRoot, lacks.realRoot);
  skip(lacks.setattr !== undefined, lacks.setattr);
  skip(lacks.userNamespace !== undefined, lacks.userNamespace);
  await using other = await startContainer(place, 'with its own user namespace');
  await using container = await startContainer(place, 'with its own root, and without /proc');
  const { inside, pid } = container;
  const options = { namespace: { pid }, idmap: { userNamespace: { pid: other.pid } } };
  const [source, target] = [inside.directory('source'), inside.directory('target')];
  for (const bind of [mountBind, async (...call: Parameters<typeof mountBind>) => mountBindSync(...call)]) {
    const error = await bind(source, target, options).then(
      (mount) => mount.unmount(),
      (reason: MountError) => reason,
    );
    // The user namespace was opened. A filesystem without support for idmapped mounts fails with EINVAL (tmpfs supports
    // them since Linux 6.3).
    if (error !== undefined) expect(error).toMatchObject({ code: 'EINVAL', syscall: 'mount_setattr' });
  }
  expect(container.points()).toEqual([]);
});

test('unmount() of a handle rejects with ENOENT when the process of its namespace is gone', async ({ place, skip }) => {
  skip(lacks.mountNamespace !== undefined, lacks.mountNamespace);
  const target = place.directory('target');
  let mount: Mount;
  {
    await using container = await startContainer(place, A_NAMESPACE);
    mount = await mountTmpfs(target, { namespace: { pid: container.pid } });
  }
  for (const unmount of [() => mount.unmount(), async () => mount.unmountSync()]) {
    expect(await rejectionOf(unmount())).toMatchObject({
      code: 'ENOENT',
      reason: expect.stringMatching(/^process \d+ does not exist/),
    });
  }
  mountSync('here', target, 'tmpfs');
  expect(await rejectionOf(mount.unmount())).toMatchObject({ code: 'ENOENT' });
  umountSync(target);
});
