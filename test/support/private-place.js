/**
 * Words before a command, which then has a mount namespace of its own, and in there a tmpfs at $TMPDIR: what it leaves
 * mounted goes with it.
 *
 * @param name of the tmpfs, for who looks at the mount table
 * @param isShared whether processes in other namespaces see what is mounted in it later
 * @param more for unshare(1)
 */
export function inPrivatePlace(name, { isShared = false, more = [] } = {}) {
  const share = isShared ? 'mount --make-shared "$TMPDIR"; ' : '';
  const script = `mount -t tmpfs -o mode=1777 ${name} "$TMPDIR"; ${share}exec "$@"`;
  return ['unshare', '--mount', '--propagation', 'private', ...more, '--', 'sh', '-euc', script, 'sh'];
}
