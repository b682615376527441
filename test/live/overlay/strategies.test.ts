// Tests the strategies of mountOverlay() (data, fsconfig, descriptors) and the protection of an upper directory in use.
import { mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import fc from 'fast-check';
import { beforeEach, describe, expect } from 'vitest';
import {
  type MountError,
  mountOverlay,
  mountOverlaySync,
  mountSync,
  type PathLike,
  remountFilesystem,
} from '../../../lib/index.js';
import { runNode } from '../../support/child.js';
import { inEveryPass, patience, times } from '../../support/effort.js';
import { lacks as environment, injectProgram } from '../../support/environment.js';
import { lacksOverlay, lacksStrategy, overlayForms, overlayStrategies } from '../../support/kernel-features.js';
import { layerNames, makeLayers } from '../../support/overlay-names.js';
import { test } from '../../support/place.js';
import { tableEntry } from '../../support/table.js';
import { rejectionOf, thrownBy } from '../../support/values.js';

beforeEach(({ skip }) => skip(lacksOverlay !== undefined, lacksOverlay));

const cases = overlayStrategies.flatMap((strategy) =>
  overlayForms.map(([form, doMount]) => ({ strategy, form, doMount })),
);

const hex = (path: PathLike | undefined) =>
  path === undefined ? undefined : Buffer.from(path as Buffer).toString('hex');

describe.each(cases)('mountOverlay by $strategy, $form', ({ strategy, doMount }) => {
  const lacks = lacksStrategy(strategy);

  test('mountOverlay shows exactly the named layers, and overlay() returns their names, for random names', async ({
    place,
    skip,
  }) => {
    skip(lacks !== undefined, lacks);
    const target = place.directory('merged');
    let round = 0;
    await fc.assert(
      fc.asyncProperty(layerNames(12), async (names) => {
        round += 1;
        const { spec, marks } = makeLayers(place, `${round}`, names);
        await using mount = await doMount({ ...spec, target, strategy });
        expect(mount.strategy).toBe(strategy);
        expect(readdirSync(target).sort()).toEqual(marks.sort());
        const back = await mount.overlay();
        expect(back.lower.map(hex)).toEqual(spec.lower.map(hex));
        expect([hex(back.upper), hex(back.work)]).toEqual([hex(spec.upper), hex(spec.work)]);
        expect(mount.overlaySync()).toEqual(back);
      }),
      { numRuns: times(60, 10) },
    );
  });

  test('mountOverlay mounts 500 layers with paths of 3,000 bytes, and rejects 501 layers', async ({ place, skip }) => {
    skip(lacks !== undefined, lacks);
    skip(strategy === 'data', 'option data of one page cannot hold these layers');
    const target = place.directory('merged');
    const part = Buffer.from(`/${'\xff:,\\ \n'.repeat(40)}`, 'latin1');
    const deep = Buffer.concat(Array(12).fill(part));
    const lower = Array.from({ length: 500 }, (_, index) => {
      const path = Buffer.concat([Buffer.from(place.path(`${index}`)), deep]);
      const padded = Buffer.concat([path, Buffer.from(`/${'x'.repeat(3000 - path.length - 1)}`)]);
      mkdirSync(padded, { recursive: true });
      return padded;
    });
    writeFileSync(Buffer.concat([lower[0] as Buffer, Buffer.from('/first')]), '');
    writeFileSync(Buffer.concat([lower[499] as Buffer, Buffer.from('/last')]), '');
    expect(lower.every((path) => path.length === 3000)).toBe(true);
    {
      await using mount = await doMount({ lower, target, strategy });
      expect(readdirSync(target).sort()).toEqual(['first', 'last']);
      expect((await mount.overlay()).lower.map(hex)).toEqual(lower.map(hex));
    }
    const error = await rejectionOf(doMount({ lower: [...lower, place.directory('more')], target, strategy }));
    // Linux 5.10 reports ENOMEM.
    expect(['EINVAL', 'ENOMEM']).toContain((error as MountError).code);
    expect(error).toMatchObject({ reason: expect.stringMatching(/\b500\b/) });
    expect(tableEntry(target)).toBeUndefined();
  });

  test('mountOverlay sets the options and the attributes of the mount', async ({ place, skip }) => {
    skip(lacks !== undefined, lacks);
    const target = place.directory('merged');
    const layers = { lower: [place.directory('l')], upper: place.directory('u'), work: place.directory('w') };
    await using mount = await doMount({
      ...layers,
      target,
      strategy,
      source: 'box',
      noSuid: true,
      atime: 'noatime',
      redirectDir: 'nofollow',
    });
    expect(tableEntry(target)).toMatchObject({ source: 'box', options: ['rw', 'nosuid', 'noatime'] });
    expect(await mount.overlay()).toMatchObject({ ...layers, redirectDir: 'nofollow' });
  });

  test('mountOverlay mounts data-only layers', async ({ place, skip }) => {
    skip(lacks !== undefined, lacks);
    const target = place.directory('merged');
    const spec = {
      lower: [place.directory('l1', { a: '' }), place.directory('l2')],
      dataOnly: [place.directory('d', { hidden: '' })],
    };
    const mounted = await doMount({ ...spec, target, strategy }).catch((error: MountError) => error.code);
    skip(mounted === 'EINVAL' || mounted === 'ENOENT', 'this kernel has no data-only layers, or not without metacopy');
    if (typeof mounted === 'string') throw new Error(mounted);
    await using mount = mounted;
    expect(readdirSync(target)).toEqual(['a']);
    expect(await mount.overlay()).toMatchObject(spec);
  });

  test('mountOverlay resolves relative layers against the working directory at the time of the call', async ({
    place,
    skip,
  }) => {
    skip(lacks !== undefined, lacks);
    skip(environment.ownDirectory !== undefined, environment.ownDirectory);
    place.directory('l1', { a: '' });
    place.directory('l2');
    place.directory('merged');
    const before = process.cwd();
    process.chdir(place.root);
    try {
      const mounting = doMount({ lower: ['l1', 'l2'], target: 'merged', strategy });
      process.chdir(before);
      await using mount = await mounting;
      expect(readdirSync(place.path('merged'))).toEqual(['a']);
      expect((await mount.overlay()).lower).toEqual([place.path('l1'), place.path('l2')]);
    } finally {
      process.chdir(before);
    }
  });

  test('mountOverlay rejects with EROFS when overlayfs silently falls back to a read-only mount', async ({
    place,
    skip,
  }) => {
    skip(lacks !== undefined, lacks);
    const target = place.directory('merged');
    const layers = { lower: [place.directory('l')], upper: place.directory('u'), work: place.directory('w') };
    // overlayfs clears its work directory only two levels deep, and mounts read-only if more is left.
    place.directory('w/work/1/2/3/4/5', { file: '' });
    const error = await rejectionOf(doMount({ ...layers, target, strategy }));
    expect(error).toMatchObject({ code: 'EROFS', step: 'verify' });
    expect(tableEntry(target)).toBeUndefined();
  });
});

test('mountOverlay opens no descriptor after the mount is attached, so that no later failure is possible', async ({
  place,
  skip,
}) => {
  skip(lacksStrategy('fsconfig') !== undefined, lacksStrategy('fsconfig'));
  skip(environment.deny !== undefined, environment.deny);
  const [lower, upper, work, target] = ['l', 'u', 'w', 'merged'].map((name) => place.directory(name));
  const { stdout, stderr } = await runNode(
    `import { mountOverlay } from 'linux-mount';
     import { arm, disarm } from ${JSON.stringify(new URL('../../hunts/faults/injector.js', import.meta.url))};
     const [lower, upper, work, target] = process.argv.slice(1);
     // With a signal, the addon holds the target by a descriptor, and the new mount covers that descriptor.
     const { signal } = new AbortController();
     arm({ name: 'openat2', index: 1, code: 'EMFILE', stays: true });
     const mount = await mountOverlay({ lower: [lower], upper, work, target, strategy: 'fsconfig', signal });
     const { names } = disarm();
     console.log(mount.strategy, names.slice(names.lastIndexOf('move_mount')).join(' '));
     await mount.unmount();`,
    { args: [lower, upper, work, target] as string[], wrapper: [injectProgram] },
  );
  expect({ stdout, stderr }).toEqual({ stdout: expect.stringMatching(/^fsconfig move_mount\b/), stderr: '' });
  expect(stdout).not.toMatch(/\bopen|statmount|statfs/);
});

test('mountOverlay accepts a writable overlay on a target whose own filesystem is read-only', async ({
  place,
  skip,
}) => {
  skip(lacksStrategy('fsconfig') !== undefined, lacksStrategy('fsconfig'));
  const below = place.directory('below');
  mountSync('below', below, 'tmpfs');
  const layers = { lower: [place.directory('l')], upper: place.directory('u'), work: place.directory('w') };
  const target = place.directory('below/merged');
  await remountFilesystem(below, { readonly: true });
  // The addon falls back to other calls without statmount(2); with a signal, the addon holds the target by a
  // descriptor.
  const { stdout, stderr } = await runNode(
    `import { writeFileSync } from 'node:fs';
     import { mountOverlay } from 'linux-mount';
     const spec = JSON.parse(process.argv[1]);
     for (const signal of [undefined, new AbortController().signal]) {
       const mount = await mountOverlay({ ...spec, signal });
       writeFileSync(spec.target + '/file', '');
       await mount.unmount();
     }
     console.log('written');`,
    { args: [JSON.stringify({ ...layers, target, strategy: 'fsconfig' })], deny: ['statmount=ENOSYS'] },
  );
  expect({ stdout, stderr }).toEqual({ stdout: 'written\n', stderr: '' });
});

test('mountOverlay rejects with ENOTSUP for a strategy that the kernel lacks', ({ place, skip }) => {
  skip(lacksStrategy('fsconfig') === undefined, 'this kernel has every strategy');
  const options = { lower: [place.directory('l1'), place.directory('l2')], target: place.directory('merged') };
  expect(thrownBy(() => mountOverlaySync({ ...options, strategy: 'fsconfig' }))).toMatchObject({
    code: 'ENOTSUP',
    syscall: 'fsconfig',
  });
  expect(thrownBy(() => mountOverlaySync({ ...options, strategy: 'links' as 'data' }))).toMatchObject({
    code: 'ERR_INVALID_ARG_VALUE',
  });
});

test('mountOverlay uses the strategy "data" when the option data fits and no layer name has a comma', async ({
  place,
}) => {
  const target = place.directory('merged');
  const plain = [place.directory('l1'), place.directory('l:2')];
  {
    await using mount = await mountOverlay({ lower: plain, target });
    expect(mount.strategy).toBe('data');
  }
  await using mount = await mountOverlay({ lower: [...plain, place.directory('l,3')], target });
  expect(mount.strategy).toBe(lacksStrategy('fsconfig') === undefined ? 'fsconfig' : 'descriptors');
});

describe('upper directory that another overlay uses', () => {
  const layersIn = (place: { directory(name: string): string }) => ({
    lower: [place.directory('l')],
    // Without fsconfig, an upper directory with a comma needs the strategy descriptors, and the mount table shows no
    // name.
    upper: place.directory(`u:\\ x${lacksStrategy('fsconfig') === undefined ? ',' : ''}`),
    work: place.directory('w'),
  });

  test.for(overlayStrategies.filter((each) => each !== 'descriptors'))(
    'mountOverlay rejects with EBUSY and names the overlay that uses the upper directory: strategy %s',
    async (strategy, { place, skip }) => {
      skip(lacksStrategy(strategy) !== undefined, lacksStrategy(strategy));
      const layers = layersIn(place);
      const [target, other] = [place.directory('merged'), place.directory('other')];
      symlinkSync(layers.upper, place.path('link'));
      await using _mount = await mountOverlay({ ...layers, target: other, strategy });
      const wrongs = [
        layers,
        { ...layers, upper: place.path('link') },
        { ...layers, work: place.directory('w2') },
        { ...layers, upper: place.directory('u2') },
      ];
      for (const wrong of wrongs) {
        const error = await rejectionOf(mountOverlay({ ...wrong, target }));
        expect(error).toMatchObject({ code: 'EBUSY', syscall: 'mount', step: 'check upper' });
        expect((error as MountError).reason).toContain(other);
        expect(thrownBy(() => mountOverlaySync({ ...wrong, target }))).toMatchObject({ code: 'EBUSY' });
      }
      expect(tableEntry(target)).toBeUndefined();
      await using allowed = await mountOverlay({
        ...layers,
        work: place.directory('w3'),
        target,
        allowSharedUpper: true,
      });
      expect(readdirSync(target)).toEqual([]);
      expect(allowed.reused).toBe(false);
    },
  );

  test('one of six concurrent processes mounts the upper directory, and the others get EBUSY', async ({ place }) => {
    const layers = layersIn(place);
    const script = `
      import { mountOverlaySync } from 'linux-mount';
      const [layers, target] = process.argv.slice(1);
      try { mountOverlaySync({ ...JSON.parse(layers), target }); console.log('mounted'); } catch ({ code }) { console.log(code); }`;
    const results = await Promise.all(
      Array.from({ length: 6 }, (_, index) =>
        runNode(script, { args: [JSON.stringify(layers), place.directory(`t${index}`)] }),
      ),
    );
    expect(results.map(({ stdout }) => stdout.trim()).sort()).toEqual([...Array(5).fill('EBUSY'), 'mounted'].sort());
  });

  test('one of 16 concurrent mountOverlay calls mounts the upper directory, and the others get EBUSY', async ({
    place,
  }) => {
    const layers = layersIn(place);
    const results = await Promise.allSettled(
      Array.from({ length: 16 }, (_, index) => mountOverlay({ ...layers, target: place.directory(`t${index}`) })),
    );
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    expect(results.filter((result) => result.status === 'rejected' && result.reason.code === 'EBUSY')).toHaveLength(15);
  });
});

test('an overlay shows the directory that the addon opened when a symbolic link to a layer changes meanwhile', async ({
  place,
  skip,
}) => {
  skip(lacksStrategy('fsconfig') !== undefined, lacksStrategy('fsconfig'));
  place.directory('one', { one: '' });
  place.directory('two', { two: '' });
  place.directory('swapped');
  const target = place.directory('merged');
  symlinkSync(place.path('one'), place.path('link'));
  // The child process exchanges the link atomically, so that the link exists at every moment.
  const script = `
    import { existsSync, renameSync, symlinkSync } from 'node:fs';
    const root = process.argv[1];
    for (let index = 0; !existsSync(root + '/stop'); index++) {
      symlinkSync(root + (index % 2 ? '/one' : '/two'), root + '/next');
      renameSync(root + '/next', root + '/link');
    }`;
  const swapping = runNode(script, { args: [place.root] });
  const seen = new Set<string>();
  // The test continues until both directories were seen.
  for (const end = Date.now() + patience(inEveryPass(3000, 500)); Date.now() < end || seen.size < 2; ) {
    await using mount = await mountOverlay({
      lower: [place.path('link'), place.path('swapped')],
      target,
      strategy: 'fsconfig',
    });
    const [name] = readdirSync(target);
    // Before Linux 6.13 the mount table shows the name of the descriptor of the addon; then overlay() returns the given
    // name.
    const isNamed = !tableEntry(target)?.superOptions.includes('/proc/thread-self/fd/');
    expect((await mount.overlay()).lower[0]).toBe(place.path(isNamed ? `${name}` : 'link'));
    seen.add(`${name}`);
  }
  place.file('stop');
  expect((await swapping).stderr).toBe('');
  expect([...seen].sort()).toEqual(['one', 'two']);
});

test('overlay() rejects with EINVAL when another mount covers the mount of the handle', async ({ place }) => {
  const target = place.directory('merged');
  const mount = await mountOverlay({ lower: [place.directory('l1'), place.directory('l2')], target });
  mountSync('cover', target, 'tmpfs');
  expect(await rejectionOf(mount.overlay())).toMatchObject({ code: 'EINVAL', step: 'identify' });
});

test('mountOverlay rejects with EMFILE when the probe of a strategy fails for lack of descriptors', async ({
  place,
  skip,
}) => {
  skip(lacksStrategy('fsconfig') !== undefined, lacksStrategy('fsconfig'));
  skip(environment.deny !== undefined, environment.deny);
  // This is the state before Linux 6.13: fsconfig(2) refuses descriptors. The addon tests with an unknown option
  // whether the kernel reports unknown options.
  const { stdout, stderr } = await runNode(
    `import { mountOverlaySync } from 'linux-mount';
     import { arm, disarm } from ${JSON.stringify(new URL('../../hunts/faults/injector.js', import.meta.url))};
     const [one, two, target] = process.argv.slice(1);
     arm({ name: 'fsopen', index: 3, code: 'EMFILE', stays: false });
     try { mountOverlaySync({ lower: [one, two], target, strategy: 'fsconfig' }); } catch ({ code, step }) {
       console.log(code, step);
     }
     disarm();`,
    {
      args: [place.directory('one'), place.directory('two'), place.directory('target')],
      deny: ['fsconfig-descriptor=EINVAL'],
      wrapper: [injectProgram],
    },
  );
  expect({ stdout, stderr }).toEqual({ stdout: 'EMFILE choose a strategy\n', stderr: '' });
});

test('mountOverlay uses the strategy "fsconfig" although an earlier probe failed for lack of descriptors', async ({
  place,
  skip,
}) => {
  skip(lacksStrategy('fsconfig') !== undefined, lacksStrategy('fsconfig'));
  skip(environment.prlimit !== undefined, environment.prlimit);
  const { stdout, stderr } = await runNode(
    `import { closeSync, openSync } from 'node:fs';
     import { mountOverlaySync } from 'linux-mount';
     const [one, two, target] = process.argv.slice(1);
     const spec = { lower: [one, two], target, strategy: 'fsconfig' };
     const held = [];
     try { for (;;) held.push(openSync('/dev/null')); } catch {}
     closeSync(held.pop());
     let first = 'mounted';
     try { mountOverlaySync(spec).unmountSync(); } catch ({ code }) { first = code; }
     for (const fd of held) closeSync(fd);
     const mount = mountOverlaySync(spec);
     console.log(first, mount.strategy);
     mount.unmountSync();`,
    {
      args: [place.directory('one'), place.directory('two'), place.directory('target')],
      wrapper: ['prlimit', '--nofile=128', '--'],
    },
  );
  expect({ stdout, stderr }).toEqual({ stdout: expect.stringMatching(/^EMFILE fsconfig\n$/), stderr: '' });
});
