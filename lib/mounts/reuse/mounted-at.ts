// Finds the mount at a target and its line of the mount table, for `ifMounted: 'reuse'`.
import { constants as os } from 'node:os';
import { surroundingsOf } from '../../arguments/target.js';
import { describeErrno, isTransient } from '../../kernel/errno.js';
import { examineArguments } from '../../kernel/examine.js';
import { isFailure, native, type PathFacts } from '../../kernel/native.js';
import type { NativeNamespace, NativeTarget } from '../../kernel/words.js';
import { ask, type ReuseAnswer, type Steps } from '../../operation/driver.js';
import type { MountEntry } from '../../table/mountinfo/entry.js';
import { mountLine } from '../../table/mountinfo/parse.js';

const TABLE = '/proc/thread-self/mountinfo';

const { EIO } = os.errno;

/** The mount at a target, with its line of the mount table. */
export interface MountAtTarget {
  readonly kind: 'mounted';
  readonly at: PathFacts;
  readonly line: MountEntry<Buffer>;
  readonly table: Buffer;
}

type Unknown = { readonly kind: 'unknown'; readonly why: string };

/**
 * Returns the answer `unknown` if a path could not be examined because of a transient error, and undefined otherwise.
 *
 * @param what the name of the examined path in the reason: `'the source'`
 */
export function unknownIfTransient(facts: PathFacts | undefined, what: string): Unknown | undefined {
  const error = facts?.error ?? EIO;
  // After any other error the mount call fails too, and explains the error best. EIO, like a transient error, says
  // nothing about the path.
  if (!isTransient(error) && error !== EIO) return undefined;
  const { name, message } = describeErrno(error);
  return {
    kind: 'unknown',
    why: `the mount at the target cannot be compared, because ${what} cannot be examined (${name}: ${message})`,
  };
}

/**
 * Finds the mount at a target. If the target cannot be examined, the answer is `unknown`: with `ifMounted: 'reuse'` an
 * operation must not mount over a mount that it could not examine.
 */
export function* mountAtTarget(
  target: NativeTarget,
  namespace: NativeNamespace,
): Steps<MountAtTarget | ReuseAnswer<never>> {
  const examination = yield* ask(native.examine, {
    ...examineArguments([target.path], [TABLE]),
    ...surroundingsOf({ target, namespace }),
  });
  if (isFailure(examination)) return { kind: 'failed', failure: examination };
  const [at] = examination.paths;
  const table = examination.files[0] ?? null;
  const unknown = unknownIfTransient(at, 'the target');
  if (unknown !== undefined) return unknown;
  if (at === undefined || at.error !== 0 || !at.isMountPoint) return { kind: 'unmounted' };
  if (table === null) {
    return {
      kind: 'unknown',
      why: 'the mount at the target cannot be compared, because the mount table cannot be read',
    };
  }
  const line = mountLine(table, at.mountId);
  // If the table has no line for the mount, the mount was unmounted after the examination of the target.
  return line === undefined ? { kind: 'unmounted' } : { kind: 'mounted', at, line, table };
}
