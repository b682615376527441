import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import {
  detachedBind,
  mountBind,
  mountSync,
  mountTmpfs,
  moveMount,
  setMountAttributes,
  setPropagation,
} from '../../../lib/index.js';
import { lacks } from '../../support/environment.js';
import type { Ground } from '../../support/ground.js';
import { HolderProcess } from '../../support/holder.js';
import { mountTable, tableEntry } from '../../support/table.js';
import { type Features, fallsBack, refused, same, type Way, works } from './feature.js';

import { NOBODY, onlyOne } from './ids.js';

const REMOUNT = 'remount';
const BIND_AND_REMOUNT =
  "strategy 'remount': bound, then remounted, so that for an instant it is as writable as its source";

const NAMESPACE = ['unshare', '--mount', '--propagation', 'private', '--'];

/** mount_setattr(2) changes the attributes of a mount; before, it is remounted. */
const setattr = (): Way => (lacks.setattr === undefined ? works('mount_setattr') : fallsBack(REMOUNT));

const DETOUR =
  "strategy 'tree' by a detour: it gets its attributes in a mount namespace that nobody sees, by mount(2), as there is no mount_setattr(2)";

/** How a bind went, one with attributes unless said: before Linux 5.12 a copy of a tree cannot be given any. */
function bindWay(strategy: string, hasAttributes = true): Way {
  if (strategy !== 'tree') return fallsBack(BIND_AND_REMOUNT);
  return hasAttributes && lacks.setattr !== undefined ? fallsBack(DETOUR) : works(strategy);
}

/** A source with a mount below it. */
function tree(ground: Ground): string {
  const source = ground.directory('source', { mark: 'source' });
  mountSync('tree', source, 'tmpfs');
  writeFileSync(`${source}/mark`, 'source');
  mountSync('below', ground.directory('source/below'), 'tmpfs');
  return source;
}

const optionsAt = (path: string) => tableEntry(path)?.options ?? [];

