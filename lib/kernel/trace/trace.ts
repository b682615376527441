import { performance } from 'node:perf_hooks';
import { debuglog } from 'node:util';
import { CALLS, type CallName, type CallText } from './calls.js';
import { resultText } from './results.js';

/**
 * `NODE_DEBUG=linux-mount`: every call of the native floor on stderr, as strace(1) writes system calls.
 *
 * A call on the calling thread is one line, of which the beginning is written before the call is made, so that one that
 * never returns is to be seen:
 *
 *     LINUX-MOUNT 4121: umount2("/mnt", MNT_DETACH) = 0 <0.000031>
 *
 * A call on a thread of its own is two lines, since others may come in between, with the number that both have:
 *
 *     LINUX-MOUNT 4121: [call 7] mount("none", "/mnt", "tmpfs", 0, NULL <unfinished ...>
 *     LINUX-MOUNT 4121: [call 7] <... mount resumed>) = 0 <0.000082>
 *
 * The variable is read when the process starts. Without it the calls are those of the native floor themselves.
 */

type Call = (...call: unknown[]) => unknown;

/** Whether Node was told to print the calls. */
const isTraced: boolean = debuglog('linux-mount').enabled;

let count = 0;

/** Which call a ticket stands for. */
const numbers = new WeakMap<object, number>();

// What debuglog() writes, which however writes whole lines only.
function begin(text: string): void {
  process.stderr.write(`LINUX-MOUNT ${process.pid}: ${text}`);
}

function end(text: string): void {
  process.stderr.write(`${text}\n`);
}

function line(text: string): void {
  begin(`${text}\n`);
}

function outcome(text: CallText, result: unknown, start: number): string {
  const seconds = (performance.now() - start) / 1000;
  return ` = ${text.result(result) ?? resultText(result)} <${seconds.toFixed(6)}>`;
}

function callSync(text: CallText, real: Call): Call {
  return (...call) => {
    begin(`${text.name}(${text.shown(call).join(', ')})`);
    const start = performance.now();
    try {
      const result = real(...call);
      end(outcome(text, result, start));
      return result;
    } catch (error) {
      end(` = ? /* ${(error as Error).name} */`);
      throw error;
    }
  };
}

function callAsync(text: CallText, real: Call): Call {
  return (...call) => {
    const done = call.pop() as (result: unknown) => void;
    count += 1;
    const number = count;
    const last = call.at(-1);
    if (typeof last === 'object' && last !== null) numbers.set(last, number);
    line(`[call ${number}] ${text.name}(${text.shown(call).join(', ')} <unfinished ...>`);
    const start = performance.now();
    const resumed = (how: string): void => line(`[call ${number}] <... ${text.name} resumed>)${how}`);
    try {
      real(...call, (result: unknown) => {
        resumed(outcome(text, result, start));
        done(result);
      });
    } catch (error) {
      resumed(` = ? /* ${(error as Error).name} */`);
      throw error;
    }
  };
}

// No system call, but it decides whether one that is under way counts.
function cancelCall(real: Call): Call {
  return (ticket) => {
    const result = real(ticket);
    line(`cancel([call ${numbers.get(ticket as object) ?? '?'}]) = ${result}`);
    return result;
  };
}

const HAS_ONE_FORM: ReadonlySet<string> = new Set(['watchOpen', 'watchClose']);

function tracedCall(name: string, real: Call): Call {
  if (name === 'cancel') return cancelCall(real);
  const isSync = name.endsWith('Sync') || HAS_ONE_FORM.has(name);
  const text: CallText | undefined = CALLS[name.replace(/Sync$/, '') as CallName];
  if (text === undefined) return real;
  return isSync ? callSync(text, real) : callAsync(text, real);
}

/** The native floor, with calls that are printed where Node was told so; otherwise as it is. */
export function traced<A extends object>(addon: A): A {
  if (!isTraced) return addon;
  const calls = Object.entries(addon).map(([name, value]) => [
    name,
    typeof value === 'function' ? tracedCall(name, value as Call) : value,
  ]);
  return Object.fromEntries(calls) as A;
}
