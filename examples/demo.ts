/**
 * `npm run demo`: mounts overlays for real, and checks every claim that it prints.
 *
 * The program runs twice. The first run makes an empty directory and starts the second run in a private mount
 * namespace. The second run mounts everything there, and all mounts end with it.
 */
import { existsSync, readlinkSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { HELP, readArguments, UsageError } from './demo/arguments.js';
import { runInside } from './demo/inside.js';
import { mountPoints } from './demo/mount-table.js';
import {
  findNamespaceCommand,
  type InsideArguments,
  readInsideArguments,
  startInside,
  temporaryDirectory,
} from './demo/namespace.js';
import { checkedClaims, claim, fail, say, title } from './demo/output.js';

async function runOutside(words: readonly string[]): Promise<number> {
  const request = readArguments(words);
  if (request.help) {
    process.stdout.write(HELP);
    return 0;
  }
  title('linux-mount: overlays, mounted and checked');
  const command = findNamespaceCommand();
  say(command.description);

  let place: string;
  let checkedInside: number;
  {
    using directory = temporaryDirectory();
    place = directory.path;
    const insideArguments: InsideArguments = {
      place,
      outside: readlinkSync('/proc/self/ns/mnt'),
      lower: request.lower,
    };
    const { status, claims } = await startInside(command, fileURLToPath(import.meta.url), insideArguments);
    if (status !== 0) return status;
    checkedInside = claims;
  }
  say();
  claim(
    'the mount namespace of the caller has no new mount, and no directory is left',
    !mountPoints().some((point) => point.startsWith(place)) && !existsSync(place),
  );
  title(`All ${checkedInside + checkedClaims()} claims were checked, and all are true.`);
  return 0;
}

const [first, insideArguments = '', ...others] = process.argv.slice(2);
try {
  if (first === '--inside' && others.length === 0) {
    await runInside(readInsideArguments(insideArguments));
  } else {
    process.exitCode = await runOutside(process.argv.slice(2));
  }
} catch (error) {
  fail(error);
  process.exitCode = error instanceof UsageError ? 2 : 1;
}
