import { errnoWords } from '../../kernel/errno.js';
import { type Answer, type Program, type Question, type Step, shownOption } from './program.js';
import { no, type Support, type Survey, YES } from './survey.js';

/** Options of an overlay by their names in an `OverlaySpec`; where there is a choice, each choice has its own answer. */
export interface OverlayOptionSupport {
  /** How directories of lower layers are renamed, by each value. */
  readonly redirectDir: Readonly<Record<'off' | 'follow' | 'nofollow' | 'on', Support>>;
  /** Hard links that stay together, and an upper layer that is refused while in use. */
  readonly index: Support;
  /** Identities of an overlay, by each value. */
  readonly uuid: Readonly<Record<'off' | 'null' | 'auto' | 'on', Support>>;
  /** File handles, as an NFS server needs them. */
  readonly nfsExport: Support;
  /** Overlayfs's own attributes as `user.*`. */
  readonly userxattr: Support;
  /** Inode numbers that stay the same, by each value. */
  readonly xino: Readonly<Record<'off' | 'auto' | 'on', Support>>;
  /** Metadata that is copied up without the content. */
  readonly metacopy: Support;
  /** Digests of contents that are checked, by each value. */
  readonly verity: Readonly<Record<'off' | 'on' | 'require', Support>>;
  /** An upper layer that never waits for the disk. */
  readonly volatile: Support;
  /** When a file that is copied up waits for the disk, by each value. */
  readonly fsync: Readonly<Record<'auto' | 'strict' | 'volatile', Support>>;
  /** `overrideCreds: false`, that is: to choose. */
  readonly overrideCreds: Support;
}

// How it is seen that an option has done something, when the mount has worked: overlayfs drops several of them with no
// more than a line in the kernel's log (fs/overlayfs/super.c, ovl_fill_super and ovl_make_workdir).
type Sign =
  | 'shown' // the mount table shows it
  | 'shown or default' // the table leaves out what is the default, and shows other values
  | 'mounted'; // nothing shows it, or what it means depends on the layers

interface Trial {
  /** What is written: `index=on`. */
  readonly word: string;
  readonly sign: Sign;
  /** It says something about the upper layer only. */
  readonly needsUpper?: boolean;
  /** Other words that it does not go without, with an upper layer and without. */
  readonly also?: readonly [withUpper: string, without: string];
  /** Done in the overlay: what shows that the option works. */
  readonly exercise?: readonly Step[];
  /** The lower layer is on another filesystem, as otherwise the option would have nothing to do. */
  readonly mixed?: boolean;
  /** The option says itself how changes get to the disk. */
  readonly sync?: boolean;
}

// Without redirects overlayfs answers EXDEV.
const RENAME: Step = ['rename', 'm/d', 'm/renamed'];

const redirect = (value: string, more: Partial<Trial> = {}): Trial => ({
  word: `redirect_dir=${value}`,
  sign: 'mounted',
  ...more,
});
const uuid = (value: string, sign: Sign): Trial => ({ word: `uuid=${value}`, sign, needsUpper: value === 'on' });
const xino = (value: string, sign: Sign): Trial => ({ word: `xino=${value}`, sign, mixed: true });
const onOff = (key: string, more: Partial<Trial> = {}): Record<string, Trial> => ({
  on: { word: `${key}=on`, sign: 'shown or default', ...more },
  off: { word: `${key}=off`, sign: 'shown or default' },
});
const verity = (value: string, sign: Sign): Trial => ({ word: `verity=${value}`, sign });
const fsync = (value: string, sign: Sign): Trial => ({ word: `fsync=${value}`, sign, needsUpper: true, sync: true });

const TRIALS: Readonly<Record<string, Readonly<Record<string, Trial>>>> = {
  redirectDir: {
    off: redirect('off'),
    follow: redirect('follow', { sign: 'shown or default' }),
    nofollow: redirect('nofollow'),
    on: redirect('on', { needsUpper: true, exercise: [RENAME] }),
  },
  index: onOff('index', { needsUpper: true }),
  uuid: {
    off: uuid('off', 'shown'),
    null: uuid('null', 'shown'),
    auto: uuid('auto', 'mounted'),
    on: uuid('on', 'shown'),
  },
  nfsExport: onOff('nfs_export', { also: ['index=on', 'redirect_dir=nofollow'] }),
  xino: { off: xino('off', 'mounted'), auto: xino('auto', 'mounted'), on: xino('on', 'shown') },
  metacopy: onOff('metacopy'),
  verity: { off: verity('off', 'mounted'), on: verity('on', 'shown'), require: verity('require', 'shown') },
  volatile: { on: { word: 'volatile', sign: 'shown', needsUpper: true, sync: true } },
  fsync: { auto: fsync('auto', 'mounted'), strict: fsync('strict', 'shown'), volatile: fsync('volatile', 'shown') },
  overrideCreds: { on: { word: 'nooverride_creds', sign: 'mounted' } },
};

