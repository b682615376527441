// npm run test:faults: runs every operation many times, each time with another system call that fails, and kills it in
// the middle. The program runs in its own mount namespace. It needs root, and Linux 5.5 for seccomp_unotify(2). The
// passes:
//
//   modern            with all system calls of this kernel
//   older             without the newer calls, where an operation takes more steps
//   no-mount_setattr  without mount_setattr(2), where binds are changed in a private mount namespace
//   no-openat2        without openat2(2), where the library looks up each component of a path in a root
//   killed            killed by SIGKILL before each call
//
// By default every call of every operation fails once, and from then on: about 67,000 faults, which took 36 minutes on
// two busy cores. `--sample N` takes at most N faults of each operation, chosen by `--seed S`. `--passes A,B` chooses
// passes. The other arguments go to matrix.js.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { denied, NEWER_CALLS } from '../../passes.js';
import { inPrivateTmpfs } from '../../support/namespaces.js';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const [inject, deny] = ['inject', 'deny'].map((name) => here(`../../native/build/Release/${name}`));

// The tmpfs is shared, so that processes in other mount namespaces see the scenes that are made later. The PID namespace
// keeps other processes out of /proc, because some operations look at every process there.
const PRIVATE = inPrivateTmpfs('faults', { isShared: true, pid: true });

const words = process.argv.slice(2);
const at = words.indexOf('--passes');
const asked =
  at < 0 ? ['modern', 'older', 'no-mount_setattr', 'no-openat2', 'killed'] : (words.splice(at, 2)[1] ?? '').split(',');
const matrix = [process.execPath, here('matrix.js'), ...words];
const passes = {
  modern: [inject, ...matrix],
  older: [inject, deny, ...denied(NEWER_CALLS, 'ENOSYS'), '--', ...matrix],
  'no-mount_setattr': [inject, deny, ...denied(['mount_setattr'], 'ENOSYS'), '--', ...matrix],
  'no-openat2': [inject, deny, ...denied(['openat2'], 'ENOSYS'), '--', ...matrix],
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
