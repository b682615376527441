import { type Bytes, choiceOption, optionsArgument, type PathLike, pathArgument, stringArgument } from './arguments.js';
import { ATTRIBUTE_NAMES, attributeFlags, type MountAttributes } from './attributes.js';
import { type Driven, type DrivenPlan, run, runSync } from './drivers.js';
import { invalidArgValue } from './errors.js';
import { lookAtFilesystem } from './filesystem-reuse.js';
import { type IdMap, type IdMapWords, idMapArgument, NO_ID_MAP } from './idmap.js';
import { withoutValues } from './kernel-log.js';
import { Mount, type MountStrategy } from './mount-handle.js';
import { refuseRelative } from './namespace.js';
import * as native from './native.js';
import { type IfMounted, ifMountedOption, MOUNTING_NAMES, type MountingOptions, operationPlan } from './operation.js';
import { OperationChannel } from './operation-channel.js';
import { notTheSame, type OperationCase, operationError, operationQuestions } from './operation-failure.js';
import { type FilesystemParameters, type ParameterWords, parameterWords, refuseLong } from './parameters.js';
import { lastingTarget, NOWHERE, surroundingsOf, type Target, type TargetWords, targetArgument } from './target.js';

/** How a filesystem is mounted. */
export interface FilesystemAttributes extends MountAttributes {
  /** The filesystem's own options, by the kernel's names. */
  parameters?: FilesystemParameters;
  /** How the owners of the files appear, where the filesystem can have that. Since Linux 5.12. */
  idmap?: IdMap;
  /**
   * The way: one option string for mount(2), or one parameter after the other by fsopen(2) and fsconfig(2). Unless said
   * the string where all fit into one.
   */
  strategy?: 'data' | 'fsconfig';
}

/** How {@link mountFilesystem} mounts. */
export interface FilesystemOptions extends FilesystemAttributes, MountingOptions {}

/** What is to be mounted, checked. */
export interface FilesystemPlan extends DrivenPlan {
  readonly source: Bytes | null;
  readonly target: TargetWords | undefined;
  readonly lasting: TargetWords | undefined;
  readonly fsType: string;
  readonly parameters: ParameterWords;
  readonly flags: number;
  readonly isByData: boolean;
  readonly idMap: IdMapWords;
  readonly ifMounted: IfMounted;
}

const DETACHED_KNOWN: ReadonlySet<string> = new Set([
  ...ATTRIBUTE_NAMES,
  ...['parameters', 'idmap', 'strategy', 'signal'],
]);
const KNOWN: ReadonlySet<string> = new Set([...DETACHED_KNOWN, ...MOUNTING_NAMES]);

/** Turns what the user asked into a plan, without doing anything. */
export function planFilesystem(
  source: PathLike | null,
  target: Target,
  fsType: string,
  options: FilesystemOptions,
): FilesystemPlan {
  return planAt(source, targetArgument('target', target), fsType, options, KNOWN);
}

/** The same for a filesystem without a place. */
export function planDetachedFilesystem(
  source: PathLike | null,
  fsType: string,
  options: FilesystemAttributes & { signal?: AbortSignal },
): FilesystemPlan {
  return planAt(source, undefined, fsType, options, DETACHED_KNOWN);
}

function planAt(
  source: PathLike | null,
  at: TargetWords | undefined,
  fsType: string,
  options: FilesystemOptions,
  known: ReadonlySet<string>,
): FilesystemPlan {
  const checked = optionsArgument('options', options, known);
  if (stringArgument('fsType', fsType) === '') throw invalidArgValue('fsType', 'must be the name of a filesystem');
  const parameters = parameterWords('options.parameters', checked['parameters']);
  const idMap = idMapArgument('options.idmap', checked['idmap']);
  const strategy = choiceOption('options.strategy', checked['strategy'], ['data', 'fsconfig']);
  // What has no place yet, and what gets its ids mapped before it has one.
  const isApart = at === undefined || idMap !== NO_ID_MAP;
  if (strategy === 'data' && (isApart || parameters.data === null)) {
    throw invalidArgValue(
      'options.strategy',
      isApart
        ? "cannot be 'data' for a mount that has no place at first"
        : "cannot be 'data', as the parameters do not fit into one string",
    );
  }
  const isByData = strategy === 'data' || (strategy === undefined && !isApart && parameters.data !== null);
  if (!isByData) {
    refuseLong(
      'options.parameters',
      parameters.words,
      isApart ? 'the mount has no place at first' : 'strategy says so',
    );
  }
  const { namespace, signal } = operationPlan(checked);
  const from = source === null ? null : pathArgument('source', source);
  refuseRelative(namespace, [['target', at?.[1] ?? at?.[0] ?? null]]);
  return {
    source: from,
    target: at,
    lasting: at === undefined ? undefined : lastingTarget(at),
    fsType,
    parameters,
    flags: attributeFlags(checked),
    isByData,
    idMap,
    ifMounted: ifMountedOption(checked),
    namespace,
    signal,
  };
}

