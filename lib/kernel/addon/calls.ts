// The table of the native calls. The types, both forms of each call, the substitute addon of other platforms and the
// trace derive from this table.
import type { ValueKinds } from './kinds.js';
import type { ResultKinds } from './results.js';

/**
 * The functions that the addon exports. The arguments stand in the order in which the class of the call reads them in
 * C++ (`Read`), which test/unit/native/calls.test.ts compares.
 *
 * - `forms`: with `'both'` the addon exports `xSync(...arguments)` and `x(...arguments, callback)`, with `'async'` only
 *   `x(...arguments, callback)`, and with `'sync'` only `x(...arguments)`.
 * - `syscall`: the system call that an error names on a platform without the addon.
 * - `arguments`: each argument and its kind (kinds.ts).
 * - `result`: the kind of the result (results.ts).
 * - `asSystemCall`: the name of the system call that the trace writes, and the arguments whose values the trace writes
 *   without names, as strace(1) does. Other calls appear in the trace as `bind(source="/a", target="/b")`.
 */
export const CALLS = {
  mount: {
    forms: 'both',
    syscall: 'mount',
    arguments: {
      source: 'optionalBytes',
      target: 'bytes',
      fsType: 'optionalBytes',
      flags: 'mountFlags',
      data: 'secretData',
      cwd: 'optionalBytes',
    },
    result: 'nothing',
    asSystemCall: { name: 'mount', values: ['source', 'target', 'fsType', 'flags', 'data'] },
  },
  umount: {
    forms: 'both',
    syscall: 'umount2',
    arguments: {
      target: 'target',
      flags: 'umountFlags',
      id: 'optionalId',
      namespace: 'namespace',
      cancellation: 'cancellation',
    },
    result: 'unmounted',
    asSystemCall: { name: 'umount2', values: ['target', 'flags'] },
  },
  umountTree: {
    forms: 'both',
    syscall: 'umount2',
    arguments: {
      target: 'target',
      flags: 'umountFlags',
      id: 'optionalId',
      recursive: 'boolean',
      stack: 'boolean',
      namespace: 'namespace',
      cancellation: 'cancellation',
    },
    result: 'unmounted',
  },
  overlay: {
    forms: 'both',
    syscall: 'mount',
    arguments: {
      source: 'bytes',
      target: 'target',
      lower: 'paths',
      dataOnly: 'paths',
      upper: 'optionalBytes',
      work: 'optionalBytes',
      options: 'paths',
      flags: 'mountFlags',
      data: 'optionalBytes',
      strategies: 'strategies',
      writable: 'boolean',
      exclusive: 'boolean',
      requireUnmounted: 'boolean',
      detached: 'boolean',
      idMaps: 'paths',
      namespace: 'namespace',
      cancellation: 'cancellation',
    },
    result: 'overlay',
  },
  bind: {
    forms: 'both',
    syscall: 'mount',
    arguments: {
      source: 'bytes',
      target: 'target',
      change: 'change',
      idMap: 'idMap',
      detached: 'boolean',
      requireUnmounted: 'boolean',
      namespace: 'namespace',
      cancellation: 'cancellation',
    },
    result: 'bind',
  },
  filesystem: {
    forms: 'both',
    syscall: 'mount',
    arguments: {
      source: 'optionalBytes',
      target: 'target',
      fsType: 'bytes',
      parameters: 'parameters',
      flags: 'mountFlags',
      data: 'parameterData',
      idMap: 'idMap',
      detached: 'boolean',
      requireUnmounted: 'boolean',
      namespace: 'namespace',
      cancellation: 'cancellation',
    },
    result: 'filesystem',
  },
  change: {
    forms: 'both',
    syscall: 'mount_setattr',
    arguments: {
      tree: 'optionalTree',
      target: 'target',
      change: 'change',
      namespace: 'namespace',
      cancellation: 'cancellation',
    },
    result: 'nothing',
  },
  reconfigure: {
    forms: 'both',
    syscall: 'fspick',
    arguments: {
      target: 'target',
      parameters: 'parameters',
      data: 'parameterData',
      mode: 'bytes',
      namespace: 'namespace',
      cancellation: 'cancellation',
    },
    result: 'nothing',
  },
  move: {
    forms: 'both',
    syscall: 'move_mount',
    arguments: {
      from: 'target',
      target: 'target',
      beneath: 'boolean',
      requireUnmounted: 'boolean',
      namespace: 'namespace',
      cancellation: 'cancellation',
    },
    result: 'id',
  },
  attach: {
    forms: 'both',
    syscall: 'move_mount',
    arguments: {
      tree: 'tree',
      target: 'target',
      clone: 'boolean',
      beneath: 'boolean',
      requireUnmounted: 'boolean',
      namespace: 'namespace',
      cancellation: 'cancellation',
    },
    result: 'id',
  },
  close: { forms: 'both', syscall: 'close', arguments: { tree: 'tree' }, result: 'nothing' },
  descriptorNumber: { forms: 'sync', syscall: 'close', arguments: { tree: 'tree' }, result: 'number' },
  newCancellation: { forms: 'sync', syscall: 'mount', arguments: {}, result: 'cancellation' },
  cancel: { forms: 'sync', syscall: 'mount', arguments: { cancellation: 'cancellation' }, result: 'boolean' },
  examine: {
    forms: 'both',
    syscall: 'statx',
    arguments: {
      paths: 'paths',
      files: 'paths',
      upper: 'optionalId',
      cwd: 'optionalBytes',
      root: 'optionalBytes',
      resolve: 'resolveFlags',
      namespace: 'namespace',
    },
    result: 'examination',
  },
  holders: { forms: 'both', syscall: 'statx', arguments: { target: 'bytes' }, result: 'scan' },
  scratch: {
    forms: 'async',
    syscall: 'mount',
    arguments: { directory: 'bytes', program: 'program', namespaceData: 'optionString' },
    result: 'scratch',
  },
  table: {
    forms: 'both',
    syscall: 'listmount',
    arguments: { procDirectory: 'bytes', namespace: 'namespace' },
    result: 'lines',
  },
  mountRoot: {
    forms: 'both',
    syscall: 'statx',
    arguments: { path: 'bytes', namespace: 'namespace' },
    result: 'boolean',
  },
  mountAt: {
    forms: 'both',
    syscall: 'statmount',
    arguments: { path: 'bytes', namespace: 'namespace' },
    result: 'lines',
  },
  watchOpen: { forms: 'sync', syscall: 'listmount', arguments: { namespace: 'namespace' }, result: 'watch' },
  watchWait: { forms: 'async', syscall: 'listmount', arguments: { watch: 'watch' }, result: 'difference' },
  watchClose: { forms: 'sync', syscall: 'listmount', arguments: { watch: 'watch' }, result: 'nothing' },
  layerOpen: {
    forms: 'async',
    syscall: 'getdents64',
    arguments: { upper: 'bytes', lower: 'paths', dataOnly: 'paths', userAttributes: 'boolean' },
    result: 'walk',
  },
  layerNext: { forms: 'async', syscall: 'getdents64', arguments: { walk: 'walk' }, result: 'records' },
  layerClose: { forms: 'async', syscall: 'getdents64', arguments: { walk: 'walk' }, result: 'nothing' },
  makeWhiteout: {
    forms: 'both',
    syscall: 'mknodat',
    arguments: { path: 'bytes', attribute: 'boolean', userAttribute: 'boolean' },
    result: 'nothing',
  },
  makeOpaque: {
    forms: 'both',
    syscall: 'fsetxattr',
    arguments: { path: 'bytes', value: 'bytes', userAttribute: 'boolean' },
    result: 'nothing',
  },
  isWhiteout: {
    forms: 'both',
    syscall: 'lgetxattr',
    arguments: { path: 'bytes', userAttribute: 'boolean' },
    result: 'boolean',
  },
  isOpaque: {
    forms: 'both',
    syscall: 'lgetxattr',
    arguments: { path: 'bytes', userAttribute: 'boolean' },
    result: 'boolean',
  },
} as const;

