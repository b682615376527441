// Checks the options of mountTmpfs(), and converts them to parameters of the filesystem.
import { ATTRIBUTE_NAMES, type MountAttributes } from '../../arguments/attributes.js';
import { booleanOption, choiceOption, optionsArgument, stringArgument } from '../../arguments/check.js';
import type { IdMap } from '../../arguments/idmap.js';
import type { Target } from '../../arguments/target.js';
import { invalidArgType, invalidArgValue, outOfRange } from '../../kernel/errors.js';
import { MOUNTING_NAMES, type MountingOptions } from '../../operation/options.js';
import { type FilesystemParameters, parametersObject } from './parameters.js';
import { type FilesystemOptions, type FilesystemPlan, planFilesystem } from './plan.js';

/** Parameters of a tmpfs: tmpfs(5). A parameter that is left out has the kernel's default. */
export interface TmpfsParameters {
  /** The size limit: bytes, text with a unit (`'64m'`), or a share of the memory (`'25%'`). 0 means no limit. */
  size?: number | string;
  /** The size limit in blocks of one page. */
  nrBlocks?: number | string;
  /** The limit of the number of files and directories. 0 means no limit. */
  nrInodes?: number | string;
  /** The permissions of the root directory, for example `0o700`. */
  mode?: number;
  /** The user ID of the root directory's owner. */
  uid?: number;
  /** The group ID of the root directory. */
  gid?: number;
  /** The policy for huge pages. */
  huge?: 'never' | 'always' | 'within_size' | 'advise';
  /** The NUMA policy: `'interleave'`, `'bind:0-1'` … */
  mpol?: string;
  /** Whether inode numbers have 64 bits instead of 32. */
  inode64?: boolean;
  /** Whether the kernel never swaps the filesystem's pages out. Since Linux 6.4. */
  noSwap?: boolean;
  /** Whether to enforce quotas for users. Since Linux 6.6. */
  usrQuota?: boolean;
  /** Whether to enforce quotas for groups. Since Linux 6.6. */
  grpQuota?: boolean;
}

/** Options of {@link mountTmpfs}. */
export interface TmpfsOptions extends TmpfsParameters, MountAttributes, MountingOptions {
  /** The name that the mount table shows as the source. Default: `'tmpfs'`. */
  source?: string;
  /** The ID map of an idmapped mount. tmpfs supports idmapped mounts since Linux 6.3. */
  idmap?: IdMap;
  /** Further parameters, by the kernel's names. mountTmpfs() throws if another option sets the same parameter. */
  parameters?: FilesystemParameters;
}

const PARAMETERS = [
  ...[
    'size',
    'nrBlocks',
    'nrInodes',
    'mode',
    'uid',
    'gid',
    'huge',
    'mpol',
    'inode64',
    'noSwap',
    'usrQuota',
    'grpQuota',
  ],
];
const PASSED_ON: ReadonlySet<string> = new Set([...ATTRIBUTE_NAMES, ...MOUNTING_NAMES, 'idmap']);
const KNOWN: ReadonlySet<string> = new Set([...PARAMETERS, ...PASSED_ON, 'source', 'parameters']);

/** Checks the arguments of {@link mountTmpfs}. */
export function planTmpfs(target: Target, options: TmpfsOptions): FilesystemPlan {
  const checked = optionsArgument('options', options, KNOWN);
  const source = checked['source'] === undefined ? 'tmpfs' : stringArgument('options.source', checked['source']);
  const free = checked['parameters'] === undefined ? {} : parametersObject('options.parameters', checked['parameters']);
  refuseGivenTwice(checked, free);
  const passedOn: Record<string, unknown> = { parameters: { ...given(tmpfsParameters(checked)), ...free } };
  for (const name of Object.keys(checked)) if (PASSED_ON.has(name)) passedOn[name] = checked[name];
  return planFilesystem(source, target, 'tmpfs', passedOn as FilesystemOptions);
}

// The options that set each parameter: mm/shmem.c, shmem_parse_one. If two options set one parameter, the kernel takes
// the later option without an error.
const GIVEN_BY: Readonly<Record<string, readonly string[]>> = {
  size: ['size', 'nrBlocks'],
  nr_blocks: ['nrBlocks', 'size'],
  nr_inodes: ['nrInodes'],
  mode: ['mode'],
  uid: ['uid'],
  gid: ['gid'],
  huge: ['huge'],
  mpol: ['mpol'],
  inode64: ['inode64'],
  inode32: ['inode64'],
  noswap: ['noSwap'],
  usrquota: ['usrQuota'],
  grpquota: ['grpQuota'],
};

function refuseGivenTwice(options: Readonly<Record<string, unknown>>, free: object): void {
  for (const key of Object.keys(free)) {
    const names = Object.hasOwn(GIVEN_BY, key) ? GIVEN_BY[key] : undefined;
    const option = names?.find((name) => options[name] !== undefined);
    if (option === undefined) continue;
    throw invalidArgValue(`options.parameters.${key}`, `is already set by options.${option}: leave one of the two out`);
  }
}

function given(parameters: FilesystemParameters): FilesystemParameters {
  const set: Record<string, FilesystemParameters[string]> = {};
  for (const [name, value] of Object.entries(parameters)) {
    if (value !== undefined && value !== false) set[name] = value;
  }
  return set;
}

// The names of the parameters are those of mm/shmem.c, shmem_fs_parameters.
function tmpfsParameters(options: Readonly<Record<string, unknown>>): FilesystemParameters {
  const inode64 = booleanOption('options.inode64', options['inode64']);
  return {
    size: amount('size', options['size'], /^\d+(?:[kmgtpe]|%)?$/i),
    nr_blocks: amount('nrBlocks', options['nrBlocks'], /^\d+[kmgtpe]?$/i),
    nr_inodes: amount('nrInodes', options['nrInodes'], /^\d+[kmgtpe]?$/i),
    mode: number('mode', options['mode'], 0o7777)?.toString(8),
    uid: number('uid', options['uid'], 0xffff_fffe),
    gid: number('gid', options['gid'], 0xffff_fffe),
    huge: choiceOption('options.huge', options['huge'], ['never', 'always', 'within_size', 'advise']),
    mpol: options['mpol'] === undefined ? undefined : stringArgument('options.mpol', options['mpol']),
    inode64: inode64 === true,
    inode32: inode64 === false,
    noswap: booleanOption('options.noSwap', options['noSwap']),
    usrquota: booleanOption('options.usrQuota', options['usrQuota']),
    grpquota: booleanOption('options.grpQuota', options['grpQuota']),
  };
}

function amount(name: string, value: unknown, pattern: RegExp): number | string | undefined {
  if (typeof value !== 'string') return number(name, value, Number.MAX_SAFE_INTEGER);
  if (!pattern.test(value))
    throw invalidArgValue(`options.${name}`, 'must be a number, which may have a unit', { value });
  return value;
}

function number(name: string, value: unknown, most: number): number | undefined {
  if (value === undefined) return undefined;
  if (typeof value !== 'number') throw invalidArgType(`options.${name}`, 'of type number', value);
  if (!Number.isInteger(value) || value < 0 || value > most) {
    throw outOfRange(`options.${name}`, `an integer >= 0 and <= ${most}`, value);
  }
  return value;
}
