// A project of somebody else, with nothing in it yet, and an environment with nothing but a home and a search path.
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const OVERLAY = `import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { isMountPointSync, mountOverlay, mountTmpfs } from 'linux-mount';

mkdirSync('m');
const memory = await mountTmpfs('m');
for (const name of ['a', 'b', 'u', 'w', 't']) mkdirSync('m/' + name);
writeFileSync('m/a/top', '');
writeFileSync('m/b/base', '');
const merged = await mountOverlay({ lower: ['m/a', 'm/b'], upper: 'm/u', work: 'm/w', target: 'm/t' });
writeFileSync('m/t/new', '');
const names = readdirSync('m/t').sort().join(' ');
await merged.unmount();
console.log(names + ', above: ' + readdirSync('m/u') + ', still mounted: ' + isMountPointSync('m/t'));
await memory.unmount();
`;

const FILES = {
  'package.json': '{ "name": "consumer", "private": true }',
  'esm.mjs': "import { pageSize } from 'linux-mount';\nimport 'linux-mount/layers';\nconsole.log(pageSize);\n",
  'commonjs.cjs': "require('linux-mount/layers');\nconsole.log(require('linux-mount').pageSize);\n",
  'overlay.mjs': OVERLAY,
};
const PROGRAMS = ['node', 'npm', 'sh'];

export class Consumer {
  #place = mkdtempSync(join(tmpdir(), 'linux-mount-consumer-'));
  /** The project, and the package in it. */
  project = join(this.#place, 'project');
  package = join(this.project, 'node_modules/linux-mount');
  /** What it takes to install: no compiler, no make, no python. */
  bare = join(this.#place, 'bin');
  home = join(this.#place, 'home');

  constructor() {
    for (const folder of [this.project, this.bare, this.home]) mkdirSync(folder);
    for (const [name, text] of Object.entries(FILES)) writeFileSync(join(this.project, name), text);
    for (const program of PROGRAMS) {
      const { stdout } = spawnSync('which', [program], { encoding: 'utf8' });
      symlinkSync(stdout.trim(), join(this.bare, program));
    }
  }

  /** Takes it away. Its mounts were in a namespace that is gone. */
  remove() {
    rmSync(this.#place, { recursive: true });
  }

  run(words, path = this.bare) {
    const env = { PATH: path, HOME: this.home };
    return spawnSync(words[0], words.slice(1), { cwd: this.project, encoding: 'utf8', env });
  }

  /** Runs a command; what it printed, or an error with that. */
  succeed(words, path) {
    const { status, error, stdout, stderr } = this.run(words, path);
    if (status !== 0) throw new Error(`${words.join(' ')}: ${error ?? status}\n${stdout}${stderr}`);
    return stdout.trim();
  }
}
