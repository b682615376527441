// Compares the mount at a target with a requested bind, for `ifMounted: 'reuse'` of mountBind().
import { NO_ID_MAP } from '../../arguments/idmap.js';
import { hasPropagation } from '../../arguments/propagation.js';
import { DETACHED_TARGET } from '../../arguments/target.js';
import { examineArguments } from '../../kernel/examine.js';
import { isFailure, native } from '../../kernel/native.js';
import { ask, type ReuseAnswer, type Steps } from '../../operation/driver.js';
import { mountLine } from '../../table/mountinfo/parse.js';
import type { MountStrategy } from '../handle.js';
import { mountDiffers } from '../reuse/differences.js';
import { mountAtTarget, unknownIfTransient } from '../reuse/mounted-at.js';
import type { BindPlan } from './plan.js';

/**
 * Tests whether the mount at the target is the requested bind: the same directory or file of the same filesystem, with
 * the attributes that a new bind would have. A recursive bind and an idmapped bind are never reused: the mounts below a
 * bind are not compared, and the mount table shows no ID map, neither of the bind nor of its source.
 */
export function* probeBind(plan: BindPlan): Steps<ReuseAnswer<MountStrategy>> {
  const { source, target = DETACHED_TARGET, change, idMap, namespace } = plan;
  const found = yield* mountAtTarget(target, namespace);
  if (found.kind !== 'mounted') return found;
  const { at, line, table } = found;
  const examination = yield* ask(native.examine, { ...examineArguments([source], []), namespace });
  if (isFailure(examination)) return { kind: 'failed', failure: examination };
  const [from] = examination.paths;
  const unknown = unknownIfTransient(from, 'the source');
  if (unknown !== undefined) return unknown;
  if (from === undefined || from.error !== 0) return { kind: 'unmounted' };
  if (from.device !== at.device || from.inode !== at.inode) {
    return {
      kind: 'other',
      why: `the mount at the target shows another directory or file than the source, of a filesystem of type ${line.fsType}`,
    };
  }
  if (change.recursive) {
    return {
      kind: 'unknown',
      why: 'the mount at the target is a bind of the source, but the mounts below are not compared',
    };
  }
  if (idMap !== NO_ID_MAP) {
    return {
      kind: 'unknown',
      why: 'the mount at the target is a bind of the source, but the mount table does not show its ID map',
    };
  }
  // A new bind inherits the attributes of its source that the caller does not change.
  const inherited = mountLine(table, from.mountId)?.options ?? line.options;
  const difference = mountDiffers('a bind', line.options, inherited, change);
  if (difference !== undefined) return difference;
  if (!hasPropagation(line.propagation, change.propagation)) {
    return { kind: 'other', why: 'the mount at the target is a bind with another propagation' };
  }
  return { kind: 'same', id: at.uniqueId, strategy: 'tree' };
}
