// Tests the trace of native calls that NODE_DEBUG=linux-mount prints.
import { spawn } from 'node:child_process';
import { describe, expect, vi } from 'vitest';
import { runNode, WORKER_FUNCTIONS } from '../../support/child.js';
import { patience } from '../../support/effort.js';
import { fuseDevice, isRealRoot, lacks, projectRoot } from '../../support/environment.js';
import { lacksOverlay } from '../../support/kernel-features.js';
import { test } from '../../support/place.js';
import { until } from '../../support/values.js';

vi.setConfig({ testTimeout: patience(60_000) });

const PREFIX = /^LINUX-MOUNT \d+: /;

// In a user namespace the library adds `userxattr`, so that overlayfs uses user.* attributes.
const ADDED = isRealRoot ? '' : ',userxattr';

/** Runs a program with the trace enabled, and returns its lines without process IDs and durations. */
async function trace(source: string, args: readonly string[], environment = 'NODE_DEBUG=linux-mount') {
  const finished = await runNode(`import * as m from 'linux-mount'; const [root] = process.argv.slice(1); ${source}`, {
    args,
    wrapper: ['env', environment],
  });
  const lines = finished.stderr
    .replaceAll(args[0] ?? '', 'ROOT')
    .split('\n')
    .filter((line) => line !== '');
  return {
    ...finished,
    lines: lines.map((line) => line.replace(PREFIX, '').replace(/ <\d+\.\d{6}>$/, ' <time>')),
    isAllTrace: lines.every((line) => PREFIX.test(line)),
  };
}

test('the NODE_DEBUG trace prints one line for a synchronous call', async ({ place }) => {
  place.directory('m');
  const { status, lines, isAllTrace } = await trace(
    `m.mountSync('name\\n"ä', root + '/m', 'tmpfs', m.constants.MS_NOSUID | m.constants.MS_NODEV, 'size=1m,mode=700');
     m.mountSync(null, root + '/m', null, m.constants.MS_REMOUNT | m.constants.MS_BIND);
     m.umountSync(root + '/m', m.constants.MNT_DETACH);`,
    [place.root],
  );
  expect(status).toBe(0);
  expect(isAllTrace).toBe(true);
  expect(lines).toEqual([
    'mount("name\\n\\"\\303\\244", "ROOT/m", "tmpfs", MS_NOSUID|MS_NODEV, ... /* 16 bytes */) = 0 <time>',
    'mount(NULL, "ROOT/m", NULL, MS_REMOUNT|MS_BIND, NULL) = 0 <time>',
    'umount2("ROOT/m", MNT_DETACH) = 0 <time>',
  ]);
});

test('the NODE_DEBUG trace prints one line at the start and one line at the end of an asynchronous call', async ({
  place,
}) => {
  place.directory('m');
  const { lines } = await trace(
    `await m.mount('x', root + '/m', 'tmpfs'); await m.umount(root + '/m', { noFollow: true });`,
    [place.root],
  );
  expect(lines).toEqual([
    '[call 1] mount("x", "ROOT/m", "tmpfs", 0, NULL <unfinished ...>',
    '[call 1] <... mount resumed>) = 0 <time>',
    '[call 2] umount2("ROOT/m", UMOUNT_NOFOLLOW <unfinished ...>',
    '[call 2] <... umount2 resumed>) = 0 <time>',
  ]);
});

