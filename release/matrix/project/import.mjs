// Imports the package as an ES module; the bundlers bundle this program.
import * as library from 'linux-mount';
import * as layers from 'linux-mount/layers';
import { exercise } from './exercise.cjs';

// Top-level await would stop a bundler from making a CommonJS bundle.
exercise(library, layers).then((said) => console.log(said));
