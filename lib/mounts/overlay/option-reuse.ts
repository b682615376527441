// Compares the options of a mounted overlay with those of a call that asks for `ifMounted: 'reuse'`.
import {
  type AnyOptionRow,
  type KernelView,
  MODULE_PARAMETERS,
  type ModuleParameters,
  type OptionName,
  type OptionReuse,
  type OptionValue,
} from '../../overlay/option-row.js';
import { overlayOptionOfWord, overlayWordOf } from '../../overlay/option-words.js';
import { OPTIONS } from '../../overlay/options.js';
import { type Difference, surest } from '../reuse/differences.js';

/** The files of the module parameters that set the kernel's defaults. */
export const PARAMETER_FILES: readonly string[] = MODULE_PARAMETERS.map(
  (name) => `/sys/module/overlay/parameters/${name}`,
);

/** The options of the overlay that the caller asks for. */
export interface WantedOptions {
  /** The options as the kernel's words: `'index=on'`, `'userxattr'`. */
  readonly words: readonly string[];
  readonly hasUpper: boolean;
  /** Whether all layers are on one filesystem. */
  readonly isOnOneFilesystem: boolean;
}

/**
 * Returns how the options of a mounted overlay differ from the requested options; undefined if the options are the
 * same. The mount table shows the options that are not at the kernel's default (fs/overlayfs/params.c,
 * ovl_show_options), and what the kernel made of other options (ovl_fs_params_verify).
 *
 * @param shown the words that the mount table shows
 * @param parameters the bytes of {@link PARAMETER_FILES}, null for a file that cannot be read
 */
export function optionsDiffer(
  wanted: WantedOptions,
  shown: readonly string[],
  parameters: readonly (Buffer | null)[],
): Difference | undefined {
  const given = optionsOf(wanted.words);
  const mounted = optionsOf(shown);
  const view = {
    given: Object.fromEntries(given),
    hasUpper: wanted.hasUpper,
    parameters: moduleParameters(parameters),
  };
  const names = [...new Set([...given.keys(), ...mounted.keys()])];
  return surest(
    names.map((name) => optionDiffers(name, given.get(name), mounted.get(name), view, wanted.isOnOneFilesystem)),
  );
}

function optionDiffers(
  name: OptionName,
  given: OptionValue | undefined,
  mounted: OptionValue | undefined,
  view: KernelView,
  isOnOneFilesystem: boolean,
): Difference | undefined {
  const reuse = (OPTIONS[name] as AnyOptionRow).reuse as OptionReuse<OptionValue>;
  if (given === undefined) {
    if (mounted === undefined || reuse.chosenByKernel(view).includes(mounted)) return undefined;
    return { kind: 'other', why: `an overlay with ${overlayWordOf(name, mounted)} is mounted at the target` };
  }
  const word = overlayWordOf(name, given);
  const other = { kind: 'other', why: `an overlay that does not show ${word} is mounted at the target` } as const;
  const expected = reuse.shownFor(given, view);
  if (mounted !== undefined) return expected.includes(mounted) ? undefined : other;
  if (reuse.shown === 'on several filesystems' && isOnOneFilesystem) return undefined;
  const usual = reuse.default(view.parameters);
  if (usual !== undefined && expected.includes(usual)) return undefined;
  if (usual !== undefined && reuse.shown === 'unless default') return other;
  return {
    kind: 'unknown',
    why: `an overlay that may have ${word} without showing ${word} in the mount table is mounted at the target`,
  };
}

function moduleParameters(files: readonly (Buffer | null)[]): ModuleParameters {
  return Object.fromEntries(
    MODULE_PARAMETERS.flatMap((name, index) => {
      const bytes = files[index] ?? null;
      return bytes === null ? [] : [[name, bytes.toString().trim() === 'Y']];
    }),
  );
}

/**
 * Returns the options that the kernel's words set. An option that means the same as another (`sameAs`) is returned as
 * the other.
 */
function optionsOf(words: readonly string[]): ReadonlyMap<OptionName, OptionValue> {
  return new Map(
    words.flatMap((word) => {
      const option = overlayOptionOfWord(word);
      if (option === undefined) return [];
      const { reuse } = OPTIONS[option[0]] as AnyOptionRow;
      return ['sameAs' in reuse ? reuse.sameAs : option];
    }),
  );
}
