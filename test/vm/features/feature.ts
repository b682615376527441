import { deepStrictEqual } from 'node:assert/strict';
import { MountError } from '../../../lib/index.js';
import type { ScratchDirectory } from '../../support/scratch-directory.js';

/** What a feature did on this kernel. */
export interface Finding {
  readonly group: string;
  readonly name: string;
  /**
   * `'works'` by the newest calls; `'falls back'` to older ones with the same result; a `'clear error'`; `'in part'`,
   * as the kernel takes an option and drops it, or does only some of it, which is found out by asking; none of these.
   */
  readonly outcome: 'works' | 'falls back' | 'clear error' | 'in part' | 'wrong';
  /** The way it went, the code and reason of the error, or what was wrong. */
  readonly how: string;
}

/** What a feature that did what it should tells. */
export type Way = Pick<Finding, 'outcome' | 'how'>;

export const works = (how = ''): Way => ({ outcome: 'works', how });
export const fallsBack = (how: string): Way => ({ outcome: 'falls back', how });
export const inPart = (how: string): Way => ({ outcome: 'in part', how });

/** Uses a feature for real, looks whether it did what it should, and tells how. Whatever is wrong it throws. */
export type Use = (scratch: ScratchDirectory) => Promise<Way> | Way;

/** Features by name. */
export type Features = Readonly<Record<string, Use>>;

/** Fails unless two values are the same. */
export function same(actual: unknown, expected: unknown): void {
  deepStrictEqual(actual, expected);
}

/** Fails unless an action fails with this code. */
export function refused(code: string, action: () => unknown): void {
  try {
    action();
  } catch (error) {
    same((error as { code: string }).code, code);
    return;
  }
  throw new Error(`${code} was expected, and it succeeded`);
}

/** Uses a feature and says what came of it. */
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

/** The same sentence in every run. */
function withoutPaths(reason: string, { root }: ScratchDirectory): string {
  return reason
    .replaceAll(`${root}/`, '')
    .replaceAll(/\/var\/tmp\/features-\w+\//g, '')
    .replaceAll(/\s+/g, ' ');
}