test('the NODE_DEBUG trace prints the error name, the system call and the step of a failed call', async ({
  place,
  skip,
}) => {
  skip(lacksOverlay !== undefined, lacksOverlay);
  place.directory('a');
  const { lines } = await trace(
    `const ignore = () => {};
     try { m.umountSync(root + '/a'); } catch {}
     try { m.mountBindSync(root + '/a', root + '/missing'); } catch {}
     await m.mountOverlay({ lower: [root + '/a', root + '/gone'], target: root + '/a' }).catch(ignore);`,
    [place.root],
  );
  const calls = lines.filter((line) => !line.includes('examine'));
  expect(calls[0]).toBe('umount2("ROOT/a", 0) = -1 EINVAL (invalid argument) /* umount2: unmount */ <time>');
  expect(calls[1]).toMatch(
    /^bind\(source="ROOT\/a", target="ROOT\/missing"\) = -1 ENOENT \(no such file or directory\) \/\* \w+: [\w ]+ \*\/ <time>$/,
  );
  expect(calls[2]).toBe(
    `[call 1] overlay(source="overlay", target="ROOT/a", data="lowerdir=ROOT/a:ROOT/gone${ADDED}" <unfinished ...>`,
  );
  expect(calls[3]).toBe(
    '[call 1] <... overlay resumed>) = -1 ENOENT (no such file or directory) /* mount: mount */ <time>',
  );
  // The trace also shows the calls that look for the reason.
  expect(lines.some((line) => /^\[call 2\] examine\(paths=\["ROOT\/a", /.test(line))).toBe(true);
});

test('the NODE_DEBUG trace prints named arguments and the strategy for several system calls in one call', async ({
  place,
  skip,
}) => {
  skip(lacksOverlay !== undefined, lacksOverlay);
  for (const name of ['a', 'b', 'm']) place.directory(name);
  const { lines } = await trace(
    `m.mountOverlaySync({ lower: [root + '/a', root + '/b'], target: root + '/m', index: false }).unmountSync();
     m.mountBindSync(root + '/a', { root: root + '/b', path: '/x', create: 'directory' }, { readonly: true }).unmountSync();
     m.setPropagationSync(root, 'private', { recursive: true });`,
    [place.root],
  );
  const shown = lines.map((line) => line.replace(/id=\d+/, 'id=ID'));
  expect(shown).toEqual([
    `overlay(source="overlay", target="ROOT/m", data="lowerdir=ROOT/a:ROOT/b,index=off${ADDED}") = {id=ID, by=data} <time>`,
    'umount2("ROOT/m", 0, id=ID) = 0 <time>',
    expect.stringMatching(
      /^bind\(source="ROOT\/a", target=\{root="ROOT\/b", path="\/x", create=directory\}, set=MOUNT_ATTR_RDONLY\) = \{id=ID, by=(tree|remount)\} <time>$/,
    ),
    'umount2({root="ROOT/b", path="/x"}, 0, id=ID) = 0 <time>',
    'change(target="ROOT", propagation=MS_PRIVATE, recursive) = 0 <time>',
  ]);
});

test('the NODE_DEBUG trace prints the calls of changes()', async ({ place }) => {
  place.directory('a', { f: 'x' });
  place.directory('b');
  const { lines } = await trace(
    `const { changes } = await import('linux-mount/layers');
     for await (const change of changes({ upper: root + '/a', lower: [root + '/b'], userxattr: ${!isRealRoot} })) change.path;`,
    [place.root],
  );
  const calls = lines.filter((line) => line.includes('<unfinished'));
  expect(calls[0]).toMatch(
    /^\[call 1\] layerOpen\(upper="ROOT\/a", lower=\["ROOT\/b"\](, userAttributes)? <unfinished ...>$/,
  );
  expect(lines).toContainEqual(expect.stringMatching(/layerNext resumed>\) = ... \/\* \d+ bytes \*\/ <time>$/));
});

const SECRETS = `const secret = 'hun,ter2';`;
test.for([
  ['mount', `await m.mount('//server/share', root, 'cifs', 0, 'username=me,password=' + secret)`, ''],
  ['mountSync, bytes', `m.mountSync('//server/share', root, 'cifs', 0, Buffer.from('password=' + secret))`, ''],
  [
    'mountFilesystem',
    `await m.mountFilesystem('//server/share', root, 'cifs', { parameters: { username: 'me', password: 'hunter2' } })`,
    'data="username=...,password=..."',
  ],
  [
    'mountFilesystem, value with a comma',
    `await m.mountFilesystem('//server/share', root, 'cifs', { parameters: { nodfs: true, password: secret } })`,
    'parameters=["nodfs", "password=..."]',
  ],
  [
    'detachedFilesystem',
    `await m.detachedFilesystem('//server/share', 'cifs', { parameters: { password: Buffer.from(secret) } })`,
    'parameters=["password=..."]',
  ],
  [
    'remountFilesystem',
    `await m.remountFilesystem(root, { parameters: { password: 'hunter2' } })`,
    'data="password=..."',
  ],
] as const)('the NODE_DEBUG trace hides the values of options: %s', async ([_, call, shown], { place }) => {
  const { stderr } = await trace(`${SECRETS} try { ${call} } catch {}`, [place.root]);
  expect(stderr).toContain('LINUX-MOUNT');
  expect(stderr).toContain(shown);
  expect(stderr).not.toContain('hun');
  expect(stderr).not.toContain('ter2');
});

test('the NODE_DEBUG trace prints a cancellation with the number of the cancelled call', async ({ place }) => {
  place.directory('m');
  const { lines } = await trace(
    `const controller = new AbortController();
     const mounted = m.mountTmpfs(root + '/m', { signal: controller.signal }).catch((error) => error);
     controller.abort();
     await mounted;`,
    [place.root],
  );
  expect(lines[1]).toMatch(/^cancel\(\[call 1\]\) = (true|false)$/);
});

describe('trace of a call that hangs', () => {
  const hang = `
    import { openSync } from 'node:fs';
    const device = openSync(${JSON.stringify(fuseDevice)}, 'r+');
    m.mountSync('hang', root, 'fuse', 0, 'fd=' + device + ',rootmode=40000,user_id=0,group_id=0');`;

  test.for([
    ['asynchronous', `await m.mount('x', root + '/below', 'tmpfs')`, ' <unfinished ...>\n'],
    ['synchronous', `m.mountSync('x', root + '/below', 'tmpfs')`, ')'],
  ])(
    'the NODE_DEBUG trace prints the start of a call that hangs in the kernel: %s',
    async ([_, call, end], { place, skip }) => {
      skip(lacks.fuse !== undefined, lacks.fuse);
      const target = place.directory('hang');
      const source = `import * as m from 'linux-mount'; const [root] = process.argv.slice(1); ${hang} ${call}`;
      // The mount is in a mount namespace that ends with the process.
      const words = ['--mount', '--', process.execPath, '--input-type=module', '--eval', source, '--', target];
      const child = spawn('unshare', words, {
        cwd: projectRoot,
        env: { ...process.env, NODE_DEBUG: 'linux-mount' },
        stdio: ['ignore', 'inherit', 'pipe'],
      });
      let stderr = '';
      child.stderr.setEncoding('utf8').on('data', (part: string) => {
        stderr += part;
      });
      const closed = new Promise((resolve) => child.on('close', resolve));
      const begun = `mount("x", "${target}/below", "tmpfs", 0, NULL${end}`;
      await until(() => stderr.includes(begun) || child.exitCode !== null);
      child.kill('SIGKILL');
      await closed;
      expect(stderr).toContain(begun);
      expect(stderr.endsWith(begun)).toBe(true);
    },
  );
});

test('the NODE_DEBUG trace prints the calls of a worker', async ({ place }) => {
  place.directory('m');
  const { lines, status } = await trace(
    `${WORKER_FUNCTIONS}
     const source =
       'library.mountSync("x", workerData.root + "/m", "tmpfs"); await library.umount(workerData.root + "/m");';
     startWorker(source, { root });`,
    [place.root],
  );
  expect(status).toBe(0);
  expect(lines).toEqual([
    'mount("x", "ROOT/m", "tmpfs", 0, NULL) = 0 <time>',
    '[call 1] umount2("ROOT/m", 0 <unfinished ...>',
    '[call 1] <... umount2 resumed>) = 0 <time>',
  ]);
});

test.for(['NODE_DEBUG=', 'NODE_DEBUG=mount', 'NODE_DEBUG=http,net'])(
  'the NODE_DEBUG trace prints nothing when NODE_DEBUG does not name linux-mount: %s',
  async (environment, { place }) => {
    const { stderr, status } = await trace(
      `m.mountSync('x', root, 'tmpfs'); await m.umount(root);`,
      [place.directory('m')],
      environment,
    );
    expect({ stderr, status }).toEqual({ stderr: '', status: 0 });
  },
);

test('the NODE_DEBUG trace prints nothing for wrong arguments', async ({ place }) => {
  const { stderr } = await trace(`try { m.mountSync('x', 'a\\0b', 'tmpfs'); } catch {}`, [place.root]);
  expect(stderr).toBe('');
});
