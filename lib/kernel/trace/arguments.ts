// The arguments of a native call as the trace writes them.
import { type CallName, ROWS } from '../addon/calls.js';
import type { ValueKinds } from '../addon/kinds.js';
import { attributeFlagNames, mountFlagNames, umountFlagNames } from '../constants.js';
import type { Bytes } from '../words.js';
import { hiddenData, list, named, nameOfWord, namesInData, quoted, targetText } from './text.js';

/** How the trace writes a value of each kind, with the name of the argument. The trace omits values without effect. */
const WITH_NAME: { readonly [K in keyof ValueKinds]: (name: string, value: ValueKinds[K]) => readonly string[] } = {
  bytes: text,
  optionalBytes: text,
  paths: (name, values) => named(name, list(values.map(quoted))),
  boolean: named,
  optionalId: named,
  mountFlags: (name, flags) => bits(name, mountFlagNames(flags)),
  umountFlags: (name, flags) => bits(name, umountFlagNames(flags)),
  secretData: (name, data) => named(name, data === null ? null : hiddenData(data)),
  parameters: (name, words) => named(name, list(words.map((word) => quoted(nameOfWord(word))))),
  parameterData: (name, data) => named(name, namesInData(data)),
  strategies: () => [],
  resolveFlags: () => [],
  optionString: () => [],
  program: (_, words) => [`/* a program of ${words.length} words */`],
  target: (name, target) => (target.root === null && target.path.length === 0 ? [] : [`${name}=${targetText(target)}`]),
  change: (_, { set, clear, propagation, recursive }) => [
    ...bits('set', attributeFlagNames(set)),
    ...bits('clear', attributeFlagNames(clear)),
    ...bits('propagation', mountFlagNames(propagation)),
    ...named('recursive', recursive),
  ],
  idMap: (_, { userNamespace, uidMap, gidMap }) => [
    ...reference('userNamespace', userNamespace),
    ...text('uid_map', uidMap),
    ...text('gid_map', gidMap),
  ],
  namespace: reference,
  cancellation: () => [],
  tree: () => ['/* a detached mount */'],
  optionalTree: (_, tree) => named('detached', tree !== null),
  watch: () => [],
  walk: () => [],
};

/** How the trace writes a value of a kind as an argument of a system call, without a name. */
const WITHOUT_NAME: { readonly [K in keyof ValueKinds]?: (value: ValueKinds[K]) => string } = {
  bytes: quoted,
  optionalBytes: quoted,
  mountFlags: mountFlagNames,
  umountFlags: umountFlagNames,
  secretData: hiddenData,
  target: targetText,
};

function text(name: string, value: Bytes | null): readonly string[] {
  return named(name, value === null ? null : quoted(value));
}

function bits(name: string, names: string): readonly string[] {
  return named(name, names === '0' ? null : names);
}

function reference(name: string, value: number | Bytes | null): readonly string[] {
  return typeof value === 'number' ? named(name, value) : text(name, value);
}

/** Returns the name under which the trace writes a native call. */
export function nameOfCall(name: CallName): string {
  return ROWS[name].asSystemCall?.name ?? name;
}

/** Formats the arguments of a native call, separated by commas. */
export function argumentsText(name: CallName, args: object): string {
  const { arguments: kinds, asSystemCall } = ROWS[name];
  const shown = Object.entries(kinds).flatMap(([key, kind]) => {
    const value = (args as Record<string, unknown>)[key] as never;
    if (asSystemCall?.values.includes(key)) return [(WITHOUT_NAME[kind] as (value: never) => string)(value)];
    return (WITH_NAME[kind] as (name: string, value: never) => readonly string[])(key, value);
  });
  return shown.join(', ');
}
