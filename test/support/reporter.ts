import { writeFileSync } from 'node:fs';
import type { Reporter, SerializedError, TestModule } from 'vitest/node';

/**
 * Says at the end why tests were skipped, and counts. test/kernels is told in a line that a program can read, test/run.js
 * by a descriptor, as what it gives out last is what is read: the tests that failed, in which pass, and why.
 */
export default class Summary implements Reporter {
  readonly #start = performance.now();

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
    console.log(`${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`);
    // Where a worker has crashed, its tests are neither passed nor failed.
    const errors = unhandled.map(({ message, cause }) => {
      const why = (cause as Error | undefined)?.message;
      return `${message}${why === undefined ? '' : ` ${why}`}`.split('\n')[0];
    });
    const unfinished = modules.filter(({ children }) => [...children.allTests('pending')].length > 0);
    if (unfinished.length > 0)
      errors.push(`never ended: ${unfinished.map((each) => each.relativeModuleId).join(', ')}`);
    failures.push(...errors.map((error) => `outside of any test: ${error}`));
    for (const error of errors) console.log(`   failed outside of any test: ${error}`);
    const tell = process.env['LINUX_MOUNT_FAILURES'];
    if (tell !== undefined) writeFileSync(Number(tell), failures.join('\n'));
    if (process.env['LINUX_MOUNT_REPORT'] === undefined) return;
    const seconds = Math.round((performance.now() - this.#start) / 1000);
    console.log(`@@suite ${JSON.stringify({ pass: process.env['LINUX_MOUNT_PASS'], ...counts, errors, seconds })}`);
  }
}

/** What failed, where, and the begin of why: a difference of two large values may be pages long. */
const failure = (what: string, errors: readonly SerializedError[]): string =>
  [what, ...errors.flatMap((error) => reason(error).map((line) => `    ${line}`))].join('\n');

function reason({ message, stacks, diff }: SerializedError): readonly string[] {
  const place = stacks?.map(({ file, line }) => `at ${file}:${line}`).at(0);
  return [message, diff, place]
    .filter((part) => typeof part === 'string')
    .flatMap((part) => part.split('\n').slice(0, 12));
}
