// The table of the options of overlayfs: every option of Linux 6.18 besides the layers (fs/overlayfs/params.c,
// ovl_parameter_spec). A new option needs a member of `OverlayOptionValues` in spec.ts and a row of this table.
import type {
  AnyOptionRow,
  GivenOptions,
  KernelView,
  ModuleParameters,
  OptionName,
  OptionTable,
} from './option-row.js';
import type { OverlaySpec } from './spec.js';

const itself = <Value>(value: Value): readonly Value[] => [value];
const nothing = (): readonly never[] => [];

const hasUpper = (options: GivenOptions) => options.upper !== undefined;
const isOneOf = (value: unknown, ...allowed: readonly unknown[]) => allowed.includes(value);

// Verity needs metacopy, and metacopy needs redirects: overlayfs turns both on (fs/overlayfs/params.c,
// ovl_fs_params_verify).
const needsRedirects = ({ given }: KernelView) => given.metacopy === true || isOneOf(given.verity, 'on', 'require');

// The module parameter redirect_always_follow decides what redirect_dir=off means: fs/overlayfs/params.c,
// ovl_parse_param.
const redirectOff = ({ redirect_always_follow: follows }: ModuleParameters): RedirectDir | undefined =>
  follows === undefined ? undefined : follows ? 'follow' : 'nofollow';

const redirectDefault = (parameters: ModuleParameters) =>
  parameters.redirect_dir === undefined ? undefined : parameters.redirect_dir ? 'on' : redirectOff(parameters);

type RedirectDir = NonNullable<OverlaySpec['redirectDir']>;

