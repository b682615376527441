// The words before a command that mounts something: a mount namespace of its own, in a user namespace for an ordinary user.
export const NAMESPACE = [
  ...['unshare', ...(process.getuid() === 0 ? [] : ['--user', '--map-root-user'])],
  ...['--mount', '--propagation', 'private', '--'],
];
