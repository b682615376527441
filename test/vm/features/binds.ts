// Features of bind mounts and of changes of mounts.
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
import { HolderProcess } from '../../support/holder.js';
import type { ScratchDirectory } from '../../support/scratch-directory.js';
import { mountTable, tableEntry } from '../../support/table.js';
import { type Features, fallsBack, type Outcome, refused, same, works } from './feature.js';

import { NOBODY, onlyOne } from './ids.js';

const REMOUNT = 'remount';
const BIND_AND_REMOUNT =
  "strategy 'remount': bound, then remounted, so that for an instant it is as writable as its source";

const NAMESPACE = ['unshare', '--mount', '--propagation', 'private', '--'];

/** Kernels with mount_setattr(2) use it to change the attributes of a mount; older kernels need a remount. */
const setattr = (): Outcome => (lacks.setattr === undefined ? works('mount_setattr') : fallsBack(REMOUNT));

const DETOUR =
  "strategy 'tree' by a detour: it gets its attributes in a mount namespace that nobody sees, by mount(2), as there is no mount_setattr(2)";

/**
 * Returns how a bind mount with attributes was made. Before Linux 5.12 a copied tree cannot get attributes before it is
 * attached.
 */
function bindOutcome(strategy: string, hasAttributes = true): Outcome {
  if (strategy !== 'tree') return fallsBack(BIND_AND_REMOUNT);
  return hasAttributes && lacks.setattr !== undefined ? fallsBack(DETOUR) : works(strategy);
}

/** Makes a source directory with a mount below it. */
function tree(scratch: ScratchDirectory): string {
  const source = scratch.directory('source', { mark: 'source' });
  mountSync('tree', source, 'tmpfs');
  writeFileSync(`${source}/mark`, 'source');
  mountSync('below', scratch.directory('source/below'), 'tmpfs');
  return source;
}

const optionsAt = (path: string) => tableEntry(path)?.options ?? [];

