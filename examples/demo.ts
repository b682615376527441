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
import { type Errand, findWay, readErrand, startInside, temporaryDirectory } from './demo/namespace.js';
import { checkedClaims, claim, fail, say, title } from './demo/output.js';

async function runOutside(words: readonly string[]): Promise<number> {
  const request = readArguments(words);
  if (request.help) {
    process.stdout.write(HELP);
    return 0;
  }
  title('linux-mount: overlays, mounted and checked');
  const way = findWay();
  say(way.told);

  let place: string;
  let checkedInside: number;
  {
    using directory = temporaryDirectory();
    place = directory.path;
    const errand: Errand = { place, outside: readlinkSync('/proc/self/ns/mnt'), lower: request.lower };
    const { status, claims } = await startInside(way, fileURLToPath(import.meta.url), errand);
    if (status !== 0) return status;
    checkedInside = claims;
  }
  say();
  claim(
    'outside, no mount was made, and no directory is left',
    !mountPoints().some((point) => point.startsWith(place)) && !existsSync(place),
  );
  title(`All ${checkedInside + checkedClaims()} claims were checked, and all are true.`);
  return 0;
}

const [first, errand = '', ...others] = process.argv.slice(2);
try {
  if (first === '--inside' && others.length === 0) {
    await runInside(readErrand(errand));
  } else {
    process.exitCode = await runOutside(process.argv.slice(2));
  }
} catch (error) {
  fail(error);
  process.exitCode = error instanceof UsageError ? 2 : 1;
}
