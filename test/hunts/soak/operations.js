// Every kind of operation of the soak test. A kind gets what lane.js passes, and every mount that it passes to `keep`
// is unmounted at the end, whether or not the operation succeeds. An operation must succeed unless it is aborted.
import { closeSync, openSync, readdirSync, rmdirSync, rmSync, unlinkSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { constants, pageSize, parseOverlayData } from 'linux-mount';
import { questions } from './questions.js';

const IDS = [{ inside: 0, outside: 100_000, count: 1000 }];
const MAPPED = { uid: IDS, gid: IDS };
const STRATEGIES = ['data', 'fsconfig', 'descriptors'];

/** Expects a rejection with this error code. */
export async function refused(code, act) {
  try {
    await act();
  } catch (error) {
    if (error.code === code) return;
    throw error;
  }
  throw new Error(`the operation did not fail with ${code}`);
}

/**
 * Repeats the mount while an earlier overlay on the same directories exists. Other lanes make mount namespaces for
 * idmapped mounts, and each holds a copy of the overlay until it ends. With `index` the kernel rejects the second
 * overlay with EBUSY.
 */
async function onceItIsFree(mount) {
  for (const end = Date.now() + 10_000; ; await sleep(2)) {
    try {
      return await mount();
    } catch (error) {
      if (error.code !== 'EBUSY' || Date.now() > end) throw error;
    }
  }
}

/** Returns a target, as a path or inside a root. */
const targetOf = ({ at, root, name, random }) =>
  random.chance(0.5) ? at : { root, path: `/${name}`, noXdev: random.chance(0.5) };

const mounts = {
  mount: async ({ call, at, source, root, name, random, keepPath }) => {
    if (random.chance(0.5)) await call('mount')('x', at, 'tmpfs', constants.MS_NOSUID, 'size=1m');
    else await call('mount')(source, name, null, constants.MS_BIND | constants.MS_RDONLY, null, { cwd: root });
    keepPath(at);
  },
  tmpfs: async ({ call, signal, random, keep, ...lane }) => {
    const mount = keep(
      await call('mountTmpfs')(targetOf({ random, ...lane }), { size: '1m', mode: 0o700, ifMounted: 'error', signal }),
    );
    await call('setMountAttributes')(lane.at, { noExec: true, readonly: random.chance(0.5) }, { signal });
    await call('remountFilesystem')(lane.at, { parameters: { size: '2m' }, signal });
    await call('setPropagation')(lane.at, random.pick(['shared', 'private', 'unbindable']), { signal });
    if (random.chance(0.3)) await call('unmount', mount)();
  },
  filesystem: async ({ call, at, signal, random, keep }) => {
    const strategy = random.pick(['data', 'fsconfig']);
    keep(await call('mountFilesystem')('x', at, 'tmpfs', { parameters: { size: '1m' }, strategy, signal }));
  },
  bind: async ({ call, source, tree, signal, random, keep, ...lane }) => {
    const recursive = random.chance(0.5);
    const options = { recursive, readonly: random.chance(0.5), noSuid: random.chance(0.5), signal };
    keep(await call('mountBind')(recursive ? tree : source, targetOf({ random, ...lane }), options));
  },
  mapped: async ({ call, at, source, lower, signal, random, keep }) => {
    if (random.chance(0.5)) keep(await call('mountBind')(source, at, { idmap: MAPPED, signal }));
    else keep(await call('mountOverlay')({ lower, target: at, lowerIdmap: MAPPED, signal }));
  },
  made: async ({ call, source, root, name, at, signal, keep, after }) => {
    const target = { root, path: `${name}/new/er`, create: 'directory' };
    await refused('ENOENT', () => call('mountBind')(`${source}/missing`, target, { signal }));
    // A successful bind keeps the directories that it made, and its mount must be unmounted before they are removed.
    after(() => rmSync(`${at}/new`, { recursive: true, force: true }));
    keep(await call('mountBind')(source, target, { signal }));
  },
  overlay: async ({ call, lower, at, signal, random, keep }) => {
    const strategy = random.pick(STRATEGIES);
    const mount = keep(await call('mountOverlay')({ lower, target: at, strategy, signal }));
    if ((await call('overlay', mount)()).lower.length !== 2) throw new Error('the overlay lacks layers');
    await refused('EBUSY', () => call('mountOverlay')({ lower, target: at, ifMounted: 'error' }));
    // With the strategy "descriptors" the mount table shows layers as descriptor numbers, so the overlay cannot be
    // compared.
    if (strategy !== 'descriptors') await call('mountOverlay')({ lower, target: at, ifMounted: 'reuse' });
  },
  upper: async ({ call, lower, upper, work, at, signal, random, keep, after }) => {
    after(() => {
      for (const entry of readdirSync(upper)) rmSync(`${upper}/${entry}`, { recursive: true });
    });
    const options = random.pick([{}, { index: true }, { metacopy: true, redirectDir: 'on' }, { xino: 'auto' }]);
    const strategy = random.pick(STRATEGIES);
    const mount = () => call('mountOverlay')({ lower, upper, work, target: at, strategy, signal, ...options });
    keep(await onceItIsFree(mount));
    unlinkSync(`${at}/file1`);
    writeFileSync(`${at}/file2`, 'x');
    if (strategy === 'descriptors') return; // the mount table does not show the upper directory either
    await refused('EBUSY', () => call('mountOverlay')({ lower, upper, work, target: work }));
  },
  moved: async ({ call, at, other, signal, random, keep, keepPath }) => {
    await call('mountTmpfs')(other, { size: '1m' });
    keepPath(other);
    if (random.chance(0.5)) return void keep(await call('moveMount')(other, at, { signal }));
    await call('mountTmpfs')(at, { size: '1m' });
    keepPath(at);
    await call('moveMount')(other, at, { beneath: true, signal });
    keepPath(at);
  },
};

const detachedMounts = {
  detached: async ({ call, source, lower, at, signal, random, keep, drop }) => {
    const mount = await random.pick([
      () => call('detachedBind')(source, { readonly: true, signal }),
      () => call('detachedOverlay')({ lower, signal }),
      () => call('detachedFilesystem')('x', 'tmpfs', { parameters: { size: '1m' }, signal }),
    ])();
    // Some mounts stay open: the garbage collector closes a detached mount that nobody refers to.
    drop(mount, random.chance(0.5));
    await call('setAttributes', mount)({ noExec: true });
    if (readdirSync(mount.path).length > 100) throw new Error('the detached mount has unexpected entries');
    if (random.chance(0.6)) keep(await call('attach', mount)(at, { clone: random.chance(0.5), signal }));
  },
};

const umounts = {
  busy: async ({ call, at, signal, keep, random }) => {
    keep(await call('mountTmpfs')(at, { size: '1m' }));
    const held = openSync(`${at}/held`, 'w');
    try {
      await refused('EBUSY', () => call('umount')(at, { retry: { for: random.below(5) }, signal }));
      if ((await call('holders')(at)).length === 0) throw new Error('holders() found no holder of the open file');
    } finally {
      closeSync(held);
    }
  },
  stack: async ({ call, at, signal, keepPath }) => {
    for (const _ of [1, 2]) {
      await call('mountTmpfs')(at, { size: '1m' });
      keepPath(at);
    }
    await call('umount')(at, { stack: true, signal });
  },
  tree: async ({ call, at, tree, signal, random, keepPath }) => {
    await call('mount')(tree, at, null, constants.MS_BIND | constants.MS_REC);
    keepPath(at);
    await call('umount')(at, { ...random.pick([{ recursive: true }, { lazy: true }]), noFollow: true, signal });
  },
  gone: async ({ call, at }) => {
    const mount = await call('mountTmpfs')(at, { size: '1m' });
    await call('umount')(at);
    await refused('EINVAL', () => call('unmount', mount)());
  },
};

const failing = {
  missing: async ({ call, at, source, lower, signal }) => {
    await refused('ENOENT', () => call('mountBind')(`${at}/missing`, at, { signal }));
    await refused('ENOENT', () => call('mountOverlay')({ lower, target: `${at}/missing`, signal }));
    await refused('ENODEV', () => call('mountFilesystem')('x', at, 'nosuchfs', { signal }));
    await refused('ENOENT', () => call('detachedBind')(`${source}/missing`, { signal }));
    await refused('EINVAL', () => call('umount')(at, { signal }));
    await refused('EINVAL', () => call('moveMount')(at, source, { signal }));
    await refused('EINVAL', () => call('setMountAttributes')(at, { readonly: true }, { signal }));
  },
  wrong: async ({ call, at, lower }) => {
    await refused('E2BIG', () => call('mount')('x', at, 'tmpfs', 0, 'x'.repeat(pageSize)));
    await refused('ERR_INVALID_ARG_VALUE', () => call('mountTmpfs')(at, { siez: 1 }));
    await refused('ERR_INVALID_ARG_TYPE', () => call('mountOverlay')({ lower, target: 1 }));
    await refused('ERR_INVALID_ARG_VALUE', async () => parseOverlayData('upperdir=/a\0'));
  },
};

const elsewhere = {
  elsewhere: async ({ call, at, source, child, signal, random, keep }) => {
    const namespace = { pid: child };
    if (random.chance(0.5)) keep(await call('mountTmpfs')(at, { size: '1m', namespace, signal }));
    else keep(await call('mountBind')(source, at, { readonly: true, namespace, signal }));
    if (!(await call('isMountPoint')(at, { namespace })))
      throw new Error('the target in the other namespace is not a mount point');
    if ((await call('readMountTable')({ namespace })).at(at)?.target !== at)
      throw new Error('the mount table of the other namespace lacks the mount');
  },
};

const made = {
  whiteout: async ({ call, at, random, after }) => {
    const path = `${at}/gone`;
    after(() => rmSync(path, { force: true }));
    await call('makeWhiteout')(path, { form: random.pick(['device', 'xattr']) });
    if (!(await call('isWhiteout')(path))) throw new Error('makeWhiteout() made no whiteout');
    unlinkSync(path);
  },
  opaque: async ({ call, at, directory, after }) => {
    const path = directory(`${at}/opaque`);
    after(() => rmdirSync(path));
    await call('makeOpaque')(path, { form: 'y' });
    if (!(await call('isOpaque')(path))) throw new Error('makeOpaque() made no opaque directory');
  },
};

export const kinds = { ...mounts, ...detachedMounts, ...umounts, ...failing, ...elsewhere, ...made, ...questions };
