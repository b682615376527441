// Tests mountTmpfs() and mountTmpfsSync(): each option of tmpfs, ifMounted: reuse and refused arguments.
import { statfsSync, statSync } from 'node:fs';
import { describe, expect } from 'vitest';
import { mountSync, mountTmpfs, mountTmpfsSync, pageSize, type TmpfsOptions, umountSync } from '../../../lib/index.js';
import { isRealRoot } from '../../support/environment.js';
import { type Place, test } from '../../support/place.js';
import { tableEntry } from '../../support/table.js';
import { rejectionOf } from '../../support/values.js';

const forms = [
  ['mountTmpfsSync', async (...call: Parameters<typeof mountTmpfs>) => mountTmpfsSync(...call)],
  ['mountTmpfs', mountTmpfs],
] as const;

/** Why this kernel refuses a tmpfs option; undefined if it takes the option. */
function takes(place: Place, data: string): string | undefined {
  const target = place.directory('probe');
  try {
    mountSync('probe', target, 'tmpfs', 0, data);
    umountSync(target);
    return undefined;
  } catch (error) {
    return `this kernel refuses ${data} for tmpfs (${(error as { code: string }).code})`;
  }
}

// A user namespace maps only one ID.
const [uid, gid] = isRealRoot ? [1234, 5678] : [0, 0];