export const binds: Features = {
  mountBind: async (scratch) => {
    await using mount = await mountBind(scratch.directory('a', { mark: '' }), scratch.directory('b'));
    same(readdirSync(scratch.path('b')), ['mark']);
    return bindOutcome(mount.strategy, false);
  },
  readonly: async (scratch) => {
    await using mount = await mountBind(scratch.directory('a'), scratch.directory('b'), { readonly: true });
    refused('EROFS', () => writeFileSync(scratch.path('b/x'), ''));
    return bindOutcome(mount.strategy);
  },
  'readonly and recursive': async (scratch) => {
    const target = scratch.directory('b');
    await using mount = await mountBind(tree(scratch), target, { readonly: true, recursive: true });
    for (const path of [target, `${target}/below`]) refused('EROFS', () => writeFileSync(`${path}/x`, ''));
    writeFileSync(scratch.path('source/below/x'), '');
    return bindOutcome(mount.strategy);
  },
  'noSuid, noDev, noExec, atime': async (scratch) => {
    const target = scratch.directory('b');
    const attributes = { noSuid: true, noDev: true, noExec: true, atime: 'noatime' } as const;
    await using mount = await mountBind(scratch.directory('a'), target, attributes);
    for (const word of ['nosuid', 'nodev', 'noexec', 'noatime']) same(optionsAt(target).includes(word), true);
    return bindOutcome(mount.strategy);
  },
  noSymFollow: async (scratch) => {
    const target = scratch.directory('b');
    await using mount = await mountBind(scratch.directory('a'), target, { noSymFollow: true });
    same(optionsAt(target).includes('nosymfollow'), true);
    return bindOutcome(mount.strategy);
  },
  propagation: async (scratch) => {
    const target = scratch.directory('b');
    await using mount = await mountBind(scratch.directory('a'), target, { propagation: 'shared' });
    same(tableEntry(target)?.propagation.startsWith('shared:'), true);
    return bindOutcome(mount.strategy);
  },
  'idmap, tmpfs': (scratch) => useIdmap(scratch, scratch),
  setMountAttributes: async (scratch) => {
    const target = scratch.directory('t');
    mountSync('t', target, 'tmpfs');
    await setMountAttributes(target, { readonly: true });
    refused('EROFS', () => writeFileSync(`${target}/x`, ''));
    await setMountAttributes(target, { readonly: false, noExec: true });
    writeFileSync(`${target}/x`, '');
    same(optionsAt(target).includes('noexec'), true);
    return setattr();
  },
  'setMountAttributes, recursive': async (scratch) => {
    const source = tree(scratch);
    await setMountAttributes(source, { readonly: true }, { recursive: true });
    for (const path of [source, `${source}/below`]) refused('EROFS', () => writeFileSync(`${path}/x`, ''));
    return setattr();
  },
  setPropagation: async (scratch) => {
    const source = tree(scratch);
    await setPropagation(source, 'shared', { recursive: true });
    for (const path of [source, `${source}/below`]) same(tableEntry(path)?.propagation.startsWith('shared:'), true);
    return setattr();
  },
  moveMount: async (scratch) => {
    const source = tree(scratch);
    await using _mount = await moveMount(source, scratch.directory('b'));
    same(readFileSync(scratch.path('b/mark'), 'utf8'), 'source');
    same([tableEntry(source), tableEntry(scratch.path('b/below'))?.source], [undefined, 'below']);
    return works();
  },
  'moveMount, beneath': async (scratch) => {
    const source = tree(scratch);
    const target = scratch.directory('b');
    const above = await mountTmpfs(target);
    await using _mount = await moveMount(source, target, { beneath: true });
    same(readdirSync(target), []);
    await above.unmount();
    same(readFileSync(`${target}/mark`, 'utf8'), 'source');
    return works();
  },
  detachedBind: async (scratch) => {
    await using mount = await detachedBind(scratch.directory('a', { mark: '' }), { readonly: true });
    same(readdirSync(mount.path), ['mark']);
    refused('EROFS', () => writeFileSync(`${mount.path}/x`, ''));
    return bindOutcome(mount.strategy);
  },
  attach: async (scratch) => {
    const mount = await detachedBind(scratch.directory('a', { mark: '' }));
    await using _attached = await mount.attach(scratch.directory('b'));
    same(readdirSync(scratch.path('b')), ['mark']);
    return works();
  },
  'attach, clone': async (scratch) => {
    await using mount = await detachedBind(scratch.directory('a', { mark: '' }));
    await using _one = await mount.attach(scratch.directory('b'), { clone: true });
    await using _two = await mount.attach(scratch.directory('c'), { clone: true });
    same([readdirSync(scratch.path('b')), readdirSync(scratch.path('c'))], [['mark'], ['mark']]);
    return works();
  },
  'attach, beneath': async (scratch) => {
    const target = scratch.directory('b');
    const above = await mountTmpfs(target);
    const mount = await detachedBind(scratch.directory('a', { mark: '' }));
    await using _attached = await mount.attach(target, { beneath: true });
    same(readdirSync(target), []);
    await above.unmount();
    same(readdirSync(target), ['mark']);
    return works();
  },
  'in another mount namespace': async (scratch) => {
    await using other = await HolderProcess.shell('', { before: NAMESPACE });
    const before = mountTable().length;
    const options = { readonly: true, namespace: { pid: other.pid } };
    const mount = await mountBind(scratch.directory('a', { mark: '' }), scratch.directory('b'), options);
    same(readdirSync(`/proc/${other.pid}/root${scratch.path('b')}`), ['mark']);
    same([readdirSync(scratch.path('b')), mountTable().length], [[], before]);
    await mount.unmount();
    return bindOutcome(mount.strategy);
  },
  'attach in another mount namespace': async (scratch) => {
    await using other = await HolderProcess.shell('', { before: NAMESPACE });
    const detached = await detachedBind(scratch.directory('a', { mark: '' }));
    const mount = await detached.attach(scratch.directory('b'), { namespace: { pid: other.pid } });
    same(readdirSync(`/proc/${other.pid}/root${scratch.path('b')}`), ['mark']);
    same(readdirSync(scratch.path('b')), []);
    await mount.unmount();
    return works();
  },
};

/** Makes an idmapped bind mount in which the owner of the files is not mapped. */
export async function useIdmap(scratch: ScratchDirectory, source: ScratchDirectory): Promise<Outcome> {
  await using mount = await mountBind(source.directory('a', { file: '' }), scratch.directory('b'), { idmap: onlyOne });
  same([statSync(scratch.path('b/file')).uid, statSync(source.path('a/file')).uid], [NOBODY, 0]);
  return works(mount.strategy);
}
