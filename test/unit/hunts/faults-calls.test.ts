// Compares the system calls of the addon with the list of the fault injector.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { C_FUNCTIONS } from '../../../release/symbols.js';
import { projectRoot } from '../../support/environment.js';

// Functions of the C library that make a system call with another name.
const MADE_BY: Readonly<Record<string, string>> = {
  ...{ eventfd: 'eventfd2', fdopendir: 'fcntl', opendir: 'openat', readdir: 'getdents64', waitpid: 'wait4' },
  ...{ recv: 'recvfrom', send: 'sendto', pthread_create: 'clone3' },
};

// Functions that make no system call, whose call cannot fail, or whose call inject_calls.h leaves out for a reason it
// states.
const NONE = /^(abort|free|malloc|mem.*|snprintf|str.*|__errno_location|_exit|sigfillset|sysconf|clock_gettime)$/;
const LOCKS = /^(pthread_(?!create).*|sem_.*)$/;
const CANNOT_FAIL = /^(getegid|geteuid|getpid|getppid|gettid|kill|prctl|umask|sched_yield)$/;
const LEFT_OUT = /^(close|closedir|mmap|munmap)$/;

const read = (...path: string[]) => readFileSync(join(projectRoot, ...path), 'utf8');

test('the fault injector lists every system call that the addon makes', ({ skip }) => {
  skip(!existsSync(join(projectRoot, 'src-native')), 'this copy of the project lacks src-native/');
  const known = new Set(
    [...read('test/native/inject_calls.h').matchAll(/CALL\((\w+)\)|"(\w+)", \d+/g)].map((at) => at[1] ?? at[2]),
  );
  const sources = readdirSync(join(projectRoot, 'src-native'), { recursive: true, encoding: 'utf8' }).filter((file) =>
    file.endsWith('.cc'),
  );
  const byNumber = sources.flatMap((file) =>
    [...read('src-native', file).matchAll(/syscall\(SYS_(\w+)/g)].map(([, name]) => name as string),
  );
  expect(byNumber.length).toBeGreaterThan(20);
  const asks = (name: string) => ![NONE, LOCKS, CANNOT_FAIL, LEFT_OUT].some((those) => those.test(name));
  const byName = C_FUNCTIONS.filter((name) => name !== 'syscall').map((name) => MADE_BY[name] ?? name);
  // Some functions have another name where file offsets have 32 bits.
  const made = [...byNumber, ...byName].filter(asks).map((name) => name.replace(/^(fcntl)64$/, '$1'));
  expect(made.filter((name) => !known.has(name) && name !== 'fstatat64')).toEqual([]);
});
