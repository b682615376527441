// Tries which overlay features the kernel and the caller's namespace support.
import { reasonOfProc } from '../../kernel/call-reasons.js';
import { describeErrno, errnoWords } from '../../kernel/errno.js';
import type { ScratchResult } from '../../kernel/native.js';
import { type Answer, Program, type Question, type Step } from './program.js';
import { no, type Support, type Survey, YES } from './survey.js';

/** The overlay features that the kernel and the caller's namespace support. */
export interface KernelSupport {
  /** Whether overlays can be mounted at all. */
  readonly overlay: Support;
  /**
   * The number of lower layers that an overlay can have: 500 with every kernel so far, 0 if no overlay can be mounted.
   */
  readonly maxLayers: number;
  /**
   * Whether fsconfig(2) takes layers one by one, with paths of any length: `lowerdir+`. Since Linux 6.7 (24e16e385f22;
   * the kernel's own documentation says 6.8).
   */
  readonly appendLayers: Support;
  /** Whether fsconfig(2) takes layers as descriptors: `FSCONFIG_SET_FD`. Since Linux 6.13. */
  readonly layerDescriptors: Support;
  /** Whether an overlay can have data-only layers: `dataOnly`. Since Linux 6.5. */
  readonly dataOnly: Support;
  /** Whether the process is in a user namespace other than the initial user namespace. */
  readonly inUserNamespace: boolean;
  /** Whether the caller can make a user namespace and mount overlays in that namespace. Since Linux 5.11. */
  readonly userNamespace: Support;
  /** Whether an idmapped bind mount of the directory can be a lower layer. Since Linux 5.12, on some filesystems. */
  readonly idmappedLower: Support;
}

// Overlayfs accepts up to 500 layers since Linux 4.20 (fs/overlayfs/params.h, OVL_MAX_STACK). The other counts give a
// lower bound for a kernel with another limit.
const COUNTS = [128, 500, 501];

/** Returns the program of the trials that do not depend on options, and the function that reads the results. */
export function planKernel(survey: Survey): {
  program: Program;
  namespaceData: string;
  read: (result: ScratchResult) => KernelSupport;
} {
  const program = new Program();
  const memory: Step = ['go', 'tmpfs'];
  const mounted = (...mount: Step[]): Question => program.ask(memory, ...mount, ['umount', 'm']);
  const byString = (data: string) => mounted(['mount', 'overlay', 'm', data]);
  const names = (count: number) => Array.from({ length: count }, (_, index) => index).join(':');
  const byContext = (kind: 'string' | 'descriptor') =>
    mounted(['fsopen', 'overlay'], [kind, 'lowerdir+', '0'], [kind, 'lowerdir+', '1'], ['fsmount', 'm']);

  program.ask(memory, ['layers', String(Math.max(...COUNTS))], ['mkdir', 'm'], ['mkdir', 'i']);
  const present = byString('lowerdir=0:1');
  const counts = COUNTS.map((count) => byString(`lowerdir=${names(count)}`));
  const append = byContext('string');
  const descriptors = byContext('descriptor');
  // Without metacopy no layer refers to a data-only layer, and the kernel refuses the data-only layer.
  const dataOnly = byString('lowerdir=0:1::2,metacopy=on,redirect_dir=follow');
  // In a user namespace the kernel refuses to clone a directory with mounts below, so the trial clones a new directory.
  const canMake = survey.upperWords !== undefined;
  const idmapped = program.ask(
    ...(canMake
      ? ([
          ['go', 'scratch'],
          ['mkdir', 'i'],
          ['clone', 'i'],
        ] as const)
      : ([
          ['go', 'directory'],
          ['clone', '.'],
        ] as const)),
    ['idmap'],
    memory,
    ['attach', 'i'],
    ['mount', 'overlay', 'm', 'lowerdir=i:0'],
    ['umount', 'm'],
    ['umount', 'i'],
  );

  const read = (result: ScratchResult): KernelSupport => {
    const { steps, privateError } = result;
    const overlay = presence(present(steps), privateError);
    const unless = (question: Question, what: (answer: Answer & { ok: false }) => string): Support => {
      if (!overlay.supported) return overlay;
      const answer = question(steps);
      return answer.ok ? YES : no(what(answer));
    };
    const reached = COUNTS.filter((_, index) => counts[index]?.(steps).ok);
    return {
      overlay,
      maxLayers: overlay.supported ? Math.max(2, ...reached) : 0,
      appendLayers: unless(append, (answer) => contextReason('lowerdir+', answer)),
      layerDescriptors: unless(descriptors, (answer) => contextReason('layers as descriptors', answer)),
      dataOnly: unless(dataOnly, dataOnlyReason),
      inUserNamespace: result.inUserNamespace,
      userNamespace: namespaceVerdict(result),
      idmappedLower: unless(idmapped, (answer) => idmapReason(answer, result)),
    };
  };
  return { program, namespaceData: 'lowerdir=a:b', read };
}

