// What came of each kernel, from what its machine said in lines for a program: test/support/reporter.ts, features.ts.

/** What was said of a kind, one object for each line. */
export function said(output, kind) {
  // What was said before may be a control sequence without an end of line.
  return [...output.matchAll(new RegExp(`@@${kind} (.*)$`, 'gm'))].map(([, json]) => JSON.parse(json));
}

/** What came of a suite. Where a worker of vitest has crashed, no test failed, and those that were left never ran. */
function ofSuite(pass, suite) {
  if (suite === undefined) return `   ${pass}: FAILED, it ended before the suite said anything`;
  const { passed, failed, skipped, errors, seconds } = suite;
  const counts = `${passed} passed, ${failed} failed, ${skipped} skipped, ${seconds} s`;
  return `   ${pass}: ${errors.length === 0 ? counts : `FAILED, ${counts}: ${errors.join('; ')}`}`;
}

/** What came of a kernel, in a few lines. */
export function* inWords({ release, seconds, ok, status, passes, suites, features }) {
  yield `${release}: ${ok ? 'ok' : 'FAILED'}${status === undefined ? ', the machine never ended' : ''}, ${seconds} s`;
  for (const pass of passes) {
    if (pass === 'features') continue;
    yield ofSuite(
      pass,
      suites.find((each) => each.pass === pass),
    );
  }
  for (const { user, findings } of features) {
    const counts = new Map();
    for (const { outcome } of findings) counts.set(outcome, (counts.get(outcome) ?? 0) + 1);
    yield `   features as ${user}: ${[...counts].map(([outcome, count]) => `${count} ${outcome}`).join(', ')}`;
  }
  if (passes.includes('features') && features.length < 2) {
    yield `   features: FAILED, ${2 - features.length} of the 2 runs said nothing`;
  }
}
