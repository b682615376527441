import { spawnSync } from 'node:child_process';
import { constants } from 'node:os';
import { expect } from 'vitest';
import { callsProgram, lacks } from '../../support/environment.js';
import { lacksDetached, lacksOverlay, lacksStrategy } from '../../support/kernel-features.js';
import { test } from '../../support/place.js';

// What a test is skipped for is found out with the library. Here it is asked for without it: else what is broken in the
// library would be taken for what this kernel lacks.

const { ENOSYS, EPERM } = constants.errno;

/** Whether all of the system calls are there, and for us. */
function areThere(...calls: readonly string[]): boolean {
  const { stdout, status } = spawnSync(callsProgram, calls, { encoding: 'utf8' });
  const answers = stdout.trimEnd().split('\n');
  expect([status, answers.length]).toEqual([0, calls.length]);
  return answers.every((answer) => ![ENOSYS, EPERM].includes(Number(answer.split(' ')[1])));
}

test('a tree is attached by newer calls where they are there', () => {
  expect(lacks.treeCalls === undefined).toBe(areThere('open_tree', 'move_mount'));
});

test('there are mounts without a place where the newer calls are there', () => {
  expect(lacksDetached === undefined).toBe(areThere('open_tree', 'move_mount'));
});

test('it is changed by mount_setattr where that is there', () => {
  expect(lacks.setattr === undefined).toBe(areThere('mount_setattr'));
});

test('filesystems are made by newer calls where they are there', () => {
  expect(lacks.fsopen === undefined).toBe(areThere('fsopen', 'fsconfig', 'fsmount', 'move_mount'));
});

test('overlays are mounted where mount(8) can, by both ways that every kernel with overlays has', ({ place, skip }) => {
  const options = `lowerdir=${place.directory('l1')}:${place.directory('l2')}`;
  const target = place.directory('target');
  const { status, stderr } = spawnSync('mount', ['-t', 'overlay', '-o', options, 'overlay', target], {
    encoding: 'utf8',
  });
  skip(status !== 0, `mount(8) cannot either: ${stderr.trim()}`);
  expect(spawnSync('umount', [target]).status).toBe(0);
  expect([lacksOverlay, lacksStrategy('data'), lacksStrategy('descriptors')]).toEqual([
    undefined,
    undefined,
    undefined,
  ]);
});
