// Boots a kernel in a QEMU virtual machine and returns what it prints.
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

// QEMU 7.2 crashes newer kernels at random with several threads or processors. More processors of this machine can run
// more virtual machines.
const COMMON = [
  ...['-accel', 'tcg,thread=single', '-smp', '1', '-m', '2048', '-nodefaults', '-display', 'none', '-no-reboot'],
];

/** Returns the content of a file, or an empty string if the file does not exist yet. */
function readIfExists(path) {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

/**
 * Boots a kernel and waits until the machine is powered off.
 *
 * @param what `machine`: an entry of machines.js; `directory`: the directory of `vmlinuz` and `initramfs`; `image`: the
 * root filesystem, which stays unchanged; `passes`: the arguments of the command in the image; `limit`: the seconds
 * after which the machine is killed; `signal`: kills the machine at once
 * @returns the output of the command, `status` of the command (undefined if the command did not end), and the output of
 * the kernel and of QEMU
 */
export async function boot({ machine, directory, image, passes, limit, signal }) {
  const work = mkdtempSync(join(tmpdir(), 'linux-mount-vm-'));
  const [console, output] = [join(work, 'console'), join(work, 'output')];
  const append =
    `console=${machine.console} output=${machine.output} passes=${passes.join(',')} ` +
    'quiet panic=-1 mitigations=off nokaslr';
  const emulator = spawn(
    machine.emulator.program,
    [
      ...COMMON,
      ...machine.words,
      ...['-kernel', join(directory, 'vmlinuz'), '-initrd', join(directory, 'initramfs'), '-append', append],
      ...['-drive', `file=${image},if=virtio,format=raw,snapshot=on`],
      ...machine.lines(console, output),
    ],
    { stdio: ['ignore', 'pipe', 'pipe'], timeout: limit * 1000, killSignal: 'SIGKILL', signal },
  );
  const complaints = [];
  for (const stream of [emulator.stdout, emulator.stderr]) stream.on('data', (part) => complaints.push(String(part)));
  try {
    await new Promise((resolve, reject) => emulator.on('error', reject).on('close', resolve));
    const text = readIfExists(output);
    const [, status] = /^@@end status=(\d+)/m.exec(text) ?? [];
    return {
      output: text,
      status: status === undefined ? undefined : Number(status),
      console: `${readIfExists(console)}${complaints.join('')}`,
    };
  } finally {
    rmSync(work, { recursive: true });
  }
}
