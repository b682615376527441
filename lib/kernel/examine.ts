// Makes the arguments of the native call that examines paths and files of /proc to explain a failure.
import type { ArgumentsOf } from './native.js';
import type { Bytes } from './words.js';

export type ExamineArguments = ArgumentsOf<'examine'>;

/** The arguments to examine paths and files in the caller's own mount namespace. */
export function examineArguments(paths: readonly Bytes[], files: readonly string[]): ExamineArguments {
  return { paths, files, upper: null, cwd: null, root: null, resolve: 0, namespace: null };
}
