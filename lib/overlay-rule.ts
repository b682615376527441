import type { OverlayPlan } from './overlay-plan.js';
import type { OverlayFacts } from './overlay-questions.js';
import type { CommonCase } from './reason-common.js';
import type { Looked } from './reason-facts.js';
import type { Rule } from './reason-rules.js';

/** All that is known of an overlay that could not be mounted. */
export interface OverlayCase extends CommonCase, OverlayFacts {
  readonly plan: OverlayPlan;
  /** The layers, upper and work: what must be directories. */
  readonly directories: readonly Looked[];
}

export type OverlayRule = Rule<OverlayCase>;

/** What overlayfs answers to almost everything. */
export const EINVAL: readonly string[] = ['EINVAL'];
