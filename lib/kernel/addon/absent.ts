// A substitute for the addon on other operating systems, and where no addon can be loaded: each function throws.
import { type Addon, type CallName, exportsOf, ROWS } from './calls.js';

const NAMES = Object.keys(ROWS) as CallName[];

/** Returns an addon whose functions throw the error that `errorOf` makes from the name of the system call. */
export function absentAddon(errorOf: (syscall: string) => Error): Addon {
  const functions = NAMES.flatMap((name) =>
    exportsOf(name).map((exported) => [
      exported,
      () => {
        throw errorOf(ROWS[name].syscall);
      },
    ]),
  );
  return { pageSize: Number.NaN, ...Object.fromEntries(functions) };
}

/** Returns the names of the functions that the addon of this version exports and the given object lacks. */
export function missingCalls(addon: object): string[] {
  return NAMES.flatMap(exportsOf).filter((name) => typeof (addon as Record<string, unknown>)[name] !== 'function');
}
