import type { Bytes } from '../../kernel/words.js';

/** One step of a scratch place, its name and its arguments: src-native/engines/probe/scratch_steps.cc. */
export type Step = readonly [name: string, ...words: string[]];

/** What came of a trial: it went through, or the first step that did not. `shown` is what the mount table said. */
export type Answer =
  | { readonly ok: true; readonly shown: string }
  | { readonly ok: false; readonly shown: string; readonly step: Step; readonly errno: number };

/** A trial that has been written down, and tells its answer when the results are there. */
export type Question = (results: readonly (number | string)[]) => Answer;

/**
 * A list of steps, made of trials. Each trial runs to its end whatever happens in it or before it, so that what it mounts
 * is taken down again.
 */
export class Program {
  readonly words: Bytes[] = [];
  readonly steps: Step[] = [];

  /** Adds the steps of one trial. */
  ask(...steps: readonly Step[]): Question {
    const first = this.steps.length;
    for (const step of steps) this.words.push(...step);
    this.steps.push(...steps);
    return (results) => {
      const own = steps.map((step, index) => ({ step, result: results[first + index] }));
      const shown = own.map(({ result }) => (typeof result === 'string' ? result : '')).join('');
      const wrong = own.find(({ result }) => typeof result !== 'string' && result !== 0);
      if (wrong === undefined) return { ok: true, shown };
      return { ok: false, shown, step: wrong.step, errno: Number(wrong.result ?? 0) };
    };
  }
}

/** An option of an overlay as the mount table shows it: its value, `''` for a bare word, undefined when it is not there. */
export function shownOption(shown: string, key: string): string | undefined {
  for (const option of shown.split(',')) {
    if (option === key) return '';
    if (option.startsWith(`${key}=`)) return option.slice(key.length + 1);
  }
  return undefined;
}
