// Checks the types of overlay options when `npm run types` compiles this file. No code in this file runs.
import type {
  OverlayMountOptions,
  OverlayOptionSupport,
  OverlayOptionValues,
  OverlaySpec,
} from '../../../lib/index.js';
import type { OptionTable } from '../../../lib/overlay/option-row.js';
import { OPTIONS } from '../../../lib/overlay/options.js';

declare const layers: string[];
declare const flag: boolean;
declare const directory: string | undefined;

export const right: OverlaySpec[] = [
  { lower: ['/a', '/b'] },
  { lower: layers },
  { lower: layers, upper: '/u', work: '/w', index: true, volatile: true, uuid: 'on' },
  { lower: layers, upper: '/u', work: '/w', metacopy: flag, volatile: flag },
  { lower: layers, upper: directory, work: directory },
  { lower: layers, nfsExport: true, redirectDir: 'nofollow' },
];

/** A program can fill the options step by step. */
export function filled(): OverlaySpec {
  const spec: OverlaySpec = { lower: layers };
  if (flag) {
    spec.upper = '/u';
    spec.work = '/w';
  }
  spec.metacopy = flag;
  spec.redirectDir = 'on';
  return spec;
}

export const rightMount: OverlayMountOptions = { lower: layers, target: '/t', readonly: true, atime: 'noatime' };

export const wrong: OverlaySpec[] = [
  // @ts-expect-error: lower is missing
  {},
  // @ts-expect-error: metaCopy is no option
  { lower: layers, metaCopy: true },
  // @ts-expect-error: 'yes' is no value of xino
  { lower: layers, xino: 'yes' },
];

// @ts-expect-error: target is missing
export const wrongMount: OverlayMountOptions = { lower: layers };

/** Every option has an answer of overlaySupport. */
export const answered: Record<keyof OverlayOptionValues, unknown> = {} as OverlayOptionSupport;

const { index, uuid, ...rest } = OPTIONS;
const { on, ...wordsWithoutOn } = uuid.words;

export const wrongTables: OptionTable[] = [
  // @ts-expect-error: the row of index is missing
  { ...rest, uuid },
  // @ts-expect-error: a word of uuid is missing
  { ...rest, index, uuid: { ...uuid, words: wordsWithoutOn } },
  // @ts-expect-error: the probe of index is missing
  { ...rest, uuid, index: { words: index.words, conflicts: [], needTrustedXattrs: [], reuse: index.reuse } },
];
