// Loads the package with require().
const library = require('linux-mount');
const layers = require('linux-mount/layers');
const { exercise } = require('./exercise.cjs');

exercise(library, layers).then((said) => console.log(said));
