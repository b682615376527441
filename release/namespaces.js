// Words before a command that mounts: the user and the namespaces in which the command runs.

// An ID without an account. The ID needs neither an entry in /etc/passwd nor a home directory.
export const ORDINARY_ID = 54321;

export const isRoot = process.getuid() === 0;

/** Words that run a command as a user. A process of an ordinary user keeps its user. */
export function asUser(who) {
  if (who === 'root' || !isRoot) return [];
  return ['setpriv', `--reuid=${ORDINARY_ID}`, `--regid=${ORDINARY_ID}`, '--clear-groups', '--'];
}

/** Words that run a command in its own mount namespace, and for an ordinary user in its own user namespace. */
export function inNamespaces(who, { pid = false, net = false } = {}) {
  return [
    'unshare',
    ...(who === 'root' ? [] : ['--user', '--map-root-user']),
    ...['--mount', '--propagation', 'private'],
    ...(net ? ['--net'] : []),
    ...(pid ? ['--pid', '--fork', '--kill-child', '--mount-proc'] : []),
    '--',
  ];
}
