import { utimesSync } from 'node:fs';
import { describe, expect } from 'vitest';
import { mountTmpfsSync } from '../../../lib/index.js';
import { runNode } from '../../support/child.js';
import { inChroot } from '../../support/chroot.js';
import { denyProgram, lacks } from '../../support/environment.js';
import { HolderProcess } from '../../support/holder.js';
import { test } from '../../support/place.js';

// For a process in a chroot "/" is not the root of the mount namespace, and need not be a mount point. What is done in a
// mount namespace of a thread's own must not forget that, neither on the way there nor on the way back: an overlay with
// mapped ids once went where its path leads outside.

/** Tries what goes through such namespaces, and what does not, and tells what is to be seen at the target. */
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
  const there = () => library.readMountTableSync().under(target);
  const attempt = async (name, make) => {
    const told = [name];
    try {
      const mount = await make();
      if (mount instanceof library.Mount) {
        told.push(mount.strategy, readdirSync(target).join());
        for (const { options, superOptions } of there()) told.push(options[0], superOptions.find((word) => word.startsWith('size')));
        await mount.unmount();
      } else told.push(JSON.stringify(mount));
    } catch (error) {
      if (!(error instanceof library.MountError)) throw error;
      told.push(error.code, error.reason);
    }
    if (there().length > 0) told.push('left');
    console.log(told.join(' ').replaceAll(place, ''));
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

describe.each([true, false])('in a chroot that is a mount point: %s', (isMountPoint) => {
  const without = (...calls: readonly string[]) => calls.map((call) => `${call}=ENOSYS`);

  test.for<[string, readonly string[]]>([
    ['as it is', []],
    ['without mount_setattr and fspick', without('mount_setattr', 'fspick')],
    ['without all of them', without('open_tree', 'move_mount', 'fsopen', 'mount_setattr', 'fspick')],
  ])('all is mounted where its path leads there, as outside: %s', async ([_, deny], { place, skip }) => {
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
  });
});

// A program that a mount namespace was entered for, and not the PID namespace.
const OTHER_PROC = [
  ...['unshare', '--mount', '--propagation', 'private', '--', 'sh', '-euc'],
  'unshare --pid --fork mount -t proc proc /proc; exec "$@"',
  'sh',
];

describe('without this process in /proc', () => {
  const NO_PROC = /^this process is not in \/proc, and this goes by way of it: /;

  // Outside of a chroot that is no mount point a namespace to try in can be had all the same.
  const noSupport = {
    supported: false,
    reason: expect.stringMatching(
      /^the caller cannot make a private mount namespace .*: this process is not in \/proc/,
    ),
  };
  test.for<[string, (root: string) => readonly string[], unknown]>([
    ['that is not mounted', (root) => inChroot(root, false, ['/proc']), noSupport],
    ['of another PID namespace', () => OTHER_PROC, expect.objectContaining({ supported: expect.any(Boolean) })],
  ])('what can be done is done, and what cannot is told: %s', async ([_, wrapper, support], { place, skip }) => {
    skip(lacks.mountNamespace !== undefined, lacks.mountNamespace);
    // Since Linux 6.8, whose ids are lasting ones, the kernel can be asked about one mount.
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
       const told = {};
       for (const [name, attempt] of Object.entries(tried)) {
         try { told[name] = (await attempt()) ?? 'done'; } catch (error) {
           if (!(error instanceof library.MountError)) throw error;
           told[name] = error.reason;
         }
       }
       console.log(JSON.stringify(told));`,
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
      // By way of /proc it goes where it is bound first and changed then, and to look whether it is as was asked for.
      bind: expect.stringMatching(needsNoTable ? /^done$/ : NO_PROC),
      tree: expect.stringMatching(NO_PROC),
      relative: 'done',
      'relative to a name that is not UTF-8': expect.stringMatching(
        /^the name of the working directory is not UTF-8, .* cannot be read here \(ENOENT: .*: give an absolute path as a Buffer/,
      ),
    });
  });

  // Without the calls by which nothing has to go by way of /proc.
  test.for([
    ['content', ['mount_setattr=ENOSYS']],
    ['attributes', ['unshare=EPERM', 'getxattrat=ENOSYS', 'listxattrat=ENOSYS']],
  ] as const)(
    'layers whose %s cannot be read are not said to be changed by somebody',
    async ([_, deny], { place, skip }) => {
      skip(lacks.mountNamespace !== undefined || lacks.deny !== undefined, lacks.mountNamespace ?? lacks.deny);
      // So alike that their content has to be compared.
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
