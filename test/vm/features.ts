// What each feature of the library does on this kernel, found by using it: a line of JSON for run.js, and 1 as the status
// if one did neither what it should nor said clearly why it cannot. To be run in a mount namespace of its own.
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
  throw new Error('this is not a mount namespace of its own');
}

const place = mkdtempSync(join(tmpdir(), 'features-'));
mountSync('features', place, 'tmpfs');

// The filesystem of the machine, which has what a tmpfs has not. Nothing is mounted in there.
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
    // With what is mounted below it when it is over.
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