/** The table of overlay options: the words, conflicts, default, form in the mount table, and trials of each option. */
export const OPTIONS: OptionTable = {
  defaultPermissions: {
    words: { true: 'default_permissions', false: null },
    conflicts: [],
    needTrustedXattrs: [],
    reuse: { shown: 'unless default', default: () => false, shownFor: itself, chosenByKernel: nothing },
    probe: { true: { proof: 'shown' } },
  },
  redirectDir: {
    words: {
      off: 'redirect_dir=off',
      follow: 'redirect_dir=follow',
      nofollow: 'redirect_dir=nofollow',
      on: 'redirect_dir=on',
    },
    conflicts: [],
    needTrustedXattrs: ['follow', 'on'],
    reuse: {
      shown: 'unless default',
      default: redirectDefault,
      shownFor(value, { hasUpper, parameters }): readonly RedirectDir[] {
        if (value === 'nofollow' || value === 'on') return [value];
        // Since Linux 6.5 the mount table shows `redirect_dir=off` as `follow` or `nofollow`.
        const meaning = value === 'off' ? redirectOff(parameters) : value;
        // Without an upper directory the kernel reports `redirect_dir=follow` as `on`.
        const reported = meaning === 'follow' && !hasUpper ? (['on'] as const) : [];
        return [value, ...(meaning === undefined ? [] : [meaning]), ...reported];
      },
      chosenByKernel(view) {
        const followsReadOnly = !view.hasUpper && redirectDefault(view.parameters) !== 'nofollow';
        return [
          ...(needsRedirects(view) || followsReadOnly ? (['on'] as const) : []),
          ...(view.given.userxattr === true ? (['nofollow'] as const) : []),
        ];
      },
    },
    probe: {
      off: { proof: 'mounted' },
      follow: {
        proof: { shownUnlessDefaultBeside: 'nofollow' },
        // Without an upper directory overlayfs writes no redirects, and the kernel reports `follow` as `on`.
        shownWithoutUpperAs: 'redirect_dir=on',
      },
      nofollow: { proof: 'mounted' },
      // Without redirects rename(2) fails with EXDEV.
      on: { proof: 'mounted', needsUpper: true, exercise: ['rename', 'm/d', 'm/renamed'] },
    },
  },
  index: {
    words: { true: 'index=on', false: 'index=off' },
    conflicts: [
      {
        why: 'index: true needs upper, as the kernel ignores index without an upper directory: give upper and work',
        applies: (options) => !hasUpper(options) && options.index === true,
      },
    ],
    needTrustedXattrs: [],
    reuse: {
      shown: 'unless default',
      default: ({ index }) => index,
      shownFor: itself,
      chosenByKernel: ({ given, hasUpper }) => [
        ...(given.nfsExport === true ? [true] : []),
        ...(hasUpper ? [] : [false]),
      ],
    },
    probe: { true: { proof: { shownUnlessDefaultBeside: 'false' }, needsUpper: true } },
  },
  uuid: {
    words: { off: 'uuid=off', null: 'uuid=null', auto: 'uuid=auto', on: 'uuid=on' },
    conflicts: [
      {
        why: "uuid: 'on' needs upper, as the kernel stores the UUID in the upper directory: give upper and work",
        applies: (options) => !hasUpper(options) && options.uuid === 'on',
      },
    ],
    needTrustedXattrs: [],
    reuse: {
      shown: 'unless default',
      default: () => 'auto',
      shownFor(value, { hasUpper }) {
        if (value === 'auto') return ['auto', 'on', 'null'];
        // Before Linux 6.6 uuid=on is the default, and the table omits the default. Later kernels always show uuid=on.
        if (value === 'on') return ['on', 'auto'];
        // Without an upper directory the table shows uuid=off as another value, and before Linux 6.6 shows nothing.
        return value === 'off' && !hasUpper ? ['off', 'null', 'auto'] : [value];
      },
      // With 'auto' the kernel chooses by the earlier use of the upper directory.
      chosenByKernel: () => ['on', 'null'],
    },
    probe: {
      off: { proof: 'shown' },
      null: { proof: 'shown' },
      auto: { proof: 'mounted' },
      on: { proof: 'shown', needsUpper: true },
    },
  },
  nfsExport: {
    words: { true: 'nfs_export=on', false: 'nfs_export=off' },
    conflicts: [
      {
        why: 'nfsExport: true and metacopy: true exclude each other: leave one of them out',
        applies: (options) => options.nfsExport === true && options.metacopy === true,
      },
      {
        why: 'nfsExport: true needs the index: leave index: false out, or give index: true',
        applies: (options) => options.nfsExport === true && options.index === false,
      },
      {
        why: "without upper the kernel ignores nfsExport: true unless redirects are off: give redirectDir: 'nofollow'",
        applies: (options) => options.nfsExport === true && !hasUpper(options) && options.redirectDir !== 'nofollow',
      },
    ],
    needTrustedXattrs: [],
    reuse: {
      shown: 'unless default',
      default: ({ nfs_export }) => nfs_export,
      shownFor: itself,
      chosenByKernel: (view) => (needsRedirects(view) || !view.hasUpper || view.given.index === false ? [false] : []),
    },
    probe: {
      true: { proof: { shownUnlessDefaultBeside: 'false' }, also: ['index=on', 'redirect_dir=nofollow'] },
    },
  },
  userxattr: {
    words: { true: 'userxattr', false: null },
    conflicts: [
      {
        why: "with userxattr: true overlayfs follows no redirects: leave redirectDir out, or give redirectDir: 'nofollow'",
        applies: (options) => options.userxattr === true && !isOneOf(options.redirectDir, undefined, 'nofollow'),
      },
      {
        why: 'userxattr: true and metacopy: true exclude each other: leave one of them out',
        applies: (options) => options.userxattr === true && options.metacopy === true,
      },
    ],
    needTrustedXattrs: [],
    reuse: { shown: 'unless default', default: () => false, shownFor: itself, chosenByKernel: nothing },
    probe: { survey: 'userxattr' },
  },
  xino: {
    words: { off: 'xino=off', auto: 'xino=auto', on: 'xino=on' },
    conflicts: [],
    needTrustedXattrs: [],
    reuse: {
      // If all layers are on one filesystem, inode numbers are unique without xino, and the kernel turns xino off.
      shown: 'on several filesystems',
      default: ({ xino_auto }) => (xino_auto === undefined ? undefined : xino_auto ? 'auto' : 'off'),
      shownFor: itself,
      chosenByKernel: () => ['off'], // The kernel turns xino off where inode numbers have 32 bits.
    },
    probe: {
      off: { proof: 'mounted', onTwoFilesystems: true },
      auto: { proof: 'mounted', onTwoFilesystems: true },
      on: { proof: 'shown', onTwoFilesystems: true },
    },
  },
  metacopy: {
    words: { true: 'metacopy=on', false: 'metacopy=off' },
    conflicts: [
      {
        why: "metacopy: true needs redirects: leave redirectDir out, or give redirectDir: 'on' (or 'follow' without upper)",
        applies: (options) =>
          options.metacopy === true &&
          !isOneOf(options.redirectDir, undefined, 'on', ...(hasUpper(options) ? [] : ['follow'])),
      },
    ],
    needTrustedXattrs: [true],
    reuse: {
      shown: 'unless default',
      default: ({ metacopy }) => metacopy,
      shownFor: itself,
      chosenByKernel: ({ given }) => [
        ...(isOneOf(given.verity, 'on', 'require') ? [true] : []),
        ...(given.userxattr === true || given.nfsExport === true ? [false] : []),
      ],
    },
    probe: { true: { proof: { shownUnlessDefaultBeside: 'false' } } },
  },
  verity: {
    words: { off: 'verity=off', on: 'verity=on', require: 'verity=require' },
    conflicts: [],
    needTrustedXattrs: ['on', 'require'],
    reuse: { shown: 'unless default', default: () => 'off', shownFor: itself, chosenByKernel: nothing },
    probe: { off: { proof: 'mounted' }, on: { proof: 'shown' }, require: { proof: 'shown' } },
  },
  volatile: {
    words: { true: 'volatile', false: null },
    conflicts: [
      {
        why: 'volatile: true needs upper, as the kernel ignores volatile without an upper directory: give upper and work',
        applies: (options) => !hasUpper(options) && options.volatile === true,
      },
      {
        why: "volatile: true means fsync: 'volatile': leave fsync out, or give fsync: 'volatile'",
        applies: (options) => options.volatile === true && !isOneOf(options.fsync, undefined, 'volatile'),
      },
    ],
    needTrustedXattrs: [],
    reuse: { sameAs: ['fsync', 'volatile'] },
    probe: { true: { proof: 'shown', needsUpper: true, setsSync: true, alsoShownAs: 'fsync=volatile' } },
  },
  fsync: {
    words: { auto: 'fsync=auto', strict: 'fsync=strict', volatile: 'fsync=volatile' },
    conflicts: [
      {
        why: 'fsync needs upper, as overlayfs writes to no other layer: give upper and work, or leave fsync out',
        applies: (options) => !hasUpper(options) && options.fsync !== undefined,
      },
    ],
    needTrustedXattrs: [],
    reuse: { shown: 'unless default', default: () => 'auto', shownFor: itself, chosenByKernel: nothing },
    probe: {
      auto: { proof: 'mounted', needsUpper: true, setsSync: true },
      strict: { proof: 'shown', needsUpper: true, setsSync: true },
      volatile: { proof: 'shown', needsUpper: true, setsSync: true, alsoShownAs: 'volatile' },
    },
  },
  overrideCreds: {
    words: { true: 'override_creds', false: 'nooverride_creds' },
    conflicts: [],
    needTrustedXattrs: [],
    reuse: { shown: 'never', default: () => true, shownFor: itself, chosenByKernel: nothing }, // Linux 6.18
    probe: { false: { proof: 'mounted' } },
  },
};

/** The rows of {@link OPTIONS}, each with the name of its option. */
export const OPTION_ROWS = Object.entries(OPTIONS) as unknown as readonly (readonly [OptionName, AnyOptionRow])[];
