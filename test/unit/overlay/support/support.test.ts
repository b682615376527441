// Tests of overlaySupport that need no overlay: arguments, other platforms, and the evaluation of trials.
import { expect, test } from 'vitest';
import { overlaySupport } from '../../../../lib/index.js';
import { Program, shownOption } from '../../../../lib/overlay/support/program.js';
import { runNode } from '../../../support/child.js';
import { rejectionOf } from '../../../support/values.js';

test.each([
  ['a string with a NUL', 'a\0b', 'ERR_INVALID_ARG_VALUE'],
  ['an empty string', '', 'ERR_INVALID_ARG_VALUE'],
  ['a number', 5, 'ERR_INVALID_ARG_TYPE'],
  ['null', null, 'ERR_INVALID_ARG_TYPE'],
])('overlaySupport rejects an invalid directory: %s', async (_, directory, code) => {
  expect(await rejectionOf(overlaySupport(directory as string))).toMatchObject({ code });
});

test('overlaySupport rejects with ERR_UNSUPPORTED_PLATFORM outside of Linux', async () => {
  const { stdout } = await runNode(
    `Object.defineProperty(process, 'platform', { value: 'darwin' });
     const { overlaySupport } = await import('linux-mount');
     await overlaySupport('/').catch(({ code }) => console.log(code));`,
  );
  expect(stdout).toBe('ERR_UNSUPPORTED_PLATFORM\n');
});

test('shownOption finds an option in the super options of the mount table', () => {
  const shown = 'rw,lowerdir=l,redirect_dir=on,volatile,uuid=';
  expect(shownOption(shown, 'rw')).toBe('');
  expect(shownOption(shown, 'redirect_dir')).toBe('on');
  expect(shownOption(shown, 'volatile')).toBe('');
  expect(shownOption(shown, 'redirect')).toBeUndefined();
  expect(shownOption(shown, 'index')).toBeUndefined();
});

test('Program.ask returns a function that extracts the results of the added steps from all results', () => {
  const program = new Program();
  const first = program.ask(['mkdir', 'a'], ['shown', 'a']);
  const second = program.ask(['mount', 'overlay', 'm', 'x'], ['umount', 'm']);
  expect(program.words).toEqual(['mkdir', 'a', 'shown', 'a', 'mount', 'overlay', 'm', 'x', 'umount', 'm']);
  const results = [0, 'rw,index=on', 22, 22];
  expect(first(results)).toEqual({ ok: true, shown: 'rw,index=on' });
  expect(second(results)).toEqual({ ok: false, shown: '', step: ['mount', 'overlay', 'm', 'x'], errno: 22 });
});
