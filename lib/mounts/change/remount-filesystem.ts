import { booleanOption, optionsArgument } from '../../arguments/check.js';
import { refuseRelative } from '../../arguments/namespace.js';
import { mountPointArgument, surroundingsOf, type Target } from '../../arguments/target.js';
import { constants } from '../../kernel/constants.js';
import { invalidArgValue } from '../../kernel/errors.js';
import * as native from '../../kernel/native.js';
import type { TargetWords } from '../../kernel/words.js';
import { OperationChannel } from '../../operation/channel.js';
import { type Driven, type DrivenPlan, run, runSync } from '../../operation/driver.js';
import { OPERATION_NAMES, type OperationOptions, operationPlan } from '../../operation/options.js';
import { type OperationCase, operationError, operationQuestions } from '../failure.js';
import { type FilesystemParameters, type ParameterWords, parameterWords } from '../filesystem/parameters.js';
import { withoutValues } from '../filesystem/redact-log.js';

/** What {@link remountFilesystem} changes. */
export interface RemountOptions extends OperationOptions {
  /** The filesystem's own options that are to change, by the kernel's names. */
  parameters?: FilesystemParameters;
  /** Whether the filesystem itself can be written to, through whichever mount. */
  readonly?: boolean;
}

interface RemountPlan extends DrivenPlan {
  readonly target: TargetWords;
  readonly parameters: ParameterWords;
  readonly mode: '' | 'ro' | 'rw';
}

const REMOUNT_KNOWN: ReadonlySet<string> = new Set(['parameters', 'readonly', ...OPERATION_NAMES]);

function planRemount(target: Target, options: RemountOptions): RemountPlan {
  const checked = optionsArgument('options', options, REMOUNT_KNOWN);
  const readonly = booleanOption('options.readonly', checked['readonly']);
  const at = mountPointArgument('target', target);
  const operation = operationPlan(checked);
  refuseRelative(operation.namespace, [['target', at[1] ?? at[0]]]);
  const parameters = parameterWords('options.parameters', checked['parameters']);
  if (readonly === undefined && parameters.words.length === 0) {
    throw invalidArgValue('options', 'must say what is to change');
  }
  return {
    target: at,
    parameters,
    mode: readonly === undefined ? '' : readonly ? 'ro' : 'rw',
    ...operation,
  };
}

function remountCase({ target, parameters, mode, namespace }: RemountPlan): OperationCase {
  const flags = constants.MS_REMOUNT | (mode === 'ro' ? constants.MS_RDONLY : 0);
  return { source: null, target, fsType: null, flags, hasData: parameters.words.length > 0, namespace };
}

function remountArguments(plan: RemountPlan, ticket: native.Ticket | null): native.ReconfigureArguments {
  const { target, parameters, mode, namespace } = plan;
  return [...target, parameters.words, parameters.data, mode, namespace, ticket];
}

const REMOUNT: Driven<RemountPlan, undefined, void> = {
  channel: new OperationChannel('remountFilesystem'),
  subject: ({ target, parameters: { words } }) => ({ target, words }),
  start: async (plan, ticket) => (await native.reconfigure(...remountArguments(plan, ticket))) as undefined,
  startSync: (plan) => native.reconfigureSync(...remountArguments(plan, null)) as undefined,
  finish: () => undefined,
  questions: (plan, failure) => operationQuestions(failure, remountCase(plan)),
  surroundings: surroundingsOf,
  error: (plan, failure, examination) =>
    operationError(withoutValues(failure, plan.parameters.words), remountCase(plan), examination),
};

/**
 * Changes the options of a filesystem that is mounted, for all its mounts: fspick(2), or mount(2) with MS_REMOUNT
 * where that is missing, in a mount namespace of a thread's own, so that the attributes of the mount stay as they are.
 * What is not named stays, as far as the filesystem keeps it. For the attributes of one mount there is
 * {@link setMountAttributes}.
 *
 * @param target a mount point of the filesystem
 * @throws {@link MountError}: `EBUSY` it is written to and cannot become read-only, `EINVAL` not a mount point, or an
 *   option that cannot change; `EPERM`; `TypeError` with Node's codes; an `AbortError`
 * @example
 * ```ts
 * await remountFilesystem('/run/cache', { parameters: { size: '128m' } });
 * await remountFilesystem('/data', { readonly: true });
 * ```
 * @see https://man7.org/linux/man-pages/man2/mount.2.html
 */
export async function remountFilesystem(target: Target, options: RemountOptions): Promise<void> {
  return run(REMOUNT, planRemount(target, options));
}

/** {@link remountFilesystem} on the calling thread. */
export function remountFilesystemSync(target: Target, options: RemountOptions): void {
  runSync(REMOUNT, planRemount(target, options));
}
