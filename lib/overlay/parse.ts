// Parses the option text of an overlay.
import { isUtf8 } from 'node:buffer';
import { choiceOption, dataArgument, encodingOption, optionsArgument } from '../arguments/check.js';
import { invalidArgType } from '../kernel/errors.js';
import { keyOf } from '../kernel/words.js';
import type { OptionName, OptionValue } from './option-row.js';
import { overlayOptionOfWord, overlayWordsLike } from './option-words.js';
import type { OverlaySpec } from './spec.js';
import { type Form, formOf, layersOf, malformed, printableKey, unescaped, wordsOf } from './text.js';

/** How {@link parseOverlayData} reads the text, and how it returns paths. */
export interface OverlayParseOptions {
  /**
   * `'utf8'` returns paths that are UTF-8 as strings and others as Buffers, `'buffer'` returns all paths as Buffers.
   */
  encoding?: 'utf8' | 'buffer';
  /**
   * The form of the text: `'table'` as the mount table shows options, `'data'` as mount(2) takes options. Detected by
   * default.
   */
  form?: 'table' | 'data';
}

const OPTION_NAMES: ReadonlySet<string> = new Set(['encoding', 'form']);

// Words that the mount table shows besides the words of overlayfs: flags of the superblock (fs/proc_namespace.c,
// show_sb_opts; fs/fs_context.c, vfs_parse_sb_flag) and SELinux labels (security/selinux/hooks.c).
const FOREIGN = /^(?:rw|ro|a?sync|dirsync|(?:no)?lazytime|(?:no)?mand|seclabel|(?:fs|def|root)?context=.*)$/s;

/**
 * Parses the option text of an overlay, as {@link overlayData} returns the text or as the kernel writes the text into
 * the mount table (fs/overlayfs/params.c, ovl_show_options). The function calls no system call and works on every
 * operating system.
 *
 * The text is the super options of an overlay in `/proc/PID/mountinfo`, the last field (form `'table'`), or option data
 * for mount(2) or mount(8) (form `'data'`). The function detects the form by the backslashes: in the mount table three
 * octal digits follow each backslash, and in the text of overlayData a backslash, a comma or a colon follows. A text
 * without backslashes means the same in both forms. For text that other programs wrote, the caller may have to give
 * `form`. Give the mount table as bytes, because paths need not be UTF-8.
 *
 * The mount table has the paths that the mounting process gave, so a relative path starts at the working directory of
 * that process. The kernel adds options that nobody gave, such as `redirectDir: 'on'` or `uuid: 'on'`, and omits
 * options at their defaults. So {@link mountOverlay} may refuse a combination that parseOverlayData returns. The result
 * does not have words of the VFS (`rw`, `sync`, `lazytime` …) and of SELinux (`context=` …). Linux 6.5.0 to 6.5.7 write
 * layers without any escapes.
 *
 * If the mount table has a `lowerdir+` for each layer, the function assumes that the kernel got `upper` and `work` as
 * descriptors. Paths that the kernel got as text look the same in the mount table, and keep the backslashes of their
 * escapes.
 *
 * @param data the options of an overlay and of no other filesystem
 * @throws `TypeError` with Node's codes for an unknown word (no message has its value), a wrong value, a word that
 *   stands twice with different values, an empty layer, a missing lower layer, and an incomplete escape
 * @example
 * ```ts
 * parseOverlayData('rw,lowerdir=/a\\134:b:/c\\040d,upperdir=/u,workdir=/w,index=on');
 * // { lower: ['/a:b', '/c d'], upper: '/u', work: '/w', index: true }
 * ```
 * @see https://docs.kernel.org/filesystems/overlayfs.html
 */
