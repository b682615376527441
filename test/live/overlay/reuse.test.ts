// Tests the option `ifMounted` of mountOverlay(): stack, error and reuse when the target is a mount point.
import { closeSync, existsSync, mkdirSync, openSync, renameSync, symlinkSync, unlinkSync } from 'node:fs';
import { beforeEach, describe, expect } from 'vitest';
import {
  type MountError,
  mountBind,
  mountSync,
  type OverlayMountOptions,
  setMountAttributes,
} from '../../../lib/index.js';
import { runNode } from '../../support/child.js';
import { lacksOverlay, lacksStrategy, overlayForms, overlayStrategies } from '../../support/kernel-features.js';
import { test } from '../../support/place.js';
import { tableEntry } from '../../support/table.js';
import { rejectionOf } from '../../support/values.js';

beforeEach(({ skip }) => skip(lacksOverlay !== undefined, lacksOverlay));

/** The reason when the mount table shows layers under names that have no certain meaning for this process. */
const UNKNOWN_LAYERS =
  /^an overlay whose layer '.*' in the mount table (?:is a relative path or a descriptor, which only the mounting process could resolve|leads through a symbolic link to '.*', and may have led elsewhere at the time of the mount .*), is mounted at the target\b/;

describe.each(overlayForms)('ifMounted, %s', (_, doMount) => {
  const specIn = (place: { directory(name: string, files?: Record<string, string>): string }) => ({
    lower: [place.directory('l1', { a: '' }), place.directory('l2')],
    target: place.directory('merged'),
  });

  test('mountOverlay with ifMounted: "stack" makes a mount over the overlay at the target', async ({ place }) => {
    const spec = specIn(place);
    await using below = await doMount(spec);
    await using above = await doMount({ ...spec, ifMounted: 'stack' });
    expect(above.id).not.toBe(below.id);
  });

  test('mountOverlay with ifMounted: "error" rejects with EBUSY when the target is a mount point', async ({
    place,
  }) => {
    const spec = specIn(place);
    {
      await using _mount = await doMount({ ...spec, ifMounted: 'error' });
      expect(await rejectionOf(doMount({ ...spec, ifMounted: 'error' }))).toMatchObject({
        code: 'EBUSY',
        step: 'check target',
      });
    }
    mountSync('x', spec.target, 'tmpfs');
    expect(await rejectionOf(doMount({ ...spec, ifMounted: 'error' }))).toMatchObject({ code: 'EBUSY' });
    expect(tableEntry(spec.target)?.fsType).toBe('tmpfs');
  });

  test.for(overlayStrategies.filter((each) => each !== 'descriptors'))(
    'mountOverlay with ifMounted: "reuse" returns a handle of an equal overlay at the target: strategy %s',
    async (strategy, { place, skip }) => {
      skip(lacksStrategy(strategy) !== undefined, lacksStrategy(strategy));
      const { lower, target } = specIn(place);
      symlinkSync(lower[1] as string, place.path('link'));
      const writable = {
        lower,
        upper: place.directory('u'),
        work: place.directory('w'),
        target,
        noDev: true,
        defaultPermissions: true,
      };
      await using first = await doMount({ ...writable, strategy });
      const aliases = { ...writable, lower: [Buffer.from(lower[0] as string), place.path('link')] };
      // Before Linux 6.13 lower layers are passed as names of descriptors, so the mount table does not identify the
      // layers.
      if (tableEntry(target)?.superOptions.includes('/proc/thread-self/fd/')) {
        expect(await rejectionOf(doMount({ ...aliases, ifMounted: 'reuse' }))).toMatchObject({
          code: 'EBUSY',
          reason: expect.stringMatching(UNKNOWN_LAYERS),
        });
        return;
      }
      const again = await doMount({ ...aliases, ifMounted: 'reuse' });
      expect(again).toMatchObject({ id: first.id, reused: true, strategy });
      // A handle of a reused mount unmounts nothing.
      await again.unmount();
      expect(tableEntry(target)?.fsType).toBe('overlay');
    },
  );

  test('mountOverlay with ifMounted: "reuse" makes a mount when the target is not a mount point', async ({ place }) => {
    await using mount = await doMount({ ...specIn(place), ifMounted: 'reuse' });
    expect(mount.reused).toBe(false);
  });

  test('mountOverlay with ifMounted: "reuse" rejects with EBUSY and names how the mount differs', async ({ place }) => {
    const spec = specIn(place);
    const upper = { upper: place.directory('u'), work: place.directory('w') };
    const existing = await doMount({ ...spec, ...upper });
    const others: [Partial<OverlayMountOptions>, RegExp][] = [
      [{ lower: spec.lower.toReversed(), ...upper }, /other directories/],
      [{ lower: [...spec.lower, place.directory('l3')], ...upper }, /another number of layers/],
      [{}, /another number of layers/],
      [{ ...upper, noExec: true }, /without noexec/],
      [{ ...upper, metacopy: true }, /does not show metacopy=on/],
      [{ upper: place.directory('u2'), work: upper.work }, /other directories/],
    ];
    for (const [other, why] of others) {
      const options = { ...spec, ...other, ifMounted: 'reuse' } as OverlayMountOptions;
      const error = await rejectionOf(doMount(options));
      expect(error).toMatchObject({ code: 'EBUSY', step: 'check target', dest: spec.target });
      expect((error as MountError).reason).toMatch(why);
    }
    await existing.unmount();
    mountSync('x', spec.target, 'tmpfs');
    const error = await rejectionOf(doMount({ ...spec, ifMounted: 'reuse' }));
    expect((error as MountError).reason).toContain('a filesystem of type tmpfs is mounted at the target');
  });

  const reason = async (options: OverlayMountOptions) => {
    const error = await rejectionOf(doMount({ ...options, ifMounted: 'reuse' }));
    expect(error).toMatchObject({ code: 'EBUSY', step: 'check target', dest: options.target });
    return (error as MountError).reason;
  };

  type Make = (options: OverlayMountOptions & { upper: string; target: string }) => Promise<unknown>;

  test.for<[string, Make, object, RegExp]>([
    ['has another atime', (o) => doMount({ ...o, atime: 'noatime' }), {}, /an overlay with another atime/],
    ['lacks the atime', (o) => doMount(o), { atime: 'strictatime' }, /an overlay with another atime/],
    [
      'has another source',
      (o) => doMount({ ...o, source: 'theirs' }),
      {},
      /^an overlay with another source is mounted/,
    ],
    [
      'lacks the source',
      (o) => doMount(o),
      { source: 'mine' },
      /^an overlay with another source is mounted at the target/,
    ],
    [
      'has a read-only filesystem',
      async (o) => {
        await doMount({ ...o, readonly: true });
        await setMountAttributes(o.target, { readonly: false });
      },
      {},
      /^the mount at the target is an overlay that is read-only as a whole/,
    ],
    [
      'is a bind of a subdirectory of the overlay',
      async (o) => {
        mkdirSync(`${o.upper}/below`);
        await doMount(o);
        await mountBind(`${o.target}/below`, o.target);
      },
      {},
      /^the mount at the target is an overlay, but shows only its directory '\/below'/,
    ],
  ])(
    'mountOverlay with ifMounted: "reuse" rejects with EBUSY when the mount at the target differs: it %s',
    async ([_name, make, wanted, why], { place }) => {
      const options = { ...specIn(place), upper: place.directory('u'), work: place.directory('w') };
      await make(options);
      expect(await reason({ ...options, ...wanted })).toMatch(why);
    },
  );

  test('mountOverlay with ifMounted: "reuse" accepts a read-only overlay without an upper directory', async ({
    place,
  }) => {
    const options = { ...specIn(place), source: 'mine', atime: 'noatime' } as const;
    await using first = await doMount(options);
    expect(await doMount({ ...options, ifMounted: 'reuse' })).toMatchObject({ id: first.id, reused: true });
  });

  test('mountOverlay with ifMounted: "reuse" rejects an overlay with relative layer names', async ({ place }) => {
    const { target } = specIn(place);
    for (const name of ['one/a', 'one/b', 'two/a', 'two/b']) place.directory(name);
    mountSync('overlay', target, 'overlay', 0, 'lowerdir=a:b', { cwd: place.path('one') });
    const script = `
      import { mountOverlay, mountOverlaySync } from 'linux-mount';
      const [target, directory] = process.argv.slice(1);
      process.chdir(directory);
      for (const doMount of [mountOverlay, async (options) => mountOverlaySync(options)]) {
        for (const lower of [['a', 'b'], [directory + '/a', directory + '/b']]) {
          try {
            console.log((await doMount({ lower, target, ifMounted: 'reuse' })).reused);
          } catch ({ code, reason }) { console.log(code + ': ' + reason); }
        }
      }`;
    const { stdout, stderr } = await runNode(script, { args: [target, place.path('two')] });
    expect(stderr).toBe('');
    const lines = stdout.trimEnd().split('\n');
    expect(lines).toHaveLength(4);
    for (const each of lines) {
      expect(each).toMatch(/^EBUSY: /);
      expect(each.slice('EBUSY: '.length)).toMatch(UNKNOWN_LAYERS);
    }
  });

  test('mountOverlay with ifMounted: "reuse" rejects an overlay whose layers are descriptors', async ({
    place,
    skip,
  }) => {
    skip(lacksStrategy('descriptors') !== undefined, lacksStrategy('descriptors'));
    const options = specIn(place);
    await using _existing = await doMount({ ...options, strategy: 'descriptors' });
    expect(await reason(options)).toMatch(UNKNOWN_LAYERS);
    expect(await reason({ ...options, strategy: 'descriptors' })).toMatch(UNKNOWN_LAYERS);
    expect(await reason({ ...options, lower: [...options.lower, place.directory('l3')] })).toMatch(/another number/);
  });

  test('mountOverlay with ifMounted: "reuse" reports that layers differ although one layer is a relative path', async ({
    place,
  }) => {
    const options = specIn(place);
    const data = `lowerdir=l1:${place.directory('l3')}`;
    mountSync('overlay', options.target, 'overlay', 0, data, { cwd: place.root });
    expect(await reason(options)).toMatch(/^an overlay of other directories is mounted at the target\b/);
  });

  test('mountOverlay with ifMounted: "reuse" rejects when a layer of the overlay at the target was renamed', async ({
    place,
  }) => {
    const options = specIn(place);
    await using _existing = await doMount(options);
    renameSync(options.lower[1] as string, place.path('moved'));
    const lower = [options.lower[0] as string, place.path('moved')];
    expect(await reason({ ...options, lower })).toMatch(
      /^an overlay whose layer '.*\/l2' in the mount table cannot be found now is mounted at the target\b/,
    );
  });

  test('mountOverlay with ifMounted: "reuse" rejects a layer that is named by a descriptor in /proc', async ({
    place,
  }) => {
    const { lower, target } = specIn(place);
    const other = place.directory('other', { other: '' });
    const fd = openSync(lower[0] as string, 'r');
    const again = (name: string) => ({ lower: [name, lower[1] as string], target });
    const names = [`/proc/${process.pid}/fd/${fd}`, `//proc/self/fd/${fd}`];
    if (existsSync('/dev/fd')) names.push(`/dev/fd/${fd}`);
    const mounts = [];
    for (const name of names) {
      mounts.push(await doMount(again(name)));
      expect(await reason(again(name))).toMatch(UNKNOWN_LAYERS);
    }
    closeSync(fd);
    const reopened = openSync(other, 'r');
    expect(reopened).toBe(fd);
    for (const name of names.toReversed()) {
      expect(await reason(again(name))).toMatch(UNKNOWN_LAYERS);
      expect(await reason(again(other))).toMatch(UNKNOWN_LAYERS);
      await mounts.pop()?.unmount();
    }
    closeSync(reopened);
  });

  test('mountOverlay with ifMounted: "reuse" rejects a layer that is named by a symbolic link', async ({ place }) => {
    const { lower, target } = specIn(place);
    place.directory('images/v1', { one: '' });
    place.directory('images/v2', { two: '' });
    symlinkSync('v1', place.path('images/current'));
    symlinkSync('images', place.path('all'));
    for (const name of ['images/current', 'all/v1', 'images/v2/../v1']) {
      const options = { lower: [`${place.root}/${name}`, lower[1] as string], target };
      await using _existing = await doMount({ ...options, strategy: 'data' });
      expect(await reason(options)).toMatch(UNKNOWN_LAYERS);
    }
    const options = { lower: [place.path('images/current'), lower[1] as string], target };
    const existing = await doMount({ ...options, strategy: 'data' });
    unlinkSync(place.path('images/current'));
    symlinkSync('v2', place.path('images/current'));
    const reported = await reason(options);
    expect(reported).toMatch(UNKNOWN_LAYERS);
    expect(reported).toContain(
      `'${place.path('images/current')}' in the mount table leads through a symbolic link to '${place.path('images/v2')}'`,
    );
    expect(await reason({ ...options, lower: [place.path('images/v2'), lower[1] as string] })).toMatch(UNKNOWN_LAYERS);
    await existing.unmount();
    // Two spellings of one path without symbolic links name the same layer.
    const spelt = { ...options, lower: [`/${place.path('images')}/.//v2/`, `${lower[1]}/.`] };
    await using first = await doMount(spelt);
    expect(await doMount({ ...spelt, ifMounted: 'reuse' })).toMatchObject({ id: first.id, reused: true });
  });

  test('mountOverlay with ifMounted: "reuse" rejects and names the layer that does not exist', async ({ place }) => {
    const options = specIn(place);
    await using _existing = await doMount(options);
    expect(await reason({ ...options, lower: [options.lower[0] as string, place.path('missing')] })).toMatch(
      /^an overlay without the layer '.*\/missing', which cannot be found \(ENOENT: no such file or directory\), is mounted at the target\b/,
    );
  });

  // Each entry is one call. The library or the kernel refuses some of the entries.
  const OPTIONS: readonly Readonly<Record<string, unknown>>[] = [
    ...[{ index: true }, { index: false }, { nfsExport: true }, { nfsExport: false }],
    ...[{ nfsExport: true, redirectDir: 'nofollow' }, { metacopy: true }, { metacopy: false }],
    ...['off', 'follow', 'nofollow', 'on'].map((redirectDir) => ({ redirectDir })),
    ...['off', 'null', 'auto', 'on'].map((uuid) => ({ uuid })),
    ...['off', 'auto', 'on'].map((xino) => ({ xino })),
    ...['off', 'on', 'require'].map((verity) => ({ verity })),
    ...['auto', 'strict', 'volatile'].map((fsync) => ({ fsync })),
    ...[{ volatile: true }, { defaultPermissions: true }, { userxattr: true }, { overrideCreds: true }],
    ...[{ metacopy: true, verity: 'on' }, { readonly: true }],
  ];

  // In a user namespace the kernel may silently drop an option; then the mount differs from what the call asks for.
  const hasFallenBack = (options: Readonly<Record<string, unknown>>, target: string) =>
    Object.entries({ index: 'index=on', nfsExport: 'nfs_export=on', metacopy: 'metacopy=on' }).some(
      ([name, word]) => options[name] === true && !tableEntry(target)?.superOptions.split(',').includes(word),
    );

  test.for([false, true])(
    'mountOverlay with ifMounted: "reuse" accepts an overlay that the same options made, upper directory: %s',
    async (hasUpper, { place }) => {
      const { lower, target } = specIn(place);
      let mounted = 0;
      for (const [index, options] of OPTIONS.entries()) {
        const upper = { upper: place.directory(`u${index}`), work: place.directory(`w${index}`) };
        const asked = { lower, target, ...(hasUpper ? upper : {}), ...options } as OverlayMountOptions;
        const first = await doMount(asked).catch(() => undefined);
        if (first === undefined) continue;
        mounted += 1;
        const label = JSON.stringify(options);
        const again = await doMount({ ...asked, ifMounted: 'reuse' }).catch((error: MountError) => error);
        expect({ label, again }).toMatchObject({
          label,
          again: hasFallenBack(options, target) ? { code: 'EBUSY' } : { id: first.id, reused: true },
        });
        await first.unmount();
      }
      expect(mounted).toBeGreaterThan(6);
    },
  );

  // The kernel chooses uuid=on or uuid=null by the earlier use of the upper directory. With userxattr the kernel
  // follows no redirects, and only some kernels show that.
  const shown = (target: string) =>
    tableEntry(target)
      ?.superOptions.replace(/,uuid=(?:on|null)/, '')
      .replace(/,redirect_dir=nofollow(?=.*,userxattr)/, '');

  test('mountOverlay with ifMounted: "reuse" rejects an overlay with an additional option', async ({ place }) => {
    const { lower, target } = specIn(place);
    let refused = 0;
    for (const [index, options] of OPTIONS.entries()) {
      const plain = { lower, upper: place.directory(`u${index}`), work: place.directory(`w${index}`), target };
      const before = await doMount(plain);
      const usual = shown(target);
      await before.unmount();
      const first = await doMount({ ...plain, ...options } as OverlayMountOptions).catch(() => undefined);
      if (first === undefined) continue;
      const isAsUsual = shown(target) === usual;
      const label = JSON.stringify(options);
      const error = await doMount({ ...plain, ifMounted: 'reuse' }).catch((error: MountError) => error);
      if (isAsUsual) expect({ label, error }).toMatchObject({ label, error: { reused: true } });
      else {
        refused += 1;
        expect({ label, error }).toMatchObject({ label, error: { code: 'EBUSY', step: 'check target' } });
      }
      await first.unmount();
    }
    expect(refused).toBeGreaterThan(2);
  });

  test('mountOverlay with ifMounted: "reuse" rejects when the mount table does not show an option', async ({
    place,
    skip,
  }) => {
    const options = { ...specIn(place), upper: place.directory('u'), work: place.directory('w'), overrideCreds: false };
    const existing = await doMount(options).catch(() => undefined);
    skip(existing === undefined, 'this kernel has no override_creds');
    expect(await reason(options)).toMatch(
      /^an overlay that may have nooverride_creds without showing nooverride_creds in the mount table is mounted at the target\b/,
    );
  });

  test('mountOverlay with ifMounted: "reuse" and readonly rejects when another mount can write to the overlay', async ({
    place,
  }) => {
    const options = { ...specIn(place), upper: place.directory('u'), work: place.directory('w') };
    await doMount(options);
    await mountBind(options.target, place.directory('elsewhere'));
    await setMountAttributes(options.target, { readonly: true });
    expect(await reason({ ...options, readonly: true })).toMatch(
      /^the mount at the target is an overlay that is writable through other mounts, and only this mount is read-only, which is not what/,
    );
  });
});
