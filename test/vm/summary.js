// Summarises the result of each kernel, from the machine-readable lines of test/support/reporter.ts and features.ts.

/** Returns the objects of one kind, one for each line. */
export function linesOf(output, kind) {
  // A control sequence without an end of line may come before the marker.
  return [...output.matchAll(new RegExp(`@@${kind} (.*)$`, 'gm'))].map(([, json]) => JSON.parse(json));
}

/** Describes the result of a suite. When a vitest worker crashes, no test fails, but the remaining tests never run. */
function ofSuite(pass, suite) {
  if (suite === undefined) return `   ${pass}: FAILED, the machine ended before the suite reported`;
  const { passed, failed, skipped, errors, seconds } = suite;
  const counts = `${passed} passed, ${failed} failed, ${skipped} skipped, ${seconds} s`;
  return `   ${pass}: ${errors.length === 0 ? counts : `FAILED, ${counts}: ${errors.join('; ')}`}`;
}

/** Describes the result of a kernel in a few lines. */
export function* inWords({ release, seconds, ok, status, passes, suites, features }) {
  yield `${release}: ${ok ? 'ok' : 'FAILED'}${status === undefined ? ', the machine did not end' : ''}, ${seconds} s`;
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
    yield `   features: FAILED, ${2 - features.length} of the 2 runs linesOf nothing`;
  }
}
