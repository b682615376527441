// Checks the types of overlay options when `npm run types` compiles this file. No code in this file runs.
import type { OverlayMountOptions, OverlaySpec } from '../../../lib/index.js';

declare const layers: string[];
declare const flag: boolean;

export const right: OverlaySpec[] = [
  { lower: ['/a', '/b'] },
  { lower: layers },
  { lower: layers, upper: '/u', work: '/w', index: true, volatile: true, uuid: 'on' },
  { lower: layers, upper: '/u', work: '/w', metacopy: true, redirectDir: 'on' },
  { lower: layers, upper: '/u', work: '/w', metacopy: flag, volatile: flag },
  { lower: layers, upper: '/u', work: '/w', fsync: 'strict' },
  { lower: layers, metacopy: true, redirectDir: 'follow' },
  { lower: layers, userxattr: true, redirectDir: 'nofollow' },
  { lower: layers, nfsExport: true, redirectDir: 'nofollow' },
  { lower: layers, upper: '/u', work: '/w', nfsExport: true, index: true },
];

export const rightMount: OverlayMountOptions = { lower: layers, target: '/t', readonly: true, atime: 'noatime' };

export const wrong: OverlaySpec[] = [
  // @ts-expect-error: no lower
  {},
  // @ts-expect-error: upper without work
  { lower: layers, upper: '/u' },
  // @ts-expect-error: work without upper
  { lower: layers, work: '/w' },
  // @ts-expect-error: volatile without upper
  { lower: layers, volatile: true },
  // @ts-expect-error: fsync without upper
  { lower: layers, fsync: 'strict' },
  // @ts-expect-error: volatile and not
  { lower: layers, upper: '/u', work: '/w', volatile: true, fsync: 'strict' },
  // @ts-expect-error: index without upper
  { lower: layers, index: true },
  // @ts-expect-error: uuid=on without upper
  { lower: layers, uuid: 'on' },
  // @ts-expect-error: metacopy without redirects
  { lower: layers, upper: '/u', work: '/w', metacopy: true, redirectDir: 'off' },
  // @ts-expect-error: metacopy with redirects that are only followed
  { lower: layers, upper: '/u', work: '/w', metacopy: true, redirectDir: 'follow' },
  // @ts-expect-error: userxattr with redirects
  { lower: layers, userxattr: true, redirectDir: 'on' },
  // @ts-expect-error: userxattr with metacopy
  { lower: layers, userxattr: true, metacopy: true },
  // @ts-expect-error: nfsExport with metacopy
  { lower: layers, upper: '/u', work: '/w', nfsExport: true, metacopy: true },
  // @ts-expect-error: nfsExport without index
  { lower: layers, upper: '/u', work: '/w', nfsExport: true, index: false },
  // @ts-expect-error: nfsExport without upper, redirects followed
  { lower: layers, nfsExport: true },
  // @ts-expect-error: mistyped
  { lower: layers, metaCopy: true },
  // @ts-expect-error: not a choice
  { lower: layers, xino: 'yes' },
];

// @ts-expect-error: no target
export const wrongMount: OverlayMountOptions = { lower: layers };
