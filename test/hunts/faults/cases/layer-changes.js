// Fault cases of `changes()` of linux-mount/layers, which walks layers on a thread and returns the changes in batches.
import { lutimesSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { setAttribute } from '../../../support/native-files.js';

const forms = ['async'];

/** Makes layers with a change of every kind, and with entries that only resemble a change. */
const layersStage = (userxattr) => (scene, lib) => {
  const prefix = userxattr ? 'user.overlay.' : 'trusted.overlay.';
  const mark = (path, name, value) => setAttribute(scene.path(path), `${prefix}${name}`, value);
  const same = { same: 'same', other: 'one', gone: 'x', attribute: 'x' };
  for (const layer of ['base', 'top', 'upper']) {
    scene.directory(`${layer}/d/e`, { [layer]: layer });
    scene.directory(`${layer}/opaque`, { [layer]: layer });
  }
  scene.directory('base', { ...same, copied: 'content', replaced: 'file' });
  scene.directory('base/old', { kept: 'x' });
  scene.directory('top', { ...same, added: 'below' });
  scene.directory('upper', { ...same, other: 'two', new: 'x', copied: '' });
  scene.directory('upper/replaced', { in: 'x' });
  scene.directory('upper/renamed', { also: 'x' });
  symlinkSync('here', scene.path('top/link'));
  symlinkSync('anew', scene.path('upper/link'));
  lib.makeWhiteoutSync(scene.path('upper/old'));
  lib.makeWhiteoutSync(scene.path('top/d/e/base'), { form: 'xattr', userxattr });
  mark('upper/opaque', 'opaque', 'y');
  mark('upper/renamed', 'redirect', '/old');
  mark('upper/copied', 'metacopy', '');
  setAttribute(scene.path('upper/attribute'), `${userxattr ? 'user' : 'trusted'}.mine`, 'x');
  // Equal times make `changes()` compare the contents.
  for (const file of [...Object.keys(same), 'link']) {
    for (const layer of ['base', 'top', 'upper']) {
      try {
        lutimesSync(scene.path(`${layer}/${file}`), 1, 1);
      } catch (error) {
        if (error.code !== 'ENOENT') throw error;
      }
    }
  }
  return { upper: scene.path('upper'), lower: [scene.path('top'), scene.path('base')], userxattr };
};

/** Makes more entries than fit into one batch (256 KiB), because their paths are long. */
const manyStage = (scene) => {
  const lower = [scene.directory('lower')];
  const upper = scene.directory('upper');
  let directory = upper;
  for (let depth = 0; depth < 14; depth += 1) {
    directory += `/${'long'.repeat(60)}`;
    mkdirSync(directory);
  }
  for (let file = 0; file < 75; file += 1) writeFileSync(`${directory}/${file}`, '');
  return { upper, lower };
};

const shown = (found) =>
  found.map(({ type, path, kind, mode, source, content, before, dataChanged, metadataChanged }) =>
    [type, path, kind, mode, source, content, before, dataChanged, metadataChanged].join(' '),
  );

async function collected(walk) {
  const found = [];
  for await (const change of walk) found.push(change);
  return found;
}

async function abandoned(walk) {
  const first = [(await walk.next()).value, (await walk.next()).value];
  await walk.return();
  return [...first, ...(await collected(walk))];
}

export const layerChanges = [
  ...[false, true].map((userxattr) => ({
    name: `changes, ${userxattr ? 'user' : 'trusted'}`,
    prepare: layersStage(userxattr),
    act: (call, spec) => collected(call('changes')(spec)),
    show: shown,
    forms,
  })),
  {
    name: 'changes, more than go into one batch',
    prepare: manyStage,
    act: (call, spec) => collected(call('changes')(spec)),
    show: shown,
    forms,
  },
  ...Object.entries({ 'changes, abandoned': layersStage(false), 'changes, abandoned half-way': manyStage }).map(
    ([name, prepare]) => ({
      name,
      prepare,
      act: (call, spec) => abandoned(call('changes')(spec)),
      show: shown,
      forms,
    }),
  ),
  {
    name: 'changes, ended by a signal',
    prepare: manyStage,
    act: async (call, spec) => {
      const controller = new AbortController();
      const walk = call('changes')({ ...spec, signal: controller.signal });
      const first = (await walk.next()).value;
      controller.abort();
      try {
        await walk.next();
      } catch (error) {
        if (error.name !== 'AbortError') throw error;
      }
      await walk.return();
      return [first];
    },
    show: shown,
    forms,
  },
];
