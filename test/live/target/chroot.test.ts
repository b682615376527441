// Tests the library in a chroot and without a usable /proc, where "/" is not the root of the mount namespace.
import { utimesSync } from 'node:fs';
import { describe, expect } from 'vitest';
import { mountTmpfsSync } from '../../../lib/index.js';
import { inChroot, runNode } from '../../support/child.js';
import { denyProgram, lacks } from '../../support/environment.js';
import { HolderProcess } from '../../support/holder.js';
import { test } from '../../support/place.js';

// In a chroot, "/" is not the root of the mount namespace and need not be a mount point. A thread of the addon that
// enters its own mount namespace must keep that root directory on the way in and on the way out: in an earlier version,
// an overlay with idmapped layers was mounted where its path leads outside of the chroot.

/** Tries operations with and without such threads, and prints what each operation mounts at the target. */
const PROGRAM = `
  import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
  import { join } from 'node:path';
  import * as library from 'linux-mount';
  const [place, user, form] = process.argv.slice(1);
  const call = (name) => library[name + form];
  const made = (name) => {
    const path = join(place, name);
    mkdirSync(path, { recursive: true });
    writeFileSync(join(path, name), '');
    return path;
  };
  const [source, one, two, target] = ['source', 'one', 'two', 'target'].map(made);
  mkdirSync(join(source, 'below'));
  library.mountTmpfsSync(join(source, 'below'));
  const mountsAtTarget = () => library.readMountTableSync().under(target);
  const attempt = async (name, make) => {
    const results = [name];
    try {
      const mount = await make();
      if (mount instanceof library.Mount) {
        results.push(mount.strategy, readdirSync(target).join());
        for (const { options, superOptions } of mountsAtTarget()) results.push(options[0], superOptions.find((word) => word.startsWith('size')));
        await mount.unmount();
      } else results.push(JSON.stringify(mount));
    } catch (error) {
      if (!(error instanceof library.MountError)) throw error;
      results.push(error.code, error.reason);
    }
    if (mountsAtTarget().length > 0) results.push('left');
    console.log(results.join(' ').replaceAll(place, ''));
  };
  const attached = async (make) => {
    const mount = await make();
    return form === '' ? mount.attach(target) : mount.attachSync(target);
  };
  const all = { readonly: true, recursive: true };
  const lower = [one, two];
  const lowerIdmap = { userNamespace: { pid: Number(user) } };
  await attempt('bind', () => call('mountBind')(source, target, all));
  await attempt('bind, detached', () => attached(() => call('detachedBind')(source, all)));
  for (const strategy of ['data', 'descriptors', 'fsconfig'])
    await attempt('overlay', () => call('mountOverlay')({ lower, target, strategy }));
  for (const strategy of ['descriptors', 'fsconfig'])
    await attempt('overlay, mapped', () => call('mountOverlay')({ lower, target, strategy, lowerIdmap }));
  await attempt('overlay, detached', () => attached(() => call('detachedOverlay')({ lower })));
  await attempt('overlay, detached and mapped', () => attached(() => call('detachedOverlay')({ lower, lowerIdmap })));
  await attempt('filesystem', async () => {
    const mount = await call('mountFilesystem')('x', target, 'tmpfs', { parameters: { size: '1m' } });
    try {
      await call('remountFilesystem')(target, { parameters: { size: '2m' } });
    } catch (error) {
      await mount.unmount();
      throw error;
    }
    return mount;
  });
  if (form === '') await attempt('support', async () => (await library.overlaySupport(place)).overlay);
`;

describe.each([true, false])('chroot whose root directory is a mount point: %s', (isMountPoint) => {
  const without = (...calls: readonly string[]) => calls.map((call) => `${call}=ENOSYS`);

  test.for<[string, readonly string[]]>([
    ['every call', []],
    ['no mount_setattr and fspick', without('mount_setattr', 'fspick')],
    ['no newer mount call', without('open_tree', 'move_mount', 'fsopen', 'mount_setattr', 'fspick')],
  ])(
    'operations make the same mounts inside and outside of a chroot: kernel with %s',
    async ([_, deny], { place, skip }) => {
      skip(lacks.mountNamespace !== undefined || lacks.deny !== undefined, lacks.mountNamespace ?? lacks.deny);
      skip(lacks.userNamespace !== undefined, lacks.userNamespace);
      await using user = await HolderProcess.shell('', { before: ['unshare', '--user', '--map-root-user', '--'] });
      for (const form of ['', 'Sync']) {
        const run = async (name: string, wrapper: readonly string[]) => {
          const args = [place.directory(name + form), String(user.pid), form];
          const { stdout, stderr } = await runNode(PROGRAM, { args, deny, wrapper });
          expect(stderr).toBe('');
          return stdout.trimEnd().split('\n');
        };
        const outside = await run('outside', ['unshare', '--mount', '--propagation', 'private', '--']);
        expect(outside).toContainEqual(expect.stringMatching(/^bind (tree|remount) below,source ro .* ?ro /));
        expect(outside.filter((line) => line.endsWith('left'))).toEqual([]);
        expect(await run('inside', inChroot(place.directory(`root${form}`), isMountPoint))).toEqual(outside);
      }
    },
  );
});

// A program whose mount namespace was entered, but not its PID namespace, so that /proc belongs to another PID
// namespace.
const OTHER_PROC = [
  ...['unshare', '--mount', '--propagation', 'private', '--', 'sh', '-euc'],
  'unshare --pid --fork mount -t proc proc /proc; exec "$@"',
  'sh',
];

