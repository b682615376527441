import { tracingChannel } from 'node:diagnostics_channel';
import type { OperationTrace } from '../../lib/operation/channel.js';

/** Tells all events of an operation's channel, until what it gives is called. */
export function onOperation(operation: string, tell: (event: string, message: OperationTrace) => void): () => void {
  const on = (event: string) => (message: unknown) => tell(event, message as OperationTrace);
  const handlers = {
    start: on('start'),
    end: on('end'),
    asyncStart: on('asyncStart'),
    asyncEnd: on('asyncEnd'),
    error: on('error'),
  };
  const channel = tracingChannel(`linux-mount:${operation}`);
  channel.subscribe(handlers);
  return () => {
    channel.unsubscribe(handlers);
  };
}
