// NODE_DEBUG=linux-mount: writes every native call to stderr, as strace(1) writes system calls.
import { performance } from 'node:perf_hooks';
import { debuglog } from 'node:util';
import type { ArgumentsOf, CallName, NativeCall, ResultOf } from '../addon/calls.js';
import { argumentsText, nameOfCall } from './arguments.js';
import { resultText } from './results.js';

/*
 * The trace writes a synchronous call as one line, and its beginning before the call, so that a call that never returns
 * is visible:
 *
 *     LINUX-MOUNT 4121: umount2("/mnt", MNT_DETACH) = 0 <0.000031>
 *
 * The trace writes an asynchronous call as two lines with the number of the call, because other calls may write lines
 * in between:
 *
 *     LINUX-MOUNT 4121: [call 7] mount("none", "/mnt", "tmpfs", 0, NULL <unfinished ...>
 *     LINUX-MOUNT 4121: [call 7] <... mount resumed>) = 0 <0.000082>
 *
 * Node reads NODE_DEBUG when the process starts. If NODE_DEBUG does not name linux-mount, calls are not wrapped.
 */

/** Calls that the trace omits, because they make no system call that a reader of the trace expects. */
const SILENT: ReadonlySet<CallName> = new Set(['newCancellation', 'descriptorNumber']);

const isTraced: boolean = debuglog('linux-mount').enabled;

let count = 0;
/** The number of the traced call that each cancellation belongs to. */
const numbers = new WeakMap<object, number>();

// Writes to stderr directly, because debuglog() writes whole lines only.
function begin(text: string): void {
  process.stderr.write(`LINUX-MOUNT ${process.pid}: ${text}`);
}

function end(text: string): void {
  process.stderr.write(`${text}\n`);
}

function line(text: string): void {
  begin(`${text}\n`);
}

function outcome(name: CallName, result: unknown, start: number): string {
  const seconds = (performance.now() - start) / 1000;
  return ` = ${resultText(name, result)} <${seconds.toFixed(6)}>`;
}

const thrown = (error: unknown): string => ` = ? /* ${(error as Error).name} */`;

/**
 * Returns the forms of a native call that also write to the trace, or `forms` if NODE_DEBUG does not enable the trace.
 */
export function traced<K extends CallName>(name: K, forms: NativeCall<K>): NativeCall<K> {
  if (!isTraced || SILENT.has(name)) return forms;
  return {
    sync: name === 'cancel' ? (args) => cancel(args, forms.sync(args)) : (args) => traceSync(name, forms, args),
    async: (args) => traceAsync(name, forms, args),
  };
}

function traceSync<K extends CallName>(name: K, { sync }: NativeCall<K>, args: ArgumentsOf<K>): ResultOf<K> {
  begin(`${nameOfCall(name)}(${argumentsText(name, args)})`);
  const start = performance.now();
  try {
    const result = sync(args);
    end(outcome(name, result, start));
    return result;
  } catch (error) {
    end(thrown(error));
    throw error;
  }
}

async function traceAsync<K extends CallName>(
  name: K,
  { async }: NativeCall<K>,
  args: ArgumentsOf<K>,
): Promise<ResultOf<K>> {
  count += 1;
  const number = count;
  const { cancellation } = args as { cancellation?: object | null };
  if (cancellation) numbers.set(cancellation, number);
  const shown = nameOfCall(name);
  line(`[call ${number}] ${shown}(${argumentsText(name, args)} <unfinished ...>`);
  const start = performance.now();
  const resumed = (how: string): void => line(`[call ${number}] <... ${shown} resumed>)${how}`);
  try {
    const result = await async(args);
    resumed(outcome(name, result, start));
    return result;
  } catch (error) {
    resumed(thrown(error));
    throw error;
  }
}

// The trace writes cancel(), which makes no system call, because cancel() decides whether the result of a call counts.
function cancel<T>(args: object, result: T): T {
  const { cancellation } = args as { cancellation: object };
  line(`cancel([call ${numbers.get(cancellation) ?? '?'}]) = ${result}`);
  return result;
}
