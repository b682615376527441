// Tries each option of overlayfs, as the table in ../options.ts says.
import { errnoWords } from '../../kernel/errno.js';
import { keyOf } from '../../kernel/words.js';
import type { AnyOptionRow, OptionName, Trial } from '../option-row.js';
import { OPTION_ROWS } from '../options.js';
import type { OverlayOptionValues } from '../spec.js';
import { type Answer, type Program, type Question, type Step, shownOption } from './program.js';
import { no, type Support, type Survey, YES } from './survey.js';

/**
 * The support for each option of {@link OverlayOptionValues}. A boolean option has one answer, for the value that is
 * not the kernel's usual one: `true`, and `false` for `overrideCreds`. Any other option has an answer for each of its
 * values: `options.uuid.on`.
 */
export type OverlayOptionSupport = {
  readonly [Name in keyof OverlayOptionValues]-?: OverlayOptionValues[Name] extends string | undefined
    ? Readonly<Record<Extract<OverlayOptionValues[Name], string>, Support>>
    : Support;
};

/** Builds the support for all options from a function that returns the support for one value of one option. */
function supportOfAll(supportOf: (name: OptionName, value: string) => Support): OverlayOptionSupport {
  const support = OPTION_ROWS.map(([name, { words }]) => {
    const values = Object.keys(words);
    if (values.includes('true')) return [name, supportOf(name, 'true')];
    return [name, Object.fromEntries(values.map((value) => [value, supportOf(name, value)]))];
  });
  return Object.fromEntries(support);
}

/** Returns an {@link OverlayOptionSupport} in which every option has the same answer. */
export function sameForAllOptions(answer: Support): OverlayOptionSupport {
  return supportOfAll(() => answer);
}

/** A trial whose steps are in a program. */
interface AskedTrial {
  readonly trial: Trial;
  readonly word: string;
  readonly question: Question;
  /** Returns the answer of the mount with the other value, which `shownUnlessDefaultBeside` names. */
  readonly beside: Question | undefined;
}

/**
 * Adds the trials of all options to a program. The trials use the scratch directory, and the layers `0` and `1` on the
 * private tmpfs.
 *
 * @returns a function that reads the support from the results of the program
 */
export function askOptions(
  program: Program,
  survey: Survey,
): (results: readonly (number | string)[]) => OverlayOptionSupport {
  program.ask(['go', 'scratch'], ['mkdir', 'l'], ['mkdir', 'l/d'], ['mkdir', 'm']);
  let count = 0;
  const ask = (word: string, trial: Trial) => {
    count += 1;
    return program.ask(...trialSteps(word, trial, String(count), survey));
  };
  const askAll = ({ words, probe }: AnyOptionRow): ReadonlyMap<string, AskedTrial> | undefined => {
    if ('survey' in probe) return undefined;
    return new Map(
      Object.entries(probe).map(([value, trial]) => {
        const { proof } = trial;
        const word = words[value] ?? '';
        const besideWord = typeof proof === 'string' ? undefined : words[proof.shownUnlessDefaultBeside];
        const beside = besideWord ? ask(besideWord, { proof: 'mounted' }) : undefined;
        return [value, { trial, word, question: ask(word, trial), beside }];
      }),
    );
  };
  const asked = new Map(OPTION_ROWS.map(([name, row]) => [name, askAll(row)]));
  return (results) =>
    supportOfAll((name, value) => {
      const trials = asked.get(name);
      // A boolean option has one trial, of the value that is not the kernel's usual one.
      const one = trials?.get(value) ?? trials?.values().next().value;
      return one === undefined ? survey.userxattr : verdict(one, results, survey);
    });
}

function trialSteps(word: string, trial: Trial, id: string, survey: Survey): Step[] {
  const { also: [alsoWithUpper, alsoWithoutUpper] = ['', ''], exercise, onTwoFilesystems, setsSync } = trial;
  if (survey.upperWords === undefined) {
    const layers = survey.lower.supported ? '.:/../0' : '/../0:/../1';
    return [
      ['go', 'directory'],
      ['mount', 'overlay', '/../m', joined(`lowerdir=${layers}`, word, alsoWithoutUpper)],
      ['shown', '/../m'],
      ['umount', '/../m'],
    ];
  }
  const layers = `lowerdir=${onTwoFilesystems ? '/../0' : 'l'},upperdir=u${id},workdir=w${id}`;
  // Unmounting an overlay that is not volatile waits until the whole upper filesystem is written to the disk.
  const data = joined(layers, word, alsoWithUpper, setsSync ? '' : 'volatile', ...survey.upperWords);
  return [
    ['go', 'scratch'],
    ['mkdir', `u${id}`],
    ['mkdir', `w${id}`],
    ['mount', 'overlay', 'm', data],
    ['shown', 'm'],
    ...(exercise === undefined ? [] : [exercise]),
    ['umount', 'm'],
  ];
}

function joined(...words: readonly string[]): string {
  return words.filter((word) => word !== '').join(',');
}

function verdict(asked: AskedTrial, results: readonly (number | string)[], survey: Survey): Support {
  const { trial, word } = asked;
  const answer = asked.question(results);
  const hasUpper = survey.upperWords !== undefined;
  if (trial.needsUpper && !survey.upper.supported) return no(`${word} needs an upper layer: ${survey.upper.reason}`);
  const condition = survey.upperWords?.includes('userxattr')
    ? ' together with userxattr, without which no upper layer works in the directory'
    : '';
  if (!answer.ok) return no(refusal(word, answer, condition));
  if (hasUpper && shownOption(answer.shown, 'ro') !== undefined) {
    return no(`with ${word} the kernel makes the overlay read-only`);
  }
  if (trial.proof === 'mounted') return YES;
  const alternatives = [trial.alsoShownAs, hasUpper ? undefined : trial.shownWithoutUpperAs];
  if ([word, ...alternatives].some((each) => each !== undefined && isShown(answer.shown, each))) return YES;
  const key = keyOf(word);
  const shown = shownOption(answer.shown, key);
  if (shown !== undefined) return no(`the kernel takes ${word}, but turns it into ${key}=${shown}${condition}`);
  // The mount table omits an option at its default. If the table shows the other value of the option after a mount with
  // the other value, the value of the trial is the default.
  const isDefault = asked.beside !== undefined && shownOption(asked.beside(results).shown, key) !== undefined;
  return isDefault ? YES : no(`the kernel takes ${word}, but the mount table does not show ${word}: it has no effect`);
}

function isShown(shown: string, word: string): boolean {
  const key = keyOf(word);
  return shownOption(shown, key) === word.slice(key.length + 1);
}

function refusal(word: string, { step: [step], errno }: Answer & { ok: false }, condition: string): string {
  const name = errnoWords(errno);
  if (step === 'rename') return `with ${word} an overlay mounts, but a directory cannot be renamed: ${name}`;
  if (step !== 'mount') return `${word} could not be tried: the step ${step} failed with ${name}`;
  const why = name.startsWith('EPERM') ? ', because the option needs privilege that this user namespace lacks' : '';
  return `overlayfs refuses ${word}${condition}: ${name}${why}`;
}
