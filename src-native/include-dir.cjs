// Prints the folder with the headers of an npm package, for binding.gyp: of one that a clone of the repository has, or that
// `npm run build:source` has put beside this file, as the package that is published depends on none.
const { join } = require('node:path');

const [, , name] = process.argv;
const paths = [__dirname, join(__dirname, 'headers')];
console.log(require(require.resolve(name, { paths })).include_dir);
