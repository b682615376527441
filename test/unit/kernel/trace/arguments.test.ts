// Tests of how the trace prints the arguments of a native call.
import { expect, test } from 'vitest';
import { argumentsText } from '../../../../lib/kernel/trace/arguments.js';

test("argumentsText prints a namespace as a descriptor number or a file path, and omits the caller's own namespace", () => {
  const text = (namespace: number | string | null) => argumentsText('mountRoot', { path: '/a', namespace });
  expect(text(null)).toBe('path="/a"');
  expect(text(7)).toBe('path="/a", namespace=7');
  expect(text('/proc/1/ns/mnt')).toBe('path="/a", namespace="/proc/1/ns/mnt"');
});
