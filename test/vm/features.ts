// Uses each feature of the library on this kernel, and prints the results as a line of JSON for run.js. The exit status
// is 1 if a feature neither works nor fails with a clear error. The program must run in its own mount namespace.
import { mkdirSync, mkdtempSync, readlinkSync, rmdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { mountSync, umountSync } from '../../lib/index.js';
import { isRealRoot } from '../support/environment.js';
import { ScratchDirectory } from '../support/scratch-directory.js';
import { binds, useIdmap } from './features/binds.js';
import { type Features, type Finding, find } from './features/feature.js';
import { filesystems, unmounting } from './features/filesystems.js';
import { layers } from './features/layers.js';
import { overlays, useLowerIdmap } from './features/overlays.js';
import { questions } from './features/questions.js';
import { targets } from './features/targets.js';

if (process.env['LINUX_MOUNT_OUTSIDE'] === readlinkSync('/proc/self/ns/mnt')) {
  throw new Error('run this program in its own mount namespace');
}

const place = mkdtempSync(join(tmpdir(), 'features-'));
mountSync('features', place, 'tmpfs');

// A directory on the disk, which supports features that tmpfs lacks. Nothing is mounted in it.
const disk = new ScratchDirectory(mkdtempSync('/var/tmp/features-'));

const groups: Readonly<Record<string, Features>> = {
  Overlays: { ...overlays, 'lowerIdmap, ext4': (scratch) => useLowerIdmap(scratch, disk) },
  'Layers (`linux-mount/layers`)': layers,
  Binds: { ...binds, 'idmap, ext4': (scratch) => useIdmap(scratch, disk) },
  'Targets in a root': targets,
  Filesystems: filesystems,
  Unmounting: unmounting,
  'Questions about mounts': questions,
};

const findings: Finding[] = [];
for (const [group, features] of Object.entries(groups)) {
  for (const [name, use] of Object.entries(features)) {
    const root = join(place, String(findings.length));
    mkdirSync(root);
    // Unmounting this tmpfs also unmounts everything below it.
    mountSync('feature', root, 'tmpfs');
    const finding = await find(group, name, use, new ScratchDirectory(root));
    umountSync(root, { lazy: true });
    findings.push(finding);
    if (finding.outcome === 'wrong') console.log(`${group}, ${name}: ${finding.how}`);
  }
}
umountSync(place, { lazy: true });
rmdirSync(place);
rmSync(disk.root, { recursive: true });

console.log(`@@features ${JSON.stringify({ user: isRealRoot ? 'root' : 'user', findings })}`);
if (findings.some(({ outcome }) => outcome === 'wrong')) process.exitCode = 1;
