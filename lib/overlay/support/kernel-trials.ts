import { reasonOfProc } from '../../kernel/call-reasons.js';
import { describeErrno, errnoWords } from '../../kernel/errno.js';
import type { ScratchResult } from '../../kernel/native.js';
import { type Answer, Program, type Question, type Step } from './program.js';
import { no, type Support, type Survey, YES } from './survey.js';

/** What the kernel and the caller's namespace can do, whatever the filesystem; but for the last. */
export interface KernelSupport {
  /** Overlays can be mounted at all. */
  readonly overlay: Support;
  /** How many lower layers an overlay can have; 0 where none can be mounted. Every kernel so far: 500. */
  readonly maxLayers: number;
  /**
   * Layers one by one, of names of any length: fsconfig(2) with `lowerdir+`. Since Linux 6.7 (24e16e385f22; the kernel's
   * own documentation says 6.8).
   */
  readonly appendLayers: Support;
  /** The same by descriptors: `FSCONFIG_SET_FD`. Since Linux 6.13. */
  readonly layerDescriptors: Support;
  /** Layers of file contents only: `dataOnly`. Since Linux 6.5. */
  readonly dataOnly: Support;
  /** The process is in a user namespace, not the first one of the machine. */
  readonly inUserNamespace: boolean;
  /** Overlays can be mounted in a new user namespace, which the caller can make. Since Linux 5.11. */
  readonly userNamespace: Support;
  /** A bind of the directory with mapped ids can be a lower layer. Since Linux 5.12, by filesystem. */
  readonly idmappedLower: Support;
}

// Linux has had 500 since 4.20 (fs/overlayfs/params.h, OVL_MAX_STACK); the others are for a kernel that has another number,
// which is then known to be at least this one.
const COUNTS = [128, 500, 501];

/** The trials of what does not depend on options: a program to be added to, and what its results mean. */
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
  // Without metacopy nothing refers to a data-only layer, and the kernel refuses it.
  const dataOnly = byString('lowerdir=0:1::2,metacopy=on,redirect_dir=follow');
  // In a user namespace a clone of a directory with mounts below it is refused: one that was just made has none.
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
        ? 'it lacks CAP_SYS_ADMIN, or a sandbox refuses unshare(2)'
        : (reasonOfProc(privateError) ??
          'a limit may be reached (/proc/sys/user/max_mnt_namespaces), or memory be short');
    return no(`the caller cannot have a mount namespace to try in, ${errnoWords(privateError)}: ${why}`);
  }
  if (answer.ok) return YES;
  const name = errnoWords(answer.errno);
  if (name.startsWith('ENODEV')) return no('this kernel has no overlayfs: ENODEV');
  return no(
    answer.step[0] === 'mount' ? `the kernel refuses any overlay: ${name}` : `${answer.step[0]} failed: ${name}`,
  );
}

function contextReason(what: string, { step, errno }: Answer & { ok: false }): string {
  const name = errnoWords(errno);
  if (step[0] === 'fsopen') return `the kernel or a sandbox has no fsopen(2) for it: ${name}`;
  return `overlayfs does not take ${what}: ${name} from fsconfig(2)`;
}

function dataOnlyReason({ errno }: Answer & { ok: false }): string {
  const name = errnoWords(errno);
  const why = name.startsWith('EPERM') ? ', it needs privilege that this user namespace does not have' : '';
  return `overlayfs refuses a data-only layer (::): ${name}${why}`;
}

function namespaceVerdict({ userNamespaceError: errno, userNamespaceSyscall: syscall }: ScratchResult): Support {
  if (errno === 0) return YES;
  if (syscall === 'mount') return no(`in a new user namespace the kernel refuses an overlay: ${errnoWords(errno)}`);
  return no(`a user namespace cannot be made or used here: ${errnoWords(errno)} from ${syscall}(2)`);
}

function idmapReason({ step, errno }: Answer & { ok: false }, result: ScratchResult): string {
  const name = errnoWords(errno);
  if (step[0] === 'mount') return `overlayfs refuses a lower layer with mapped ids: ${name}`;
  if (step[0] === 'clone') return `the directory cannot be bound without a place: ${name} from open_tree(2)`;
  if (step[0] !== 'idmap') return `a bind with mapped ids could not be tried: ${name} at ${step[0]}`;
  const { userNamespaceError, userNamespaceSyscall } = result;
  if (userNamespaceError !== 0 && userNamespaceSyscall !== 'mount') {
    return `no user namespace to map ids with: ${errnoWords(userNamespaceError)} from ${userNamespaceSyscall}(2)`;
  }
  if (name.startsWith('EPERM'))
    return 'the filesystem belongs to a more privileged user namespace: EPERM from mount_setattr(2)';
  if (name.startsWith('EINVAL')) return 'the filesystem cannot have mapped ids: EINVAL from mount_setattr(2)';
  return `ids cannot be mapped: ${name} from mount_setattr(2)`;
}
