import { closeSync, mkdirSync, openSync, renameSync } from 'node:fs';
import { describe, expect } from 'vitest';
import { constants, type MountError, mountOverlaySync, mountSync, umount, umountSync } from '../../../lib/index.js';
import { runNode, withoutPrivilege } from '../../support/child.js';
import { lacks } from '../../support/environment.js';
import { lacksOverlay } from '../../support/kernel-features.js';
import { type Place, test } from '../../support/place.js';
import { mountTable } from '../../support/table.js';
import { rejectionOf } from '../../support/values.js';

const forms = [
  ['umountSync', umountSync as (...call: Parameters<typeof umount>) => unknown],
  ['umount', umount],
] as const;

const mountsIn = (place: Place) =>
  mountTable()
    .map(({ mountPoint }) => mountPoint)
    .filter((path) => path.startsWith(`${place.root}/`))
    .map((path) => path.slice(place.root.length + 1))
    .sort();

function tmpfs(place: Place, ...names: string[]) {
  for (const name of names) mountSync(name, place.directory(name), 'tmpfs');
}

describe.each(forms)('%s, recursive', (_, doUmount) => {
  const failure = async (...call: Parameters<typeof umount>) => rejectionOf((async () => doUmount(...call))());
  const recursive = { recursive: true } as const;

  test('takes everything below, and no sibling whose name starts alike', async ({ place }) => {
    tmpfs(place, 't', 't/a', 't/a/b', 't/ab', 't/a/b/c', 'ta', 't2', 't.old');
    await doUmount(place.path('t'), recursive);
    expect(mountsIn(place)).toEqual(['t.old', 't2', 'ta']);
  });

  test('leaves what is stacked below at the same place', async ({ place }) => {
    tmpfs(place, 't', 't/hidden', 't', 't/a');
    await doUmount(place.path('t'), recursive);
    expect(mountsIn(place)).toEqual(['t', 't/hidden']);
    tmpfs(place, 't', 't/a');
    await doUmount(place.path('t'), { recursive: true, stack: true });
    expect(mountsIn(place)).toEqual([]);
  });

  test('hidden mounts go after what hides them: stacked over, and mounted over a directory above', async ({
    place,
  }) => {
    tmpfs(place, 't', 't/a/b/c', 't/a/b/c/d', 't/a', 't/a/x', 't/a', 't/s', 't/s/u', 't/s', 't/s', 't/s/v');
    expect(mountsIn(place)).toHaveLength(11);
    await doUmount(place.path('t'), recursive);
    expect(mountsIn(place)).toEqual([]);
  });

  test('a mount whose directory was renamed after', async ({ place }) => {
    tmpfs(place, 't', 't/old/x', 't/old/x/y');
    renameSync(place.path('t/old'), place.path('t/new'));
    expect(mountsIn(place)).toEqual(['t', 't/new/x', 't/new/x/y']);
    await doUmount(place.path('t'), recursive);
    expect(mountsIn(place)).toEqual([]);
  });

  test('names with any bytes: newline, space, backslash, 0xff, octal that is none', async ({ place }) => {
    tmpfs(place, 't');
    const names = ['new\nline', 'a b', 'back\\slash', '\\040', '#', "quote'"].map((name) => Buffer.from(name));
    for (const name of [...names, Buffer.from([0xff, 0xfe]), Buffer.from('é')]) {
      const path = Buffer.concat([Buffer.from(`${place.path('t')}/`), name]);
      mkdirSync(path);
      mountSync('x', path, 'tmpfs');
    }
    expect(mountsIn(place)).toHaveLength(9);
    await doUmount(place.path('t'), recursive);
    expect(mountsIn(place)).toEqual([]);
  });

  test('files that are mounted on, binds of each other, and shared mounts', async ({ place }) => {
    tmpfs(place, 't', 't/s');
    const file = place.file('t/file');
    mountSync(place.file('source'), file, null, constants.MS_BIND);
    mountSync(null, place.path('t/s'), null, constants.MS_SHARED);
    mountSync(place.path('t/s'), place.directory('t/peer'), null, constants.MS_BIND);
    tmpfs(place, 't/s/in');
    // It is at both peers now, and goes from both at once.
    expect(mountsIn(place)).toEqual(['t', 't/file', 't/peer', 't/peer/in', 't/s', 't/s/in']);
    await doUmount(place.path('t'), recursive);
    expect(mountsIn(place)).toEqual([]);
  });

  test('one that is busy stays with what it is on; all else goes, and the error tells', async ({ place }) => {
    tmpfs(place, 't', 't/a', 't/b', 't/b/busy', 't/c');
    const file = openSync(place.path('t/b/busy/open'), 'w');
    const error = (await failure(place.path('t'), recursive)) as MountError;
    closeSync(file);
    const quoted = (name: string) => `'${place.path(name)}'`;
    expect(error).toMatchObject({ code: 'EBUSY', syscall: 'umount2', path: place.path('t') });
    expect(error.left).toEqual([quoted('t'), quoted('t/b'), quoted('t/b/busy')]);
    expect(error.reason).toContain(`; ${quoted('t/c')} and ${quoted('t/a')} are down`);
    expect(mountsIn(place)).toEqual(['t', 't/b', 't/b/busy']);
    await doUmount(place.path('t'), recursive);
    expect(mountsIn(place)).toEqual([]);
  });

  test('then lazily takes what is left, in one step', async ({ place }) => {
    tmpfs(place, 't', 't/a', 't/busy');
    const file = openSync(place.path('t/busy/open'), 'w');
    await doUmount(place.path('t'), { recursive: true, then: 'lazy' });
    closeSync(file);
    expect(mountsIn(place)).toEqual([]);
  });

  test('lazily: the kernel takes all along', async ({ place }) => {
    tmpfs(place, 't', 't/a', 't/a/b', 't/a', 'ta');
    await doUmount(place.path('t'), { recursive: true, lazy: true });
    expect(mountsIn(place)).toEqual(['ta']);
  });

  test('of a relative target', async ({ place, skip }) => {
    tmpfs(place, 't', 't/a');
    skip(lacks.ownDirectory !== undefined, lacks.ownDirectory);
    const before = process.cwd();
    process.chdir(place.root);
    const done = doUmount('t', recursive);
    process.chdir(before);
    await done;
    expect(mountsIn(place)).toEqual([]);
  });

  test('a thousand stacked at one place, and a thousand inside of each other', async ({ place }) => {
    place.directory('t');
    for (let index = 0; index < 1000; index++) mountSync('x', place.path('t'), 'ramfs');
    await doUmount(place.path('t'), { stack: true });
    expect(mountsIn(place)).toEqual([]);
    tmpfs(place, 'd');
    let path = 'd';
    for (let index = 0; index < 1000; index++) {
      path += '/d';
      tmpfs(place, path);
    }
    await doUmount(place.path('d'), recursive);
    expect(mountsIn(place)).toEqual([]);
  });

  test('of a handle: what others mounted below goes too, and it', async ({ place, skip }) => {
    skip(lacksOverlay !== undefined, lacksOverlay);
    const handle = mountOverlaySync({
      lower: [place.directory('l'), place.directory('k')],
      upper: place.directory('u'),
      work: place.directory('w'),
      target: place.directory('m'),
    });
    tmpfs(place, 'm/a', 'm/a/b');
    if (doUmount === umount) await handle.unmount(recursive);
    else handle.unmountSync(recursive);
    expect(mountsIn(place)).toEqual([]);
  });
});

