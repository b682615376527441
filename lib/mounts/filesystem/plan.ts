import { ATTRIBUTE_NAMES, attributeFlags, type MountAttributes } from '../../arguments/attributes.js';
import { choiceOption, optionsArgument, type PathLike, pathArgument, stringArgument } from '../../arguments/check.js';
import { type IdMap, idMapArgument, NO_ID_MAP } from '../../arguments/idmap.js';
import { refuseRelative } from '../../arguments/namespace.js';
import { lastingTarget, type Target, targetArgument } from '../../arguments/target.js';
import { invalidArgValue } from '../../kernel/errors.js';
import type { Bytes, NativeIdMap, NativeNamespace, NativeTarget } from '../../kernel/words.js';
import type { Plan } from '../../operation/driver.js';
import {
  type IfMounted,
  ifMountedOption,
  MOUNTING_NAMES,
  type MountingOptions,
  operationPlan,
} from '../../operation/options.js';
import { type FilesystemParameters, type ParameterWords, parameterWords, refuseLong } from './parameters.js';

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
export interface FilesystemPlan extends Plan {
  readonly source: Bytes | null;
  readonly target: NativeTarget | undefined;
  readonly absoluteTarget: NativeTarget | undefined;
  readonly fsType: string;
  readonly parameters: ParameterWords;
  readonly flags: number;
  readonly isByData: boolean;
  readonly idMap: NativeIdMap;
  readonly ifMounted: IfMounted;
  readonly namespace: NativeNamespace;
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
  at: NativeTarget | undefined,
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
  refuseRelative(namespace, [['target', at === undefined ? null : (at.root ?? at.path)]]);
  return {
    source: from,
    target: at,
    absoluteTarget: at === undefined ? undefined : lastingTarget(at),
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
