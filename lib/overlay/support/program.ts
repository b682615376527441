// Builds the program of a scratch directory: the steps that the addon takes to try overlays.
import type { Bytes } from '../../kernel/words.js';

/** One step of a program: its name and its arguments, as src-native/engines/probe/scratch_steps.cc defines them. */
export type Step = readonly [name: string, ...words: string[]];

/** The result of a trial: success, or the first step that failed. `shown` is the text of the mount table. */
export type Answer =
  | { readonly ok: true; readonly shown: string }
  | { readonly ok: false; readonly shown: string; readonly step: Step; readonly errno: number };

/** Returns the answer of one trial from the results of the whole program. */
export type Question = (results: readonly (number | string)[]) => Answer;

/**
 * The steps of several trials. The addon takes every step of a trial, even if a step fails, so that each trial unmounts
 * what it mounts.
 */
export class Program {
  /** The steps as one list of words, as the addon takes them. */
  readonly words: Bytes[] = [];
  readonly steps: Step[] = [];

  /** Adds the steps of one trial. Returns the function that reads the answer. */
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

/** Returns the value of an option that the mount table shows; `''` for a bare word, undefined for a missing option. */
export function shownOption(shown: string, key: string): string | undefined {
  for (const option of shown.split(',')) {
    if (option === key) return '';
    if (option.startsWith(`${key}=`)) return option.slice(key.length + 1);
  }
  return undefined;
}
