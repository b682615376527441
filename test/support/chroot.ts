/**
 * Words before a command, which then runs in a chroot that shows all of the machine, in a mount namespace of its own.
 *
 * @param root an empty directory
 * @param isMountPoint whether something is mounted at it: if not, `/` is in the middle of a mount for the command
 * @param without directories of the machine's root that are not to be seen
 */
export const inChroot = (root: string, isMountPoint: boolean, without: readonly string[] = []): readonly string[] => [
  ...['unshare', '--mount', '--propagation', 'private', '--', 'sh', '-euc'],
  `${isMountPoint ? `mount -t tmpfs root "${root}"` : ''}
  for name in /*; do
    case " ${without.join(' ')} " in *" $name "*) continue ;; esac
    if [ -L "$name" ]; then cp -P "$name" "${root}$name"
    elif [ -d "$name" ]; then mkdir "${root}$name"; mount --rbind "$name" "${root}$name"
    fi
  done
  exec chroot "${root}" sh -euc 'cd "$0"; exec "$@"' "$PWD" "$@"`,
  'sh',
];
