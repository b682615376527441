// Tests umount() with the option `recursive`: trees, hidden and stacked mounts, busy mounts and locked mounts.
import { closeSync, mkdirSync, openSync, renameSync } from 'node:fs';
import { describe, expect } from 'vitest';
import { constants, type MountError, mountOverlaySync, mountSync, umount, umountSync } from '../../../lib/index.js';
import { inUserNamespace, runNode, withoutPrivilege } from '../../support/child.js';
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

describe.each(forms)('%s with recursive', (_, doUmount) => {
  const failure = async (...call: Parameters<typeof umount>) => rejectionOf((async () => doUmount(...call))());
  const recursive = { recursive: true } as const;

  test('umount with recursive unmounts every mount below, and no sibling with the same prefix', async ({ place }) => {
    tmpfs(place, 't', 't/a', 't/a/b', 't/ab', 't/a/b/c', 'ta', 't2', 't.old');
    await doUmount(place.path('t'), recursive);
    expect(mountsIn(place)).toEqual(['t.old', 't2', 'ta']);
  });

  test('umount with recursive leaves the mounts that are stacked below the topmost mount at the target', async ({
    place,
  }) => {
    tmpfs(place, 't', 't/hidden', 't', 't/a');
    await doUmount(place.path('t'), recursive);
    expect(mountsIn(place)).toEqual(['t', 't/hidden']);
    tmpfs(place, 't', 't/a');
    await doUmount(place.path('t'), { recursive: true, stack: true });
    expect(mountsIn(place)).toEqual([]);
  });

  test('umount with recursive unmounts hidden mounts after the mounts that hide them', async ({ place }) => {
    tmpfs(place, 't', 't/a/b/c', 't/a/b/c/d', 't/a', 't/a/x', 't/a', 't/s', 't/s/u', 't/s', 't/s', 't/s/v');
    expect(mountsIn(place)).toHaveLength(11);
    await doUmount(place.path('t'), recursive);
    expect(mountsIn(place)).toEqual([]);
  });

  test('umount with recursive unmounts a mount whose parent directory was renamed', async ({ place }) => {
    tmpfs(place, 't', 't/old/x', 't/old/x/y');
    renameSync(place.path('t/old'), place.path('t/new'));
    expect(mountsIn(place)).toEqual(['t', 't/new/x', 't/new/x/y']);
    await doUmount(place.path('t'), recursive);
    expect(mountsIn(place)).toEqual([]);
  });

  test('umount with recursive unmounts mounts whose mount points have names that are not UTF-8', async ({ place }) => {
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

  test('umount with recursive unmounts binds of files and mounts that are shared between peers', async ({ place }) => {
    tmpfs(place, 't', 't/s');
    const file = place.file('t/file');
    mountSync(place.file('source'), file, null, constants.MS_BIND);
    mountSync(null, place.path('t/s'), null, constants.MS_SHARED);
    mountSync(place.path('t/s'), place.directory('t/peer'), null, constants.MS_BIND);
    tmpfs(place, 't/s/in');
    // The mount appears at both peers, and one unmount removes both copies.
    expect(mountsIn(place)).toEqual(['t', 't/file', 't/peer', 't/peer/in', 't/s', 't/s/in']);
    await doUmount(place.path('t'), recursive);
    expect(mountsIn(place)).toEqual([]);
  });

  test('umount with recursive rejects with EBUSY and lists the busy mount and its parents in error.left', async ({
    place,
  }) => {
    tmpfs(place, 't', 't/a', 't/b', 't/b/busy', 't/c');
    const file = openSync(place.path('t/b/busy/open'), 'w');
    const error = (await failure(place.path('t'), recursive)) as MountError;
    closeSync(file);
    const quoted = (name: string) => `'${place.path(name)}'`;
    expect(error).toMatchObject({ code: 'EBUSY', syscall: 'umount2', path: place.path('t') });
    expect(error.left).toEqual([quoted('t'), quoted('t/b'), quoted('t/b/busy')]);
    expect(error.reason).toContain(`; ${quoted('t/c')} and ${quoted('t/a')} are unmounted`);
    expect(mountsIn(place)).toEqual(['t', 't/b', 't/b/busy']);
    await doUmount(place.path('t'), recursive);
    expect(mountsIn(place)).toEqual([]);
  });

  test('umount with recursive and then: "lazy" unmounts a busy tree', async ({ place }) => {
    tmpfs(place, 't', 't/a', 't/busy');
    const file = openSync(place.path('t/busy/open'), 'w');
    await doUmount(place.path('t'), { recursive: true, then: 'lazy' });
    closeSync(file);
    expect(mountsIn(place)).toEqual([]);
  });

  test('umount with recursive and lazy unmounts the whole tree at once', async ({ place }) => {
    tmpfs(place, 't', 't/a', 't/a/b', 't/a', 'ta');
    await doUmount(place.path('t'), { recursive: true, lazy: true });
    expect(mountsIn(place)).toEqual(['ta']);
  });

  test('umount with recursive resolves a relative target at the time of the call', async ({ place, skip }) => {
    tmpfs(place, 't', 't/a');
    skip(lacks.ownDirectory !== undefined, lacks.ownDirectory);
    const before = process.cwd();
    process.chdir(place.root);
    const done = doUmount('t', recursive);
    process.chdir(before);
    await done;
    expect(mountsIn(place)).toEqual([]);
  });

  test('umount unmounts a stack of 1,000 mounts with stack, and 1,000 nested mounts with recursive', async ({
    place,
  }) => {
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

  test('unmount() of a handle with recursive also unmounts the mounts that other processes attached below', async ({
    place,
    skip,
  }) => {
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

test('umount with recursive and retry resolves when other mounts appear below during the call', async ({ place }) => {
  for (let round = 0; round < 20; round++) {
    tmpfs(place, 't', ...Array.from({ length: 20 }, (_, index) => `t/${index}`));
    const done = umount(place.path('t'), { recursive: true, retry: { for: 10_000 } });
    for (let index = 0; index < 20; index++) {
      try {
        mountSync('late', place.path(`t/${index}`), 'tmpfs');
      } catch {
        break; // The mount that held these directories is gone.
      }
    }
    await done;
    expect(mountsIn(place)).toEqual([]);
  }
});

test('umount of an inherited mount in a user namespace rejects with EINVAL and says that the mount is locked', async ({
  place,
  skip,
}) => {
  skip(lacks.userNamespace !== undefined, lacks.userNamespace);
  tmpfs(place, 't', 't/a');
  const { stdout, stderr } = await runNode(
    `import { umountSync, mountSync } from 'linux-mount';
     import { mkdirSync } from 'node:fs';
     const [target] = process.argv.slice(1);
     const outcomeOf = (path, options) => {
       try { umountSync(path, options); return 'down'; }
       catch ({ code, reason, left }) { return { code, reason, left }; }
     };
     mkdirSync(target + '/a/own');
     mountSync('own', target + '/a/own', 'tmpfs');
     console.log(JSON.stringify([
       outcomeOf(target + '/a'), outcomeOf(target + '/a', { lazy: true }), outcomeOf(target + '/a', { recursive: true }),
       outcomeOf(target + '/a/own'), outcomeOf(target, { recursive: true, then: 'lazy' }),
     ]));`,
    { args: [place.path('t')], wrapper: inUserNamespace },
  );
  expect(stderr).toBe('');
  const [plain, lazy, whole, own, tree] = JSON.parse(stdout);
  for (const error of [plain, lazy, whole, tree]) {
    expect(error).toMatchObject({ code: 'EINVAL' });
    expect(error.reason).toContain(`the mount at '${place.path('t/a')}' (tmpfs) is locked`);
  }
  expect(plain.left).toBeUndefined();
  expect(whole.left).toEqual([`'${place.path('t/a')}'`]);
  expect(whole.reason).toContain(`; '${place.path('t/a/own')}' is unmounted`);
  expect(own).toMatchObject({ code: 'EINVAL' }); // The recursive unmount has already unmounted this mount.
  expect(tree.left).toEqual([`'${place.path('t')}'`, `'${place.path('t/a')}'`]);
  expect(mountsIn(place)).toEqual(['t', 't/a']);
});

test('umount rejects with EPERM and names CAP_SYS_ADMIN without that capability', async ({ place, skip }) => {
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