describe.each(forms)('%s', (_, doMount) => {
  const failure = async (target: unknown, options: unknown) =>
    rejectionOf((async () => doMount(...([target, options] as Parameters<typeof mountTmpfs>)))());

  test('mountTmpfs mounts an empty tmpfs, and gives a handle that unmounts it', async ({ place }) => {
    const target = place.directory('t');
    const mount = await doMount(target);
    expect(mount).toMatchObject({ target, strategy: 'data', reused: false });
    expect(tableEntry(target)).toMatchObject({ fsType: 'tmpfs', source: 'tmpfs' });
    await mount.unmount();
    expect(tableEntry(target)).toBeUndefined();
  });

  test.for<[string, TmpfsOptions, (target: string) => unknown, unknown]>([
    ['a size in bytes', { size: 2 ** 20 }, (t) => statfsSync(t).blocks * pageSize, 2 ** 20],
    ['a size with a unit', { size: '2M' }, (t) => statfsSync(t).blocks * pageSize, 2 ** 21],
    ['a size that is not a whole page', { size: 1 }, (t) => statfsSync(t).blocks, 1],
    ['a size of 0, which means no limit', { size: 0 }, (t) => statfsSync(t).blocks, 0],
    ['a size in percent of the memory', { size: '1%' }, (t) => statfsSync(t).blocks > 0, true],
    ['nrBlocks', { nrBlocks: 7 }, (t) => statfsSync(t).blocks, 7],
    ['nrBlocks with a unit', { nrBlocks: '1k' }, (t) => statfsSync(t).blocks, 1024],
    ['nrInodes', { nrInodes: 33 }, (t) => statfsSync(t).files, 33],
    ['nrInodes of 0, which means no limit', { nrInodes: 0 }, (t) => statfsSync(t).files, 0],
    ['mode', { mode: 0o1750 }, (t) => statSync(t).mode & 0o7777, 0o1750],
    ['mode 0', { mode: 0 }, (t) => statSync(t).mode & 0o7777, 0],
    ['the default mode', {}, (t) => statSync(t).mode & 0o7777, 0o1777],
    ['uid and gid', { uid, gid }, (t) => [statSync(t).uid, statSync(t).gid], [uid, gid]],
    ['source', { source: 'my name' }, (t) => tableEntry(t)?.source, 'my\\040name'],
    ['additional parameters', { parameters: { nr_inodes: 34, size: '1m' } }, (t) => statfsSync(t).files, 34],
    [
      'attributes',
      {
        readonly: true,
        noSuid: true,
        noDev: true,
        noExec: true,
        noSymFollow: true,
        noDirAtime: true,
        atime: 'noatime',
      },
      (t) => tableEntry(t)?.options.toSorted().join(),
      'noatime,nodev,nodiratime,noexec,nosuid,nosymfollow,ro',
    ],
  ])('mountTmpfs sets the requested option: %s', async ([_name, options, found, expected], { place }) => {
    const target = place.directory('t');
    await using _mount = await doMount(target, options);
    expect(found(target)).toEqual(expected);
  });

  test.for<[string, TmpfsOptions, string, RegExp]>([
    ['huge always', { huge: 'always' }, 'huge=always', /,huge=always/],
    ['huge advise', { huge: 'advise' }, 'huge=advise', /,huge=advise/],
    ['huge within_size', { huge: 'within_size' }, 'huge=within_size', /,huge=within_size/],
    ['huge never', { huge: 'never' }, 'huge=never', /^rw(?!.*huge)/],
    ['mpol', { mpol: 'interleave' }, 'mpol=interleave', /,mpol=interleave/],
    ['inode64', { inode64: true }, 'inode64', /,inode64/],
    ['inode32', { inode64: false }, 'inode32', /,inode32/],
    ['noSwap', { noSwap: true }, 'noswap', /,noswap/],
    ['usrQuota', { usrQuota: true }, 'usrquota', /,usrquota/],
    ['grpQuota', { grpQuota: true }, 'grpquota', /,grpquota/],
    ['options that are false', { noSwap: false, usrQuota: false, grpQuota: false }, 'size=1m', /^rw(?!.*(swap|quota))/],
  ])(
    'mountTmpfs sets the requested option on a kernel that supports the option: %s',
    async ([_name, options, data, expected], { place, skip }) => {
      const lack = takes(place, data);
      skip(lack !== undefined, lack);
      const target = place.directory('t');
      await using _mount = await doMount(target, options);
      const { superOptions = '' } = tableEntry(target) ?? {};
      // Some kernels do not show the inode option when it equals the default of the kernel.
      if (data !== 'inode32' || /inode/.test(superOptions)) expect(superOptions).toMatch(expected);
    },
  );

  test('mountTmpfs accepts options that the options object inherits from its prototype', async ({ place }) => {
    const target = place.directory('t');
    await using _mount = await doMount(target, Object.create({ readonly: true, size: '1m' }) as TmpfsOptions);
    expect(tableEntry(target)?.options).toContain('ro');
    expect(tableEntry(target)?.superOptions).toMatch(/size=1024k/);
  });

  test('mountTmpfs with ifMounted: "reuse" and equal options returns a handle of the mount at the target', async ({
    place,
  }) => {
    for (const options of [
      {},
      { size: '1m' },
      { size: 5000, nrInodes: 10, mode: 0o700 },
      { nrBlocks: 9, mode: 0o1777, huge: 'never', noExec: true },
      { size: 0, atime: 'strictatime' },
      { uid: process.geteuid?.() ?? 0, gid: process.getegid?.() ?? 0 },
      { uid, gid, mode: 0 },
      { inode64: false },
      { mpol: 'default' },
    ] as const) {
      const target = place.directory('t');
      await using first = await doMount(target, { ...options, ifMounted: 'reuse' });
      const second = await doMount(target, { ...options, ifMounted: 'reuse' });
      expect([first.reused, second.reused, second.id]).toEqual([false, true, first.id]);
    }
  });

  test.for<[string, TmpfsOptions, RegExp]>([
    ['the size', { size: '2m' }, /does not show the requested parameter size/],
    ['the mode', { mode: 0o700 }, /does not show the requested parameter mode/],
    ['the number of inodes', { nrInodes: 5 }, /does not show the requested parameter nr_inodes/],
    ['the source', { source: 'x' }, /^the mount at the target has another source/],
  ])(
    'mountTmpfs with ifMounted: "reuse" rejects with EBUSY when an option differs from the mount at the target: %s',
    async ([_name, options, reason], { place }) => {
      const target = place.directory('t');
      await using _first = await doMount(target, { size: '1m', nrInodes: 50 });
      expect(await failure(target, { ...options, ifMounted: 'reuse' })).toMatchObject({
        code: 'EBUSY',
        reason: expect.stringMatching(reason),
      });
    },
  );

  test.for<[string, TmpfsOptions, RegExp]>([
    ['an owner', { uid, gid, mode: 0o700 }, /^the mount at the target is a tmpfs with another uid, which is not what/],
    ['a group', { gid }, /^the mount at the target is a tmpfs with another gid/],
    ['a mode', { mode: 0o755 }, /^the mount at the target is a tmpfs with another mode/],
    ['a size', { size: '1m' }, /^the mount at the target is a tmpfs with another size/],
    ['a size in pages', { nrBlocks: 7 }, /^the mount at the target is a tmpfs with another size/],
    ['a number of inodes', { nrInodes: 50 }, /^the mount at the target is a tmpfs with another nr_inodes/],
    ['no limit', { size: 0, nrInodes: 0 }, /^the mount at the target is a tmpfs with another (?:size|nr_inodes)/],
    ['a policy for memory', { mpol: 'local' }, /^the mount at the target is a tmpfs with another mpol/],
  ])(
    'mountTmpfs with only ifMounted: "reuse" rejects with EBUSY when the mount at the target has an option: %s',
    async ([_name, options, reason], { place, skip }) => {
      skip(options.uid !== undefined && uid === process.geteuid?.(), 'this user namespace has only one ID');
      skip(options.gid !== undefined && gid === process.getegid?.(), 'this user namespace has only one ID');
      const target = place.directory('t');
      await using first = await doMount(target, options);
      skip(
        options.mpol !== undefined && !tableEntry(target)?.superOptions.includes('mpol='),
        'this kernel has no mpol',
      );
      const wanted = { mode: options.uid === undefined ? undefined : options.mode, ifMounted: 'reuse' } as TmpfsOptions;
      expect(await failure(target, wanted)).toMatchObject({ code: 'EBUSY', reason: expect.stringMatching(reason) });
      expect(first.reused).toBe(false);
    },
  );

  test('mountTmpfs with ifMounted: "reuse" rejects a size that the mount table shows in another form', async ({
    place,
  }) => {
    const target = place.directory('t');
    await using _first = await doMount(target, { size: '5%' });
    expect(await failure(target, { size: '5%', ifMounted: 'reuse' })).toMatchObject({
      code: 'EBUSY',
      reason: expect.stringMatching(
        /^the mount at the target is a tmpfs that does not show the requested parameter size, and so is not known to be what was asked for$/,
      ),
    });
  });

  test('mountTmpfs rejects with a reason when the target is missing or a parameter is unknown', async ({ place }) => {
    expect(await failure(place.path('missing'), {})).toMatchObject({
      code: 'ENOENT',
      reason: expect.stringMatching(/^the target '.*\/missing' does not exist/),
    });
    expect(await failure(place.directory('t'), { parameters: { nonsense: 1 } })).toMatchObject({
      code: 'EINVAL',
      reason: expect.stringMatching(/'tmpfs' probably refuses its option data/),
    });
  });

  test.for<[string, unknown, string]>([
    ['an unknown option', { nr_inodes: 1 }, 'ERR_INVALID_ARG_VALUE'],
    ['a size that is not a number', { size: 'much' }, 'ERR_INVALID_ARG_VALUE'],
    [
      'a size and an undefined parameter of the same name',
      { size: '1m', parameters: { size: undefined } },
      'ERR_INVALID_ARG_VALUE',
    ],
    ['a size and a parameter of the same name', { size: '1m', parameters: { size: '2m' } }, 'ERR_INVALID_ARG_VALUE'],
    ['a size and the parameter nr_blocks', { size: '1m', parameters: { nr_blocks: 0 } }, 'ERR_INVALID_ARG_VALUE'],
    ['a mode and a parameter of the same name', { mode: 0o700, parameters: { mode: '777' } }, 'ERR_INVALID_ARG_VALUE'],
    [
      'inode64 and a parameter of the same name',
      { inode64: false, parameters: { inode64: true } },
      'ERR_INVALID_ARG_VALUE',
    ],
    [
      'noSwap and a parameter that contradicts it',
      { noSwap: false, parameters: { noswap: true } },
      'ERR_INVALID_ARG_VALUE',
    ],
    ['a size with a comma and a second option', { size: '1m,mode=777' }, 'ERR_INVALID_ARG_VALUE'],
    ['a negative size', { size: -1 }, 'ERR_OUT_OF_RANGE'],
    ['a fractional number of inodes', { nrInodes: 1.5 }, 'ERR_OUT_OF_RANGE'],
    ['a number of inodes in percent', { nrInodes: '5%' }, 'ERR_INVALID_ARG_VALUE'],
    ['a mode that is a string', { mode: '755' }, 'ERR_INVALID_ARG_TYPE'],
    ['a mode above 0o7777', { mode: 0o10000 }, 'ERR_OUT_OF_RANGE'],
    ['the invalid uid 0xffffffff', { uid: 0xffff_ffff }, 'ERR_OUT_OF_RANGE'],
    ['an unknown huge', { huge: 'sometimes' }, 'ERR_INVALID_ARG_VALUE'],
    ['an mpol that is not a string', { mpol: 1 }, 'ERR_INVALID_ARG_TYPE'],
    ['an mpol with a NUL character', { mpol: 'a\0' }, 'ERR_INVALID_ARG_VALUE'],
    ['a noSwap that is not a boolean', { noSwap: 1 }, 'ERR_INVALID_ARG_TYPE'],
    ['a source that is not a string', { source: 1 }, 'ERR_INVALID_ARG_TYPE'],
    ['a source that is null', { source: null }, 'ERR_INVALID_ARG_TYPE'],
    ['a source that is not well-formed UTF-16', { source: '\ud800' }, 'ERR_INVALID_ARG_VALUE'],
    ['options that are a Map', new Map([['readonly', true]]), 'ERR_INVALID_ARG_TYPE'],
    ['options that are an AbortSignal', new AbortController().signal, 'ERR_INVALID_ARG_TYPE'],
    ['parameters that are an array', { parameters: ['size=1m'] }, 'ERR_INVALID_ARG_TYPE'],
    ['parameters that are a string', { parameters: 'size=1m' }, 'ERR_INVALID_ARG_TYPE'],
    ['parameters that are a number', { parameters: 5 }, 'ERR_INVALID_ARG_TYPE'],
  ])('mountTmpfs throws or rejects with an ERR_* code for a wrong argument: %s', async ([_name, options, code]) => {
    expect(await failure('/t', options)).toMatchObject({ code });
  });
});
