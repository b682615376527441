import { expect } from 'vitest';
import { pass } from './environment.js';

/** The error of a call that is not there: a sandbox refuses it, an older kernel does not know it. */
export function missing(calls: string): { code: string; reason: string } {
  return pass === 'sandbox'
    ? { code: 'EPERM', reason: expect.stringContaining('a seccomp filter') }
    : { code: 'ENOSYS', reason: expect.stringMatching(`(${calls})\\(2\\) is missing here, .*Linux 5\\.`) };
}
