// Tests of an operation that is aborted while the library examines why it failed.
import { constants as os } from 'node:os';
import { expect, test } from 'vitest';
import { MountError } from '../../../lib/kernel/errors.js';
import { type Failure, native } from '../../../lib/kernel/native.js';
import { OperationChannel } from '../../../lib/operation/channel.js';
import { ask, type Operation, type Plan, run } from '../../../lib/operation/driver.js';
import { rejectionOf } from '../../support/values.js';

const channel = new OperationChannel('test-drivers');

/**
 * Runs an operation that fails with this failure, and aborts it while the library examines the cause. Returns the
 * rejection.
 */
async function cancelled(what: Partial<Failure>): Promise<unknown> {
  const controller = new AbortController();
  const failure: Failure = {
    ...{
      error: os.errno.EPERM,
      syscall: 'mount',
      step: 'x',
      left: false,
      mountId: 0n,
      index: -1,
      log: null,
      other: null,
    },
    ...what,
  };
  const operation: Operation<Plan, 'mountRoot', never> = {
    channel,
    subject: () => ({}),
    call: { async: async () => failure, sync: () => failure },
    arguments: () => ({ path: '/', namespace: null }),
    result: () => {
      throw new Error('the call has failed');
    },
    error: function* (_, { error: errno, syscall, left }) {
      controller.abort();
      yield* ask(native.mountRoot, { path: '/', namespace: null });
      return new MountError({ errno, syscall, left: left ? ['/m'] : ['/made'] });
    },
  };
  return rejectionOf(run(operation, { signal: controller.signal }));
}

test('an operation that is aborted while its failure is examined rejects with AbortError', async () => {
  expect(await cancelled({})).toMatchObject({ name: 'AbortError' });
  expect(await cancelled({ leftMade: null })).toMatchObject({ name: 'AbortError' });
});

test('an aborted operation rejects with MountError when it leaves a mount or a directory behind', async () => {
  expect(await cancelled({ left: true })).toMatchObject({ name: 'MountError', code: 'EPERM', left: ['/m'] });
  expect(await cancelled({ leftMade: Buffer.from('./made') })).toMatchObject({ name: 'MountError', left: ['/made'] });
});
