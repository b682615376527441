// Tests of the tracing channels of operations.
import { expect, test } from 'vitest';
import * as library from '../../../lib/index.js';
import * as layers from '../../../lib/layers/index.js';
import { OperationChannel, type OperationTrace, tracedOperations } from '../../../lib/operation/channel.js';
import { subscribeToOperation } from '../../support/values.js';

// These functions make no system call.
const PURE = ['overlayData', 'parseMountInfo', 'parseOverlayData', 'setAddon'];
const METHODS = [
  ...['Mount.overlay', 'Mount.unmount'],
  ...['DetachedMount.attach', 'DetachedMount.close', 'DetachedMount.setAttributes'],
];

test('every operation has a tracing channel', () => {
  const operations = Object.entries({ ...library, ...layers })
    .filter(([name, value]) => typeof value === 'function' && /^[a-z]/.test(name) && !name.endsWith('Sync'))
    .map(([name]) => name)
    .filter((name) => !PURE.includes(name));
  expect([...tracedOperations].sort()).toEqual([...operations, ...METHODS].sort());
});

function listen(operation: string) {
  const events: { event: string; message: OperationTrace }[] = [];
  const stop = subscribeToOperation(operation, (event, message) => events.push({ event, message: { ...message } }));
  return { events, stop };
}

test('isWatched of a tracing channel is true only while a subscriber exists', () => {
  const channel = new OperationChannel('test-listening');
  expect(channel.isWatched).toBe(false);
  const { stop } = listen('test-listening');
  expect(channel.isWatched).toBe(true);
  stop();
  expect(channel.isWatched).toBe(false);
});

test('a tracing channel publishes start, end, asyncStart and asyncEnd for an asynchronous operation', async () => {
  const channel = new OperationChannel('test-async');
  const { events, stop } = listen('test-async');
  const result = await channel.run({ source: '/dev/sdb1', target: '/data', fsType: 'ext4' }, async (value) => value, 7);
  expect(result).toBe(7);
  const about = { operation: 'test-async', sync: false, source: '/dev/sdb1', target: '/data', fsType: 'ext4' };
  expect(events).toEqual([
    { event: 'start', message: about },
    { event: 'end', message: about },
    { event: 'asyncStart', message: { ...about, result: 7 } },
    { event: 'asyncEnd', message: { ...about, result: 7 } },
  ]);
  events.length = 0;
  const error = new Error('no');
  await expect(channel.run({}, () => Promise.reject(error))).rejects.toBe(error);
  expect(events.map(({ event }) => event)).toEqual(['start', 'end', 'error', 'asyncStart', 'asyncEnd']);
  expect(events.at(-1)?.message).toEqual({ operation: 'test-async', sync: false, error });
  stop();
});

test('a tracing channel publishes start and end for a synchronous operation', () => {
  const channel = new OperationChannel('test-sync');
  const { events, stop } = listen('test-sync');
  const target = { path: 'x', root: '/root', create: 1, resolve: 0 } as const;
  expect(channel.runSync({ source: null, target, fsType: null }, (a, b) => a + b, 3, 4)).toBe(7);
  const about = { operation: 'test-sync', sync: true, target: { root: '/root', path: 'x' } };
  expect(events).toEqual([
    { event: 'start', message: about },
    { event: 'end', message: { ...about, result: 7 } },
  ]);
  events.length = 0;
  const fail = () => {
    throw new Error('no');
  };
  expect(() => channel.runSync({}, fail)).toThrow('no');
  expect(events.map(({ event }) => event)).toEqual(['start', 'error', 'end']);
  stop();
});

test('a tracing channel publishes the names of parameters and hides the values', () => {
  const channel = new OperationChannel('test-names');
  const { events, stop } = listen('test-names');
  channel.runSync({ words: ['password=secret', 'nodiscard', Buffer.from('key=secret')] }, () => {});
  expect(events[0]?.message.parameters).toEqual(['password', 'nodiscard', 'key']);
  expect(JSON.stringify(events)).not.toContain('secret');
  stop();
});
