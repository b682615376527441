// What only the publisher can enter before publishing: where the project is hosted, and the date of the version.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { project } from './architectures.js';

const PLACES = [
  { name: 'repository', form: /^git\+https:\/\/[^/]+\/.+\.git$/, key: 'repository.url', example: 'git+https://….git' },
  { name: 'homepage', form: /^https:\/\/./, key: 'homepage', example: 'https://…#readme' },
  { name: 'bugs', form: /^https:\/\/./, key: 'bugs.url', example: 'https://…/issues' },
];

/** Returns what is missing, each with the command that sets it. */
export function missingToPublish(manifest, changelog) {
  const missing = PLACES.filter(({ name, form }) => !form.test(manifest[name]?.url ?? manifest[name])).map(
    ({ name, key, example }) => `${name} in package.json: npm pkg set ${key}=${example}`,
  );
  if (!changelog.includes(`\n## [${manifest.version}] - `)) {
    missing.push(`${manifest.version} in CHANGELOG.md: an entry "## [${manifest.version}] - YYYY-MM-DD"`);
  }
  return missing;
}

/** Prints what is missing. Throws when it is required. */
export function explainMissing(isComplete) {
  const read = (name) => readFileSync(join(project, name), 'utf8');
  const missing = missingToPublish(JSON.parse(read('package.json')), read('CHANGELOG.md'));
  for (const each of missing) console.log(`  required before publishing: ${each}`);
  if (isComplete && missing.length > 0) throw new Error('package.json or CHANGELOG.md is not ready for publishing');
}
