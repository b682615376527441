import { type Difference, surest } from '../reuse/differences.js';

/** The parameters of the kernel's module that say what an overlay is like unless asked otherwise. */
const PARAMETERS = ['redirect_dir', 'redirect_always_follow', 'index', 'nfs_export', 'xino_auto', 'metacopy'] as const;
export const PARAMETER_FILES: readonly string[] = PARAMETERS.map((name) => `/sys/module/overlay/parameters/${name}`);

/** An overlay that is asked for, as far as its options go. */
export interface WantedOptions {
  readonly words: readonly string[];
  readonly hasUpper: boolean;
  /** All layers are on one filesystem, where inode numbers need no xino, and the table does not show it. */
  readonly isOnOne: boolean;
}

/**
 * How the options of an overlay that is there differ from those that are asked for. The mount table shows what is not as
 * it is by default (fs/overlayfs/params.c, ovl_show_options), and what the kernel has made of other options
 * (ovl_fs_params_verify).
 *
 * @param shown the words of the one that is there
 * @param parameters the bytes of {@link PARAMETER_FILES}, null for one that cannot be read
 */
export function optionsDiffer(
  wanted: WantedOptions,
  shown: readonly string[],
  parameters: readonly (Buffer | null)[],
): Difference | undefined {
  const asked = settingsOf(wanted.words);
  const there = settingsOf(shown);
  const defaults = defaultsOf(parameters);
  const keys = [...new Set([...asked.keys(), ...there.keys()])];
  return surest(keys.map((key) => settingDiffers(key, asked, there.get(key), defaults, wanted)));
}

type Settings = ReadonlyMap<string, string>;

/** What the kernel has where nothing is said: undefined where that cannot be told. */
type Defaults = Readonly<Record<string, string | undefined>>;

const other = (why: string): Difference => ({ kind: 'other', why: `an overlay ${why} is mounted there` });

function settingDiffers(
  key: string,
  asked: Settings,
  shown: string | undefined,
  defaults: Defaults,
  wanted: WantedOptions,
): Difference | undefined {
  const value = asked.get(key);
  if (value === undefined) {
    const follows = madeBy(key, asked, defaults, wanted);
    return shown === undefined || follows.includes(shown) ? undefined : other(`with ${wordOf(key, shown)}`);
  }
  const meaning = meaningOf(key, value, defaults, wanted);
  const missing = `that does not show ${wordOf(key, value)}`;
  if (shown !== undefined) return meaning.includes(shown) ? undefined : other(missing);
  if (key === 'xino' && wanted.isOnOne) return undefined;
  const usual = defaults[key];
  if (usual !== undefined && meaning.includes(usual)) return undefined;
  if (usual !== undefined && !NOT_ALWAYS_SHOWN.has(key)) return other(missing);
  return { kind: 'untold', why: `an overlay ${missing}, and may have it all the same, is mounted there` };
}

// Whether credentials are overridden is shown nowhere (Linux 6.18).
const NOT_ALWAYS_SHOWN: ReadonlySet<string> = new Set(['override_creds', 'xino']);

/** What the kernel may have made of an option that was not asked for, and then shows. */
function madeBy(key: string, asked: Settings, defaults: Defaults, { hasUpper }: WantedOptions): readonly string[] {
  const has = (name: string, ...values: readonly string[]) => values.includes(asked.get(name) ?? '');
  const hasMetacopy = has('metacopy', 'on') || has('verity', 'on', 'require');
  const made: string[] = [];
  switch (key) {
    case 'uuid': // by what the upper layer has been used with
      return ['on', 'null'];
    case 'redirect_dir':
      if (hasMetacopy) made.push('on');
      if (has('userxattr', 'on')) made.push('nofollow');
      // What follows redirects and writes nothing is 'on' to the kernel.
      if (!hasUpper && defaults['redirect_dir'] !== 'nofollow') made.push('on');
      return made;
    case 'metacopy':
      if (has('verity', 'on', 'require')) made.push('on');
      if (has('userxattr', 'on') || has('nfs_export', 'on')) made.push('off');
      return made;
    case 'index':
      return [...(has('nfs_export', 'on') ? ['on'] : []), ...(hasUpper ? [] : ['off'])];
    case 'nfs_export':
      return hasMetacopy || !hasUpper || has('index', 'off') ? ['off'] : [];
    case 'xino': // with inode numbers of 32 bits
      return ['off'];
    default:
      return [];
  }
}

/** What is shown for an option that was asked for. */
function meaningOf(key: string, value: string, defaults: Defaults, { hasUpper }: WantedOptions): readonly string[] {
  if (key === 'uuid' && value === 'auto') return ['auto', 'on', 'null'];
  // Before Linux 6.6 that was the default, and not shown; since then it always is.
  if (key === 'uuid' && value === 'on') return ['on', 'auto'];
  // It says something of an upper layer only: without, it is shown as something else or, before 6.6, not at all.
  if (key === 'uuid' && value === 'off' && !hasUpper) return ['off', 'null', 'auto'];
  if (key !== 'redirect_dir' || (value !== 'off' && value !== 'follow')) return [value];
  // 'off' means what redirect_always_follow says, under its own name from Linux 6.5 on.
  const follows = value === 'follow' ? 'follow' : defaults['redirect_dir=off'];
  return [value, ...(follows === undefined ? [] : [follows]), ...(follows === 'follow' && !hasUpper ? ['on'] : [])];
}

function defaultsOf(parameters: readonly (Buffer | null)[]): Defaults {
  const [redirect, follow, index, nfsExport, xino, metacopy] = parameters.map((bytes) => bytes?.toString().trim());
  const either = (parameter: string | undefined, yes: string, no: string) =>
    parameter === undefined ? undefined : parameter === 'Y' ? yes : no;
  const off = either(follow, 'follow', 'nofollow');
  return {
    redirect_dir: redirect === 'Y' ? 'on' : redirect === undefined ? undefined : off,
    'redirect_dir=off': off,
    index: either(index, 'on', 'off'),
    nfs_export: either(nfsExport, 'on', 'off'),
    xino: either(xino, 'auto', 'off'),
    metacopy: either(metacopy, 'on', 'off'),
    ...{
      uuid: 'auto',
      verity: 'off',
      fsync: 'auto',
      override_creds: 'on',
      userxattr: 'off',
      default_permissions: 'off',
    },
  };
}

function settingsOf(words: readonly string[]): Settings {
  return new Map(
    words.map((word) => {
      if (word === 'volatile') return ['fsync', 'volatile'];
      if (word === 'nooverride_creds') return ['override_creds', 'off'];
      const [key = '', value = 'on'] = word.split('=');
      return [key, value];
    }),
  );
}

function wordOf(key: string, value: string): string {
  if (key === 'override_creds') return value === 'on' ? key : `no${key}`;
  return key === 'userxattr' || key === 'default_permissions' ? key : `${key}=${value}`;
}
