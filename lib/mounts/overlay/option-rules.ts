// The rules about the options of an overlay.
import { OPTION_ROWS } from '../../overlay/options.js';
import { listed } from '../../reasons/examined-path.js';
import { kernelLog } from '../../reasons/find-reason.js';
import { EINVAL, type OverlayRule } from './case.js';

const NEED_TRUSTED_XATTRS: ReadonlySet<string | null | undefined> = new Set(
  OPTION_ROWS.flatMap(([, { words, needTrustedXattrs }]) => needTrustedXattrs.map((value) => words[String(value)])),
);

/** Rules for causes that are certain, or that the kernel names. */
export const CERTAIN_OPTION_RULES: readonly OverlayRule[] = [
  {
    codes: ['ENOTSUP'],
    find: ({ failure: { step } }) =>
      step === 'choose a strategy'
        ? "strategy 'fsconfig' needs Linux 6.7, whose overlayfs takes layers one by one (lowerdir+), and fsopen(2), which a seccomp filter may deny: leave strategy out"
        : undefined,
  },
  {
    codes: ['EINVAL', 'ENOENT', 'EPERM', 'ENOTSUP'],
    find: ({ failure, plan }) => {
      const log = kernelLog(failure);
      if (failure.step !== 'set option' || log === undefined) return undefined;
      return `overlayfs refuses one of the options ${listed(plan.words)}, and the kernel reports ${log}: leave that option out`;
    },
  },
  {
    codes: ['EPERM'],
    find: ({ plan, inUserNamespace, circumstances: { isAdmin } }) => {
      if (!inUserNamespace || isAdmin !== true) return undefined;
      const words = plan.words.filter((word) => NEED_TRUSTED_XATTRS.has(word));
      if (words.length === 0) return undefined;
      const need = words.length === 1 ? 'needs' : 'need';
      return `${listed(words)} ${need} extended attributes trusted.*, which no process may write in a user namespace: leave ${listed(words)} out, or mount as root outside the user namespace`;
    },
  },
];

/** Rules for causes that are only likely, to try after all other rules. */
export const REMAINING_OPTION_RULES: readonly OverlayRule[] = [
  {
    codes: EINVAL,
    find: ({ plan, failure }) => {
      if (plan.dataOnly.length === 0 || plan.words.includes('metacopy=on')) return undefined;
      if (failure.log !== null) return undefined;
      return 'dataOnly needs metacopy, unless the module parameter metacopy is on or, since Linux 6.16, userxattr is given: give metacopy: true';
    },
  },
  {
    codes: EINVAL,
    find: ({ plan: { words }, failure }) => {
      // If only the attach failed, overlayfs had already accepted the options.
      if (words.length === 0 || failure.step === 'attach') return undefined;
      if (failure.log !== null) return undefined;
      return `the kernel probably refuses ${words.length === 1 ? 'the option' : 'one of the options'} ${listed(words)}, as the directories of the overlay have no known fault: leave options out one by one, and read the log of the kernel (dmesg)`;
    },
  },
];
