import { expect, test } from 'vitest';
import { overlaySupport } from '../../../../lib/index.js';
import { Program, shownOption } from '../../../../lib/overlay/support/program.js';
import { runNode } from '../../../support/child.js';
import { rejectionOf } from '../../../support/values.js';

test.each([
  ['no text', 'a\0b', 'ERR_INVALID_ARG_VALUE'],
  ['empty', '', 'ERR_INVALID_ARG_VALUE'],
  ['a number', 5, 'ERR_INVALID_ARG_TYPE'],
  ['null', null, 'ERR_INVALID_ARG_TYPE'],
])('refuses a directory that is none: %s', async (_, directory, code) => {
  expect(await rejectionOf(overlaySupport(directory as string))).toMatchObject({ code });
});

test('on another operating system it says so', async () => {
  const { stdout } = await runNode(
    `Object.defineProperty(process, 'platform', { value: 'darwin' });
     const { overlaySupport } = await import('linux-mount');
     await overlaySupport('/').catch(({ code }) => console.log(code));`,
  );
  expect(stdout).toBe('ERR_UNSUPPORTED_PLATFORM\n');
});

test('options are read from what the mount table shows', () => {
  const shown = 'rw,lowerdir=l,redirect_dir=on,volatile,uuid=';
  expect(shownOption(shown, 'rw')).toBe('');
  expect(shownOption(shown, 'redirect_dir')).toBe('on');
  expect(shownOption(shown, 'volatile')).toBe('');
  expect(shownOption(shown, 'redirect')).toBeUndefined();
  expect(shownOption(shown, 'index')).toBeUndefined();
});

test('a program finds the answers of each trial among all results', () => {
  const program = new Program();
  const first = program.ask(['mkdir', 'a'], ['shown', 'a']);
  const second = program.ask(['mount', 'overlay', 'm', 'x'], ['umount', 'm']);
  expect(program.words).toEqual(['mkdir', 'a', 'shown', 'a', 'mount', 'overlay', 'm', 'x', 'umount', 'm']);
  const results = [0, 'rw,index=on', 22, 22];
  expect(first(results)).toEqual({ ok: true, shown: 'rw,index=on' });
  expect(second(results)).toEqual({ ok: false, shown: '', step: ['mount', 'overlay', 'm', 'x'], errno: 22 });
});
