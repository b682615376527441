// Tests of the reasons of failed overlay mounts, with made-up facts.
import { describe, expect, test } from 'vitest';
import type { Examination, Failure, PathFacts, UpperFacts } from '../../../../lib/kernel/native.js';
import { type OverlayMountOptions, planOverlay } from '../../../../lib/mounts/overlay/plan.js';
import { overlayReason, overlayReasonOfStep } from '../../../../lib/mounts/overlay/reasons.js';

// The facts describe machines that the tests do not run on. test/live/overlay tests the causes that can be mounted.

const SPEC = {
  lower: ['/l0', '/l1'],
  upper: '/u',
  work: '/w',
  target: '/t',
  redirectDir: 'off',
  userxattr: false,
} as const;
const ERRNO = { EPERM: 1, EAGAIN: 11, EBUSY: 16, ENODEV: 19, EINVAL: 22, EMFILE: 24, ENOSPC: 28, EROFS: 30 } as const;
const { EINVAL, EPERM, EROFS } = ERRNO;
const OTHER = { ENOTSUP: 95, ESTALE: 116 } as const;

const MOUNTINFO = '22 1 254:0 / / rw,relatime - ext4 /dev/vda rw\n';

interface Facts {
  readonly error: number;
  readonly spec?: object;
  readonly failure?: Partial<Failure>;
  /** The facts by path, where they differ from the facts of a directory on ext4. */
  readonly paths?: Readonly<Record<string, Partial<PathFacts>>>;
  readonly trial?: Partial<UpperFacts>;
  readonly mounts?: string | null;
  readonly status?: string | null;
  readonly filesystems?: string | null;
  readonly mountMax?: string | null;
  readonly inUserNamespace?: boolean;
}

const ROOT = 'CapEff:\t000001ffffffffff\nSeccomp:\t0\n';

function reason({ error, spec = {}, failure = {}, paths = {}, trial = {}, ...facts }: Facts): string {
  const plan = planOverlay({ ...SPEC, ...spec } as OverlayMountOptions);
  const failed: Failure = {
    ...{ error, syscall: 'mount', step: 'mount', left: false, mountId: 0n, index: -1, log: null, other: null },
    ...failure,
  };
  const { mounts = MOUNTINFO, status = ROOT, filesystems = 'nodev\toverlay\n\text4\n', mountMax = '100000\n' } = facts;
  const order = ['/t', ...plan.lower, ...plan.dataOnly, ...(plan.upper === null ? [] : ['/u', '/w', '/w/work', '/v'])];
  const examination: Examination = {
    paths: order.map((path, index) => ({
      error: ['/w/work', '/v'].includes(String(path)) ? 2 : 0,
      path: Buffer.from(path),
      mode: 0o040755,
      device: 1n,
      inode: BigInt(index),
      special: 0n,
      mountId: 22n,
      uniqueId: 0n,
      isMountPoint: false,
      type: 0xef53n,
      flags: 0n,
      ...paths[String(path)],
    })),
    files: [mounts, status, filesystems, mountMax].map((text) => (text === null ? null : Buffer.from(text, 'latin1'))),
    upper: plan.upper === null ? null : { tmpfile: 0, trusted: 0, user: 0, types: true, ...trial },
  };
  return overlayReason(failed, plan, examination, facts.inUserNamespace ?? false);
}

