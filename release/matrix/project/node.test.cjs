// Uses the package in a test of node:test.
const assert = require('node:assert/strict');
const { test } = require('node:test');
const library = require('linux-mount');
const layers = require('linux-mount/layers');
const { EXPECTED, exercise } = require('./exercise.cjs');

test('mounts an overlay', async () => {
  assert.equal(await exercise(library, layers), EXPECTED);
});
