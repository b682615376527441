import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

// QEMU 7.2 crashes newer kernels at random with several threads or processors. To be as fast with more processors, run more
// machines.
const COMMON = [
  ...['-accel', 'tcg,thread=single', '-smp', '1', '-m', '2048', '-nodefaults', '-display', 'none', '-no-reboot'],
];

/** What a file says so far. */
function said(path) {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

/**
 * Boots a kernel and waits until the machine is off again.
 *
 * @param what `machine`: one of machines.js; `directory`: where `vmlinuz` and `initramfs` are; `image`: the root
 *   filesystem, to which nothing is written; `passes`: the words for its command; `limit`: seconds after which it is ended;
 *   `signal`: ends it at once
 * @returns what its command said, `status` of that command (undefined when it never ended), and what the kernel and the
 *   emulator said
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
    const text = said(output);
    const [, status] = /^@@end status=(\d+)/m.exec(text) ?? [];
    return {
      output: text,
      status: status === undefined ? undefined : Number(status),
      console: `${said(console)}${complaints.join('')}`,
    };
  } finally {
    rmSync(work, { recursive: true });
  }
}
