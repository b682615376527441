// The calls that came after mount(2), from Linux 5.2 on, which the passes with an older kernel have denied. Without
// openat2(2) and statx(2): every kernel has them from 5.8 on, without openat2 there is no target in a root unless
// emulation is allowed (test/live/target/target-root.test.ts denies it itself, and test/hunts/faults has a pass for that), and Node
// itself uses statx.
export const NEWER = [
  ...['open_tree', 'move_mount', 'fsopen', 'fsconfig', 'fsmount', 'fspick', 'mount_setattr'],
  ...['statmount', 'listmount', 'getxattrat', 'listxattrat', 'open_tree_attr'],
];

/** Words for test/native/deny.c: each of these calls answered by this error. */
export const denied = (calls, error) => calls.map((call) => `${call}=${error}`);
