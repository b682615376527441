// The only file that calls the addon. Each native call becomes a function of named arguments, synchronous or
// asynchronous.
import { absentAddon } from './addon/absent.js';
import {
  type Addon,
  type ArgumentsOf,
  CALLS,
  type CallName,
  type NativeCall,
  type ResultOf,
  ROWS,
} from './addon/calls.js';
import { MEMBERS } from './addon/kinds.js';
import { findAddon } from './addon/load.js';
import { unsupportedPlatform } from './errors.js';
import { traced } from './trace/trace.js';

export type { ArgumentsOf, CallName, NativeCall, ResultOf } from './addon/calls.js';
export * from './addon/results.js';

type FormsOf<K extends CallName> = {
  both: NativeCall<K>;
  sync: Pick<NativeCall<K>, 'sync'>;
  async: Pick<NativeCall<K>, 'async'>;
}[(typeof CALLS)[K]['forms']];

type NativeCalls = { readonly [K in CallName]: FormsOf<K> };

/** The native calls, under the names of the table in addon/calls.ts. */
export const native: NativeCalls = Object.fromEntries(
  (Object.keys(CALLS) as CallName[]).map((name) => [name, formsOf(name)]),
) as unknown as NativeCalls;

let addon: Addon;

/** The size of a page of this kernel's memory, in bytes: sysconf(_SC_PAGESIZE). */
export let pageSize: number;

type Callback = (result: unknown) => void;
type NativeFunction = (...values: unknown[]) => unknown;

/** Returns both forms of a native call. The type of a call with only one form lacks the other form. */
function formsOf<K extends CallName>(name: K): NativeCall<K> {
  const position = positions(name);
  const syncName = ROWS[name].forms === 'both' ? `${name}Sync` : name;
  return traced(name, {
    sync:
      shortCall<K>(name, syncName) ?? ((args) => (addon[syncName] as NativeFunction)(...position(args)) as ResultOf<K>),
    async: (args) =>
      new Promise<unknown>((resolve) => {
        const values = position(args);
        values.push(resolve satisfies Callback);
        (addon[name] as NativeFunction)(...values);
      }) as Promise<ResultOf<K>>,
  });
}

/**
 * The synchronous form of a call with two plain arguments, without the list of {@link positions}. Saves 0.15 µs, for
 * example of the 0.7 µs of isMountPointSync().
 */
function shortCall<K extends CallName>(name: K, exported: string): NativeCall<K>['sync'] | undefined {
  const [first, second, ...more] = Object.entries(ROWS[name].arguments);
  if (first === undefined || second === undefined || more.length > 0) return undefined;
  if (MEMBERS[first[1]] !== undefined || MEMBERS[second[1]] !== undefined) return undefined;
  const [a, b] = [first[0], second[0]] as [keyof ArgumentsOf<K>, keyof ArgumentsOf<K>];
  return (args) => (addon[exported] as NativeFunction)(args[a], args[b]) as ResultOf<K>;
}

/**
 * Converts the named arguments of a call to arguments by position. The addon reads 16 values in 0.1 µs by position, and
 * in 2.5 µs as members of an object (`napi_get_named_property`).
 */
function positions(name: CallName): (args: object) => unknown[] {
  const parts = Object.entries(ROWS[name].arguments).map(([key, kind]) => {
    return { key, members: MEMBERS[kind] as readonly string[] | undefined };
  });
  return (args) => {
    const values: unknown[] = [];
    for (const { key, members } of parts) {
      const value = (args as Record<string, unknown>)[key];
      if (members === undefined) values.push(value);
      else for (const member of members) values.push((value as Record<string, unknown>)[member]);
    }
    return values;
  };
}

/** Makes every later native call use the addon `chosen`. */
export function useAddon(chosen: Addon): void {
  addon = chosen;
  pageSize = chosen.pageSize;
}

/** Returns the addon of this process, or a substitute whose functions throw the reason why no addon could be loaded. */
function addonOfProcess(): Addon {
  if (process.platform !== 'linux') return absentAddon(unsupportedPlatform);
  try {
    return findAddon() as Addon;
  } catch (error) {
    // Each call throws a new error, whose stack starts at the caller.
    const { message, code } = error as NodeJS.ErrnoException;
    return absentAddon(() => Object.assign(new Error(message, { cause: error }), { code }));
  }
}

useAddon(addonOfProcess());