export const binds: Features = {
  mountBind: async (ground) => {
    await using mount = await mountBind(ground.directory('a', { mark: '' }), ground.directory('b'));
    same(readdirSync(ground.path('b')), ['mark']);
    return bindWay(mount.strategy, false);
  },
  readonly: async (ground) => {
    await using mount = await mountBind(ground.directory('a'), ground.directory('b'), { readonly: true });
    refused('EROFS', () => writeFileSync(ground.path('b/x'), ''));
    return bindWay(mount.strategy);
  },
  'readonly and recursive': async (ground) => {
    const target = ground.directory('b');
    await using mount = await mountBind(tree(ground), target, { readonly: true, recursive: true });
    for (const path of [target, `${target}/below`]) refused('EROFS', () => writeFileSync(`${path}/x`, ''));
    writeFileSync(ground.path('source/below/x'), '');
    return bindWay(mount.strategy);
  },
  'noSuid, noDev, noExec, atime': async (ground) => {
    const target = ground.directory('b');
    const attributes = { noSuid: true, noDev: true, noExec: true, atime: 'noatime' } as const;
    await using mount = await mountBind(ground.directory('a'), target, attributes);
    for (const word of ['nosuid', 'nodev', 'noexec', 'noatime']) same(optionsAt(target).includes(word), true);
    return bindWay(mount.strategy);
  },
  noSymFollow: async (ground) => {
    const target = ground.directory('b');
    await using mount = await mountBind(ground.directory('a'), target, { noSymFollow: true });
    same(optionsAt(target).includes('nosymfollow'), true);
    return bindWay(mount.strategy);
  },
  propagation: async (ground) => {
    const target = ground.directory('b');
    await using mount = await mountBind(ground.directory('a'), target, { propagation: 'shared' });
    same(tableEntry(target)?.propagation.startsWith('shared:'), true);
    return bindWay(mount.strategy);
  },
  'idmap, tmpfs': (ground) => useIdmap(ground, ground),
  setMountAttributes: async (ground) => {
    const target = ground.directory('t');
    mountSync('t', target, 'tmpfs');
    await setMountAttributes(target, { readonly: true });
    refused('EROFS', () => writeFileSync(`${target}/x`, ''));
    await setMountAttributes(target, { readonly: false, noExec: true });
    writeFileSync(`${target}/x`, '');
    same(optionsAt(target).includes('noexec'), true);
    return setattr();
  },
  'setMountAttributes, recursive': async (ground) => {
    const source = tree(ground);
    await setMountAttributes(source, { readonly: true }, { recursive: true });
    for (const path of [source, `${source}/below`]) refused('EROFS', () => writeFileSync(`${path}/x`, ''));
    return setattr();
  },
  setPropagation: async (ground) => {
    const source = tree(ground);
    await setPropagation(source, 'shared', { recursive: true });
    for (const path of [source, `${source}/below`]) same(tableEntry(path)?.propagation.startsWith('shared:'), true);
    return setattr();
  },
  moveMount: async (ground) => {
    const source = tree(ground);
    await using _mount = await moveMount(source, ground.directory('b'));
    same(readFileSync(ground.path('b/mark'), 'utf8'), 'source');
    same([tableEntry(source), tableEntry(ground.path('b/below'))?.source], [undefined, 'below']);
    return works();
  },
  'moveMount, beneath': async (ground) => {
    const source = tree(ground);
    const target = ground.directory('b');
    const above = await mountTmpfs(target);
    await using _mount = await moveMount(source, target, { beneath: true });
    same(readdirSync(target), []);
    await above.unmount();
    same(readFileSync(`${target}/mark`, 'utf8'), 'source');
    return works();
  },
  detachedBind: async (ground) => {
    await using mount = await detachedBind(ground.directory('a', { mark: '' }), { readonly: true });
    same(readdirSync(mount.path), ['mark']);
    refused('EROFS', () => writeFileSync(`${mount.path}/x`, ''));
    return bindWay(mount.strategy);
  },
  attach: async (ground) => {
    const mount = await detachedBind(ground.directory('a', { mark: '' }));
    await using _attached = await mount.attach(ground.directory('b'));
    same(readdirSync(ground.path('b')), ['mark']);
    return works();
  },
  'attach, clone': async (ground) => {
    await using mount = await detachedBind(ground.directory('a', { mark: '' }));
    await using _one = await mount.attach(ground.directory('b'), { clone: true });
    await using _two = await mount.attach(ground.directory('c'), { clone: true });
    same([readdirSync(ground.path('b')), readdirSync(ground.path('c'))], [['mark'], ['mark']]);
    return works();
  },
  'attach, beneath': async (ground) => {
    const target = ground.directory('b');
    const above = await mountTmpfs(target);
    const mount = await detachedBind(ground.directory('a', { mark: '' }));
    await using _attached = await mount.attach(target, { beneath: true });
    same(readdirSync(target), []);
    await above.unmount();
    same(readdirSync(target), ['mark']);
    return works();
  },
  'in another mount namespace': async (ground) => {
    await using other = await HolderProcess.shell('', { before: NAMESPACE });
    const before = mountTable().length;
    const options = { readonly: true, namespace: { pid: other.pid } };
    const mount = await mountBind(ground.directory('a', { mark: '' }), ground.directory('b'), options);
    same(readdirSync(`/proc/${other.pid}/root${ground.path('b')}`), ['mark']);
    same([readdirSync(ground.path('b')), mountTable().length], [[], before]);
    await mount.unmount();
    return bindWay(mount.strategy);
  },
  'attach in another mount namespace': async (ground) => {
    await using other = await HolderProcess.shell('', { before: NAMESPACE });
    const detached = await detachedBind(ground.directory('a', { mark: '' }));
    const mount = await detached.attach(ground.directory('b'), { namespace: { pid: other.pid } });
    same(readdirSync(`/proc/${other.pid}/root${ground.path('b')}`), ['mark']);
    same(readdirSync(ground.path('b')), []);
    await mount.unmount();
    return works();
  },
};

/** A bind through which the owner appears as nobody. */
export async function useIdmap(ground: Ground, source: Ground): Promise<Way> {
  await using mount = await mountBind(source.directory('a', { file: '' }), ground.directory('b'), { idmap: onlyOne });
  same([statSync(ground.path('b/file')).uid, statSync(source.path('a/file')).uid], [NOBODY, 0]);
  return works(mount.strategy);
}