describe('overlayReason', () => {
  test.for<[string, Facts, RegExp]>([
    ['upper on NFS', { error: EINVAL, paths: { '/u': { type: 0x6969n } } }, /^upper '\/u' is on .*\(NFS\)/],
    ['upper on FAT', { error: EINVAL, paths: { '/u': { type: 0x4d44n } } }, /^upper '\/u' is on .*\(FAT\)/],
    ['a lower on FAT', { error: EINVAL, paths: { '/l1': { type: 0x4d44n } } }, /^lower\[1\] '\/l1' is on .*\(FAT\)/],
    [
      'no d_type',
      { error: EINVAL, trial: { types: false }, spec: { redirectDir: undefined } },
      /^upper '\/u' is on a filesystem \(ext4\) without d_type/,
    ],
    [
      'no attributes',
      { error: EINVAL, trial: { trusted: 95, user: 95 }, spec: { redirectDir: undefined } },
      /without extended attributes: put upper and work on/,
    ],
    ['a full disk', { error: EROFS, trial: { tmpfile: 28 } }, /^overlayfs cannot write in work '\/w' \(ENOSPC/],
    [
      'no overlayfs',
      { error: ERRNO.ENODEV, filesystems: 'nodev\ttmpfs\n' },
      /^the filesystem 'overlay' is not in this kernel .*modprobe/,
    ],
    ['no CAP_SYS_ADMIN', { error: EPERM, status: 'CapEff:\t0000000000000000\n' }, /^this process lacks CAP_SYS_ADMIN/],
    [
      'a user namespace',
      { error: EPERM, inUserNamespace: true },
      /^this process has CAP_SYS_ADMIN only in its user namespace.*'overlay' in user namespaces \(overlay needs Linux 5\.11/,
    ],
    [
      'a seccomp filter',
      { error: EPERM, status: `${ROOT}Seccomp:\t2\n`.replace('Seccomp:\t0\n', '') },
      /seccomp filter/,
    ],
    [
      'the limit of mounts',
      { error: ERRNO.ENOSPC, mountMax: '1\n' },
      /^the number of mounts in this mount namespace \(1\) has reached \/proc\/sys\/fs\/mount-max \(1\): unmount/,
    ],
    [
      'an upper directory in use by an overlay outside of the mount table',
      { error: ERRNO.EBUSY, spec: { index: true } },
      /^upper '\/u' or its work directory is in use by an overlay that the mount table does not show/,
    ],
    [
      'other lower layers',
      { error: OTHER.ESTALE, spec: { index: true } },
      /^with index: true upper '\/u' can be mounted/,
    ],
    [
      'an option that the kernel log names',
      {
        error: EINVAL,
        spec: { xino: 'on' },
        failure: { step: 'set option', syscall: 'fsconfig', log: Buffer.from("e overlay: Unknown parameter 'xino'\n") },
      },
      /^overlayfs refuses one of the options redirect_dir=off and xino=on, and the kernel reports "overlay: Unknown parameter 'xino'"/,
    ],
    [
      'an option that no log names',
      { error: EINVAL, spec: { xino: 'on' } },
      /^the kernel probably refuses one of the options redirect_dir=off and xino=on/,
    ],
    [
      'data-only layers',
      { error: EINVAL, spec: { dataOnly: ['/d'], redirectDir: undefined } },
      /^dataOnly needs metacopy, .*: give metacopy: true/,
    ],
    [
      'a strategy that the kernel lacks',
      { error: OTHER.ENOTSUP, failure: { step: 'choose a strategy', syscall: 'fsconfig' } },
      /^strategy 'fsconfig' needs Linux 6\.7/,
    ],
    [
      'an unknown cause',
      { error: EINVAL, spec: { redirectDir: undefined } },
      /^the cause is unknown: read the kernel log \(dmesg\)/,
    ],
    [
      'a kernel log about a layer',
      { error: EINVAL, spec: { redirectDir: undefined }, failure: { log: Buffer.from('e overlay: no good\n') } },
      /^the kernel reports "overlay: no good": correct the option or the path/,
    ],
  ])('overlayReason explains a failed overlay mount by its cause: %s', ([_name, facts, pattern]) => {
    expect(reason(facts)).toMatch(pattern);
  });

  test('overlayReason says that the cause is unknown when the mount table or the process status cannot be read', () => {
    expect(reason({ error: EINVAL, spec: { redirectDir: undefined }, mounts: null })).toMatch(/^the cause is unknown/);
    expect(reason({ error: EPERM, status: null })).toMatch(/^the cause is unknown/);
  });

  test('overlayReason does not report stacking depth for a lower overlay whose own layers are not in the mount table', () => {
    const mounts = `${MOUNTINFO}30 22 0:30 / /l1 rw - overlay overlay rw,lowerdir=10:11\n`;
    const said = reason({
      error: EINVAL,
      spec: { redirectDir: undefined },
      mounts,
      paths: { '/l1': { mountId: 30n } },
    });
    expect(said).not.toContain('too deep');
  });

  test('overlayReason compares filesystems, not path names, to detect layers that overlap', () => {
    // The path /l0/in is below /l0, but it is a mount point of another filesystem.
    const spec = { lower: ['/l0', '/l0/in'], redirectDir: undefined };
    const mounts = `${MOUNTINFO}30 22 0:30 / /l0/in rw - tmpfs tmpfs rw\n`;
    const apart = reason({ error: 40, spec, mounts, paths: { '/l0/in': { mountId: 30n, device: 2n } } });
    expect(apart).toMatch(/^the cause is unknown/);
    expect(reason({ error: 40, spec })).toMatch(
      /^the layers overlap, as lower\[1\] '\/l0\/in' is inside lower\[0\] '\/l0'/,
    );
  });
});

test('overlayReasonOfStep explains EAGAIN and EMFILE without an examination of the paths', () => {
  const plan = planOverlay(SPEC);
  const failure = { syscall: 'pthread_create', step: 'start a thread', left: false, mountId: 0n, index: -1 };
  const none = { log: null, other: null };
  expect(overlayReasonOfStep({ ...failure, ...none, error: ERRNO.EAGAIN }, plan)).toMatch(
    /refuses this process another thread: raise/,
  );
  expect(overlayReasonOfStep({ ...failure, ...none, syscall: 'open', error: ERRNO.EMFILE }, plan)).toMatch(
    /RLIMIT_NOFILE/,
  );
});
