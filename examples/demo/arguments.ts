// Reads the command line of the demo.
import { accessSync, constants, realpathSync, statSync } from 'node:fs';
import { isAbsolute } from 'node:path';
import { parseArgs } from 'node:util';
import { DemoError, printable } from './output.js';

/** The options on the command line. */
export interface Request {
  readonly help: boolean;
  /** The layers of the last act, topmost first, or null for directories of this machine. */
  readonly lower: readonly string[] | null;
}

/** The command line is wrong, independent of the files on the disk. */
export class UsageError extends DemoError {}

export const HELP = `Usage: npm run demo
       npm run demo -- --lower DIR [--lower DIR ...]

Mounts overlays in a private mount namespace, as root or as an ordinary user, and checks every claim
that it prints. The last act merges /etc and /usr of this machine, or the given directories. The demo
never writes to them.

  --lower DIR   a lower layer; the first one is topmost
  -h, --help    print this text

Exit status: 0 if all claims are true, 1 if one is false or the demo fails, 2 for wrong arguments.
`;

/** Reads the command line. Throws {@link UsageError}, or {@link DemoError} when a DIR cannot be a layer. */
export function readArguments(words: readonly string[]): Request {
  const { help = false, lower } = parse(words);
  return { help, lower: help || lower === undefined ? null : lower.map(layer) };
}

function parse(words: readonly string[]): { help?: boolean | undefined; lower?: string[] | undefined } {
  try {
    return parseArgs({
      args: [...words],
      options: { lower: { type: 'string', multiple: true }, help: { type: 'boolean', short: 'h' } },
    }).values;
  } catch (error) {
    throw new UsageError(`${(error as Error).message}\nTry: npm run demo -- --help`);
  }
}

function layer(given: string): string {
  if (given === '') throw new UsageError('--lower needs the name of a directory, not an empty one');
  // npm runs scripts in the directory of the package, and INIT_CWD is the user's working directory.
  const start = process.env['INIT_CWD'] ?? process.cwd();
  try {
    const path = realpathSync(isAbsolute(given) ? given : `${start}/${given}`);
    if (!statSync(path).isDirectory()) throw new DemoError(`--lower ${printable(given)}: not a directory`);
    accessSync(path, constants.R_OK | constants.X_OK);
    return path;
  } catch (error) {
    if (error instanceof DemoError) throw error;
    throw new DemoError(`--lower ${printable(given)}: ${why(error as NodeJS.ErrnoException)}`);
  }
}

function why({ code, message }: NodeJS.ErrnoException): string {
  if (code === 'ENOENT') return 'no such directory';
  if (code === 'EACCES') return 'permission denied';
  return message;
}