function presence(answer: Answer, privateError: number): Support {
  if (privateError !== 0) {
    const why =
      describeErrno(privateError).name === 'EPERM'
        ? 'the caller lacks CAP_SYS_ADMIN, or a sandbox refuses unshare(2)'
        : (reasonOfProc(privateError) ??
          'a limit may be reached (/proc/sys/user/max_mnt_namespaces), or memory may be short');
    return no(`the caller cannot make a private mount namespace to try overlays, ${errnoWords(privateError)}: ${why}`);
  }
  if (answer.ok) return YES;
  const name = errnoWords(answer.errno);
  if (name.startsWith('ENODEV')) return no('this kernel has no overlayfs: ENODEV');
  return no(
    answer.step[0] === 'mount'
      ? `the kernel refuses any overlay: ${name}`
      : `the step ${answer.step[0]} before the mount of an overlay failed: ${name}`,
  );
}

function contextReason(what: string, { step, errno }: Answer & { ok: false }): string {
  const name = errnoWords(errno);
  if (step[0] === 'fsopen') return `fsopen(2) for overlays is missing in the kernel or denied by a sandbox: ${name}`;
  return `overlayfs does not take ${what}: ${name} from fsconfig(2)`;
}

function dataOnlyReason({ errno }: Answer & { ok: false }): string {
  const name = errnoWords(errno);
  const why = name.startsWith('EPERM') ? ', because the layer needs privilege that this user namespace lacks' : '';
  return `overlayfs refuses a data-only layer (::): ${name}${why}`;
}

function namespaceVerdict({ userNamespaceError: errno, userNamespaceSyscall: syscall }: ScratchResult): Support {
  if (errno === 0) return YES;
  if (syscall === 'mount') return no(`the kernel refuses an overlay in a new user namespace: ${errnoWords(errno)}`);
  return no(`the caller cannot make or use a user namespace: ${errnoWords(errno)} from ${syscall}(2)`);
}

function idmapReason({ step, errno }: Answer & { ok: false }, result: ScratchResult): string {
  const name = errnoWords(errno);
  if (step[0] === 'mount') return `overlayfs refuses an idmapped lower layer: ${name}`;
  if (step[0] === 'clone') return `no detached bind mount of the directory can be made: ${name} from open_tree(2)`;
  if (step[0] !== 'idmap') return `an idmapped bind mount could not be tried: ${name} from the step ${step[0]}`;
  const { userNamespaceError, userNamespaceSyscall } = result;
  if (userNamespaceError !== 0 && userNamespaceSyscall !== 'mount') {
    return `no user namespace for an ID mapping can be made: ${errnoWords(userNamespaceError)} from ${userNamespaceSyscall}(2)`;
  }
  if (name.startsWith('EPERM'))
    return 'the filesystem belongs to a more privileged user namespace: EPERM from mount_setattr(2)';
  if (name.startsWith('EINVAL')) return 'the filesystem does not support idmapped mounts: EINVAL from mount_setattr(2)';
  return `the bind mount cannot be idmapped: ${name} from mount_setattr(2)`;
}
