import { constants as os } from 'node:os';
import { surroundingsOf } from '../../arguments/target.js';
import { describeErrno } from '../../kernel/errno.js';
import { examineArguments } from '../../kernel/examine.js';
import { isFailure, native, type PathFacts } from '../../kernel/native.js';
import type { NativeNamespace, NativeTarget } from '../../kernel/words.js';
import { ask, type ReuseAnswer, type Steps } from '../../operation/driver.js';
import type { MountEntry } from '../../table/mountinfo/entry.js';
import { mountLine } from '../../table/mountinfo/parse.js';

const TABLE = '/proc/thread-self/mountinfo';

const { EMFILE, ENFILE, ENOMEM, EINTR, EAGAIN, EIO } = os.errno;

/** What says nothing about the path. Any other error the mount itself meets as well, and says best. */
const PASSING: ReadonlySet<number> = new Set([EMFILE, ENFILE, ENOMEM, EINTR, EAGAIN, EIO]);

/** A mount at a target, with its line of the mount table. */
export interface MountedThere {
  readonly kind: 'mounted';
  readonly at: PathFacts;
  readonly line: MountEntry<Buffer>;
  readonly table: Buffer;
}

type Untold = { readonly kind: 'untold'; readonly why: string };

/** That nothing is known of a path, for another reason than the path itself; undefined where something is. */
export function cannotBeTold(facts: PathFacts | undefined, what: string): Untold | undefined {
  const error = facts?.error ?? EIO;
  if (!PASSING.has(error)) return undefined;
  const { name, message } = describeErrno(error);
  return { kind: 'untold', why: `${what} cannot be told (${name}: ${message})` };
}

/**
 * What is mounted at a target. Where that cannot be told, that is an answer too: `ifMounted: 'reuse'` is not to mount a
 * second time over what it has not seen.
 */
export function* mountedThere(
  target: NativeTarget,
  namespace: NativeNamespace,
): Steps<MountedThere | ReuseAnswer<never>> {
  const examination = yield* ask(native.examine, {
    ...examineArguments([target.path], [TABLE]),
    ...surroundingsOf({ target, namespace }),
  });
  if (isFailure(examination)) return { kind: 'failed', failure: examination };
  const [at] = examination.paths;
  const table = examination.files[0] ?? null;
  const untold = cannotBeTold(at, 'what is mounted there');
  if (untold !== undefined) return untold;
  if (at === undefined || at.error !== 0 || !at.isMountPoint) return { kind: 'vacant' };
  if (table === null) {
    return { kind: 'untold', why: 'something whose line of the mount table cannot be read is mounted there' };
  }
  const line = mountLine(table, at.mountId);
  // Taken down in between.
  return line === undefined ? { kind: 'vacant' } : { kind: 'mounted', at, line, table };
}
