import { expect, test } from 'vitest';
import { argumentsText } from '../../../../lib/kernel/trace/arguments.js';

test("the trace writes a namespace as the number of a descriptor or the path of a file, and omits the caller's own", () => {
  const text = (namespace: number | string | null) => argumentsText('mountRoot', { path: '/a', namespace });
  expect(text(null)).toBe('path="/a"');
  expect(text(7)).toBe('path="/a", namespace=7');
  expect(text('/proc/1/ns/mnt')).toBe('path="/a", namespace="/proc/1/ns/mnt"');
});
