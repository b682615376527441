/* global test, expect */
const { EXPECTED, exercise } = require('./exercise.cjs');
const library = require('linux-mount');
const layers = require('linux-mount/layers');

test('mounts an overlay', async () => {
  expect(await exercise(library, layers)).toBe(EXPECTED);
  // Of the classes that Jest gives a test, not of those of the process.
  expect(() => library.mountTmpfsSync('/m', { sizee: 1 })).toThrow(TypeError);
});
