// Makes every kind of call of the addon, many at once on threads of the library and some on the calling thread, and
// aborts some of them. races-program.js runs this load on the main thread and in workers that are terminated in the
// middle.
import { closeSync, mkdirSync, mkdtempSync, openSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import * as lib from 'linux-mount';
import { changes, isOpaque, makeWhiteout } from 'linux-mount/layers';

const root = mkdtempSync(join(tmpdir(), 'race-'));
const directory = (name) => {
  const path = join(root, name);
  mkdirSync(path, { recursive: true });
  return path;
};
const [top, base, source] = ['top', 'base', 'source'].map(directory);
writeFileSync(join(base, 'file'), 'base');
for (let index = 0; index < 50; index += 1) writeFileSync(join(top, `file${index}`), 'top');
const ids = [{ inside: 0, outside: 100_000, count: 1000 }];
const idmap = { uid: ids, gid: ids };

/** The kinds of calls. Each gets a directory on which no other call mounts, and a signal. */
const kinds = {
  tmpfs: async (at, signal) => (await lib.mountTmpfs(at, { signal, size: '1m' })).unmount(),
  bind: async (at, signal) =>
    (await lib.mountBind(source, { root, path: at.slice(root.length) }, { signal, readonly: true })).unmount(),
  tree: async (at, signal) => (await lib.mountBind(root, at, { signal, recursive: true })).unmount({ lazy: true }),
  idmap: async (at, signal) => (await lib.mountBind(source, at, { signal, idmap })).unmount(),
  overlay: async (at, signal) => (await lib.mountOverlay({ lower: [top, base], target: at, signal })).unmount(),
  upper: async (at, signal) => {
    const [upper, work] = ['u', 'w'].map((name) => directory(`${name}${at.slice(root.length)}`));
    const mount = await lib.mountOverlay({ lower: [base], upper, work, target: at, signal });
    await mount.overlay();
    await mount.unmount();
  },
  detached: async (at, signal) => {
    const tree = await lib.detachedBind(source, { signal, readonly: true });
    try {
      await (await tree.attach(at, { signal })).unmount();
    } finally {
      await tree.close();
    }
  },
  dropped: async (_, signal) => void (await lib.detachedFilesystem(null, 'tmpfs', { signal })),
  elsewhere: async (at, signal) =>
    (await lib.mountTmpfs(at, { signal, namespace: { pid: process.pid } })).unmount({ signal }),
  busy: async (at, signal) => {
    const mount = await lib.mountTmpfs(at);
    const fd = openSync(join(at, 'file'), 'w');
    await lib.umount(at, { signal, retry: { for: 5 } }).catch(() => {});
    closeSync(fd);
    await mount.unmount({ lazy: true });
  },
  missing: async (_, signal) => lib.mountBind(join(root, 'missing'), join(root, 'nowhere'), { signal }),
  table: async () => void (await lib.readMountTable()).at(root),
  questions: async (at) => void (await Promise.all([lib.isMountPoint(at), lib.mountAt(at), lib.holders(root)])),
  changes: async () => {
    for await (const change of changes({ upper: top, lower: [base] })) if (change.path === 'file20') break;
  },
  marks: async (at) => void (await Promise.all([isOpaque(top), makeWhiteout(`${at}-gone`).catch(() => {})])),
  sync: async (at) => {
    lib.mountTmpfsSync(at).unmountSync();
    lib.readMountTableSync();
    lib.isMountPointSync(at);
  },
  support: async () => void (await lib.overlaySupport(directory('support'))),
};

const counts = { done: 0, aborted: 0, failed: 0 };
async function once(kind, at) {
  const controller = new AbortController();
  if (Math.random() < 0.2) setTimeout(() => controller.abort(), Math.random() * 4).unref();
  try {
    await kinds[kind](at, controller.signal);
    counts.done += 1;
  } catch (error) {
    if (error.name === 'AbortError') counts.aborted += 1;
    else if (error instanceof lib.MountError) counts.failed += 1;
    else throw error;
  }
}

async function watch(signal) {
  const watcher = lib.watchMountTable({ signal });
  try {
    for await (const _change of watcher) if (signal.aborted) break;
  } catch (error) {
    if (error.name !== 'AbortError') throw error;
  }
}

/**
 * @param seconds the length of the load
 * @returns the number of calls of each kind
 */
export async function load(seconds) {
  const end = performance.now() + seconds * 1000;
  const watching = new AbortController();
  const watched = watch(watching.signal);
  await Promise.all(
    [...Object.keys(kinds), ...Object.keys(kinds)].map(async (kind, index) => {
      const at = directory(`at${index}`);
      while (performance.now() < end) {
        await once(kind, at);
        await sleep(0);
      }
    }),
  );
  watching.abort();
  await watched;
  return counts;
}
