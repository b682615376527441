// Act 6 of the demo: an overlay of directories of this machine.
import { mkdirSync, realpathSync } from 'node:fs';
import { constants, type Mount, MountError, mountOverlaySync, mountSync, umountSync } from 'linux-mount';
import { type Census, takeCensus, total } from './census.js';
import { drawCounts, drawTopLevels } from './census-tables.js';
import { type Directories, makeDirectories } from './layers.js';
import { mountPoints, mountsBelow } from './mount-table.js';
import { claim, DemoError, drawing, grouped, heading, note, plural, printable, shorten } from './output.js';
import { changeAndDelete } from './real-writes.js';

/** Directories that every Linux machine has. */
const USUAL = ['/etc', '/usr'];

/** Plays act 6: directories of the machine or of the user as lower layers below a writable upper directory. */
export function realInputAct(place: string, given: readonly string[] | null, isUserNamespace: boolean): void {
  const lower = given ?? usual(isUserNamespace);
  const shown = lower.map((path) => `'${printable(path)}'`).join(', ');
  heading(
    6,
    given === null ? 'Real input: directories of this machine' : 'Real input: the directories on the command line',
    `mountOverlaySync({ lower: [${shorten(shown, 44)}], upper, work, target })`,
  );
  const directories = makeDirectories(`${place}/real`);
  const start = process.hrtime.bigint();
  using merged = mountLayers(lower, directories, isUserNamespace);
  const microseconds = (process.hrtime.bigint() - start) / 1000n;
  const isMounted = mountPoints().includes(directories.target);
  claim(`mounted in ${grouped(microseconds)} µs, and the mount table lists the overlay`, isMounted);

  using views = mountViews(lower, `${place}/views`);
  const census = takeCensus(views.paths, merged.target.toString());
  drawing(drawTopLevels(lower, census));
  drawing(['', ...drawCounts(lower, census)]);
  claimSame(census);
  changeAndDelete(lower, directories, census.changeable);
}

function claimSame({ fromLayers, throughMount, ...census }: Census): void {
  const { files, directories, links, others, bytes } = total(fromLayers);
  const found =
    census.difference &&
    `${census.difference} (it may have changed meanwhile; or a layer has overlayfs's own attributes, opaque or redirect, ` +
      'which Node cannot read)';
  claim(
    `merged shows ${plural(files, 'file')}, ${plural(directories, 'directory', 'directories')}, ` +
      `${plural(links, 'link')} and ${plural(others, 'other')}, as many as the layers have`,
    files === throughMount.files &&
      directories === throughMount.directories &&
      links === throughMount.links &&
      others === throughMount.others,
    found,
  );
  claim(`${plural(bytes, 'byte')} on both sides`, bytes === throughMount.bytes, found);
  claim(
    'each name has the type, mode, owner, size and time of the topmost layer that has it; in more than one layer are ' +
      `${plural(census.commonDirectories, 'directory', 'directories')} and ${plural(census.commonNames, 'other name')}`,
    census.difference === undefined,
    found,
  );
  if (census.unreadable.length === 0) return;
  claim(
    `paths that this user may not read are left out on both sides, ${plural(census.unreadable.length, 'name')}: ` +
      census.unreadable
        .slice(0, 4)
        .map((name) => shorten(name, 40))
        .join(', ') +
      (census.unreadable.length > 4 ? ', …' : ''),
    census.difference === undefined,
    found,
  );
}

// A user namespace cannot look below mounts that were made before it: mount_namespaces(7), "locked".
function usual(isUserNamespace: boolean): string[] {
  const all = USUAL.map((path) => realpathSync(path));
  const usable = all.filter((path) => !isUserNamespace || mountsBelow(path).length === 0);
  if (usable.length === 0) {
    throw new DemoError(
      `${all.join(' and ')} have other mounts below them, and a user namespace cannot look below those.\n` +
        'Run this as root, or on directories of your own: npm run demo -- --lower DIR',
    );
  }
  if (usable.length < all.length) {
    const refused = all.filter((path) => !usable.includes(path));
    note(`${refused.join(', ')} is left out: it has mounts below it, and a user namespace cannot look below those.`);
  }
  return usable;
}

function mountLayers(lower: readonly string[], directories: Directories, isUserNamespace: boolean): Mount {
  const options = isUserNamespace ? { userxattr: true as const } : {};
  try {
    return mountOverlaySync({ lower, ...directories, ...options });
  } catch (error) {
    if (!(error instanceof MountError) || !isUserNamespace) throw error;
    const covered = lower.filter((path) => mountsBelow(path).length > 0).map(printable);
    if (covered.length === 0) throw error;
    const reason = `${covered.join(', ')} has mounts below it, which a user namespace may not look under: run this as root`;
    throw new DemoError(`${error.message}\n${reason}`, { cause: error });
  }
}

/**
 * Binds the layers without the mounts below them, because overlayfs does not show those mounts and a walk would enter
 * them.
 */
function mountViews(lower: readonly string[], parent: string): { paths: string[] } & Disposable {
  const paths: string[] = [];
  const unmount = () => {
    for (const path of paths.reverse()) umountSync(path);
  };
  try {
    for (const [index, source] of lower.entries()) {
      const path = `${parent}/${index}`;
      mkdirSync(path, { recursive: true });
      mountSync(source, path, null, constants.MS_BIND | constants.MS_RDONLY);
      paths.push(path);
    }
  } catch (error) {
    unmount();
    throw error;
  }
  return { paths, [Symbol.dispose]: unmount };
}
