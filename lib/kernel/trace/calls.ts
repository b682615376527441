import type { Addon } from '../addon/addon.js';
import type * as calls from '../addon/arguments.js';
import { attributeFlagNames, mountFlagNames, umountFlagNames } from '../constants.js';
import type { Bytes, IdMapWords, NamespaceWord } from '../words.js';
import {
  batchText,
  examinedText,
  madeText,
  openedText,
  scannedText,
  tableText,
  triedText,
  watchedText,
} from './results.js';
import { hiddenData, inNamespace, list, named, namedPlace, nameOfWord, namesInData, place, quoted } from './text.js';

/**
 * How each call of the native floor is written in a trace. One that stands for a system call has its name and its
 * arguments in their order: `mount("tmpfs", "/run", "tmpfs", MS_NODEV, NULL)`. One that makes several has a name of the
 * house and names its arguments: `bind(source="/a", target="/b", set=MOUNT_ATTR_RDONLY)`; which system call failed is then
 * told with the result. What is null, false or empty is left out there.
 */
export interface CallText {
  readonly name: string;
  shown(call: readonly unknown[]): readonly string[];
  /** What came of it; undefined where the usual form will do. */
  result(result: unknown): string | undefined;
}

type Parts = readonly (string | readonly string[])[];

function text<A extends readonly unknown[]>(
  name: string,
  shown: (...call: A) => Parts,
  result: (result: never) => string | undefined = () => undefined,
): CallText {
  return { name, shown: (call) => shown(...(call as A)).flat(), result: (value) => result(value as never) };
}

const paths = (values: readonly Bytes[]): string => list(values.map(quoted));
const names = (values: readonly Bytes[]): string => list(values.map((word) => quoted(nameOfWord(word))));
const flags = (name: string, shown: string): string[] => named(name, shown === '0' ? null : shown);
const bytes = (name: string, value: Bytes | null): string[] => named(name, value === null ? null : quoted(value));

const changeText = (set: number, clear: number, propagation: number, recursive: boolean): string[] => [
  ...flags('set', attributeFlagNames(set)),
  ...flags('clear', attributeFlagNames(clear)),
  ...flags('propagation', mountFlagNames(propagation)),
  ...named('recursive', recursive),
];

const idMapText = (...[userNamespace, uid, gid]: IdMapWords): string[] => [
  ...(typeof userNamespace === 'number'
    ? named('userNamespace', userNamespace)
    : bytes('userNamespace', userNamespace)),
  ...bytes('uid_map', uid),
  ...bytes('gid_map', gid),
];

const markText = (path: Bytes, userAttribute: boolean): Parts => [
  bytes('path', path),
  named('userAttribute', userAttribute),
];

type Form<Name extends string> = Name extends `${infer Call}Sync` ? Call : Name;

/** What is told of: all but what no system call is made for. */
export type CallName = Form<Exclude<keyof Addon, 'pageSize' | 'newCancellation' | 'cancel' | 'descriptorNumber'>>;

