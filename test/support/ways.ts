import { mkdtempSync, rmdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { mountOverlay, mountOverlaySync, type OverlayMountOptions, type OverlayStrategy } from '../../lib/index.js';

/** Both forms of the call, as a promise. */
export const overlayForms = [
  ['sync', async (options: OverlayMountOptions) => mountOverlaySync(options)],
  ['async', mountOverlay],
] as const;

/** All ways to mount an overlay. */
export const allWays: readonly OverlayStrategy[] = ['data', 'fsconfig', 'descriptors'];

const lacking = new Map(allWays.map((strategy) => [strategy, probe(strategy)]));

/** Why a way cannot be gone here; undefined when it can. */
export function wayLacks(strategy: OverlayStrategy): string | undefined {
  return lacking.get(strategy);
}

/** Why there are no overlays here at all: in a user namespace since Linux 5.11 only. */
export const lacksOverlay: string | undefined = lacking.get('data');

/** Found out by going it. */
function probe(strategy: OverlayStrategy): string | undefined {
  const [top, base, target] = ['top', 'base', 'way'].map((name) => mkdtempSync(join(tmpdir(), `${name}-`)));
  try {
    mountOverlaySync({ lower: [top as string, base as string], target: target as string, strategy }).unmountSync();
    return undefined;
  } catch (error) {
    const { code } = error as { code: string };
    return `this kernel has no way "${strategy}" here (${code})`;
  } finally {
    for (const directory of [top, base, target]) rmdirSync(directory as string);
  }
}
