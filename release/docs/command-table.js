// Runs the tables of docs/recipes/mount-command.md: the command and the call of each row must have the same effect.
//
// Before each row the shell block above its table (`sh before`) runs. Where a table changes mounts, command and call
// run in separate namespaces, and findmnt(8) must show the same mounts afterwards. Where a table reads something (`sh
// before asks`), command and call run in one namespace and must print the same answer.
import { spawnSync } from 'node:child_process';
import { hasProgram } from '../architectures.js';
import { inNamespaces, isRoot } from '../namespaces.js';
import { read } from './pages.js';

const PAGE = 'docs/recipes/mount-command.md';
// Commands of the tables whose packages a machine may lack.
const OPTIONAL_COMMANDS = ['mkfs.ext4', 'losetup', 'blkid', 'fuser', 'lsof'];

const code = (cell) => cell.match(/^`(.+)`$/)?.[1].replaceAll('\\|', '|');

/** Returns the rows of all tables that have a shell block above them. */
function rows() {
  const found = [];
  let before;
  let table = false;
  for (const [index, line] of read(PAGE).split('\n').entries()) {
    if (line.startsWith('## ')) before = undefined;
    if (/^```sh before( asks)?$/.test(line)) before = { lines: [], asks: line.endsWith('asks'), open: true };
    else if (before?.open && line === '```') before.open = false;
    else if (before?.open) before.lines.push(line);
    const isRow = line.startsWith('|') && before !== undefined;
    if (isRow && table && !line.startsWith('|--')) {
      const [command, call, remark] = line
        .slice(1, -1)
        .split(/(?<!\\)\|/)
        .map((cell) => cell.trim());
      found.push({ where: `${PAGE}:${index + 1}`, command: code(command), call: code(call), remark, before });
    }
    table = isRow;
  }
  return found;
}

/** Returns the rows as programs that print the result of the call. */
export function rowsAsExamples(imports) {
  return rows().map((row) => ({
    where: row.where,
    row,
    code: [
      imports,
      "import { execFileSync } from 'node:child_process';",
      "const pid = Number(process.env['PID']);",
      `const answer: unknown = ${row.call};`,
      "if (typeof answer !== 'object') console.log(answer);",
    ].join('\n'),
  }));
}

// The script unmounts the machine's mounts below /mnt and /srv in this namespace, gives mount(8) a writable /run, and
// starts a process in another mount namespace as `$PID`. losetup(8) changes the whole machine, so the script also
// detaches the loop devices of files in /srv at the end.
const START = `
awk '$5 ~ "^/(mnt|srv)(/|$)" { print $5 }' /proc/self/mountinfo | sort -r | xargs -r umount -l
mount -t tmpfs run /run
unshare --mount sleep 600 & PID=$!; export PID
while [ "/proc/$PID/ns/mnt" -ef /proc/self/ns/mnt ]; do sleep 0.01; done
trap 'for image in /srv/*.ext4; do
  for device in $(losetup --associated "$image" --noheadings --output NAME 2>&-); do losetup --detach "$device"; done
done' EXIT`;
const SHOW = 'findmnt --raw --noheadings --output TARGET,SOURCE,FSROOT,FSTYPE,VFS-OPTIONS,FS-OPTIONS,PROPAGATION';
const SNAPSHOT = `
echo ::: snapshot
${SHOW} > /run/here
${SHOW} --task "$PID" > /run/there
awk '/^.(mnt|srv)/ { print FILENAME ": " $0 }' /run/here /run/there`;

/** Runs a script after the row's shell block. Returns the output and the mounts afterwards. */
function runScript(installed, { before }, script) {
  const whole = [START, ...before.lines, 'echo ::: begin', script, SNAPSHOT].join('\n');
  const { status, stdout, stderr } = installed.spawn([...inNamespaces('root', { pid: true }), 'sh', '-euc', whole], {
    cwd: '/',
  });
  const [, printed, mounts] = stdout.split(/^::: \w+\n/m);
  return {
    status,
    stderr,
    printed: printed?.trim().split(/\s+/).join(' '),
    mounts: mounts?.replace(/\/dev\/loop\d+/g, '/dev/loopN'),
  };
}

const versionAfter = (words, text) => text.match(`${words} util-linux (\\d+)\\.(\\d+)`)?.slice(1).map(Number);

function isOlder([major, minor], needed) {
  return needed !== undefined && (major < needed[0] || (major === needed[0] && minor < needed[1]));
}

/** Returns what is wrong with a row that changes mounts. */
function faultOfChange(installed, row, program, canCompare) {
  row.before.mounts ??= runScript(installed, row, ':').mounts;
  const called = runScript(installed, row, `node '${program}'`);
  if (called.status !== 0) return `${row.call} fails:\n${called.stderr}`;
  if (called.mounts === row.before.mounts) return `${row.call} changes nothing`;
  if (!canCompare) return undefined;
  const commanded = runScript(installed, row, row.command);
  if (commanded.status !== 0) return `${row.command} fails:\n${commanded.stderr}`;
  if (commanded.mounts === called.mounts) return undefined;
  return `after ${row.command}\n${commanded.mounts}after ${row.call}\n${called.mounts}`;
}

/** Returns what is wrong with a row that reads something. A command without output answers by its exit status. */
function faultOfQuestion(installed, row, program) {
  const { status, stderr, printed } = runScript(
    installed,
    row,
    `answer=$(${row.command} 2>&-) && status=true || status=false
    echo "\${answer:-$status}"; echo ---; node '${program}'`,
  );
  if (status !== 0) return `${row.call} fails:\n${stderr}`;
  const [commanded, called] = printed.split(' --- ');
  return commanded === called ? undefined : `${row.command} answers ${commanded}, ${row.call} ${called}`;
}

/** Runs all rows. `compiled` are the programs of rowsAsExamples. */
export function checkCommands(compiled, installed, faults, skipped) {
  if (!isRoot) {
    skipped.push(`${PAGE}: needs root`);
    return;
  }
  const version = versionAfter('from', spawnSync('mount', ['--version'], { encoding: 'utf8' }).stdout);
  let compared = 0;
  for (const { row, file, name } of compiled) {
    const script = [...row.before.lines, row.command].join('\n');
    const missing = OPTIONAL_COMMANDS.filter((command) => script.includes(command) && !hasProgram(command));
    if (missing.length > 0) {
      skipped.push(`${row.where}: needs ${missing.join(', ')}`);
      continue;
    }
    const program = installed.add(file, name);
    // A command that this version of util-linux lacks does not run, but the call runs.
    const canCompare = !isOlder(version, versionAfter('needs', row.remark));
    compared += canCompare ? 1 : 0;
    const fault = row.before.asks
      ? faultOfQuestion(installed, row, program)
      : faultOfChange(installed, row, program, canCompare);
    if (fault !== undefined) faults.push(`${row.where}: ${fault}`);
  }
  console.log(`${compiled.length} calls of ${PAGE} ran, ${compared} of them compared with their commands`);
}
