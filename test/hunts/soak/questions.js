// The kinds of operations that read, watch and walk. Some iterators are read to the end, some are ended early, and some
// are dropped.
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

const attached = (changes, at) => changes.some(({ type, entry }) => type === 'attached' && entry.target === at);

export const questions = {
  questions: async ({ call, root, at, keep }) => {
    keep(await call('mountTmpfs')(at, { size: '1m' }));
    if (!(await call('isMountPoint')(at))) throw new Error('isMountPoint() is false after the mount');
    if ((await call('mountAt')(at)).target !== at) throw new Error('mountAt() found another mount at the target');
    await call('holders')(root);
  },
  table: async ({ call, at, keep }) => {
    const before = await call('readMountTable')();
    const mount = keep(await call('mountTmpfs')(at, { size: '1m' }));
    const after = await call('readMountTable')({ pid: process.pid });
    if (!attached(before.diff(after), at)) throw new Error('diff() lacks the new mount');
    const entry = after.byId(mount.id) ?? after.at(at);
    if (after.isHidden(entry) || after.under(at).length !== 1) throw new Error('the mount table hides the new mount');
    if (after.tree().length === 0 || after.filter({ fsType: 'tmpfs' }).length === 0)
      throw new Error('the mount table has no tree or no tmpfs');
  },
  text: async ({ call, lower }) => {
    await call('parseMountInfo')(readFileSync('/proc/self/mountinfo'));
    const data = await call('overlayData')({ lower });
    if ((await call('parseOverlayData')(data)).lower.length !== 2) throw new Error('parseOverlayData() lost layers');
  },
  support: async ({ call, work }) => {
    const { supported } = await call('overlaySupport')(work);
    if (supported === false) throw new Error('overlaySupport() found no overlays');
  },
  watch: async ({ call, at, random, keep, signal }) => {
    const controller = new AbortController();
    const watcher = await call('watchMountTable')({ under: at, signal: signal ?? controller.signal });
    // Without a call of next(), the garbage collector closes the watcher.
    if (random.chance(0.3)) return;
    try {
      const next = watcher.next();
      next.catch(() => {});
      if (random.chance(0.3)) return void (await sleep(random.below(3)));
      keep(await call('mountTmpfs')(at, { size: '1m' }));
      const { done, value } = await next;
      if (!done && !attached([value], at))
        throw new Error(`the watcher reported ${value.type} instead of the new mount`);
    } finally {
      if (random.chance(0.5)) controller.abort();
      await watcher.return();
    }
  },
  changes: async ({ call, lower: [top, ...lower], random, signal }) => {
    const controller = new AbortController();
    const walk = await call('changes')({ upper: top, lower, signal: signal ?? controller.signal });
    const end = random.pick(['whole', 'break', 'abort', 'abandon', 'unread']);
    let count = 0;
    if (end === 'unread') return;
    if (end === 'abandon') return void (await walk.next());
    try {
      for await (const change of walk) {
        if (change.path === '') throw new Error('a change has an empty path');
        count += 1;
        if (end === 'abort' && count === 5) controller.abort();
        if (end === 'break' && count === 5) break;
      }
    } catch (error) {
      if (end !== 'abort' || error.name !== 'AbortError') throw error;
    }
    if (end === 'whole' && count < 50) throw new Error(`changes() found only ${count} changes`);
  },
};
