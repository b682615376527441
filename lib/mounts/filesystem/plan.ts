// Checks the arguments of mountFilesystem() and detachedFilesystem() before the first system call.
import { ATTRIBUTE_NAMES, attributeFlags, type MountAttributes } from '../../arguments/attributes.js';
import { choiceOption, optionsArgument, type PathLike, pathArgument, stringArgument } from '../../arguments/check.js';
import { type IdMap, idMapArgument, NO_ID_MAP } from '../../arguments/idmap.js';
import { refuseRelative } from '../../arguments/namespace.js';
import { absoluteTarget, type Target, targetArgument } from '../../arguments/target.js';
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

/** Options of {@link mountFilesystem} and {@link detachedFilesystem}. */
export interface FilesystemAttributes extends MountAttributes {
  /** The filesystem parameters, by the kernel's names. */
  parameters?: FilesystemParameters;
  /** The ID map of an idmapped mount, for filesystems that support idmapped mounts. Since Linux 5.12. */
  idmap?: IdMap;
  /**
   * The way in which the kernel gets the parameters: `'data'` is one option string for mount(2), and `'fsconfig'` is
   * fsopen(2) and one fsconfig(2) call for each parameter. Default: `'data'` if the parameters fit into one option
   * string.
   */
  strategy?: 'data' | 'fsconfig';
}

/** Options of {@link mountFilesystem}. */
export interface FilesystemOptions extends FilesystemAttributes, MountingOptions {}

/** The checked arguments of {@link mountFilesystem} and {@link detachedFilesystem}. */
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

/** Checks the arguments of {@link mountFilesystem}. */
export function planFilesystem(
  source: PathLike | null,
  target: Target,
  fsType: string,
  options: FilesystemOptions,
): FilesystemPlan {
  return planAt(source, targetArgument('target', target), fsType, options, KNOWN);
}

/** Checks the arguments of {@link detachedFilesystem}. */
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
  // An idmapped mount gets its ID map while the mount is still detached.
  const isDetachedFirst = at === undefined || idMap !== NO_ID_MAP;
  if (strategy === 'data' && (isDetachedFirst || parameters.data === null)) {
    throw invalidArgValue(
      'options.strategy',
      isDetachedFirst
        ? "cannot be 'data' for a mount that is detached or has an ID map"
        : "cannot be 'data', because the parameters do not fit into one option string",
    );
  }
  const isByData = strategy === 'data' || (strategy === undefined && !isDetachedFirst && parameters.data !== null);
  if (!isByData) {
    refuseLong(
      'options.parameters',
      parameters.words,
      isDetachedFirst ? 'the mount is detached or has an ID map' : "the option strategy is 'fsconfig'",
    );
  }
  const { namespace, signal } = operationPlan(checked);
  const from = source === null ? null : pathArgument('source', source);
  refuseRelative(namespace, [['target', at === undefined ? null : (at.root ?? at.path)]]);
  return {
    source: from,
    target: at,
    absoluteTarget: at === undefined ? undefined : absoluteTarget(at),
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
