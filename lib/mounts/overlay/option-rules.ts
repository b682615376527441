import { listed } from '../../reasons/examined-path.js';
import { kernelLog } from '../../reasons/find-reason.js';
import { EINVAL, type OverlayCase, type OverlayRule } from './case.js';

// Options that need attributes trusted.*, which nobody may write in a user namespace.
const TRUSTED = /^(?:redirect_dir=(?:on|follow)|metacopy=on|verity=(?:on|require))$/;

const certain: readonly OverlayRule[] = [
  {
    codes: ['ENOTSUP'],
    find: ({ failure: { step } }) =>
      step === 'choose a way'
        ? "strategy 'fsconfig' cannot be had: this kernel's overlayfs does not take one layer at a time (lowerdir+, Linux 6.7), or a seccomp filter denies fsopen. Leave strategy out, so that another way is taken"
        : null,
  },
  {
    codes: ['EINVAL', 'ENOENT', 'EPERM', 'ENOTSUP'],
    find: ({ failure, plan }) => {
      const log = kernelLog(failure);
      if (failure.step !== 'set option' || log === undefined) return undefined;
      return `overlayfs does not take one of the options ${listed(plan.words)}: the kernel says ${log}. Leave that option out`;
    },
  },
  {
    codes: ['EPERM'],
    find: ({ plan, inUserNamespace, circumstances: { isAdmin } }) => {
      if (!inUserNamespace || isAdmin !== true) return null;
      const words = plan.words.filter((word) => TRUSTED.test(word));
      if (words.length === 0) return null;
      return `${listed(words)} needs extended attributes trusted.*, which a user namespace may not use: leave it out, or mount as root outside`;
    },
  },
];

const remaining: readonly OverlayRule[] = [
  {
    codes: EINVAL,
    find: ({ plan, failure }: OverlayCase) =>
      plan.dataOnly.length === 0 || plan.words.includes('metacopy=on')
        ? null
        : failure.log !== null
          ? undefined
          : 'dataOnly needs metacopy: true, unless metacopy is on by a parameter of the module or, since Linux 6.16, with userxattr; nothing else was found wrong: give metacopy: true',
  },
  {
    codes: EINVAL,
    find: ({ plan: { words }, failure }: OverlayCase) => {
      // Once it is attached the overlay is made, options and all.
      if (words.length === 0 || failure.step === 'attach') return null;
      if (failure.log !== null) return undefined;
      const which = words.length === 1 ? 'the option' : 'one of the options, or some of them together:';
      return `nothing is wrong with the directories as far as can be seen, so that this kernel may not take ${which} ${listed(words)}: leave options out one by one, and look into the log of the kernel (dmesg)`;
    },
  },
];

/** Options: what the kernel says itself, and what is left when nothing else explains it. */
export const OPTION_RULES: Readonly<Record<'certain' | 'remaining', readonly OverlayRule[]>> = { certain, remaining };
