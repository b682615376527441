// Builds a program of trial steps, which the native call `scratch` runs, and reads the results of one trial.
import type { Bytes } from '../../kernel/words.js';

/**
 * One step of a program: a name and its arguments. src-native/engines/probe/scratch_steps.h describes every step, with
 * an example.
 */
export type Step =
  | readonly [name: 'go', where: 'directory' | 'scratch' | 'tmpfs']
  | readonly [name: 'mkdir' | 'unlink' | 'rmdir' | 'd_type' | 'clone', path: string]
  | readonly [name: 'layers', count: string]
  | readonly [name: 'write' | 'append', path: string, content: string]
  | readonly [name: 'rename', from: string, to: string]
  | readonly [name: 'setxattr', path: string, attribute: string, value: string]
  | readonly [name: 'mount', type: string, target: string, data: string]
  | readonly [name: 'umount' | 'shown' | 'fsmount' | 'attach', target: string]
  | readonly [name: 'fsopen', type: string]
  | readonly [name: 'string', key: string, value: string]
  | readonly [name: 'descriptor', key: string, path: string]
  | readonly [name: 'idmap'];

/**
 * The answer of a trial: success, or the first failed step with its errno. `shown` is the text that the steps returned.
 */
export type Answer =
  | { readonly ok: true; readonly shown: string }
  | { readonly ok: false; readonly shown: string; readonly step: Step; readonly errno: number };

/** A function that takes the results of the whole program and returns the answer of one trial. */
export type Question = (results: readonly (number | string)[]) => Answer;

/**
 * A program: the steps of several trials. Every step runs, even after a failed step, so that the `umount` at the end of
 * a trial always runs.
 */
export class Program {
  /** The steps as one list of words, as the addon takes them. */
  readonly words: Bytes[] = [];
  readonly steps: Step[] = [];

  /** Appends the steps of one trial to the program. */
  ask(...steps: readonly Step[]): Question {
    const first = this.steps.length;
    for (const step of steps) this.words.push(...step);
    this.steps.push(...steps);
    return (results) => {
      const own = steps.map((step, index) => ({ step, result: results[first + index] }));
      const shown = own.map(({ result }) => (typeof result === 'string' ? result : '')).join('');
      const failed = own.find(({ result }) => typeof result !== 'string' && result !== 0);
      if (failed === undefined) return { ok: true, shown };
      return { ok: false, shown, step: failed.step, errno: Number(failed.result ?? 0) };
    };
  }
}

/**
 * Returns the value of an overlay option in the text that the mount table shows: `''` for an option without a value,
 * and undefined for an absent option.
 */
export function shownOption(shown: string, key: string): string | undefined {
  for (const option of shown.split(',')) {
    if (option === key) return '';
    if (option.startsWith(`${key}=`)) return option.slice(key.length + 1);
  }
  return undefined;
}
