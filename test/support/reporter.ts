// The vitest reporter: prints why tests were skipped, and passes the result to test/run.js.
import { writeFileSync } from 'node:fs';
import { relative } from 'node:path';
import type { Reporter, SerializedError, TestModule, TestSpecification } from 'vitest/node';

/**
 * Prints the reasons of skipped tests at the end, and writes the result: to a descriptor for test/run.js, and in a
 * machine-readable line for test/vm.
 */
export default class Summary implements Reporter {
  readonly #start = performance.now();
  #files: readonly string[] = [];

  onTestRunStart(specifications: readonly TestSpecification[]): void {
    this.#files = specifications.map(({ project, moduleId }) => relative(project.config.root, moduleId));
  }

  onTestRunEnd(modules: readonly TestModule[], unhandled: readonly SerializedError[]): void {
    const counts = { passed: 0, failed: 0, skipped: 0, pending: 0 };
    const reasons = new Map<string, number>();
    const failures: string[] = [];
    for (const module of modules) {
      // A file that cannot be loaded has no tests.
      if (module.errors().length > 0) {
        counts.failed += 1;
        failures.push(failure(module.relativeModuleId, module.errors()));
      }
      for (const test of module.children.allTests()) {
        const result = test.result();
        counts[result.state] += 1;
        if (result.state === 'failed')
          failures.push(failure(`${module.relativeModuleId} > ${test.fullName}`, result.errors));
        if (result.state !== 'skipped') continue;
        const reason = result.note ?? 'no reason given';
        reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
      }
    }
    for (const [reason, count] of reasons) console.log(`   skipped ${count}: ${reason}`);
    const errors = unhandled.map(({ message, cause }) => {
      const why = (cause as Error | undefined)?.message;
      return `${message}${why === undefined ? '' : ` ${why}`}`.split('\n')[0];
    });
    failures.push(...errors.map((error) => `outside of any test: ${error}`));
    const { passed, failed, skipped } = counts;
    const counted = { passed, failed: failed + errors.length, skipped, failures };
    // After a crash of the test process, its tests have neither passed nor failed, and later files are missing from the
    // results.
    const ended = modules.filter((module) => module.state() !== 'pending' && module.state() !== 'queued');
    const whole = ended.filter(({ children }) => [...children.allTests('pending')].length === 0);
    const unfinished = this.#files.filter((file) => !whole.some((module) => module.relativeModuleId === file));
    if (unfinished.length > 0) errors.push(`did not finish: ${unfinished.join(', ')}`);
    for (const error of errors) console.log(`   failed outside of any test: ${error}`);
    const result = { ...counted, files: whole.length, unfinished };
    const { LINUX_MOUNT_RESULT: descriptor, LINUX_MOUNT_REPORT: isReported, LINUX_MOUNT_PASS: pass } = process.env;
    if (descriptor !== undefined) writeFileSync(Number(descriptor), JSON.stringify(result));
    if (isReported === undefined) return;
    const seconds = Math.round((performance.now() - this.#start) / 1000);
    console.log(`@@suite ${JSON.stringify({ pass, ...counts, errors, seconds })}`);
  }
}

/** The name of a failure, and the first lines of its error. The difference of two large values can be pages long. */
const failure = (what: string, errors: readonly SerializedError[]): string =>
  [what, ...errors.flatMap((error) => reason(error).map((line) => `    ${line}`))].join('\n');

function reason({ message, stacks, diff }: SerializedError): readonly string[] {
  const place = stacks?.map(({ file, line }) => `at ${file}:${line}`).at(0);
  return [message, diff, place]
    .filter((part) => typeof part === 'string')
    .flatMap((part) => part.split('\n').slice(0, 12));
}
