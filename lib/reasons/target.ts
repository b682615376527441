import { NO_SYMLINKS, NO_XDEV, targetInWords } from '../arguments/target.js';
import { namespaceReasonOfStep } from '../kernel/call-reasons.js';
import { describeErrno } from '../kernel/errno.js';
import { printable } from '../kernel/errors.js';
import type { Failure } from '../kernel/native.js';
import type { NativeNamespace, NativeTarget } from '../kernel/words.js';
import { unreachable } from './facts.js';

/** Why a target inside a root, or another namespace, could not be had, where the failed step tells. */
export function targetReasonOfStep(
  failure: Failure,
  target: NativeTarget,
  namespace: NativeNamespace,
): string | undefined {
  const { step, error } = failure;
  const { name, message } = describeErrno(error);
  switch (step) {
    case 'open root':
      return unreachable([`the root ${printable(target.root ?? '')}`], error);
    case 'open target':
    case 'make target':
      return target.root === null ? undefined : reasonInRoot(step, name, message, target);
    case 'locate target':
      return `the target ${targetInWords(target)} was moved or exchanged while it was being used (${name}: ${message}): try again`;
    default:
      return namespaceReasonOfStep(failure, namespace);
  }
}

function reasonInRoot(step: string, name: string, message: string, target: NativeTarget): string {
  const where = `the target ${targetInWords(target)}`;
  const { create, resolve } = target;
  switch (name) {
    case 'ENOENT':
      return create === 0
        ? `${where} does not exist (or is a link to nowhere in there): make it first, or ask for create`
        : `${where} does not exist, and what is made there is taken away again all the time: try again`;
    case 'ELOOP':
      if (step === 'make target') {
        return `${where} leads through a symbolic link to nowhere in there, and nothing is made where a link leads: make what it names, or name that`;
      }
      return (resolve & NO_SYMLINKS) !== 0
        ? `${where} leads through a symbolic link, which noSymlinks forbids: name the directory itself`
        : `${where} leads through too many symbolic links, through one that may not be followed (nosymfollow), or through one of /proc that may lead anywhere: name the directory itself`;
    case 'EXDEV':
      return (resolve & NO_XDEV) !== 0
        ? `${where} leads to another mount, which noXdev forbids: name a place on the mount of the root`
        : `${where} was moved out of the root while it was looked up: try again`;
    case 'ENOTDIR':
      return create === 0
        ? `${where} leads through a file: correct the path`
        : `${where} leads through a file, or has '..' after what does not exist yet, or a slash after the file that is to be made: correct the path`;
    case 'EAGAIN':
      return `${where} could not be looked up, as something in the root is renamed all the time: try again`;
    case 'ENOSYS':
    case 'EPERM':
      return step === 'open target'
        ? `openat2(2), which keeps ${where} inside, is not to be had here (${name}: Linux 5.6, and no seccomp filter that denies it): allowEmulation: true looks it up step by step, see there`
        : `${where} could not be made (${name}: ${message})`;
    default:
      return `${where} could not be ${step === 'open target' ? 'reached' : 'made'} (${name}: ${message})`;
  }
}
