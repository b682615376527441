// Tests that the conditions for skipping tests agree with the kernel: no test is skipped because of a bug in the
// library.
import { spawnSync } from 'node:child_process';
import { constants } from 'node:os';
import { expect } from 'vitest';
import { callsProgram, lacks } from '../../support/environment.js';
import { lacksDetached, lacksOverlay, lacksStrategy } from '../../support/kernel-features.js';
import { test } from '../../support/place.js';

// Tests are skipped by answers of the library. These tests ask the kernel without the library; otherwise a bug in the
// library would look like a kernel without the feature.

const { ENOSYS, EPERM } = constants.errno;

/** Whether the kernel has every one of the system calls and permits them. */
function areAvailable(...calls: readonly string[]): boolean {
  const { stdout, status } = spawnSync(callsProgram, calls, { encoding: 'utf8' });
  const answers = stdout.trimEnd().split('\n');
  expect([status, answers.length]).toEqual([0, calls.length]);
  return answers.every((answer) => ![ENOSYS, EPERM].includes(Number(answer.split(' ')[1])));
}

test('the library uses open_tree(2) and move_mount(2) exactly when the kernel permits them', () => {
  expect(lacks.treeCalls === undefined).toBe(areAvailable('open_tree', 'move_mount'));
});

test('the library makes detached mounts exactly when the kernel permits open_tree(2) and move_mount(2)', () => {
  expect(lacksDetached === undefined).toBe(areAvailable('open_tree', 'move_mount'));
});

test('the library uses mount_setattr(2) exactly when the kernel permits mount_setattr(2)', () => {
  expect(lacks.setattr === undefined).toBe(areAvailable('mount_setattr'));
});

test('the library uses fsopen(2) exactly when the kernel permits all calls of the new mount API', () => {
  expect(lacks.fsopen === undefined).toBe(areAvailable('fsopen', 'fsconfig', 'fsmount', 'move_mount'));
});

test('the library mounts overlays with the strategies "data" and "descriptors" where mount(8) can mount an overlay', ({
  place,
  skip,
}) => {
  const options = `lowerdir=${place.directory('l1')}:${place.directory('l2')}`;
  const target = place.directory('target');
  const { status, stderr } = spawnSync('mount', ['-t', 'overlay', '-o', options, 'overlay', target], {
    encoding: 'utf8',
  });
  skip(status !== 0, `mount(8) cannot mount an overlay: ${stderr.trim()}`);
  expect(spawnSync('umount', [target]).status).toBe(0);
  expect([lacksOverlay, lacksStrategy('data'), lacksStrategy('descriptors')]).toEqual([
    undefined,
    undefined,
    undefined,
  ]);
});
