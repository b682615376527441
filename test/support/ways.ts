import { mkdtempSync, rmdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { mountOverlaySync, type OverlayStrategy } from '../../lib/index.js';

/** All ways to mount an overlay. */
export const allWays: readonly OverlayStrategy[] = ['data', 'fsconfig', 'descriptors'];

/** Why a way cannot be gone here; undefined when it can. Found out by going it with layers that are not there. */
export function wayLacks(strategy: OverlayStrategy): string | undefined {
  const target = mkdtempSync(join(tmpdir(), 'way-'));
  try {
    mountOverlaySync({ lower: ['/missing', '/missing'], target, strategy });
    return undefined;
  } catch (error) {
    return (error as { code: string }).code === 'ENOENT' ? undefined : `this kernel has no way "${strategy}"`;
  } finally {
    rmdirSync(target);
  }
}
