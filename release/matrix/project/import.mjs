import * as library from 'linux-mount';
import * as layers from 'linux-mount/layers';
import { exercise } from './exercise.cjs';

// No top-level await, so that a bundler can make CommonJS of this.
exercise(library, layers).then((said) => console.log(said));
