// Rows of mounts that every program makes: binds, a tmpfs, and unmounting them.
import { promises as fs } from 'node:fs';
import { join } from 'node:path';
import {
  constants,
  mount,
  mountBind,
  mountBindSync,
  mountSync,
  mountTmpfs,
  mountTmpfsSync,
  umount,
  umountSync,
} from 'linux-mount';
import { libraryAsync, libraryAtOnce, librarySync } from '../library.js';

const { MNT_DETACH, MS_BIND, MS_NODEV, MS_RDONLY, MS_REC, MS_REMOUNT } = constants;
const SUBMOUNTS = 50;

export const BIND = 'bind + umount';
export const CHANGES = 'two changes of a mount';
export const TREE = `read-only bind of a tree of ${SUBMOUNTS} mounts + umount`;
export const SYNC = 'mountSync + umountSync';
export const ASYNC = 'await mount + await umount';
export const CHECKED = 'mountBindSync + unmountSync';
export const ACCESS = '2 × await fs.promises.access';

const UTIL_LINUX = ['mount(8)', 'mount'];

export function mountRows(place, peers) {
  const { source, target, targets } = place;
  const access = {
    who: 'Node',
    how: ACCESS,
    run: async (count) => {
      for (let index = 0; index < count; index += 1) {
        await fs.access(source);
        await fs.access(source);
      }
    },
  };
  return [bind(), bindReadOnly(), tree(), tmpfs(), umounts(), changes()];

  function bind() {
    return {
      name: BIND,
      isJudged: true,
      contenders: [
        peers.c('bind', [source, target]),
        peers.program('bind', [source, target]),
        librarySync(SYNC, () => {
          mountSync(source, target, null, MS_BIND);
          umountSync(target);
        }),
        librarySync(CHECKED, () => mountBindSync(source, target).unmountSync()),
        peers.library(SYNC, 'bind', [source, target]),
        peers.go('bind', [source, target]),
        peers.moby('bind', [source, target]),
        libraryAsync(ASYNC, async () => {
          await mount(source, target, null, MS_BIND);
          await umount(target);
        }),
        access,
        peers.cAtOnce([source, ...targets]),
        libraryAtOnce(
          targets.length,
          (index) => mount(source, targets[index], null, MS_BIND),
          (index) => umount(targets[index]),
        ),
        peers.go('at-once', [source, ...targets], { how: `${targets.length} goroutines`, times: targets.length }),
        peers.forked(...UTIL_LINUX, [
          ['mount', '--bind', source, target],
          ['umount', target],
        ]),
        peers.forkedAtOnce(...UTIL_LINUX, [
          targets.map((each) => ['mount', '--bind', source, each]),
          targets.map((each) => ['umount', each]),
        ]),
      ],
    };
  }

  function bindReadOnly() {
    const options = { readonly: true };
    return {
      name: 'read-only bind + umount',
      note: 'C and this library make the mount read-only before it is attached. The others bind it writable, and then remount it.',
      contenders: [
        peers.c('bind-readonly', [source, target]),
        peers.program('bind-readonly', [source, target]),
        librarySync('mountSync(MS_RDONLY) + umountSync', () => {
          mountSync(source, target, null, MS_BIND | MS_RDONLY);
          umountSync(target);
        }),
        librarySync(CHECKED, () => mountBindSync(source, target, options).unmountSync()),
        peers.library(CHECKED, 'bind-readonly', [source, target]),
        peers.go('bind-readonly', [source, target]),
        peers.moby('bind-readonly', [source, target]),
        libraryAsync('await mountBind + await unmount', async () =>
          (await mountBind(source, target, options)).unmount(),
        ),
        libraryAtOnce(
          targets.length,
          (index) => mountBind(source, targets[index], options),
          (_, mounted) => mounted.unmount(),
        ),
        peers.forked(...UTIL_LINUX, [
          ['mount', '--bind', '--options', 'ro', source, target],
          ['umount', target],
        ]),
      ],
    };
  }

  function tree() {
    const top = place.directory('tree');
    const names = Array.from({ length: SUBMOUNTS }, (_, index) => `sub${index}`);
    const before = () => {
      mountSync('tree', top, 'tmpfs');
      for (const name of names) mountSync('sub', place.directory(`tree/${name}`), 'tmpfs');
      return () => umountSync(top, MNT_DETACH);
    };
    const inside = names.map((name) => join(target, name));
    const options = { readonly: true, recursive: true };
    const times = 10;
    return {
      name: TREE,
      note: 'C does not check whether the whole tree is read-only. This library checks, and unmounts the tree if it is not.',
      before,
      contenders: [
        peers.c('tree-readonly', [top, target], { times }),
        peers.program('tree-readonly', [top, target], { times }),
        librarySync(CHECKED, () => mountBindSync(top, target, options).unmountSync(MNT_DETACH), { times }),
        librarySync(
          'mountSync, and a remount of each',
          () => {
            mountSync(top, target, null, MS_BIND | MS_REC);
            for (const each of [target, ...inside]) mountSync(null, each, null, MS_REMOUNT | MS_BIND | MS_RDONLY);
            umountSync(target, MNT_DETACH);
          },
          { times },
        ),
        peers.go('tree-readonly', [top, target, ...inside], { times }),
        libraryAsync(
          'await mountBind + await unmount',
          async () => (await mountBind(top, target, options)).unmount(MNT_DETACH),
          { times },
        ),
        peers.cannot('moby/sys', 'its "rbind,ro" leaves the mounts below writable'),
        peers.cannot('mount(8)', 'the same, before util-linux 2.39 and its ro=recursive'),
      ],
    };
  }

  function tmpfs() {
    const words = ['tmpfs', target, 'tmpfs', 'size=1m'];
    return {
      name: 'tmpfs + umount',
      contenders: [
        peers.c('mount', words),
        peers.program('mount', words),
        librarySync(SYNC, () => {
          mountSync('tmpfs', target, 'tmpfs', 0, 'size=1m');
          umountSync(target);
        }),
        librarySync('mountTmpfsSync + unmountSync', () => mountTmpfsSync(target, { size: '1m' }).unmountSync()),
        peers.library(SYNC, 'mount', words),
        peers.go('mount', words),
        peers.moby('mount', words),
        libraryAsync(ASYNC, async () => {
          await mount('tmpfs', target, 'tmpfs', 0, 'size=1m');
          await umount(target);
        }),
        libraryAtOnce(
          targets.length,
          (index) => mountTmpfs(targets[index], { size: '1m' }),
          (_, mounted) => mounted.unmount(),
        ),
        peers.forked(...UTIL_LINUX, [
          ['mount', '-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', target],
          ['umount', target],
        ]),
      ],
    };
  }

  function umounts() {
    const before = (count) => {
      for (const each of targets.slice(0, count)) mountSync(source, each, null, MS_BIND);
    };
    const times = targets.length;
    return {
      name: 'umount',
      note: 'The umount of moby/sys is always lazy (MNT_DETACH).',
      contenders: [
        peers.c('umount', targets, { before, times }),
        peers.program('umount', targets, { before, times }),
        { ...librarySync('umountSync', (index) => umountSync(targets[index]), { times }), before },
        peers.library('umountSync', 'umount', targets, { before, times }),
        peers.go('umount', targets, { before, times }),
        peers.moby('umount', targets, { before, times }),
        { ...libraryAsync('await umount', (index) => umount(targets[index]), { times }), before },
        { ...libraryAtOnce(times, (index) => umount(targets[index])), before },
        peers.forked('umount(8)', 'mount', [['umount', targets[0]]], { before }),
      ],
    };
  }

  // Changing a mount does not wait for other processors. umount(2) waits until all processors have seen the change
  // (synchronize_rcu_expedited), which takes longer in some processes than in others (bench/behind.md).
  function changes() {
    const path = place.path;
    return {
      name: CHANGES,
      isJudged: true,
      note: 'Unlike umount(2), this call waits for no other processor, so the row shows the cost of the forms of this library.',
      contenders: [
        librarySync('mountSync, twice', () => {
          mountSync(null, path, null, MS_REMOUNT | MS_BIND | MS_NODEV);
          mountSync(null, path, null, MS_REMOUNT | MS_BIND);
        }),
        libraryAsync('await mount, twice', async () => {
          await mount(null, path, null, MS_REMOUNT | MS_BIND | MS_NODEV);
          await mount(null, path, null, MS_REMOUNT | MS_BIND);
        }),
        access,
      ],
    };
  }
}
