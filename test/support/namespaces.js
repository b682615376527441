// Commands in mount namespaces of their own.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { inNamespaces } from '../../release/namespaces.js';

/**
 * Returns words to put before a command. The command then has its own mount namespace with a tmpfs at $TMPDIR, and the
 * kernel removes everything that the command leaves mounted together with the namespace.
 *
 * @param name the source of the tmpfs in the mount table
 * @param isShared whether processes in other mount namespaces see the mounts that are made in the tmpfs later
 * @param pid whether the command also has its own PID namespace
 */
export function inPrivateTmpfs(name, { isShared = false, pid = false } = {}) {
  const share = isShared ? 'mount --make-shared "$TMPDIR"; ' : '';
  const script = `mount -t tmpfs -o mode=1777 ${name} "$TMPDIR"; ${share}exec "$@"`;
  return [...inNamespaces('root', { pid }), 'sh', '-euc', script, 'sh'];
}

/**
 * Starts a process in another mount namespace, which receives the mounts that are made here on shared mounts. The kernel
 * kills the process when this process ends.
 */
export async function processInOtherNamespace() {
  const shell = ['sh', '-c', 'echo ready; exec sleep infinity'];
  const words = ['--pdeathsig', 'KILL', 'unshare', '--mount', '--propagation', 'slave', '--', ...shell];
  const child = spawn('setpriv', words, { stdio: ['ignore', 'pipe', 'inherit'] });
  await once(child.stdout, 'data');
  child.stdout.destroy();
  return child;
}
