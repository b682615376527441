import { describeErrno } from '../kernel/errno.js';
import type { Failure } from '../kernel/native.js';

/**
 * What a rule finds: a sentence, when its cause is there; null when it was looked for and is not; undefined when that
 * cannot be known from the facts.
 */
export type Finding = string | null | undefined;

/** One cause of failures. `C` is what is known about the case. */
export interface Rule<C> {
  /** The errors that it gives, as `code` names them. */
  readonly codes: readonly string[];
  /** The cause in a few words, for the list of what was ruled out. */
  readonly what: string;
  readonly find: (known: C) => Finding;
}

/** What every case has. */
export interface Case {
  readonly failure: Failure;
}

/** The sentence of the first rule that applies; where none does, what was ruled out. */
export function reasonBy<C extends Case>(rules: readonly Rule<C>[], known: C): string {
  const { name } = describeErrno(known.failure.error);
  const ruledOut: string[] = [];
  for (const { codes, what, find } of rules) {
    if (!codes.includes(name)) continue;
    const finding = find(known);
    if (typeof finding === 'string') return finding;
    if (finding === null) ruledOut.push(what);
  }
  const without = ruledOut.length === 0 ? '' : `; it is not ${ruledOut.join(', not ')}`;
  const log = kernelLog(known.failure);
  if (log !== undefined) return `the kernel says ${log}${without}`;
  return `the cause could not be found out${without}: the log of the kernel (dmesg) may tell it`;
}

/** What the kernel wrote, on one line and without the letter that says how grave it is. */
export function kernelLog({ log }: Failure): string | undefined {
  if (log === null) return undefined;
  const lines = log.toString().trim().split('\n');
  return lines.map((line) => `"${line.replace(/^[ewi] /, '')}"`).join(', ');
}