/** A row of {@link CALLS}. */
export interface CallRow {
  readonly forms: 'both' | 'async' | 'sync';
  readonly syscall: string;
  readonly arguments: Readonly<Record<string, keyof ValueKinds>>;
  readonly result: keyof ResultKinds;
  readonly asSystemCall?: { readonly name: string; readonly values: readonly string[] };
}

export type CallName = keyof typeof CALLS;

/** The rows of {@link CALLS} under one type, for code that handles every row. */
export const ROWS: Readonly<Record<CallName, CallRow>> = CALLS;

/** The arguments of a native call, by name. */
export type ArgumentsOf<K extends CallName> = {
  readonly [A in keyof (typeof CALLS)[K]['arguments']]: (typeof CALLS)[K]['arguments'][A] extends keyof ValueKinds
    ? ValueKinds[(typeof CALLS)[K]['arguments'][A]]
    : never;
};

/** The result of a native call, which may be the failure of a system call. */
export type ResultOf<K extends CallName> = ResultKinds[(typeof CALLS)[K]['result']];

/** A native call: `sync` runs on the calling thread, `async` on another thread. */
export interface NativeCall<K extends CallName> {
  readonly sync: (args: ArgumentsOf<K>) => ResultOf<K>;
  readonly async: (args: ArgumentsOf<K>) => Promise<ResultOf<K>>;
}

/** The addon as Node loads it: the functions take their arguments by position. */
export type Addon = { readonly pageSize: number } & Readonly<Record<string, unknown>>;

/** Returns the names of the functions that the addon exports for a native call. */
export function exportsOf(name: CallName): readonly string[] {
  return ROWS[name].forms === 'both' ? [`${name}Sync`, name] : [name];
}
