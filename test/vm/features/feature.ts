// What a feature is, and how its use on a kernel is recorded.
import { deepStrictEqual } from 'node:assert/strict';
import { MountError } from '../../../lib/index.js';
import type { ScratchDirectory } from '../../support/scratch-directory.js';

/** The result of using a feature on this kernel. */
export interface Finding {
  readonly group: string;
  readonly name: string;
  /**
   * `'works'`: with the newest system calls. `'falls back'`: with older calls and the same result. `'clear error'`:
   * with a reason in the error. `'in part'`: the kernel accepts an option and ignores it or a part of it. `'wrong'`:
   * none of these.
   */
  readonly outcome: 'works' | 'falls back' | 'clear error' | 'in part' | 'wrong';
  /** The strategy, or the code and reason of the error, or what was wrong. */
  readonly how: string;
}

/** The result of a feature that does not throw. */
export type Outcome = Pick<Finding, 'outcome' | 'how'>;

export const works = (how = ''): Outcome => ({ outcome: 'works', how });
export const fallsBack = (how: string): Outcome => ({ outcome: 'falls back', how });
export const inPart = (how: string): Outcome => ({ outcome: 'in part', how });

/** Uses a feature, checks the effect, and returns how it worked. Throws if the effect is wrong. */
export type Use = (scratch: ScratchDirectory) => Promise<Outcome> | Outcome;

export type Features = Readonly<Record<string, Use>>;

/** Throws unless two values are deeply equal. */
export function same(actual: unknown, expected: unknown): void {
  deepStrictEqual(actual, expected);
}

/** Throws unless an action throws an error with this code. */
export function refused(code: string, action: () => unknown): void {
  try {
    action();
  } catch (error) {
    same((error as { code: string }).code, code);
    return;
  }
  throw new Error(`the action succeeded, but ${code} was expected`);
}

/** Uses a feature and records the result. */
export async function find(group: string, name: string, use: Use, scratch: ScratchDirectory): Promise<Finding> {
  try {
    const { outcome, how } = await use(scratch);
    return { group, name, outcome, how: withoutPaths(how, scratch) };
  } catch (error) {
    if (error instanceof MountError && error.reason !== undefined) {
      return { group, name, outcome: 'clear error', how: `${error.code}: ${withoutPaths(error.reason, scratch)}` };
    }
    return { group, name, outcome: 'wrong', how: String(error instanceof Error ? error.stack : error) };
  }
}

/** Removes paths and white space that differ between runs. */
function withoutPaths(reason: string, { root }: ScratchDirectory): string {
  return reason
    .replaceAll(`${root}/`, '')
    .replaceAll(/\/var\/tmp\/features-\w+\//g, '')
    .replaceAll(/\s+/g, ' ');
}
