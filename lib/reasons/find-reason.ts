// Finds the reason of a failed call: rules, each for one cause, and the search for the first rule that applies.
import { describeErrno } from '../kernel/errno.js';
import type { Failure } from '../kernel/native.js';

/** One possible cause of a failure. `C` is the type of the facts about the failed call. */
export interface Rule<C> {
  /** The error codes with which the kernel reports this cause. */
  readonly codes: readonly string[];
  /** Returns the reason if the facts show the cause. */
  readonly find: (known: C) => string | undefined;
}

/** The facts that every rule needs. */
export interface Case {
  readonly failure: Failure;
}

/** Returns the reason of the first rule that applies; without such a rule, the kernel's own message if there is one. */
export function findReason<C extends Case>(rules: readonly Rule<C>[], known: C): string {
  const { name } = describeErrno(known.failure.error);
  for (const { codes, find } of rules) {
    const reason = codes.includes(name) ? find(known) : undefined;
    if (reason !== undefined) return reason;
  }
  const log = kernelLog(known.failure);
  if (log !== undefined) return `the kernel reports ${log}: correct the option or the path that this message names`;
  return 'the cause is unknown: read the kernel log (dmesg) for a message about this call';
}

/**
 * Formats the kernel's messages on one line, each in quotes and without its severity letter: fs/fs_context.c, logfc.
 */
export function kernelLog({ log }: Failure): string | undefined {
  if (log === null) return undefined;
  const lines = log.toString().trim().split('\n');
  return lines.map((line) => `"${line.replace(/^[ewi] /, '')}"`).join(', ');
}
