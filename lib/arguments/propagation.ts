import { constants } from '../kernel/constants.js';
import { choiceOption } from './check.js';

/**
 * What happens to mounts made below: they are seen in all mounts of the same peer group (`'shared'`), come from a group
 * but do not go there (`'slave'`), neither (`'private'`), and in addition the mount cannot be bound (`'unbindable'`).
 *
 * @see https://man7.org/linux/man-pages/man7/mount_namespaces.7.html
 */
export type Propagation = 'private' | 'shared' | 'slave' | 'unbindable';

const FLAGS: Readonly<Record<Propagation, number>> = {
  private: constants.MS_PRIVATE,
  shared: constants.MS_SHARED,
  slave: constants.MS_SLAVE,
  unbindable: constants.MS_UNBINDABLE,
};

/** The propagation as a flag of mount(2), which mount_setattr(2) takes too; 0 when it is left out. */
export function propagationOption(name: string, value: unknown): number {
  if (value === undefined) return 0;
  const propagation = choiceOption(name, value, Object.keys(FLAGS) as Propagation[]);
  return propagation === undefined ? 0 : FLAGS[propagation];
}