test('while others mount below, it goes on until it is done', async ({ place }) => {
  for (let round = 0; round < 20; round++) {
    tmpfs(place, 't', ...Array.from({ length: 20 }, (_, index) => `t/${index}`));
    const done = umount(place.path('t'), { recursive: true, retry: { for: 10_000 } });
    for (let index = 0; index < 20; index++) {
      try {
        mountSync('late', place.path(`t/${index}`), 'tmpfs');
      } catch {
        break; // the mount that had these directories is gone
      }
    }
    await done;
    expect(mountsIn(place)).toEqual([]);
  }
});

// A mount namespace of a new user namespace: what came along is locked.
const IN_USER_NAMESPACE = ['unshare', '--user', '--map-root-user', '--mount', '--propagation', 'private', '--'];

test('a mount that came from outside is locked, not "not mounted"', async ({ place, skip }) => {
  skip(lacks.userNamespace !== undefined, lacks.userNamespace);
  tmpfs(place, 't', 't/a');
  const { stdout, stderr } = await runNode(
    `import { umountSync, mountSync } from 'linux-mount';
     import { mkdirSync } from 'node:fs';
     const [target] = process.argv.slice(1);
     const tell = (path, options) => {
       try { umountSync(path, options); return 'down'; }
       catch ({ code, reason, left }) { return { code, reason, left }; }
     };
     mkdirSync(target + '/a/own');
     mountSync('own', target + '/a/own', 'tmpfs');
     console.log(JSON.stringify([
       tell(target + '/a'), tell(target + '/a', { lazy: true }), tell(target + '/a', { recursive: true }),
       tell(target + '/a/own'), tell(target, { recursive: true, then: 'lazy' }),
     ]));`,
    { args: [place.path('t')], wrapper: IN_USER_NAMESPACE },
  );
  expect(stderr).toBe('');
  const [plain, lazy, whole, own, tree] = JSON.parse(stdout);
  for (const error of [plain, lazy, whole, tree]) {
    expect(error).toMatchObject({ code: 'EINVAL' });
    expect(error.reason).toContain(`the mount at '${place.path('t/a')}' (tmpfs) is locked`);
  }
  expect(plain.left).toBeUndefined();
  expect(whole.left).toEqual([`'${place.path('t/a')}'`]);
  expect(whole.reason).toContain(`; '${place.path('t/a/own')}' is down`);
  expect(own).toMatchObject({ code: 'EINVAL' }); // it is down already
  expect(tree.left).toEqual([`'${place.path('t')}'`, `'${place.path('t/a')}'`]);
  expect(mountsIn(place)).toEqual(['t', 't/a']);
});

test('EPERM without CAP_SYS_ADMIN', async ({ place, skip }) => {
  skip(lacks.setpriv !== undefined, lacks.setpriv);
  tmpfs(place, 't', 't/a');
  const { stdout } = await runNode(
    `import { umountSync } from 'linux-mount';
     for (const options of [{}, { recursive: true }]) {
       try { umountSync(process.argv[1], options); } catch ({ code, reason }) { console.log(code, reason); }
     }`,
    { args: [place.path('t')], wrapper: withoutPrivilege },
  );
  expect(stdout.split('\n').filter((line) => line.startsWith('EPERM this process lacks CAP_SYS_ADMIN'))).toHaveLength(
    2,
  );
  expect(mountsIn(place)).toEqual(['t', 't/a']);
});
