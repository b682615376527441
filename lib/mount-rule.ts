import type { CommonCase } from './reason-common.js';
import type { Looked } from './reason-facts.js';
import type { Rule } from './reason-rules.js';

/** All that is known of a mount(2) that failed. */
export interface MountCase extends CommonCase {
  readonly target: Looked;
  /** Where the source leads, when it is a path to the kernel. */
  readonly source: Looked | null;
  readonly flags: number;
  /** Whether there is option data. What it says is nobody's business. */
  readonly hasData: boolean;
}

export type MountRule = Rule<MountCase>;
