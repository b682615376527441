// Goes over every row of the table of overlay options, so that a new row is tested as it is.
import { describe, expect, test } from 'vitest';
import type { GivenOptions, KernelView, OptionReuse, OptionValue } from '../../../lib/overlay/option-row.js';
import { overlayOptionOfWord, overlayOptionWords, overlayWordOf } from '../../../lib/overlay/option-words.js';
import { OPTION_ROWS, OPTIONS } from '../../../lib/overlay/options.js';
import { parseOverlayData } from '../../../lib/overlay/parse.js';
import type { OverlaySpec } from '../../../lib/overlay/spec.js';
import { sameForAllOptions } from '../../../lib/overlay/support/option-trials.js';
import { overlayData } from '../../../lib/overlay/write.js';
import { thrownBy } from '../../support/values.js';

const valuesOf = (words: Readonly<Record<string, string | null>>): OptionValue[] =>
  Object.keys(words).map((value) => (value === 'true' ? true : value === 'false' ? false : value));

const cases = OPTION_ROWS.flatMap(([name, row]) => valuesOf(row.words).map((value) => ({ name, row, value })));
const withoutUpper: GivenOptions & { lower: string[] } = { lower: ['/a', '/b'] };
const withUpper: GivenOptions & { lower: string[] } = { lower: ['/a'], upper: '/u', work: '/w' };

/** Every set of at most two options, with and without an upper directory. */
function* combinations(): Generator<GivenOptions> {
  for (const layers of [withoutUpper, withUpper]) {
    for (const one of cases) {
      yield { ...layers, [one.name]: one.value };
      for (const two of cases) yield { ...layers, [one.name]: one.value, [two.name]: two.value };
    }
  }
}

describe.each(cases)('overlay option $name: $value', ({ name, row, value }) => {
  test('parseOverlayData returns the option value that overlayData wrote', () => {
    const spec = { ...withUpper, [name]: value };
    const word = overlayWordOf(name, value);
    const data = overlayData(spec as OverlaySpec);
    expect(data.split(',').slice(3)).toEqual(word === null ? [] : [word]);
    expect(parseOverlayData(data)).toEqual(word === null ? withUpper : spec);
    if (word !== null) expect(overlayOptionOfWord(word)).toEqual([name, value]);
  });

  test('the row of an overlay option tells ifMounted: "reuse" that an equal value in the mount table matches', () => {
    const { reuse } = row;
    if ('sameAs' in reuse) {
      expect(overlayWordOf(...reuse.sameAs)).toBeTypeOf('string');
      return;
    }
    const view: KernelView = { given: { [name]: value }, hasUpper: true, parameters: {} };
    expect((reuse as OptionReuse<OptionValue>).shownFor(value, view)).toContain(value);
  });
});

describe.each(OPTION_ROWS)('overlay option %s', (name, row) => {
  test('overlayOptionWords throws a TypeError that names the option for a wrong value', () => {
    for (const wrong of [1, null, {}, 'none of the values']) {
      expect(thrownBy(() => overlayOptionWords({ [name]: wrong }))).toMatchObject({
        name: 'TypeError',
        message: expect.stringContaining(`"options.${name}" property`),
      });
    }
  });

  test('overlayOptionWords rejects every combination of options to which a conflict of the row applies', () => {
    for (const { why, applies } of row.conflicts) {
      const wrong = [...combinations()].filter((options) => applies(options));
      expect(wrong, why).not.toEqual([]);
      for (const options of wrong) {
        expect(thrownBy(() => overlayOptionWords(options))).toMatchObject({ code: 'ERR_INVALID_ARG_VALUE' });
      }
      // Some combination has this conflict and no other, and its message has the sentence of the row.
      const messages = wrong.map((options) => (thrownBy(() => overlayOptionWords(options)) as Error).message);
      expect(messages).toContain(`The "options.${name}" property is refused: ${why}`);
    }
  });

  test('the conflicts of an overlay option never apply when the option is absent', () => {
    for (const options of combinations()) {
      if (options[name] !== undefined) continue;
      expect(row.conflicts.filter(({ applies }) => applies(options))).toEqual([]);
    }
  });

  test('the row of an overlay option defines a probe for overlaySupport', () => {
    const { probe, words } = row;
    const tried = 'survey' in probe ? [probe.survey] : Object.keys(probe);
    const all = Object.keys(words);
    if ('survey' in probe) expect(tried).toEqual([name]);
    else if (all.includes('true')) expect(tried).toHaveLength(1);
    else expect(tried.toSorted()).toEqual(all.toSorted());
    for (const trial of 'survey' in probe ? [] : Object.values(probe)) {
      if (typeof trial.proof !== 'string') expect(words[trial.proof.shownUnlessDefaultBeside]).toBeTypeOf('string');
    }
  });
});

test('no two values of overlay options have the same mount option', () => {
  const words = cases.map(({ name, value }) => overlayWordOf(name, value)).filter((word) => word !== null);
  expect(new Set(words).size).toBe(words.length);
});

test('sameForAllOptions returns an answer for every overlay option', () => {
  const answer = { supported: false, reason: 'no overlay can be mounted' } as const;
  expect(Object.keys(sameForAllOptions(answer)).toSorted()).toEqual(Object.keys(OPTIONS).toSorted());
  expect(sameForAllOptions(answer)).toMatchObject({ index: answer, uuid: { on: answer, off: answer } });
});
