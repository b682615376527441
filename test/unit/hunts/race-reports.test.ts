// Tests of how reports of ThreadSanitizer are split and assigned to the addon.
import { describe, expect, test } from 'vitest';
import { isAbout, split } from '../../hunts/sanitize/reports.js';

const ADDON = 'linux_mount.node';
const TSAN = '    #0 pthread_mutex_destroy ../tsan_interceptors_posix.cpp:1312 (libtsan.so+0x42191)';
const C_LIBRARY = '    #1 std::thread::join() <null> (libstdc++.so.6+0xd44a3)';
const NODE = '    #1 v8::platform::DefaultJobState::~DefaultJobState() <null> (node+0x1d65445)';
const OURS =
  '    #2 CompletionQueue::CompleteOne(napi_env__*) ../src-native/napi/completion.cc:67 (linux_mount.node+0x8ac83)';

const race = (write: string[], earlier: string[]) =>
  [
    'WARNING: ThreadSanitizer: data race (pid=1)',
    '  Write of size 1 at 0x7b300000a3b8 by thread T2:',
    ...write,
    '',
    '  Previous atomic read of size 1 at 0x7b300000a3b8 by main thread (mutexes: write M1):',
    ...earlier,
    '',
    '  Thread T2 (tid=2, running) created by main thread at:',
    OURS,
    '',
  ].join('\n');

describe('ThreadSanitizer reports', () => {
  test.each([
    ['when the addon writes', race([OURS, NODE], [NODE])],
    ['when the addon did the earlier read', race([NODE], [OURS])],
    ['when a library function accesses the memory for the addon', race([NODE], [TSAN, C_LIBRARY, OURS])],
    ['when the addon leaks a thread', `WARNING: ThreadSanitizer: thread leak (pid=1)\n${OURS}\n`],
  ])('isAbout is true for a ThreadSanitizer report %s', (_, report) => {
    expect(isAbout(ADDON, report)).toBe(true);
  });

  test.each([
    ['when V8 reads and writes during a call by the addon', race([TSAN, NODE], [TSAN, NODE, OURS])],
    ['when the stack of one access is lost', race([NODE], ['    [failed to restore the stack]'])],
    ['when another addon writes', race([OURS.replace(ADDON, 'other.node')], [NODE])],
    [
      'when two file descriptors had the same number',
      `${race([OURS], [OURS])}\n  Location is file descriptor 21 created by`,
    ],
    ['when no stack names the addon', 'WARNING: ThreadSanitizer: thread leak (pid=1)\n    #0 main (node+0x1)\n'],
  ])('isAbout is false for a ThreadSanitizer report %s', (_, report) => {
    expect(isAbout(ADDON, report)).toBe(false);
  });
});

test('split separates the ThreadSanitizer reports from the other output', () => {
  const bar = '==================\n';
  const one = race([OURS], [NODE]);
  expect(split(`before\n${bar}${one}${bar}between\n${bar}${one}${bar}`)).toEqual({
    reports: [one, one],
    rest: 'before\nbetween\n',
  });
});