export function parseOverlayData(data: string | Uint8Array, options: OverlayParseOptions = {}): OverlaySpec {
  const { encoding, form } = optionsArgument('options', options, OPTION_NAMES);
  const asBuffers = encodingOption(encoding) === 'buffer';
  const givenForm = choiceOption<Form>('options.form', form, ['table', 'data']);
  const bytes = dataArgument('data', data);
  if (bytes === null) throw invalidArgType('data', 'of type string or an instance of Buffer or Uint8Array', data);
  const toPath = (text: string) => {
    const path = Buffer.from(text, 'latin1');
    return asBuffers || !isUtf8(path) ? path : path.toString();
  };
  const parsed = parse(Buffer.from(bytes).toString('latin1'), givenForm);
  return {
    ...parsed.options,
    lower: parsed.lower.map(toPath),
    ...(parsed.dataOnly.length > 0 && { dataOnly: parsed.dataOnly.map(toPath) }),
    ...(parsed.upper !== undefined && { upper: toPath(parsed.upper) }),
    ...(parsed.work !== undefined && { work: toPath(parsed.work) }),
  } as OverlaySpec;
}

/** The overlay that a text describes, with paths in Latin-1. */
interface ParsedOverlay {
  readonly lower: readonly string[];
  readonly dataOnly: readonly string[];
  readonly upper: string | undefined;
  readonly work: string | undefined;
  readonly options: Readonly<Partial<Record<OptionName, OptionValue>>>;
}

function parse(text: string, givenForm: Form | undefined): ParsedOverlay {
  const form = givenForm ?? formOf(text);
  const { paths, options } = sorted(wordsOf(text, form));
  const added = { lower: paths['lowerdir+'], dataOnly: paths['datadir+'] };
  const isAdded = added.lower.length + added.dataOnly.length > 0;
  const lowerdir = single('lowerdir', paths);
  if (lowerdir !== undefined && isAdded) throw malformed('has lowerdir and also lowerdir+ or datadir+');
  const layers = lowerdir === undefined ? added : layersOf(lowerdir);
  if (layers.lower.length === 0) throw malformed('has no lowerdir and no lowerdir+');

  const [upper, work] = [single('upperdir', paths), single('workdir', paths)];
  if (upper === undefined && work !== undefined) throw malformed('has workdir without upperdir');
  if (upper !== undefined && work === undefined) throw malformed('has upperdir without workdir');
  const hasNoEscapes = form === 'table' && isAdded;
  const path = (value: string | undefined) => (value === undefined || hasNoEscapes ? value : unescaped(value));
  return { ...layers, upper: path(upper), work: path(work), options };
}

type Paths = Record<'lowerdir' | 'lowerdir+' | 'datadir+' | 'upperdir' | 'workdir', string[]>;

/** Separates words into paths, by the kernel's names, and options, by the public names. */
function sorted(words: readonly string[]): { paths: Paths; options: Partial<Record<OptionName, OptionValue>> } {
  const paths: Paths = { lowerdir: [], 'lowerdir+': [], 'datadir+': [], upperdir: [], workdir: [] };
  const options: Partial<Record<OptionName, OptionValue>> = {};
  for (const word of words) {
    if (word === '' || FOREIGN.test(word)) continue; // The kernel also skips empty words.
    const key = keyOf(word);
    if (isPathKey(key, paths)) {
      const value = word.slice(key.length + 1);
      if (value === '') throw malformed(`has an empty ${key}`);
      if (key === 'lowerdir+' && paths['datadir+'].length > 0) throw malformed('has a lowerdir+ after a datadir+');
      paths[key].push(value);
    } else {
      const [name, value] = optionOf(word, key);
      if (Object.hasOwn(options, name) && options[name] !== value) throw givenTwice(key);
      options[name] = value;
    }
  }
  return { paths, options };
}

function isPathKey(key: string, paths: Paths): key is keyof Paths {
  return Object.hasOwn(paths, key);
}

function single(key: keyof Paths, paths: Paths): string | undefined {
  const [value, ...others] = paths[key];
  if (others.some((other) => other !== value)) throw givenTwice(key);
  return value;
}

function optionOf(word: string, key: string): readonly [name: OptionName, value: OptionValue] {
  const option = overlayOptionOfWord(word);
  if (option !== undefined) return option;
  const like = overlayWordsLike(key);
  if (like.length === 0) throw malformed(`has the word ${printableKey(word)}, which overlayfs does not know`);
  throw malformed(`has ${printableKey(word)} with an unknown value: overlayfs knows ${like.join(', ')}`);
}

function givenTwice(key: string): TypeError {
  return malformed(`has ${key} twice with different values`);
}
