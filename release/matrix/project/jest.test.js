// Uses the package in a test of Jest.
/* global test, expect */
const { EXPECTED, exercise } = require('./exercise.cjs');
const library = require('linux-mount');
const layers = require('linux-mount/layers');

test('mounts an overlay', async () => {
  expect(await exercise(library, layers)).toBe(EXPECTED);
  // Jest gives a test its own TypeError class, which differs from the class of the process.
  expect(() => library.mountTmpfsSync('/m', { sizee: 1 })).toThrow(TypeError);
});
