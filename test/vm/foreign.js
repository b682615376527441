// foreign.js ARCHITECTURE ROOT: replaces in ROOT what is built for this processor by builds for another one (arm64):
// Node.js, the published form of the addon, the native programs of the tests, and the native parts of vitest. image.sh
// calls it.
import { execFileSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { ARCHITECTURES, hasProgram, project } from '../../release/architectures.js';
import { nodeOf } from '../../release/runtimes.js';

const [name, root] = process.argv.slice(2);
const architecture = ARCHITECTURES.find((each) => each.name === name);
const { prefix, debianPackage, prebuild } = architecture;
if (!hasProgram(`${prefix}g++`)) throw new Error(`${prefix}g++ is missing: apt-get install ${debianPackage}`);

const run = (program, words, options) =>
  execFileSync(program, words, { stdio: ['ignore', 'ignore', 'inherit'], ...options });

/** Builds the prebuilt addon, unless it is newer than its sources. */
function addon() {
  const sources = readdirSync(join(project, 'src-native'), { recursive: true, withFileTypes: true });
  const paths = sources.map(({ parentPath, name }) => join(parentPath, name));
  const newest = Math.max(...[...paths, join(project, 'binding.gyp')].map((path) => statSync(path).mtimeMs));
  if (!existsSync(prebuild) || statSync(prebuild).mtimeMs < newest) {
    run(process.execPath, [join(project, 'release/prebuilds.js'), name]);
  }
  mkdirSync(join(root, 'project/build/Release'), { recursive: true });
  cpSync(prebuild, join(root, 'project/build/Release/linux_mount.node'));
}

/** Builds test/native in a copy. */
function programsOfTests() {
  const place = mkdtempSync(join(tmpdir(), 'linux-mount-foreign-'));
  try {
    const isSource = (path) => path !== join(project, 'test/native/build');
    cpSync(join(project, 'test/native'), join(place, 'test/native'), { recursive: true, filter: isSource });
    symlinkSync(join(project, 'node_modules'), join(place, 'node_modules'));
    run(
      process.execPath,
      [join(project, 'node_modules/node-gyp/bin/node-gyp.js'), 'configure', 'build', '--silent', `--arch=${name}`],
      {
        cwd: join(place, 'test/native'),
        env: {
          ...process.env,
          CC: `${prefix}gcc`,
          CXX: `${prefix}g++`,
          npm_config_nodedir: join(project, 'src-native/nodedir'),
        },
      },
    );
    const [from, to] = [place, join(root, 'project')].map((base) => join(base, 'test/native/build/Release'));
    cpSync(from, to, { recursive: true, filter: (path) => !path.endsWith('obj.target') });
  } finally {
    rmSync(place, { recursive: true });
  }
}

/** Installs the packages for the other processor that correspond to installed packages for this processor. */
function packages() {
  const { packages: locked } = JSON.parse(readFileSync(join(project, 'package-lock.json'), 'utf8'));
  const isFor = (path) => {
    const { cpu: cpus = [], os = [], libc = ['glibc'] } = locked[path];
    return cpus.includes(name) && os.includes('linux') && libc.includes('glibc') && !path.endsWith('-musl');
  };
  const place = mkdtempSync(join(tmpdir(), 'linux-mount-foreign-'));
  try {
    for (const [path, { version }] of Object.entries(locked)) {
      const twin = path.replace(name, process.arch);
      const directory = join(root, 'project', path);
      if (!isFor(path) || !existsSync(join(root, 'project', twin))) continue;
      rmSync(join(root, 'project', twin), { recursive: true });
      const words = ['pack', '--silent', `${path.replace(/^.*node_modules\//, '')}@${version}`];
      const file = execFileSync('npm', words, { cwd: place, encoding: 'utf8' }).trim();
      mkdirSync(directory, { recursive: true });
      run('tar', ['-xzf', join(place, file), '--strip-components=1', '-C', directory]);
    }
  } finally {
    rmSync(place, { recursive: true });
  }
}

addon();
programsOfTests();
packages();
const node = join(root, 'usr/local/bin/node');
mkdirSync(dirname(node), { recursive: true });
cpSync(nodeOf(architecture, 20), node);
