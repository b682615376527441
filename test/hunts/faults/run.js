// npm run test:faults: every operation again and again, each time with another of its system calls failing; and killed in
// the middle. In a mount namespace of its own. Needs root, and Linux 5.5 for seccomp_unotify(2).
//
//   modern   with all that this kernel has
//   older    once more with the newer calls missing, where an operation takes more steps
//   apart    with mount_setattr(2) missing only, so that binds are changed in a mount namespace that nobody sees
//   walked   with openat2(2) missing, so that what is in a root is looked up step by step
//   killed   by SIGKILL before each call
//
// Each call of each operation, some 67,000 faults, which took 36 minutes on two busy cores; unless `--sample N` takes at
// most N faults of each operation, chosen by `--seed S`. More words go to matrix.js.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { denied, NEWER_CALLS } from '../../passes.js';
import { inPrivateTmpfs } from '../../support/namespaces.js';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const [inject, deny] = ['inject', 'deny'].map((name) => here(`../native/build/Release/${name}`));

// The tmpfs is shared, so that processes in other mount namespaces see the scenes that are made later. The PID namespace
// keeps other processes out of /proc, because some operations look at every process there.
const PRIVATE = inPrivateTmpfs('faults', { isShared: true, pid: true });

const words = process.argv.slice(2);
const at = words.indexOf('--passes');
const asked = at < 0 ? ['modern', 'older', 'apart', 'walked', 'killed'] : (words.splice(at, 2)[1] ?? '').split(',');
const matrix = [process.execPath, here('matrix.js'), ...words];
const passes = {
  modern: [inject, ...matrix],
  older: [inject, deny, ...denied(NEWER_CALLS, 'ENOSYS'), '--', ...matrix],
  apart: [inject, deny, ...denied(['mount_setattr'], 'ENOSYS'), '--', ...matrix],
  walked: [inject, deny, ...denied(['openat2'], 'ENOSYS'), '--', ...matrix],
  killed: [process.execPath, here('killed.js'), ...words],
};

if (!existsSync(inject)) {
  console.error('test/native is not built: npm run build:test');
  process.exit(1);
}

const failed = asked.filter((name) => {
  console.log(`\n=== faults, "${name}"`);
  const place = mkdtempSync(join(tmpdir(), 'linux-mount-faults-'));
  const [command, ...rest] = [...PRIVATE, ...passes[name]];
  const begin = performance.now();
  const env = { ...process.env, TMPDIR: place, LINUX_MOUNT_FAULTS: name };
  const { status } = spawnSync(command, rest, { stdio: 'inherit', env });
  rmdirSync(place);
  console.log(
    `${name}: ${status === 0 ? 'nothing wrong' : `status ${status}`}, ${Math.round((performance.now() - begin) / 1000)} s`,
  );
  return status !== 0;
});
if (failed.length > 0) {
  console.error(`failed: ${failed.join(', ')}`);
  process.exit(1);
}
