// The words before a command that mounts something: as which user it runs, and in which namespaces of its own.

// An ID that no account has. It needs neither an entry in /etc/passwd nor a home.
export const ORDINARY_ID = 54321;

export const isRoot = process.getuid() === 0;

/** The words that run a command as a user; a process that is an ordinary user's stays one. */
export function asUser(who) {
  if (who === 'root' || !isRoot) return [];
  return ['setpriv', `--reuid=${ORDINARY_ID}`, `--regid=${ORDINARY_ID}`, '--clear-groups', '--'];
}

/** The words that run a command in namespaces of its own: a mount namespace, and for an ordinary user a user namespace. */
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
