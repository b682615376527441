import { isUtf8 } from 'node:buffer';
import { choiceOption, dataArgument, encodingOption, optionsArgument } from '../arguments/check.js';
import { invalidArgType } from '../kernel/errors.js';
import { overlayOptionOfWord, overlayWordsLike } from './options.js';
import type { OverlaySpec } from './spec.js';
import { type Form, formOf, keyOf, layersOf, malformed, unescaped, wordsOf } from './text.js';

/** How {@link parseOverlayData} reads, and what it gives. */
export interface OverlayParseOptions {
  /** `'utf8'` gives names that are UTF-8 as strings and others as Buffers, `'buffer'` gives all as Buffers. */
  encoding?: 'utf8' | 'buffer';
  /** What the text is: options as the mount table shows them, or option data. Found out unless said. */
  form?: 'table' | 'data';
}

const KNOWN: ReadonlySet<string> = new Set(['encoding', 'form']);

// What stands in the table beside overlayfs's own words and says nothing about it: flags of the superblock
// (fs/proc_namespace.c, show_sb_opts; fs/fs_context.c, vfs_parse_sb_flag) and labels (security/selinux/hooks.c).
const FOREIGN = /^(?:rw|ro|a?sync|dirsync|(?:no)?lazytime|(?:no)?mand|seclabel|(?:fs|def|root)?context=.*)$/s;

/**
 * What an overlay is made of, read back from text: the inverse of {@link overlayData}, and of what the kernel writes
 * into the mount table (fs/overlayfs/params.c, ovl_show_options). Nothing is looked up; it needs no Linux.
 *
 * It takes the super options of an overlay's line in `/proc/PID/mountinfo`, the last field (form `'table'`), and option
 * data for mount(2) or mount(8) (form `'data'`). They are told apart by their backslashes: in the table each is followed
 * by three octal digits, in what overlayData writes by a backslash, comma or colon; without any, both read alike. Text
 * that is neither, as others may write it, needs `form`. Give the table as bytes: names need not be UTF-8.
 *
 * The table holds what the mounter gave, so paths may be relative to where that was; and what the kernel added:
 * `redirectDir: 'on'` or `uuid: 'on'` may never have been asked for, and a combination may be one that
 * {@link mountOverlay} refuses. Options that are at the kernel's defaults are not in it. Words of the VFS (`rw`, `sync`,
 * `lazytime` …) and of SELinux (`context=` …) are left out. Linux 6.5.0 to 6.5.7 write layers without any escapes.
 *
 * Where the table has a `lowerdir+` for each layer, `upper` and `work` are taken to have been given as descriptors. If
 * they were given as text with backslashes, which looks the same, the escapes are still in them.
 *
 * @param data the options, of an overlay and of nothing else
 * @throws `TypeError` with Node's codes for a word that is not known (its value is in no message), a value that is not
 *   one, a word given twice with different values, an empty layer, no lower layer, and escapes that are cut short
 * @example
 * ```ts
 * parseOverlayData('rw,lowerdir=/a\\134:b:/c\\040d,upperdir=/u,workdir=/w,index=on');
 * // { lower: ['/a:b', '/c d'], upper: '/u', work: '/w', index: true }
 * ```
 * @see https://docs.kernel.org/filesystems/overlayfs.html
 */
export function parseOverlayData(data: string | Uint8Array, options: OverlayParseOptions = {}): OverlaySpec {
  const { encoding, form } = optionsArgument('options', options, KNOWN);
  const asBuffers = encodingOption(encoding) === 'buffer';
  const said = choiceOption<Form>('options.form', form, ['table', 'data']);
  const bytes = dataArgument('data', data);
  if (bytes === null) throw invalidArgType('data', 'of type string or an instance of Buffer or Uint8Array', data);
  const name = (text: string) => {
    const path = Buffer.from(text, 'latin1');
    return asBuffers || !isUtf8(path) ? path : path.toString();
  };
  const found = read(Buffer.from(bytes).toString('latin1'), said);
  return {
    ...found.options,
    lower: found.lower.map(name),
    ...(found.dataOnly.length > 0 && { dataOnly: found.dataOnly.map(name) }),
    ...(found.upper !== undefined && { upper: name(found.upper) }),
    ...(found.work !== undefined && { work: name(found.work) }),
  } as OverlaySpec; // of which the kernel may have made a combination that nobody can ask for
}

interface Found {
  readonly lower: readonly string[];
  readonly dataOnly: readonly string[];
  readonly upper: string | undefined;
  readonly work: string | undefined;
  readonly options: Readonly<Record<string, boolean | string>>;
}

function read(text: string, said: Form | undefined): Found {
  const form = said ?? formOf(text);
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
  const isRaw = form === 'table' && isAdded;
  const path = (value: string | undefined) => (value === undefined || isRaw ? value : unescaped(value));
  return { ...layers, upper: path(upper), work: path(work), options };
}

type Paths = Record<'lowerdir' | 'lowerdir+' | 'datadir+' | 'upperdir' | 'workdir', string[]>;

/** Paths as they are, under the kernel's names, and options under ours. */
function sorted(words: readonly string[]): { paths: Paths; options: Record<string, boolean | string> } {
  const paths: Paths = { lowerdir: [], 'lowerdir+': [], 'datadir+': [], upperdir: [], workdir: [] };
  const options: Record<string, boolean | string> = {};
  for (const word of words) {
    if (word === '' || FOREIGN.test(word)) continue; // the kernel passes over empty words too
    const [key = ''] = word.split('=', 1);
    if (isPathWord(key, paths)) {
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

function isPathWord(key: string, paths: Paths): key is keyof Paths {
  return Object.hasOwn(paths, key);
}

function single(key: keyof Paths, paths: Paths): string | undefined {
  const [value, ...others] = paths[key];
  if (others.some((other) => other !== value)) throw givenTwice(key);
  return value;
}

function optionOf(word: string, key: string): readonly [name: string, value: boolean | string] {
  const option = overlayOptionOfWord(word);
  if (option !== undefined) return option;
  const like = overlayWordsLike(key);
  if (like.length === 0) throw malformed(`has the word ${keyOf(word)}, which is not known of overlays`);
  throw malformed(`has ${keyOf(word)} with a value that is not known. Known are: ${like.join(', ')}`);
}

function givenTwice(key: string): TypeError {
  return malformed(`has ${key} twice, and not the same`);
}
