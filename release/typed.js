// TypeScript programs of a user of the package: they import every export, values as values and types as types, and make
// the main calls. All programs are compiled, and those that mount also run.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { project } from './architectures.js';

const OPTIONS = {
  module: ts.ModuleKind.NodeNext,
  moduleResolution: ts.ModuleResolutionKind.NodeNext,
  target: ts.ScriptTarget.ES2022,
  lib: ['lib.es2023.d.ts', 'lib.esnext.disposable.d.ts'],
  strict: true,
  exactOptionalPropertyTypes: true,
  // The compiler also checks the declarations of the package.
  skipLibCheck: false,
  noEmit: true,
  types: ['node'],
  typeRoots: [join(project, 'node_modules/@types')],
};

const USE = `
const spec: OverlaySpec = { lower: ['/a', Buffer.from('/b')] };
export const next: Promise<IteratorResult<Change>> = changes({ lower: ['/a'], upper: '/u' }).next();
export async function use(signal: AbortSignal): Promise<bigint> {
  await using merged: Mount = await mountOverlay({ ...spec, target: '/t' }, );
  using tree: DetachedMount = detachedBindSync('/a', { readonly: true });
  await tree.attach({ root: '/box', path: 'tools', create: 'directory' }, { namespace: { pid: 1 } });
  await mount('tmpfs', '/t', 'tmpfs', constants.MS_NOSUID, 'size=1m');
  await umount('/t', { retry: { for: 1000, signal } });
  const table: MountTable = await readMountTable();
  const entry: MountEntry | null | undefined = table.at('/');
  const failure: MountError | undefined = undefined;
  const stepwise: OverlaySpec = { lower: ['/a'] };
  stepwise.upper = '/u';
  stepwise.work = '/w';
  stepwise.metacopy = signal.aborted;
  await mountOverlay({ ...stepwise, target: '/t' });
  // @ts-expect-error a mistyped option
  await mountBind('/a', '/t', { readOnly: true });
  void [entry, failure, pageSize];
  return merged.id;
}
`;

// One program is an ES module and the other is CommonJS. Each runs in its own mount namespace.
const PROGRAMS = {
  'mounts.mts': `
import { mkdirSync, writeFileSync } from 'node:fs';
import { isMountPointSync, type Mount, MountError, mountBind, mountTmpfs } from 'linux-mount';
import { isWhiteout } from 'linux-mount/layers';

mkdirSync('m');
async function readOnly(): Promise<string> {
  await using memory: Mount = await mountTmpfs('m', { size: '64k' });
  mkdirSync('m/a');
  mkdirSync('m/b');
  writeFileSync('m/a/file', '');
  await using bind = await mountBind('m/a', 'm/b', { readonly: true });
  if (await isWhiteout('m/a/file')) return 'a whiteout';
  try {
    writeFileSync('m/b/file', '');
    return 'writable';
  } catch (error) {
    return (error as NodeJS.ErrnoException).code + ' ' + (memory.id !== bind.id);
  }
}
const answer: string = await readOnly();
const failure: unknown = await mountBind('missing', 'm').catch((error: unknown) => error);
const code: string | false = failure instanceof MountError && failure.code;
console.log(answer + ', still mounted: ' + isMountPointSync('m') + ', ' + code);
`,
  'mounts.cts': `
import fs = require('node:fs');
import library = require('linux-mount');

fs.mkdirSync('m');
let answer: string;
{
  using memory: library.Mount = library.mountTmpfsSync('m', { size: '64k' });
  for (const name of ['m/a', 'm/b']) fs.mkdirSync(name);
  using bind = library.mountBindSync('m/a', 'm/b', { readonly: true });
  try {
    fs.writeFileSync('m/b/file', '');
    answer = 'writable';
  } catch (error) {
    answer = (error as NodeJS.ErrnoException).code + ' ' + (memory.id !== bind.id);
  }
}
let code: string | false = false;
try {
  library.mountBindSync('missing', 'm');
} catch (error) {
  code = error instanceof library.MountError && error.code;
}
console.log(answer + ', still mounted: ' + library.isMountPointSync('m') + ', ' + code);
`,
};
/** The output of each program. */
export const EXPECTED_OUTPUT = 'EROFS true, still mounted: false, ENOENT';

const problemsOf = (program) =>
  ts.getPreEmitDiagnostics(program).map((problem) =>
    ts.formatDiagnostic(problem, {
      getCurrentDirectory: () => '',
      getCanonicalFileName: (name) => name,
      getNewLine: () => '\n',
    }),
  );

/** The entry points of the package, with the file of each. A name that several export is imported from the first. */
const ENTRY_POINTS = { 'linux-mount': 'index.d.ts', 'linux-mount/layers': 'layers/index.d.ts' };

/** Returns the names that an entry point of the installed package exports, by whether they are values. */
function exportsOf(place, entryPoint) {
  const file = join(place, 'node_modules/linux-mount/dist', ENTRY_POINTS[entryPoint]);
  const program = ts.createProgram([file], OPTIONS);
  const checker = program.getTypeChecker();
  const names = { values: [], types: [] };
  for (const symbol of checker.getExportsOfModule(checker.getSymbolAtLocation(program.getSourceFile(file)))) {
    const { flags } = symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
    (flags & ts.SymbolFlags.Value ? names.values : names.types).push(symbol.name);
  }
  return names;
}

/** Writes and compiles the programs that mount. Returns the names of the programs. */
function emit(place) {
  const files = Object.keys(PROGRAMS).map((name) => join(place, name));
  for (const [name, text] of Object.entries(PROGRAMS)) writeFileSync(join(place, name), text);
  const program = ts.createProgram(files, { ...OPTIONS, noEmit: false });
  const problems = problemsOf(program);
  if (problems.length > 0) throw new Error(`a TypeScript program that mounts does not compile:\n${problems.join('')}`);
  program.emit();
  return Object.keys(PROGRAMS).map((name) => name.replace(/ts$/, 'js'));
}

/**
 * Compiles the programs in the project, as ES modules and as CommonJS. Returns the number of names, and the programs to
 * run.
 */
export function compile(place) {
  const all = { values: [], types: [] };
  let imports = '';
  for (const entryPoint of Object.keys(ENTRY_POINTS)) {
    const names = exportsOf(place, entryPoint);
    for (const kind of ['values', 'types']) {
      const news = names[kind].filter((name) => !all[kind].includes(name));
      imports += `import ${kind === 'types' ? 'type ' : ''}{ ${news.join(', ')} } from '${entryPoint}';\n`;
      all[kind].push(...news);
    }
  }
  const { values, types } = all;
  const use = `export type Types = [${types.join(', ')}];\nexport const all = { ${values.join(', ')} };\n${USE}`;
  writeFileSync(join(place, 'typed.mts'), `${imports}${use}`);
  writeFileSync(
    join(place, 'typed.cts'),
    `import library = require('linux-mount');\nimport layers = require('linux-mount/layers');\n` +
      `const size: number = library.pageSize;\nconst spec: library.OverlaySpec = { lower: ['/a', '/b'] };\n` +
      `const spec2: layers.ChangesSpec = { lower: ['/a'], upper: '/b' };\nexport = { size, spec, spec2 };\n`,
  );
  const problems = problemsOf(ts.createProgram([join(place, 'typed.mts'), join(place, 'typed.cts')], OPTIONS));
  if (problems.length > 0) throw new Error(`a TypeScript program of a user does not compile:\n${problems.join('')}`);
  return { values: values.length, types: types.length, programs: emit(place) };
}