/**
 * Mounts a filesystem of any type: mount(2), or fsopen(2), fsconfig(2), fsmount(2) and move_mount(2) where an option string
 * cannot hold the parameters. For overlays there is {@link mountOverlay}, for memory {@link mountTmpfs}.
 *
 * `readonly` makes the filesystem itself read-only, as with mount(2), and not only this mount of it.
 *
 * @param source a device, or what the filesystem takes for one; null where it needs none
 * @param target the mount point, or a place inside a root
 * @param fsType `'ext4'`, `'proc'` … as in `/proc/filesystems`
 * @throws {@link MountError} with the `reason`, and what the kernel wrote in `kernelLog`; `TypeError` or `RangeError`
 *   with Node's codes; an `AbortError`
 * @example
 * ```ts
 * await using data = await mountFilesystem('/dev/sdb1', '/data', 'ext4', {
 *   parameters: { errors: 'remount-ro', commit: 30, nodiscard: true },
 *   noDev: true,
 * });
 * ```
 * @see https://man7.org/linux/man-pages/man2/mount.2.html
 */
export async function mountFilesystem(
  source: PathLike | null,
  target: Target,
  fsType: string,
  options: FilesystemOptions = {},
): Promise<Mount> {
  return run(FILESYSTEM, planFilesystem(source, target, fsType, options));
}

/**
 * {@link mountFilesystem} on the calling thread.
 *
 * @example
 * ```ts
 * using proc = mountFilesystemSync('proc', '/jail/proc', 'proc', { noSuid: true, noDev: true, noExec: true });
 * ```
 */
export function mountFilesystemSync(
  source: PathLike | null,
  target: Target,
  fsType: string,
  options: FilesystemOptions = {},
): Mount {
  return runSync(FILESYSTEM, planFilesystem(source, target, fsType, options));
}

// One by one: to spread them takes longer than to check them all.
function callWith<T>(
  call: (...plan: native.FilesystemArguments) => T,
  plan: FilesystemPlan,
  ticket: native.Ticket | null,
): T {
  const { source, target = NOWHERE, fsType, parameters, flags, isByData, idMap, ifMounted, namespace } = plan;
  const [path, root, create, resolve] = target;
  const [userNamespace, uids, gids] = idMap;
  const words = isByData ? NO_WORDS : parameters.words;
  const data = isByData ? parameters.data : null;
  const isDetached = plan.target === undefined;
  // biome-ignore format: one call, and one line for each part of it
  return call(
    source, path, root, create, resolve, fsType, words, flags, data, userNamespace, uids, gids,
    isDetached, ifMounted === 'error', namespace, ticket,
  );
}

const NO_WORDS: readonly never[] = [];

function caseOf({ source, target, fsType, flags, parameters, idMap, namespace }: FilesystemPlan): OperationCase {
  const [userNamespace] = idMap;
  return { source, target, fsType, flags, hasData: parameters.words.length > 0, namespace, userNamespace };
}

// The values of overlayfs are paths of layers and words that everybody knows, and the paths are what explains.
function withoutSecrets({ fsType, parameters: { words } }: FilesystemPlan, failure: native.Failure): native.Failure {
  return fsType === 'overlay' ? failure : withoutValues(failure, words);
}

/** What filesystems with and without a place have in common. */
export const FILESYSTEM_CALL: Omit<Driven<FilesystemPlan, native.Made, never>, 'channel' | 'finish'> = {
  subject: ({ source, target, fsType, parameters: { words } }) => ({ source, target, fsType, words }),
  start: (plan, ticket) => callWith(native.filesystem, plan, ticket),
  startSync: (plan) => callWith(native.filesystemSync, plan, null),
  questions: (plan, failure) => operationQuestions(failure, caseOf(plan)),
  surroundings: ({ target = NOWHERE, namespace }) => surroundingsOf({ target, namespace }),
  error: (plan, failure, examination) => operationError(withoutSecrets(plan, failure), caseOf(plan), examination),
};

/** A filesystem with a place. */
export const FILESYSTEM: Driven<FilesystemPlan, native.Made, Mount> = {
  ...FILESYSTEM_CALL,
  channel: new OperationChannel('mountFilesystem'),
  finish: (plan, { mountId }) => handle(plan, mountId, plan.isByData ? 'data' : 'fsconfig', false),
  reuse: {
    look: lookAtFilesystem,
    same: (plan, { id, strategy }) => handle(plan, id, strategy as MountStrategy, true),
    other: (plan, reason) => notTheSame(caseOf(plan), reason),
  },
};

function handle({ lasting, namespace }: FilesystemPlan, id: bigint, strategy: MountStrategy, reused: boolean): Mount {
  return new Mount({ target: lasting as TargetWords, namespace, id, strategy, reused });
}
