import { tmpdir } from 'node:os';
import { type AttachOptions, type DetachedMount, detachedBindSync } from '../../lib/index.js';
import { thrownBy } from './values.js';

/** Why there are no mounts without a place here, why one cannot be copied, and why it cannot go beneath another. */
export const [lacksDetached, lacksClone, lacksBeneath]: readonly (string | undefined)[] = (() => {
  let mount: DetachedMount;
  try {
    mount = detachedBindSync(tmpdir());
  } catch (error) {
    const { code, syscall } = error as { code: string; syscall: string };
    const why = `there are no mounts without a place here (${code} from ${syscall})`;
    return [why, why, why];
  }
  // Each is refused before the target is looked at where the kernel cannot.
  const step = (options: AttachOptions) =>
    (thrownBy(() => mount.attachSync('/missing', options)) as { step: string }).step;
  const lacks = [
    step({ clone: true }) === 'clone' ? 'this kernel cannot copy a mount without a place (Linux 6.15)' : undefined,
    step({ beneath: true }) === 'choose beneath' ? 'this kernel has no beneath (Linux 6.5)' : undefined,
  ];
  mount.closeSync();
  return [undefined, ...lacks];
})();
