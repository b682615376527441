// What mountOverlay does where something is mounted at the target already.
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
import { test } from '../../support/place.js';
import { tableEntry } from '../../support/table.js';
import { rejectionOf } from '../../support/values.js';
import { allWays, lacksOverlay, overlayForms, wayLacks } from '../../support/ways.js';

beforeEach(({ skip }) => skip(lacksOverlay !== undefined, lacksOverlay));

/** Why nothing is known of layers that the mount table names so. */
const NAMES_OF_NOBODY =
  /^an overlay whose layer '.*' in the mount table (?:is a relative path or a descriptor, which only the mounting process could resolve|leads through a symbolic link to '.*', and may have led elsewhere at the time of the mount .*), is mounted at the target\b/;

describe.each(overlayForms)('ifMounted, %s', (_, doMount) => {
  const specIn = (place: { directory(name: string, files?: Record<string, string>): string }) => ({
    lower: [place.directory('l1', { a: '' }), place.directory('l2')],
    target: place.directory('merged'),
  });

  test("'stack' mounts on top, as the kernel does", async ({ place }) => {
    const spec = specIn(place);
    await using below = await doMount(spec);
    await using above = await doMount({ ...spec, ifMounted: 'stack' });
    expect(above.id).not.toBe(below.id);
  });

  test("'error' refuses a target that is a mount point", async ({ place }) => {
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

  test.for(allWays.filter((way) => way !== 'descriptors'))(
    "'reuse' takes what is the same: %s",
    async (strategy, { place, skip }) => {
      skip(wayLacks(strategy) !== undefined, wayLacks(strategy));
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
      // Before Linux 6.13 lower layers go by the names of their descriptors, and the table tells nobody what they are.
      if (tableEntry(target)?.superOptions.includes('/proc/thread-self/fd/')) {
        expect(await rejectionOf(doMount({ ...aliases, ifMounted: 'reuse' }))).toMatchObject({
          code: 'EBUSY',
          reason: expect.stringMatching(NAMES_OF_NOBODY),
        });
        return;
      }
      const again = await doMount({ ...aliases, ifMounted: 'reuse' });
      expect(again).toMatchObject({ id: first.id, reused: true, strategy });
      // and takes nothing down that it did not put up
      await again.unmount();
      expect(tableEntry(target)?.fsType).toBe('overlay');
    },
  );

  test("'reuse' mounts where nothing is mounted", async ({ place }) => {
    await using mount = await doMount({ ...specIn(place), ifMounted: 'reuse' });
    expect(mount.reused).toBe(false);
  });

  test("'reuse' refuses what is not the same, and says what", async ({ place }) => {
    const spec = specIn(place);
    const upper = { upper: place.directory('u'), work: place.directory('w') };
    const there = await doMount({ ...spec, ...upper });
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
    await there.unmount();
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
    ['another atime', (o) => doMount({ ...o, atime: 'noatime' }), {}, /an overlay with another atime/],
    ['no atime', (o) => doMount(o), { atime: 'strictatime' }, /an overlay with another atime/],
    [
      'another source',
      (o) => doMount({ ...o, source: 'theirs' }),
      {},
      /^an overlay with another source is mounted at the target/,
    ],
    ['no source', (o) => doMount(o), { source: 'mine' }, /^an overlay with another source is mounted at the target\b/],
    [
      'a filesystem that is read-only',
      async (o) => {
        await doMount({ ...o, readonly: true });
        await setMountAttributes(o.target, { readonly: false });
      },
      {},
      /^the mount at the target is an overlay that is read-only as a whole/,
    ],
    [
      'a directory of the same overlay',
      async (o) => {
        mkdirSync(`${o.upper}/below`);
        await doMount(o);
        await mountBind(`${o.target}/below`, o.target);
      },
      {},
      /^the mount at the target is an overlay, but shows only its directory '\/below'/,
    ],
  ])("'reuse' refuses what is not the same: %s", async ([_name, make, wanted, why], { place }) => {
    const options = { ...specIn(place), upper: place.directory('u'), work: place.directory('w') };
    await make(options);
    expect(await reason({ ...options, ...wanted })).toMatch(why);
  });

  test("'reuse' takes one that is read-only as it has no upper", async ({ place }) => {
    const options = { ...specIn(place), source: 'mine', atime: 'noatime' } as const;
    await using first = await doMount(options);
    expect(await doMount({ ...options, ifMounted: 'reuse' })).toMatchObject({ id: first.id, reused: true });
  });

  test("'reuse' takes no layers by relative names, which would be others from here", async ({ place }) => {
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
    const told = stdout.trimEnd().split('\n');
    expect(told).toHaveLength(4);
    for (const each of told) {
      expect(each).toMatch(/^EBUSY: /);
      expect(each.slice('EBUSY: '.length)).toMatch(NAMES_OF_NOBODY);
    }
  });

  test("'reuse' takes no layers by descriptors, and says that they cannot be told", async ({ place, skip }) => {
    skip(wayLacks('descriptors') !== undefined, wayLacks('descriptors'));
    const options = specIn(place);
    await using _there = await doMount({ ...options, strategy: 'descriptors' });
    expect(await reason(options)).toMatch(NAMES_OF_NOBODY);
    expect(await reason({ ...options, strategy: 'descriptors' })).toMatch(NAMES_OF_NOBODY);
    expect(await reason({ ...options, lower: [...options.lower, place.directory('l3')] })).toMatch(/another number/);
  });

  test("'reuse': where one layer is another, it does not matter what the others are", async ({ place }) => {
    const options = specIn(place);
    const data = `lowerdir=l1:${place.directory('l3')}`;
    mountSync('overlay', options.target, 'overlay', 0, data, { cwd: place.root });
    expect(await reason(options)).toMatch(/^an overlay of other directories is mounted at the target\b/);
  });

  test("'reuse': what the name of a layer was is not known when it leads nowhere", async ({ place }) => {
    const options = specIn(place);
    await using _there = await doMount(options);
    renameSync(options.lower[1] as string, place.path('moved'));
    const lower = [options.lower[0] as string, place.path('moved')];
    expect(await reason({ ...options, lower })).toMatch(
      /^an overlay whose layer '.*\/l2' in the mount table cannot be found now is mounted at the target\b/,
    );
  });

  test("'reuse' takes no layer by a name in /proc of a descriptor, which may be another by now", async ({ place }) => {
    const { lower, target } = specIn(place);
    const other = place.directory('other', { other: '' });
    const fd = openSync(lower[0] as string, 'r');
    const again = (name: string) => ({ lower: [name, lower[1] as string], target });
    const names = [`/proc/${process.pid}/fd/${fd}`, `//proc/self/fd/${fd}`];
    if (existsSync('/dev/fd')) names.push(`/dev/fd/${fd}`);
    const mounts = [];
    for (const name of names) {
      mounts.push(await doMount(again(name)));
      expect(await reason(again(name))).toMatch(NAMES_OF_NOBODY);
    }
    closeSync(fd);
    const reopened = openSync(other, 'r');
    expect(reopened).toBe(fd);
    for (const name of names.toReversed()) {
      expect(await reason(again(name))).toMatch(NAMES_OF_NOBODY);
      expect(await reason(again(other))).toMatch(NAMES_OF_NOBODY);
      await mounts.pop()?.unmount();
    }
    closeSync(reopened);
  });

  test("'reuse' takes no layer by a symbolic link, which may have been switched", async ({ place }) => {
    const { lower, target } = specIn(place);
    place.directory('images/v1', { one: '' });
    place.directory('images/v2', { two: '' });
    symlinkSync('v1', place.path('images/current'));
    symlinkSync('images', place.path('all'));
    for (const name of ['images/current', 'all/v1', 'images/v2/../v1']) {
      const options = { lower: [`${place.root}/${name}`, lower[1] as string], target };
      await using _there = await doMount({ ...options, strategy: 'data' });
      expect(await reason(options)).toMatch(NAMES_OF_NOBODY);
    }
    const options = { lower: [place.path('images/current'), lower[1] as string], target };
    const there = await doMount({ ...options, strategy: 'data' });
    unlinkSync(place.path('images/current'));
    symlinkSync('v2', place.path('images/current'));
    const said = await reason(options);
    expect(said).toMatch(NAMES_OF_NOBODY);
    expect(said).toContain(
      `'${place.path('images/current')}' in the mount table leads through a symbolic link to '${place.path('images/v2')}'`,
    );
    expect(await reason({ ...options, lower: [place.path('images/v2'), lower[1] as string] })).toMatch(NAMES_OF_NOBODY);
    await there.unmount();
    // What is only spelt in another way is the same.
    const spelt = { ...options, lower: [`/${place.path('images')}/.//v2/`, `${lower[1]}/.`] };
    await using first = await doMount(spelt);
    expect(await doMount({ ...spelt, ifMounted: 'reuse' })).toMatchObject({ id: first.id, reused: true });
  });

  test("'reuse' says which layer leads nowhere", async ({ place }) => {
    const options = specIn(place);
    await using _there = await doMount(options);
    expect(await reason({ ...options, lower: [options.lower[0] as string, place.path('missing')] })).toMatch(
      /^an overlay without the layer '.*\/missing', which cannot be found \(ENOENT: no such file or directory\), is mounted at the target\b/,
    );
  });

  // Each as it is asked for. Some are refused in themselves, or by this kernel.
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

  // Where the kernel has silently left out what was asked for, as in a user namespace, it is not the same.
  const hasFallenBack = (options: Readonly<Record<string, unknown>>, target: string) =>
    Object.entries({ index: 'index=on', nfsExport: 'nfs_export=on', metacopy: 'metacopy=on' }).some(
      ([name, word]) => options[name] === true && !tableEntry(target)?.superOptions.split(',').includes(word),
    );

  test.for([false, true])("'reuse' takes the same call twice, upper layer: %s", async (hasUpper, { place }) => {
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
  });

  // By what the upper layer has been used with before, uuid=on or uuid=null is as usual. With userxattr no redirect is
  // followed, which some kernels show and others do not.
  const shown = (target: string) =>
    tableEntry(target)
      ?.superOptions.replace(/,uuid=(?:on|null)/, '')
      .replace(/,redirect_dir=nofollow(?=.*,userxattr)/, '');

  test("'reuse' takes none with an option that was not asked for", async ({ place }) => {
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

  test("'reuse' does not know what is shown nowhere", async ({ place, skip }) => {
    const options = { ...specIn(place), upper: place.directory('u'), work: place.directory('w'), overrideCreds: false };
    const there = await doMount(options).catch(() => undefined);
    skip(there === undefined, 'this kernel has no override_creds');
    expect(await reason(options)).toMatch(
      /^an overlay that may have nooverride_creds without showing nooverride_creds in the mount table is mounted at the target\b/,
    );
  });

  test("'reuse' takes none that can be written to by another mount, if it is to be read-only", async ({ place }) => {
    const options = { ...specIn(place), upper: place.directory('u'), work: place.directory('w') };
    await doMount(options);
    await mountBind(options.target, place.directory('elsewhere'));
    await setMountAttributes(options.target, { readonly: true });
    expect(await reason({ ...options, readonly: true })).toMatch(
      /^the mount at the target is an overlay that is writable through other mounts, and only this mount is read-only, which is not what/,
    );
  });
});
