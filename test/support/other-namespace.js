import { spawn } from 'node:child_process';
import { once } from 'node:events';

/** A process in another mount namespace, which sees what is mounted here where that is shared. It ends with this one. */
export async function otherNamespace() {
  const shell = ['sh', '-c', 'echo ready; exec sleep infinity'];
  const words = ['--pdeathsig', 'KILL', 'unshare', '--mount', '--propagation', 'slave', '--', ...shell];
  const child = spawn('setpriv', words, { stdio: ['ignore', 'pipe', 'inherit'] });
  await once(child.stdout, 'data');
  child.stdout.destroy();
  return child;
}
