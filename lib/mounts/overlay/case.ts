// Collects what is known about an overlay that could not be mounted, for the rules that find the reason.
import { pathOfTarget, surroundingsOf } from '../../arguments/target.js';
import { printable } from '../../kernel/errors.js';
import { type ExamineArguments, examineArguments } from '../../kernel/examine.js';
import type { Examination, PathFacts, UpperFacts } from '../../kernel/native.js';
import type { Bytes } from '../../kernel/words.js';
import { type Circumstances, circumstancesOf, QUESTION_FILES } from '../../reasons/circumstances.js';
import type { CommonCase } from '../../reasons/common-rules.js';
import type { ExaminedPath } from '../../reasons/examined-path.js';
import type { Rule } from '../../reasons/find-reason.js';
import type { OverlayPlan } from './plan.js';

/** The facts about the target and the directories of an overlay that could not be mounted. */
export interface OverlayFacts {
  readonly target: ExaminedPath;
  /** The lower layers followed by the data-only layers, in the order that `Failure.index` counts. */
  readonly layers: readonly ExaminedPath[];
  readonly upper: ExaminedPath | null;
  readonly work: ExaminedPath | null;
  /** The subdirectory `work` that overlayfs makes in the work directory. */
  readonly workspace: PathFacts | null;
  /** The directory `work/incompat/volatile` that an overlay with `volatile` leaves in the work directory. */
  readonly volatile: PathFacts | null;
  /** What the filesystem of the upper directory and the work directory supports. */
  readonly trial: UpperFacts | null;
  readonly circumstances: Circumstances;
}

/** Returns the paths and files that the addon has to examine after a failed mount of an overlay. */
export function overlayQuestions(plan: OverlayPlan): ExamineArguments {
  const { target, namespace, lower, dataOnly, upper, work } = plan;
  const surroundings = surroundingsOf({ target, namespace });
  // A detached overlay has no target, and the list has the root directory instead.
  const paths: Bytes[] = [target.path === '' ? '/' : target.path, ...lower, ...dataOnly];
  if (upper === null || work === null) return { ...examineArguments(paths, QUESTION_FILES), ...surroundings };
  paths.push(upper, work, below(work, 'work'), below(work, VOLATILE_MARK));
  return { ...examineArguments(paths, QUESTION_FILES), ...surroundings, upper: BigInt(paths.length - 3) };
}

// The directory in the work directory that an overlay with `volatile` leaves: fs/overlayfs/super.c,
// ovl_create_volatile_dirty.
const VOLATILE_MARK = 'work/incompat/volatile';

/** Returns the facts about the paths and files of {@link overlayQuestions}, by name. */
export function overlayFacts(plan: OverlayPlan, examination: Examination): OverlayFacts {
  const { lower, dataOnly, upper, work } = plan;
  const rest = [...examination.paths];
  const next = () => rest.shift() as PathFacts;
  const look = (name: string, path: Bytes): ExaminedPath => ({ name: `${name} ${printable(path)}`, facts: next() });
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

/** Everything that is known about an overlay that could not be mounted. */
export interface OverlayCase extends CommonCase, OverlayFacts {
  readonly plan: OverlayPlan;
  /** The layers, the upper and the work directory: every path that must lead to a directory. */
  readonly directories: readonly ExaminedPath[];
}

/** A rule that finds one cause of a failed mount of an overlay. */
export type OverlayRule = Rule<OverlayCase>;

/** The error code that overlayfs returns for most causes of a failed mount. */
export const EINVAL: readonly string[] = ['EINVAL'];
