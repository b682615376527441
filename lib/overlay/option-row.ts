// Defines the row that the table in options.ts has for each option of overlayfs.
import type { OverlayOptionValues } from './spec.js';
import type { Step } from './support/program.js';

/** The name of an option of overlayfs in the public types. */
export type OptionName = keyof OverlayOptionValues;

/** The value of an option of overlayfs in the public types. */
export type OptionValue = boolean | string;

/**
 * Everything that this library knows about one option. A value that is added to the public type of the option needs a
 * word and, unless the option is a boolean, a trial: the compiler reports a missing word or trial.
 */
export interface OptionRow<Value extends OptionValue> {
  /** The kernel's word for each value: `index=on`. The word is null where the kernel has no word for its default. */
  readonly words: Readonly<Record<`${Value}`, string | null>>;
  /**
   * The combinations with other options that overlayfs refuses or ignores: fs/overlayfs/params.c, ovl_fs_params_verify.
   */
  readonly conflicts: readonly Conflict[];
  /** The values that need extended attributes `trusted.*`, which a process in a user namespace must not write. */
  readonly needTrustedXattrs: readonly Value[];
  /**
   * How `ifMounted: 'reuse'` compares the option with the mount table; `sameAs` names another option with the same
   * meaning, which is compared instead.
   */
  readonly reuse: OptionReuse<Value> | { readonly sameAs: readonly [name: OptionName, value: OptionValue] };
  /** How `overlaySupport` tries the option. */
  readonly probe: OptionProbe<Value>;
}

/** The type of the table of all options, which makes a missing row a compile error. */
export type OptionTable = {
  readonly [Name in OptionName]-?: OptionRow<Exclude<OverlayOptionValues[Name], undefined>>;
};

/** The options and directories that a caller gives for an overlay, before this library checks the values. */
export type GivenOptions = Readonly<Partial<Record<OptionName | 'upper' | 'work', unknown>>>;

/** A combination of options that this library refuses. */
export interface Conflict {
  /** A full sentence that names the options, the reason and the remedy. */
  readonly why: string;
  /** Whether the options are in conflict. */
  applies(options: GivenOptions): boolean;
}

/**
 * The parameters of the overlay module in `/sys/module/overlay/parameters`; a parameter that cannot be read is left
 * out.
 */
export type ModuleParameters = Readonly<Partial<Record<(typeof MODULE_PARAMETERS)[number], boolean>>>;

/** The names of the module parameters that set the defaults of options. */
export const MODULE_PARAMETERS = [
  'redirect_dir',
  'redirect_always_follow',
  'index',
  'nfs_export',
  'xino_auto',
  'metacopy',
] as const;

/** Everything on which the kernel's choice of a value depends. */
export interface KernelView {
  /** The options that the caller gave. */
  readonly given: Readonly<OverlayOptionValues>;
  /** Whether the overlay has an upper directory. */
  readonly hasUpper: boolean;
  readonly parameters: ModuleParameters;
}

/** How the mount table shows an option (fs/overlayfs/params.c, ovl_show_options). */
export interface OptionReuse<Value extends OptionValue> {
  /**
   * When the mount table shows a value: unless the value is the default, never, or only for layers on several
   * filesystems.
   */
  readonly shown: 'unless default' | 'never' | 'on several filesystems';
  /**
   * Returns the value of an option that is left out; undefined if the module parameter of the default cannot be read.
   */
  default(parameters: ModuleParameters): Value | undefined;
  /** Returns the values that the mount table may show if the caller gave this value. */
  shownFor(value: Value, view: KernelView): readonly Value[];
  /**
   * Returns the values other than the default that the kernel may choose and show if the caller leaves the option out.
   */
  chosenByKernel(view: KernelView): readonly Value[];
}

/**
 * The trials of an option: one for each value of an option with several values, and one for the value of a boolean
 * option that `overlaySupport` reports. An option with `survey` needs no trial, because the survey of the directory
 * tests the option.
 */
export type OptionProbe<Value extends OptionValue> =
  | { readonly survey: 'userxattr' }
  | ([Value] extends [string] ? Readonly<Record<Value, Trial>> : { readonly true: Trial } | { readonly false: Trial });

/** How `overlaySupport` mounts an overlay with one value of an option, and finds out whether the value is in effect. */
export interface Trial {
  /**
   * What proves that the value is in effect: that the mount succeeds, that the mount table shows the value, or that the
   * table either shows the value or omits it as the default. `shownUnlessDefaultBeside` names another value of the
   * option: if the table shows that value after a mount with it, the value of the trial is the default. The success of
   * a mount proves little, because overlayfs drops several options with only a line in the kernel's log
   * (fs/overlayfs/super.c, ovl_fill_super and ovl_make_workdir).
   */
  readonly proof: 'mounted' | 'shown' | { readonly shownUnlessDefaultBeside: string };
  /** Whether the value has an effect only with an upper directory. */
  readonly needsUpper?: boolean;
  /** The option word that the value also needs: one with an upper directory, and one without an upper directory. */
  readonly also?: readonly [withUpper: string, withoutUpper: string];
  /** A step in the mounted overlay that fails unless the value is in effect. */
  readonly exercise?: Step;
  /**
   * Whether the lower layer has to be on another filesystem than the upper directory for the value to have an effect.
   */
  readonly onTwoFilesystems?: boolean;
  /** Whether the value sets when overlayfs writes changes to the disk, so that the trial must not add `volatile`. */
  readonly setsSync?: boolean;
  /** The word that the mount table of other kernels shows for the value. */
  readonly alsoShownAs?: string;
  /** The word that the mount table shows for the value if the overlay has no upper directory. */
  readonly shownWithoutUpperAs?: string;
}

/** A row whose type of values is not known, for code that goes through all rows. */
export type AnyOptionRow = OptionRow<OptionValue>;
