// Compares the table of native calls with the addon: its exports, and the order in which its classes read arguments.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type CallName, exportsOf, ROWS } from '../../../lib/kernel/addon/calls.js';
import { MEMBERS } from '../../../lib/kernel/addon/kinds.js';
import { loadAddon } from '../../../lib/kernel/addon/load.js';
import { addonFile, projectRoot } from '../../support/environment.js';

const names = Object.keys(ROWS) as CallName[];

test('the addon exports the forms of every call in the call table, and nothing else', () => {
  const expected = ['pageSize', ...names.flatMap(exportsOf)];
  expect(Object.keys(loadAddon(addonFile, '')).sort()).toEqual(expected.sort());
});

const root = join(projectRoot, 'src-native');
const sources = existsSync(root)
  ? readdirSync(root, { recursive: true, encoding: 'utf8' })
      .filter((file) => /\.(cc|h)$/.test(file) && !/^(build|node_modules|nodedir)\//.test(file))
      .map((file) => readFileSync(join(root, file), 'utf8'))
      .join('\n')
  : '';

/** The native class of each exported call: `call::Export<MountCall>(env, exports, "mount")`. */
const classes = new Map(
  [...sources.matchAll(/Export\w*(?:<(\w+)>)?\(env, exports, "(\w+)"(?:, call::Sync<(\w+)>)?/g)].map(
    ([, exported, name, sync]) => [name as string, exported ?? sync],
  ),
);

/** Returns the body of the function whose head matches. */
function bodyOf(head: RegExp): string | undefined {
  const match = head.exec(sources);
  return match === null ? undefined : sources.slice(match.index, sources.indexOf('}', match.index));
}

/** Returns the `Read` method of a class, or of its base class. */
function readOf(name: string): string {
  const outside = bodyOf(new RegExp(`void ${name}::Read\\(`));
  if (outside !== undefined) return outside;
  const [, base, members = ''] =
    new RegExp(`class ${name}(?: final)?(?: : public (\\w+))? \\{([^]*?)\\n\\};`).exec(sources) ?? [];
  const at = members.indexOf('void Read(');
  if (at >= 0) return members.slice(at, members.indexOf('}', at));
  if (base === undefined) throw new Error(`class ${name} has no Read`);
  return readOf(base);
}

/** Returns the names of the arguments that a class reads, in their order. */
function argumentsReadBy(name: string): string[] {
  const steps = readOf(name).matchAll(
    /\.\w+\("(\w+)"|(\w+)\.Read\(arguments\)|(Read\w+)\(arguments|FromValue\(arguments\)/g,
  );
  return [...steps].flatMap(([step, argument, member, part]) => {
    if (argument !== undefined) return [argument];
    if (member !== undefined) return MEMBER_READS[member.replace(/_$/, '')] ?? [`? ${step}`];
    return READS[part ?? 'FromValue'] ?? [`? ${step}`];
  });
}

const TARGET = ['target', 'root', 'create', 'resolve'];
const MEMBER_READS: Readonly<Record<string, readonly string[]>> = {
  target: TARGET,
  from: TARGET,
  id_map: ['userNamespace', 'uidMap', 'gidMap'],
};
const READS: Readonly<Record<string, readonly string[]>> = {
  ReadChange: ['set', 'clear', 'propagation', 'recursive'],
  ReadOperation: ['namespace', 'cancellation'],
  FromValue: ['walk'],
};

describe.runIf(sources !== '')('order of the arguments of native calls', () => {
  test.each(names.filter((name) => classes.get(name) !== undefined))(
    'the native class of the call %s reads its arguments in the order of the call table',
    (name) => {
      const expected = Object.entries(ROWS[name].arguments).flatMap(([argument, kind]) =>
        kind === 'target' ? TARGET : ((MEMBERS[kind] as readonly string[] | undefined) ?? [argument]),
      );
      expect(argumentsReadBy(classes.get(name) as string)).toEqual(expected);
    },
  );

  test('every call in the call table has a native class, except the plain functions of the addon', () => {
    const functions = ['descriptorNumber', 'newCancellation', 'cancel', 'watchClose'];
    expect(names.filter((name) => classes.get(name) === undefined)).toEqual(functions);
  });
});