/** By the names of the native floor, of which one stands for both forms. */
export const CALLS: Readonly<Record<CallName, CallText>> = {
  mount: text<calls.MountArguments>('mount', (source, target, fsType, bits, data, cwd) => [
    quoted(source),
    quoted(target),
    quoted(fsType),
    mountFlagNames(bits),
    hiddenData(data),
    bytes('cwd', cwd),
  ]),
  umount: text<calls.UmountArguments>('umount2', (path, root, create, resolve, bits, id, namespace) => [
    place(path, root, create, resolve),
    umountFlagNames(bits),
    named('id', id),
    inNamespace(namespace),
  ]),
  umountUsual: text<calls.UsualUmountArguments>('umount2', (path, bits, id) => [
    quoted(path),
    umountFlagNames(bits),
    named('id', id),
  ]),
  umountTree: text<calls.UmountTreeArguments>('umountTree', (path, root, create, resolve, bits, id, ...rest) => {
    const [recursive, stack, namespace] = rest;
    return [
      namedPlace('target', [path, root, create, resolve]),
      flags('flags', umountFlagNames(bits)),
      named('id', id),
      named('recursive', recursive),
      named('stack', stack),
      inNamespace(namespace),
    ];
  }),
  // The option string in full: it is made of paths and of words that the kernel knows, and an overlay has no secrets.
  overlay: text<calls.OverlayArguments>(
    'overlay',
    (source, path, root, create, resolve, lower, dataOnly, upper, work, words, bits, data, ...rest) => {
      const [, writable, exclusive, vacant, detached, idMaps, namespace] = rest;
      return [
        bytes('source', source),
        namedPlace('target', [path, root, create, resolve]),
        named('lower', paths(lower)),
        named('dataOnly', paths(dataOnly)),
        bytes('upper', upper),
        bytes('work', work),
        named('options', paths(words)),
        flags('flags', mountFlagNames(bits)),
        bytes('data', data),
        named('writable', writable),
        named('exclusive', exclusive),
        named('vacant', vacant),
        named('detached', detached),
        named('mapped', idMaps.length === 0 ? null : idMaps.length / 3),
        inNamespace(namespace),
      ];
    },
    madeText({ 2: 'fsconfig', 4: 'descriptors' }), // src-native/overlay/overlay.h
  ),
  overlayUsual: text<calls.UsualOverlayArguments>(
    'overlay',
    (path, bits, data, writable) => [
      bytes('source', 'overlay'),
      bytes('target', path),
      flags('flags', mountFlagNames(bits)),
      bytes('data', data),
      named('writable', writable),
    ],
    madeText({}),
  ),
  bind: text<calls.BindArguments>(
    'bind',
    (source, path, root, create, resolve, set, clear, propagation, recursive, ...rest) => {
      const [userNamespace, uid, gid, detached, vacant, namespace] = rest;
      return [
        bytes('source', source),
        namedPlace('target', [path, root, create, resolve]),
        changeText(set, clear, propagation, recursive),
        idMapText(userNamespace, uid, gid),
        named('detached', detached),
        named('vacant', vacant),
        inNamespace(namespace),
      ];
    },
    madeText({ 1: 'tree', 2: 'remount' }), // src-native/mount/bind.h
  ),
  filesystem: text<calls.FilesystemArguments>(
    'filesystem',
    (source, path, root, create, resolve, fsType, parameters, bits, data, ...rest) => {
      const [userNamespace, uid, gid, detached, vacant, namespace] = rest;
      return [
        bytes('source', source),
        namedPlace('target', [path, root, create, resolve]),
        bytes('type', fsType),
        named('parameters', names(parameters)),
        flags('flags', mountFlagNames(bits)),
        named('data', namesInData(data)),
        idMapText(userNamespace, uid, gid),
        named('detached', detached),
        named('vacant', vacant),
        inNamespace(namespace),
      ];
    },
    madeText({}),
  ),
  change: text<calls.ChangeArguments>('change', (tree, path, root, create, resolve, ...rest) => {
    const [set, clear, propagation, recursive, namespace] = rest;
    return [
      named('detached', tree !== null),
      namedPlace('target', [path, root, create, resolve]),
      changeText(set, clear, propagation, recursive),
      inNamespace(namespace),
    ];
  }),
  reconfigure: text<calls.ReconfigureArguments>('reconfigure', (path, root, create, resolve, ...rest) => {
    const [parameters, data, mode, namespace] = rest;
    return [
      namedPlace('target', [path, root, create, resolve]),
      named('parameters', names(parameters)),
      named('data', namesInData(data)),
      named('mode', mode === '' ? null : mode),
      inNamespace(namespace),
    ];
  }),
  move: text<calls.MoveArguments>('move', (path, root, create, resolve, ...rest) => {
    const [toPath, toRoot, toCreate, toResolve, beneath, vacant, namespace] = rest;
    return [
      namedPlace('from', [path, root, create, resolve]),
      namedPlace('to', [toPath, toRoot, toCreate, toResolve]),
      named('beneath', beneath),
      named('vacant', vacant),
      inNamespace(namespace),
    ];
  }),
  attach: text<calls.AttachArguments>('attach', (_tree, path, root, create, resolve, ...rest) => {
    const [clone, beneath, vacant, namespace] = rest;
    return [
      namedPlace('target', [path, root, create, resolve]),
      named('clone', clone),
      named('beneath', beneath),
      named('vacant', vacant),
      inNamespace(namespace),
    ];
  }),
  close: text('close', () => ['/* a mount without a place */']),
  examine: text<[...calls.ExamineArguments, Bytes | null, number, NamespaceWord]>(
    'examine',
    (look, files, upper, cwd, root, _resolve, namespace) => [
      named('paths', paths(look)),
      named('files', paths(files)),
      named('upper', upper),
      bytes('cwd', cwd),
      bytes('root', root),
      inNamespace(namespace),
    ],
    examinedText,
  ),
  holders: text<[target: Bytes]>('holders', (target) => [bytes('target', target)], scannedText),
  scratch: text<calls.ScratchArguments>(
    'scratch',
    (directory, program) => [bytes('directory', directory), `/* a program of ${program.length} words */`],
    triedText,
  ),
  table: text<[process: string, namespace: NamespaceWord]>(
    'table',
    (process, namespace) => [bytes('process', process), inNamespace(namespace)],
    tableText,
  ),
  mountRoot: text<[path: Bytes, namespace: NamespaceWord]>('mountRoot', (path, namespace) => [
    bytes('path', path),
    inNamespace(namespace),
  ]),
  mountAt: text<[path: Bytes, namespace: NamespaceWord]>(
    'mountAt',
    (path, namespace) => [bytes('path', path), inNamespace(namespace)],
    tableText,
  ),
  watchOpen: text<[namespace: NamespaceWord]>('watchOpen', (namespace) => [inNamespace(namespace)], watchedText),
  watchWait: text('watchWait', () => [], watchedText),
  watchClose: text('watchClose', () => []),
  layerOpen: text<calls.LayerOpenArguments>(
    'layerOpen',
    (upper, lower, dataOnly, userAttributes) => [
      bytes('upper', upper),
      named('lower', paths(lower)),
      named('dataOnly', paths(dataOnly)),
      named('userAttributes', userAttributes),
    ],
    openedText,
  ),
  layerNext: text('layerNext', () => [], batchText),
  layerClose: text('layerClose', () => []),
  makeWhiteout: text<calls.MakeWhiteoutArguments>('makeWhiteout', (path, asAttribute, userAttribute) => [
    bytes('path', path),
    named('attribute', asAttribute),
    named('userAttribute', userAttribute),
  ]),
  makeOpaque: text<calls.MakeOpaqueArguments>('makeOpaque', (path, value, userAttribute) => [
    bytes('path', path),
    bytes('value', value),
    named('userAttribute', userAttribute),
  ]),
  isWhiteout: text<calls.MarkArguments>('isWhiteout', markText),
  isOpaque: text<calls.MarkArguments>('isOpaque', markText),
};
