// Uses the package in a test of vitest.
import * as library from 'linux-mount';
import * as layers from 'linux-mount/layers';
import { expect, test } from 'vitest';
import { EXPECTED, exercise } from './exercise.cjs';

test('mounts an overlay', async () => {
  expect(await exercise(library, layers)).toBe(EXPECTED);
});
