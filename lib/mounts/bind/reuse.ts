import { NO_ID_MAP } from '../../arguments/idmap.js';
import { NOWHERE } from '../../arguments/target.js';
import { examineArguments } from '../../kernel/examine.js';
import { isFailure, native } from '../../kernel/native.js';
import { ask, type ReuseAnswer, type Steps } from '../../operation/driver.js';
import { mountLine } from '../../table/mountinfo/parse.js';
import type { MountStrategy } from '../handle.js';
import { hasPropagation, mountDiffers } from '../reuse/differences.js';
import { cannotBeTold, mountedThere } from '../reuse/mounted-at.js';
import type { BindPlan } from './plan.js';

/**
 * Looks whether what a plan asks for is there already: the same directory or file of the same filesystem, with the
 * attributes that a new bind would have. What lies below a bind is not compared, and ids that are mapped cannot be, those
 * of the source neither: such binds are never known to be the same.
 */
export function* probeBind(plan: BindPlan): Steps<ReuseAnswer<MountStrategy>> {
  const { source, target = NOWHERE, change, idMap, namespace } = plan;
  const there = yield* mountedThere(target, namespace);
  if (there.kind !== 'mounted') return there;
  const { at, line, table } = there;
  const untoldOf = (why: string) => ({ kind: 'untold', why: `${why} is mounted there` }) as const;
  const examination = yield* ask(native.examine, { ...examineArguments([source], []), namespace });
  if (isFailure(examination)) return { kind: 'failed', failure: examination };
  const [from] = examination.paths;
  const untold = cannotBeTold(from, 'where the source leads');
  if (untold !== undefined) return untold;
  if (from === undefined || from.error !== 0) return { kind: 'vacant' };
  if (from.device !== at.device || from.inode !== at.inode) {
    return { kind: 'other', why: `something else is mounted there (${line.fsType})` };
  }
  if (change.recursive) return untoldOf('a bind whose mounts below are not compared');
  if (idMap !== NO_ID_MAP) return untoldOf('a bind whose map of ids cannot be read');
  // What is not asked for is that of the source, as far as the table shows that.
  const inherited = mountLine(table, from.mountId)?.options ?? line.options;
  const difference = mountDiffers('a bind', line.options, inherited, change);
  if (difference !== undefined) return difference;
  if (!hasPropagation(line.propagation, change.propagation)) {
    return { kind: 'other', why: 'a bind with another propagation is mounted there' };
  }
  return { kind: 'same', id: at.uniqueId, strategy: 'tree' };
}
