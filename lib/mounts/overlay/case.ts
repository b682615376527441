import { pathOfTarget, surroundingsOf } from '../../arguments/target.js';
import { printable } from '../../kernel/errors.js';
import { type ExamineArguments, examineArguments } from '../../kernel/examine.js';
import type { Examination, PathFacts, UpperFacts } from '../../kernel/native.js';
import type { Bytes } from '../../kernel/words.js';
import type { CommonCase } from '../../reasons/common.js';
import { type Circumstances, circumstancesOf, type Looked, QUESTION_FILES } from '../../reasons/facts.js';
import type { Rule } from '../../reasons/rule.js';
import type { OverlayPlan } from './plan.js';

/** What an overlay that could not be mounted depends on, and where it leads. */
export interface OverlayFacts {
  readonly target: Looked;
  /** In the order of the native floor's index: lower, data-only. */
  readonly layers: readonly Looked[];
  readonly upper: Looked | null;
  readonly work: Looked | null;
  /** The kernel's own directories in work: its workspace, and the mark of an overlay that was volatile. */
  readonly workspace: PathFacts | null;
  readonly volatile: PathFacts | null;
  /** What the filesystem of the work directory, which is that of upper, can do. */
  readonly trial: UpperFacts | null;
  readonly circumstances: Circumstances;
}

/** What to examine. */
export function overlayQuestions(plan: OverlayPlan): ExamineArguments {
  const { target, namespace, lower, dataOnly, upper, work } = plan;
  const surroundings = surroundingsOf({ target, namespace });
  // What has no place needs no target either.
  const paths: Bytes[] = [target.path === '' ? '/' : target.path, ...lower, ...dataOnly];
  if (upper === null || work === null) return { ...examineArguments(paths, QUESTION_FILES), ...surroundings };
  paths.push(upper, work, below(work, 'work'), below(work, VOLATILE_MARK));
  return { ...examineArguments(paths, QUESTION_FILES), ...surroundings, upper: BigInt(paths.length - 3) };
}

/** The mark that an overlay leaves which was mounted with `volatile`, in its work directory. */
export const VOLATILE_MARK = 'work/incompat/volatile';

/** The answers to {@link overlayQuestions}, by name. */
export function overlayFacts(plan: OverlayPlan, examination: Examination): OverlayFacts {
  const { lower, dataOnly, upper, work } = plan;
  const rest = [...examination.paths];
  const next = () => rest.shift() as PathFacts;
  const look = (name: string, path: Bytes): Looked => ({ name: `${name} ${printable(path)}`, facts: next() });
  const target = look('the target', pathOfTarget(plan.target));
  const layers = [
    ...lower.map((path, index) => look(`lower[${index}]`, path)),
    ...dataOnly.map((path, index) => look(`dataOnly[${index}]`, path)),
  ];
  const common = { target, layers, trial: examination.upper, circumstances: circumstancesOf(examination) };
  if (upper === null || work === null) return { ...common, upper: null, work: null, workspace: null, volatile: null };
  return {
    ...common,
    upper: look('upper', upper),
    work: look('work', work),
    workspace: next(),
    volatile: next(),
  };
}

function below(directory: Bytes, name: string): Bytes {
  return typeof directory === 'string' ? `${directory}/${name}` : Buffer.concat([directory, Buffer.from(`/${name}`)]);
}

/** All that is known of an overlay that could not be mounted. */
export interface OverlayCase extends CommonCase, OverlayFacts {
  readonly plan: OverlayPlan;
  /** The layers, upper and work: what must be directories. */
  readonly directories: readonly Looked[];
}
export type OverlayRule = Rule<OverlayCase>;

/** What overlayfs answers to almost everything. */
export const EINVAL: readonly string[] = ['EINVAL'];