// Options that are there or not; the others are a choice.
const FLAGS: ReadonlySet<string> = new Set(['index', 'nfsExport', 'metacopy', 'volatile', 'overrideCreds']);

function trialSteps(trial: Trial, id: string, survey: Survey): Step[] {
  const { word, also = ['', ''], exercise = [], mixed = false, sync = false } = trial;
  if (survey.upperWords === undefined) {
    const layers = survey.lower.supported ? '.:/../0' : '/../0:/../1';
    const data = [`lowerdir=${layers}`, word, also[1]].filter(Boolean).join(',');
    return [
      ['go', 'directory'],
      ['mount', 'overlay', '/../m', data],
      ['shown', '/../m'],
      ['umount', '/../m'],
    ];
  }
  const layers = `lowerdir=${mixed ? '/../0' : 'l'},upperdir=u${id},workdir=w${id}`;
  // Volatile, as to unmount any other overlay is to wait until all of the upper filesystem is written to the disk.
  const data = [layers, word, also[0], sync ? '' : 'volatile', ...survey.upperWords].filter(Boolean).join(',');
  return [
    ['go', 'scratch'],
    ['mkdir', `u${id}`],
    ['mkdir', `w${id}`],
    ['mount', 'overlay', 'm', data],
    ['shown', 'm'],
    ...exercise,
    ['umount', 'm'],
  ];
}

/** The trials of all options; what they mount lies in the place and in memory, where layers "0" and "1" are. */
export function askOptions(
  program: Program,
  survey: Survey,
): (results: readonly (number | string)[]) => OverlayOptionSupport {
  program.ask(['go', 'scratch'], ['mkdir', 'l'], ['mkdir', 'l/d'], ['mkdir', 'm']);
  const questions = new Map<Trial, Question>();
  for (const trial of Object.values(TRIALS).flatMap((trials) => Object.values(trials))) {
    questions.set(trial, program.ask(...trialSteps(trial, String(questions.size), survey)));
  }
  return (results) => {
    const answer = (trial: Trial) => (questions.get(trial) as Question)(results);
    const support: Record<string, Support | Record<string, Support>> = { userxattr: survey.userxattr };
    for (const [name, trials] of Object.entries(TRIALS)) {
      const each = Object.fromEntries(
        Object.entries(trials).map(([value, trial]) => {
          // What the kernel falls back to, if it does.
          const fallback = trials['nofollow'] ?? trials['off'];
          return [value, verdict(trial, answer(trial), fallback && answer(fallback), survey)];
        }),
      );
      support[name] = FLAGS.has(name) ? (each['on'] as Support) : each;
    }
    return support as unknown as OverlayOptionSupport;
  };
}

function verdict(trial: Trial, answer: Answer, fallback: Answer | undefined, survey: Survey): Support {
  const { word, sign, needsUpper = false } = trial;
  if (needsUpper && !survey.upper.supported) return no(`${word} needs an upper layer: ${survey.upper.reason}`);
  const condition = survey.upperWords?.includes('userxattr')
    ? ' together with userxattr, without which an upper layer does not work here'
    : '';
  if (!answer.ok) return no(refusal(word, answer.step[0], answer.errno, condition));
  if (shownOption(answer.shown, 'ro') !== undefined && survey.upperWords !== undefined) {
    return no(`with ${word} the kernel makes the overlay read-only`);
  }
  const [key = word, value = ''] = word.split('=');
  const shown = shownOption(answer.shown, key) ?? sameByAnotherName(word, answer.shown);
  if (sign === 'mounted' || shown === value) return YES;
  // Without an upper layer there is nothing to write, and to follow is all (fs/overlayfs/params.c).
  if (word === 'redirect_dir=follow' && shown === 'on' && survey.upperWords === undefined) return YES;
  if (shown !== undefined) return no(`the kernel takes ${word}, but turns it into ${key}=${shown}${condition}`);
  // What is not shown is the default. When the fallback is shown, it is not the default, and so this value is.
  const isDefault =
    sign === 'shown or default' && fallback !== undefined && shownOption(fallback.shown, key) !== undefined;
  return isDefault ? YES : no(`the kernel takes ${word}, but it is not in effect: the mount table does not show it`);
}

// Kernels that have fsync write volatile in its words.
function sameByAnotherName(word: string, shown: string): string | undefined {
  if (word === 'volatile' && shownOption(shown, 'fsync') === 'volatile') return '';
  return word === 'fsync=volatile' && shownOption(shown, 'volatile') === '' ? 'volatile' : undefined;
}

function refusal(word: string, step: string, errno: number, condition: string): string {
  const name = errnoWords(errno);
  if (step === 'rename') return `with ${word} an overlay mounts, but a directory cannot be renamed: ${name}`;
  if (step !== 'mount') return `${word} could not be tried: ${step} failed with ${name}`;
  const why = name.startsWith('EPERM') ? ', it needs privilege that this user namespace does not have' : '';
  return `overlayfs refuses ${word}${condition}: ${name}${why}`;
}
