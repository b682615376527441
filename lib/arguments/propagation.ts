// Defines the propagation types of a mount: one row for each, with its mount(2) flag and its fields in the mount table.
import { constants } from '../kernel/constants.js';
import { choiceOption } from './check.js';

/**
 * How mount and unmount events below a mount propagate: to and from its peer group (`'shared'`), only from the peer
 * group of its master (`'slave'`), not at all (`'private'`), or not at all and with bind mounts forbidden
 * (`'unbindable'`).
 *
 * @see https://man7.org/linux/man-pages/man7/mount_namespaces.7.html
 */
export type Propagation = 'private' | 'shared' | 'slave' | 'unbindable';

/** The propagation fields of a mount in the mount table: proc_pid_mountinfo(5), "optional fields". */
export interface PropagationFields {
  /** The peer group of the mount (`shared:N`), or null. */
  readonly shared: number | null;
  /** The peer group that the mount receives events from (`master:N`), or null. */
  readonly master: number | null;
  readonly unbindable: boolean;
}

interface PropagationRow {
  readonly flag: number;
  /** Whether a mount with these fields has this propagation type. */
  readonly matches: (fields: PropagationFields) => boolean;
}

const ROWS = {
  private: {
    flag: constants.MS_PRIVATE,
    matches: ({ shared, master, unbindable }) => shared === null && master === null && !unbindable,
  },
  shared: { flag: constants.MS_SHARED, matches: ({ shared }) => shared !== null },
  slave: { flag: constants.MS_SLAVE, matches: ({ shared, master }) => master !== null && shared === null },
  unbindable: { flag: constants.MS_UNBINDABLE, matches: ({ unbindable }) => unbindable },
} as const satisfies Record<Propagation, PropagationRow>;

const NAMES = Object.keys(ROWS) as Propagation[];

/** The propagation flags of mount(2), as one mask. */
export const PROPAGATION_FLAGS: number = NAMES.reduce((mask, name) => mask | ROWS[name].flag, 0);

/**
 * Converts a propagation type to its flag, which is the same for mount(2) and mount_setattr(2); undefined becomes 0.
 */
export function propagationOption(name: string, value: unknown): number {
  const propagation = choiceOption(name, value, NAMES);
  return propagation === undefined ? 0 : ROWS[propagation].flag;
}

/** Whether a mount with these fields has the propagation type of a flag; the flag 0 matches every mount. */
export function hasPropagation(fields: PropagationFields, flag: number): boolean {
  return NAMES.every((name) => ROWS[name].flag !== flag || ROWS[name].matches(fields));
}