describe('operations when /proc does not show this process', () => {
  const NO_PROC = /^this process is not in \/proc, which the operation needs: /;

  // Outside of a chroot, overlaySupport() can still enter a mount namespace for its tests.
  const noSupport = {
    supported: false,
    reason: expect.stringMatching(
      /^the caller cannot make a private mount namespace .*: this process is not in \/proc/,
    ),
  };
  test.for<[string, (root: string) => readonly string[], unknown]>([
    ['not mounted', (root) => inChroot(root, false, ['/proc']), noSupport],
    ['of another PID namespace', () => OTHER_PROC, expect.objectContaining({ supported: expect.any(Boolean) })],
  ])(
    'without this process in /proc, operations that need /proc reject with a reason and all others succeed: %s',
    async ([_, wrapper, support], { place, skip }) => {
      skip(lacks.mountNamespace !== undefined, lacks.mountNamespace);
      // Since Linux 6.8, which has unique mount IDs, the addon can ask the kernel about one mount.
      using probe = mountTmpfsSync(place.directory('probe'));
      const needsNoTable = lacks.treeCalls === undefined && probe.id > 2n ** 31n;
      const { stdout, stderr } = await runNode(
        `import { mkdirSync, symlinkSync } from 'node:fs';
       import * as library from 'linux-mount';
       const [place] = process.argv.slice(1);
       const [source, target] = ['source', 'target'].map((name) => place + '/' + name);
       for (const path of [source, target]) mkdirSync(path);
       const strange = Buffer.concat([Buffer.from(place + '/'), Buffer.from([0xff])]);
       mkdirSync(strange);
       symlinkSync(strange, place + '/link');
       const tried = {
         tmpfs: async () => (await library.mountTmpfs(target)).unmount(),
         isMountPoint: () => library.isMountPoint(target),
         missing: () => library.mountBind(source + '/missing', target),
         'missing in a root': () => library.mountTmpfs({ root: place, path: 'missing' }),
         table: () => library.readMountTable(),
         watch: () => library.watchMountTable().next(),
         holders: () => library.holders(target),
         support: async () => (await library.overlaySupport(place)).overlay,
         bind: async () => {
           try {
             await (await library.mountBind(source, target, { readonly: true })).unmount();
           } catch (error) {
             return (await library.isMountPoint(target)) ? 'left' : error.reason;
           }
         },
         reuse: async () => {
           await library.mountTmpfs(source);
           return library.mountTmpfs(source, { ifMounted: 'reuse' });
         },
         tree: async () => {
           await library.mountTmpfs(target);
           await library.umount(target, { recursive: true });
         },
         relative: async () => {
           process.chdir(place);
           const mount = await library.mountTmpfs('target');
           await mount.unmount();
         },
         'relative to a name that is not UTF-8': async () => {
           process.chdir(place + '/link');
           mkdirSync('t');
           await library.mountTmpfs('t');
         },
       };
       const results = {};
       for (const [name, attempt] of Object.entries(tried)) {
         try { results[name] = (await attempt()) ?? 'done'; } catch (error) {
           if (!(error instanceof library.MountError)) throw error;
           results[name] = error.reason;
         }
       }
       console.log(JSON.stringify(results));`,
        { args: [place.directory('place')], wrapper: wrapper(place.directory('root')) },
      );
      expect(stderr).toBe('');
      expect(JSON.parse(stdout)).toEqual({
        tmpfs: 'done',
        isMountPoint: false,
        missing: expect.stringMatching(/^the source '.*\/source\/missing' does not exist/),
        'missing in a root': expect.stringMatching(/^the target 'missing' inside the root '.*' does not exist/),
        table: expect.stringMatching(NO_PROC),
        watch: expect.stringMatching(NO_PROC),
        holders: expect.stringMatching(/^'.*\/target' is not a mount point/),
        reuse: expect.stringMatching(
          /^the mount at the target cannot be compared, because the mount table cannot be read/,
        ),
        support,
        // Without the newer calls, a bind goes through /proc to change the mount after the bind and to verify the result.
        bind: expect.stringMatching(needsNoTable ? /^done$/ : NO_PROC),
        tree: expect.stringMatching(NO_PROC),
        relative: 'done',
        'relative to a name that is not UTF-8': expect.stringMatching(
          /^the path of the working directory is not UTF-8, .* cannot be read \(ENOENT: .*: give an absolute path as a Buffer/,
        ),
      });
    },
  );

  // The denied calls are those that do not need /proc.
  test.for([
    ['content', ['mount_setattr=ENOSYS']],
    ['attributes', ['unshare=EPERM', 'getxattrat=ENOSYS', 'listxattrat=ENOSYS']],
  ] as const)(
    'changes() rejects with a reason that names /proc when layers can be read only through /proc: %s',
    async ([_, deny], { place, skip }) => {
      skip(lacks.mountNamespace !== undefined || lacks.deny !== undefined, lacks.mountNamespace ?? lacks.deny);
      // The files have equal times and sizes, so that their content must be compared.
      for (const layer of ['upper', 'lower']) utimesSync(`${place.directory(layer, { file: layer })}/file`, 1, 1);
      const wrapper = [...inChroot(place.directory('root'), false, ['/proc']), denyProgram, ...deny, '--'];
      const { stdout, stderr } = await runNode(
        `import { changes } from 'linux-mount/layers';
       const [place] = process.argv.slice(1);
       const found = changes({ lower: [place + '/lower'], upper: place + '/upper', userxattr: true });
       try { console.log(await found.next()); } catch ({ reason }) { console.log(reason); }`,
        { args: [place.root], wrapper },
      );
      expect({ stdout, stderr }).toEqual({ stdout: expect.stringMatching(NO_PROC), stderr: '' });
    },
  );
});
