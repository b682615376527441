import { describeErrno, errnoWords } from '../../kernel/errno.js';
import { type Answer, Program, type Question, type Step, shownOption } from './program.js';

/** Whether something can be done; when not, why, in one sentence. */
export type Support =
  | {
      /** It can be done. */
      readonly supported: true;
    }
  | {
      /** It cannot. */
      readonly supported: false;
      /** Why not. */
      readonly reason: string;
    };

export const YES: Support = Object.freeze({ supported: true });

export function no(reason: string): Support {
  return Object.freeze({ supported: false, reason });
}

/** What a directory's own filesystem can be used for in an overlay. */
export interface OverlayFilesystemSupport {
  /** The directory can be a lower layer. */
  readonly lower: Support;
  /**
   * A directory in it can be the upper layer: an overlay mounts, and in it files were changed, made and deleted, and a
   * merged directory was replaced. See `userxattr` in {@link OverlaySupport.options} for how.
   */
  readonly upper: Support;
  /** Names are listed with their types, which an upper layer needs. */
  readonly dType: Support;
  /** Attributes `trusted.*` can be set, as overlayfs does unless `userxattr` is given. */
  readonly trustedXattrs: Support;
  /** Attributes `user.*` can be set, as overlayfs does with `userxattr`. */
  readonly userXattrs: Support;
}

/** The first look at a directory: what it is, and how an upper layer works there if it does. */
export interface Survey extends OverlayFilesystemSupport {
  /** With which words an upper layer works: none, or `userxattr`; undefined when it does not. */
  readonly upperWords: readonly string[] | undefined;
  /** The overlay with `userxattr`. */
  readonly userxattr: Support;
}

// What each step of UPPER shows, when it fails.
const MEANING: Readonly<Record<string, string>> = {
  mkdir: 'a directory cannot be made there',
  write: 'a file cannot be made there',
  mount: 'the kernel refuses a directory there as upper layer',
  append: 'an overlay mounts, but a file of a lower layer cannot be changed',
  unlink: 'an overlay mounts, but a file of a lower layer cannot be deleted',
  rmdir: 'an overlay mounts, but a directory of a lower layer cannot be deleted',
};

// Mounts, and then does each thing that overlayfs does in another way: copy up, whiteout, opaque directory, new file. On
// a filesystem without the attributes it needs overlayfs mounts all the same, and deleting a directory fails with EIO.
function upperTrial(program: Program, name: string, words: readonly string[]): Question {
  const [lower, upper, work, merged] = ['l', 'u', 'w', 'm'].map((each) => `${name}${each}`);
  // Volatile, as to unmount any other overlay is to wait until all of the upper filesystem is written to the disk.
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
    return no('an overlay mounts, but the kernel makes it read-only, as it cannot use the work directory');
  }
  if (answer.ok) return YES;
  return no(`${MEANING[answer.step[0]] ?? answer.step[0]}: ${errnoWords(answer.errno)}`);
}

/** The program of the first look, and what its results mean. */
export function planSurvey(): {
  program: Program;
  read: (results: readonly (number | string)[], placeError: number) => Survey;
} {
  const program = new Program();
  const inPlace: Step = ['go', 'scratch'];
  // The one made in it tells better, but an existing name will do where none can be made.
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
      placeError === 0 ? undefined : no(`nothing can be made in the directory: ${errnoWords(placeError)}`);
    const xattrs = (name: string, answer: Answer): Support => {
      if (unusable !== undefined) return unusable;
      if (answer.ok) return YES;
      const { name: code } = describeErrno(answer.errno);
      if (code === 'ENOTSUP') return no(`the filesystem has no attributes ${name}.* for files (${code})`);
      return no(`an attribute ${name}.* cannot be set on a file there: ${errnoWords(answer.errno)}`);
    };
    const plainVerdict = unusable ?? upperVerdict(plain(results));
    let userVerdict = unusable ?? upperVerdict(userxattr(results));
    if (userVerdict.supported && shownOption(userxattr(results).shown, 'userxattr') === undefined) {
      userVerdict = no('the kernel takes userxattr, but the mount table does not show it');
    }
    const answer = lower(results);
    return {
      lower: answer.ok ? YES : no(`the kernel refuses it as lower layer: ${errnoWords(answer.errno)}`),
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
  const found = answers.map(({ shown }) => shown).find((shown) => shown !== '');
  if (found === 'yes') return YES;
  if (found === 'no') return no('the filesystem lists names without their types');
  return no('it cannot be seen: the directory is empty or cannot be read, and nothing can be made in it');
}
