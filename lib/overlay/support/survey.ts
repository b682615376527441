// Tries how an overlay can use the filesystem of a directory.
import { describeErrno, errnoWords } from '../../kernel/errno.js';
import { type Answer, Program, type Question, type Step, shownOption } from './program.js';

/** Whether a feature of overlayfs is supported; if not, with the reason. */
export type Support =
  | {
      /** The kernel, the namespace and the filesystem support the feature. */
      readonly supported: true;
    }
  | {
      /** The kernel, the namespace or the filesystem does not support the feature. */
      readonly supported: false;
      /** The reason why the feature is not supported, in one sentence. */
      readonly reason: string;
    };

export const YES: Support = Object.freeze({ supported: true });

export function no(reason: string): Support {
  return Object.freeze({ supported: false, reason });
}

/** What the filesystem of a directory can be used for in an overlay. */
export interface OverlayFilesystemSupport {
  /** Whether the directory can be a lower layer. */
  readonly lower: Support;
  /**
   * Whether a directory on the filesystem can be the upper directory. The trial mounts an overlay, changes, makes and
   * deletes files in the overlay, and replaces a merged directory. Some filesystems need the option `userxattr`; see
   * {@link OverlaySupport.options}.
   */
  readonly upper: Support;
  /** Whether the filesystem lists names with their types (d_type), which an upper directory needs. */
  readonly dType: Support;
  /** Whether extended attributes `trusted.*` can be set, which overlayfs uses without `userxattr`. */
  readonly trustedXattrs: Support;
  /** Whether extended attributes `user.*` can be set, which overlayfs uses with `userxattr`. */
  readonly userXattrs: Support;
}

/** The results of the first program of trials, which examines the directory. */
export interface Survey extends OverlayFilesystemSupport {
  /**
   * The option words that an upper directory needs: none, or `userxattr`. Undefined if the filesystem cannot hold an
   * upper directory.
   */
  readonly upperWords: readonly string[] | undefined;
  /** Whether an overlay works with `userxattr`. */
  readonly userxattr: Support;
}

// The reason to report for each failed step of upperTrial, by the name of the step.
const MEANING: Readonly<Record<string, string>> = {
  mkdir: 'no directory can be made on the filesystem',
  write: 'no file can be made on the filesystem',
  mount: 'the kernel refuses the directory as upper layer',
  append: 'an overlay mounts, but a file of a lower layer cannot be changed',
  unlink: 'an overlay mounts, but a file of a lower layer cannot be deleted',
  rmdir: 'an overlay mounts, but a directory of a lower layer cannot be deleted',
};

// Mounts an overlay and makes overlayfs copy up a file, and make a whiteout, an opaque directory and a new file. The
// mount alone proves nothing: overlayfs also mounts on a filesystem without the extended attributes that it needs,
// where deleting a directory then fails with EIO.
function upperTrial(program: Program, name: string, words: readonly string[]): Question {
  const [lower, upper, work, merged] = ['l', 'u', 'w', 'm'].map((each) => `${name}${each}`);
  // Unmounting an overlay that is not volatile waits until the whole upper filesystem is written to the disk.
  const layers = `lowerdir=${lower},upperdir=${upper},workdir=${work}`;
  return program.ask(
    ['go', 'scratch'],
    ...['', '/d'].map((each): Step => ['mkdir', `${lower}${each}`]),
    ...['/f', '/g', '/d/f'].map((each): Step => ['write', `${lower}${each}`, 'x']),
    ...[upper, work, merged].map((each): Step => ['mkdir', `${each}`]),
    ['mount', 'overlay', `${merged}`, [layers, 'volatile', ...words].join(',')],
    ['shown', `${merged}`],
    ['append', `${merged}/f`, 'y'],
    ['unlink', `${merged}/g`],
    ['unlink', `${merged}/d/f`],
    ['rmdir', `${merged}/d`],
    ['mkdir', `${merged}/d`],
    ['write', `${merged}/n`, 'z'],
    ['umount', `${merged}`],
  );
}

function upperVerdict(answer: Answer): Support {
  if (shownOption(answer.shown, 'ro') !== undefined) {
    return no(
      'an overlay mounts, but the kernel makes the overlay read-only, as overlayfs cannot use the work directory',
    );
  }
  if (answer.ok) return YES;
  return no(`${MEANING[answer.step[0]] ?? answer.step[0]}: ${errnoWords(answer.errno)}`);
}

/** Returns the program of the first trials in a directory, and the function that reads the results. */
export function planSurvey(): {
  program: Program;
  read: (results: readonly (number | string)[], placeError: number) => Survey;
} {
  const program = new Program();
  const inPlace: Step = ['go', 'scratch'];
  // The trial looks at the d_type of a new file in the scratch directory. If no file can be made, the trial uses an
  // existing name.
  const types = [
    program.ask(inPlace, ['write', 'f', 'x'], ['d_type', '.']),
    program.ask(['go', 'directory'], ['d_type', '.']),
  ];
  const trusted = program.ask(inPlace, ['setxattr', 'f', 'trusted.overlay.linux-mount', 'y']);
  const user = program.ask(inPlace, ['setxattr', 'f', 'user.overlay.linux-mount', 'y']);
  const plain = upperTrial(program, 'p', []);
  const userxattr = upperTrial(program, 'x', ['userxattr']);
  const lower = program.ask(
    ['go', 'tmpfs'],
    ['layers', '1'],
    ['mkdir', 'm'],
    ['go', 'directory'],
    ['mount', 'overlay', '/../m', 'lowerdir=.:/../0'],
    ['umount', '/../m'],
  );

  const read = (results: readonly (number | string)[], placeError: number): Survey => {
    const unusable =
      placeError === 0 ? undefined : no(`no file can be made in the directory: ${errnoWords(placeError)}`);
    const xattrs = (name: string, answer: Answer): Support => {
      if (unusable !== undefined) return unusable;
      if (answer.ok) return YES;
      const { name: code } = describeErrno(answer.errno);
      if (code === 'ENOTSUP') return no(`the filesystem has no extended attributes ${name}.* for files (${code})`);
      return no(`no extended attribute ${name}.* can be set on a file: ${errnoWords(answer.errno)}`);
    };
    const plainVerdict = unusable ?? upperVerdict(plain(results));
    let userVerdict = unusable ?? upperVerdict(userxattr(results));
    if (userVerdict.supported && shownOption(userxattr(results).shown, 'userxattr') === undefined) {
      userVerdict = no('the kernel takes userxattr, but the mount table does not show userxattr');
    }
    const answer = lower(results);
    return {
      lower: answer.ok ? YES : no(`the kernel refuses the directory as lower layer: ${errnoWords(answer.errno)}`),
      upper: plainVerdict.supported || userVerdict.supported ? YES : plainVerdict,
      dType: typesVerdict(types.map((each) => each(results))),
      trustedXattrs: xattrs('trusted', trusted(results)),
      userXattrs: xattrs('user', user(results)),
      upperWords: plainVerdict.supported ? [] : userVerdict.supported ? ['userxattr'] : undefined,
      userxattr: userVerdict,
    };
  };
  return { program, read };
}

function typesVerdict(answers: readonly Answer[]): Support {
  const shown = answers.map((answer) => answer.shown).find((text) => text !== '');
  if (shown === 'yes') return YES;
  if (shown === 'no') return no('the filesystem lists names without their types');
  return no(
    'the types of names are unknown: the directory is empty or unreadable, and no file can be made in the directory',
  );
}
