// Tests `reason` in the errors of mount() and mountSync(): each case provokes one failure and expects its cause.
import { execFileSync } from 'node:child_process';
import { mkdirSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { describe, expect } from 'vitest';
import { constants, MountError, mount, mountSync } from '../../../lib/index.js';
import { runNode, withoutPrivilege } from '../../support/child.js';
import { isRealRoot, lacks } from '../../support/environment.js';
import { lacksOverlay } from '../../support/kernel-features.js';
import { type Place, test } from '../../support/place.js';
import { mountTable } from '../../support/table.js';
import { must, rejectionOf } from '../../support/values.js';

const { MS_BIND, MS_MOVE, MS_RDONLY, MS_REC, MS_REMOUNT, MS_PRIVATE, MS_SHARED, MS_UNBINDABLE } = constants;

// A mount inherited from the parent user namespace, whose attributes are locked.
const lockedMount = mountTable().find(
  ({ options, mountPoint }) =>
    ['nosuid', 'nodev'].every((name) => options.includes(name)) && !mountPoint.startsWith(tmpdir()),
)?.mountPoint;

interface Broken {
  readonly name: string;
  readonly call: (place: Place) => Parameters<typeof mount>;
  readonly code: string | readonly string[];
  readonly reason: RegExp;
  readonly skip?: string | undefined;
}

const inUserNamespace = isRealRoot ? 'only in a user namespace' : undefined;

const BROKEN: readonly Broken[] = [
  {
    name: 'the kernel does not have the filesystem',
    call: (place) => ['none', place.directory('target'), 'nosuchfs'],
    code: 'ENODEV',
    reason: /^the filesystem 'nosuchfs' is not in this kernel \(\/proc\/filesystems\)/,
  },
  {
    name: 'the source is not a block device',
    call: (place) => [place.file('image'), place.directory('target'), 'ext4'],
    code: 'ENOTBLK',
    reason: /^the source '.*\/image' is a file, and 'ext4' needs a block device as its source/,
    skip: lacks.realRoot,
  },
  {
    name: 'the device is missing',
    call: (place) => [place.path('missing'), place.directory('target'), 'ext4'],
    code: 'ENOENT',
    reason: /^the source '.*\/missing' does not exist/,
    skip: lacks.realRoot,
  },
  {
    name: 'a filesystem that needs a device gets no source',
    call: (place) => [null, place.directory('target'), 'ext4'],
    code: 'EINVAL',
    reason: /^no source is given, and 'ext4' needs a block device as its source/,
    skip: lacks.realRoot,
  },
  {
    name: 'the source of a bind is missing',
    call: (place) => [place.path('missing'), place.directory('target'), null, MS_BIND],
    code: 'ENOENT',
    reason: /^the source '.*\/missing' does not exist/,
  },
  {
    name: 'the source of a read-only bind is missing',
    call: (place) => [place.path('missing'), place.directory('target'), null, MS_BIND | MS_RDONLY],
    code: 'ENOENT',
    reason: /^the source '.*\/missing' does not exist/,
  },
  {
    name: 'the target of a bind is missing',
    call: (place) => [place.directory('source'), place.path('missing'), null, MS_BIND],
    code: 'ENOENT',
    reason: /^the target '.*\/missing' does not exist/,
  },
  {
    name: 'a relative target is missing',
    call: (place) => ['tmpfs', 'missing', 'tmpfs', 0, null, { cwd: place.root }],
    code: 'ENOENT',
    reason: /^the target 'missing' does not exist/,
  },
  {
    name: 'the directory of the option cwd is missing',
    call: (place) => ['tmpfs', 'target', 'tmpfs', 0, null, { cwd: place.path('missing') }],
    code: 'ENOENT',
    reason: /^the directory options\.cwd '.*\/missing' cannot be entered \(ENOENT/,
  },
  {
    name: 'the path of the target leads through a file',
    call: (place) => ['tmpfs', `${place.file('file')}/below`, 'tmpfs'],
    code: 'ENOTDIR',
    reason: /^the target '.*\/file\/below' is not a directory, or leads through a file/,
  },
  {
    name: 'the target is a file',
    call: (place) => ['tmpfs', place.file('file'), 'tmpfs'],
    code: 'ENOTDIR',
    reason: /^the target '.*\/file' is a file, and a filesystem needs a directory as its target/,
  },
  {
    name: 'a file is bound over a directory',
    call: (place) => [place.file('file'), place.directory('target'), null, MS_BIND],
    code: 'ENOTDIR',
    reason: /^the source '.*\/file' is a file and the target '.*\/target' is a directory/,
  },
  {
    name: 'a directory is bound read-only over a file',
    call: (place) => [place.directory('source'), place.file('file'), null, MS_BIND | MS_RDONLY],
    code: 'ENOTDIR',
    reason: /^the source '.*\/source' is a directory and the target '.*\/file' is a file/,
  },
  {
    name: 'the target is a symbolic link to itself',
    call: (place) => {
      symlinkSync('round', place.path('round'));
      return ['tmpfs', place.path('round'), 'tmpfs'];
    },
    code: 'ELOOP',
    reason: /^the target '.*\/round' leads through too many symbolic links/,
  },
  {
    name: 'the name of the target is too long',
    call: (place) => ['tmpfs', place.path('n'.repeat(256)), 'tmpfs'],
    code: 'ENAMETOOLONG',
    reason: /^the target '.*' is too long/,
  },
  {
    name: 'a mount is moved into itself',
    call: (place) => {
      mountSync('tmpfs', place.directory('source'), 'tmpfs');
      mkdirSync(place.path('source/inside'));
      return [place.path('source'), place.path('source/inside'), null, MS_MOVE];
    },
    code: 'ELOOP',
    reason: /^the target '.*\/inside' is inside the source '.*\/source'/,
  },
  {
    name: 'the source of a move is not a mount point',
    call: (place) => [place.directory('source'), place.directory('target'), null, MS_MOVE],
    code: 'EINVAL',
    reason: /^the source '.*\/source' is not a mount point but a path on .* only a mount can be moved/,
  },
  {
    name: 'a mount is moved away from a shared parent mount',
    call: (place) => {
      mountSync('tmpfs', place.directory('shared'), 'tmpfs');
      mountSync(null, place.path('shared'), null, MS_SHARED);
      mountSync('tmpfs', place.directory('shared/source'), 'tmpfs');
      return [place.path('shared/source'), place.directory('target'), null, MS_MOVE];
    },
    code: 'EINVAL',
    reason: /^the mount at '.*\/shared\/source' is on the mount at '.*\/shared' \(tmpfs\), which is shared/,
  },
  {
    name: 'the target of a remount is not a mount point',
    call: (place) => [null, place.directory('target'), null, MS_REMOUNT | MS_BIND | MS_RDONLY],
    code: 'EINVAL',
    reason: /^the target '.*\/target' is not a mount point but a path on .* only a mount can be changed/,
  },
  {
    name: 'the target of a change of propagation is not a mount point',
    call: (place) => [null, place.directory('target'), null, MS_PRIVATE | MS_REC],
    code: 'EINVAL',
    reason: /^the target '.*\/target' is not a mount point but a path on .* only a mount can be changed/,
  },
  {
    name: 'the source of a bind is unbindable',
    call: (place) => {
      mountSync('tmpfs', place.directory('alone'), 'tmpfs');
      mountSync(null, place.path('alone'), null, MS_UNBINDABLE);
      return [place.path('alone'), place.directory('target'), null, MS_BIND];
    },
    code: 'EINVAL',
    reason: /^the source '.*\/alone' is on the mount at '.*\/alone' \(tmpfs\), whose propagation is unbindable/,
  },
  {
    name: 'the filesystem does not know an option',
    call: (place) => ['tmpfs', place.directory('target'), 'tmpfs', 0, 'password=secret'],
    code: 'EINVAL',
    reason: /^the filesystem 'tmpfs' probably refuses its option data/,
  },
  {
    name: 'a layer in the option data of an overlay is missing',
    skip: lacksOverlay,
    call: (place) => [
      'overlay',
      place.directory('target'),
      'overlay',
      0,
      `lowerdir=${place.path('x')}:${place.path('y')}`,
    ],
    code: 'ENOENT',
    reason: /^overlayfs refuses a layer or an option in the option data/,
  },
  {
    name: 'a block device has nothing behind it',
    call: (place) => [emptyDevice(place), place.directory('target'), 'ext4'],
    code: ['EINVAL', 'EIO', 'ENXIO', 'ENOENT'],
    reason: /^the filesystem 'ext4' cannot be read from the source '.*\/device'/,
    skip: lacks.realRoot,
  },
  {
    name: 'the filesystem type is missing',
    call: (place) => ['tmpfs', place.directory('target'), null],
    code: 'EINVAL',
    reason: /^no filesystem type is given/,
  },
  {
    name: 'the filesystem cannot be mounted in a user namespace',
    call: (place) => ['none', place.directory('target'), 'ext4'],
    code: ['EPERM'],
    reason: /^this process has CAP_SYS_ADMIN only in its user namespace/,
    skip: inUserNamespace,
  },
  {
    name: 'a remount would remove locked attributes',
    call: () => [null, must(lockedMount), null, MS_REMOUNT | MS_BIND],
    code: 'EPERM',
    reason: /^the call clears .*no(?:suid|dev|exec).* of the mount/,
    skip:
      inUserNamespace ??
      (lockedMount === undefined ? 'no mount in this user namespace has locked attributes' : undefined),
  },
];

/** Makes the node of a loop device that no file is attached to and that nothing else uses. */
function emptyDevice(place: Place): string {
  const path = place.path('device');
  execFileSync('mknod', [path, 'b', '7', '77']);
  return path;
}

const forms = [
  ['sync', async (...call: Parameters<typeof mount>) => mountSync(...call)],
  ['async', mount],
] as const;

describe.each(forms)('%s', (_form, doMount) => {
  for (const { name, call, code, reason, skip: why } of BROKEN) {
    test(`mount() rejects with a reason that names the cause: ${name}`, async ({ place, skip }) => {
      skip(why !== undefined, why);
      const error = (await rejectionOf(doMount(...call(place)))) as MountError;
      expect(error).toBeInstanceOf(MountError);
      expect({ code: error.code, reason: error.reason }).toEqual({
        code: typeof code === 'string' ? code : expect.toBeOneOf([...code]),
        reason: expect.stringMatching(reason),
      });
      expect(error.message).not.toContain('secret');
      if (process.env['SHOW_REASONS'] !== undefined) console.log(`${error.code}: ${error.reason}`);
    });
  }
});

test('mount() rejects with EPERM and names CAP_SYS_ADMIN without that capability', async ({ place, skip }) => {
  skip(lacks.setpriv !== undefined, lacks.setpriv);
  const { stdout, stderr } = await runNode(
    `import { mount, mountSync } from 'linux-mount';
     const [target] = process.argv.slice(1);
     try { mountSync('tmpfs', target, 'tmpfs'); } catch (error) { console.log(error.code, error.reason); }
     await mount('tmpfs', target, 'tmpfs').catch((error) => console.log(error.code, error.reason));`,
    { args: [place.directory('target')], wrapper: withoutPrivilege },
  );
  expect(stderr).toBe('');
  expect(stdout.trim().split('\n')).toEqual(
    Array(2).fill(expect.stringMatching(/^EPERM this process lacks CAP_SYS_ADMIN/)),
  );
});

test('an operation with a relative path rejects with ENOENT after the working directory is removed', async ({
  place,
}) => {
  const { stdout, stderr } = await runNode(
    `import { mkdirSync, rmdirSync } from 'node:fs';
     import * as library from 'linux-mount';
     const [place] = process.argv.slice(1);
     mkdirSync(place + '/gone');
     process.chdir(place + '/gone');
     rmdirSync(place + '/gone');
     for (const attempt of [
       () => library.mountTmpfsSync('relative'),
       () => library.mountTmpfs('relative'),
       () => library.mountOverlay({ lower: ['relative', place], target: place }),
       () => library.mountBind('relative', place),
       () => library.overlaySupport('relative'),
     ])
       try { await attempt(); } catch (error) {
         if (!(error instanceof library.MountError)) throw error;
         console.log(error.code, error.syscall, String(error.path), error.reason);
       }
     const absolute = library.mountTmpfsSync(place);
     absolute.unmountSync();
     console.log('done');`,
    { args: [place.root] },
  );
  expect(stderr).toBe('');
  const gone = expect.stringMatching(
    /^ENOENT getcwd relative the working directory of this process has no path any more/,
  );
  const missing = expect.stringMatching(/^ENOENT (open_tree|mount) relative the source 'relative' does not exist/);
  expect(stdout.trimEnd().split('\n')).toEqual([gone, gone, gone, missing, gone, 'done']);
});
