/** Bytes without a NUL, ready for the native floor; a string stands for its UTF-8. */

export type Bytes = string | Buffer;

/** The same as the native floor takes it: the number of a descriptor, the path of a file, or null for one's own. */
export type NamespaceWord = number | Bytes | null;

/** The same as the native floor takes it: src-native/id_map.h. */
export type IdMapWords = readonly [userNamespace: NamespaceWord, uidLines: string | null, gidLines: string | null];

/** The same, as the native floor takes it: src-native/target.h. */
export type TargetWords = readonly [path: Bytes, root: Bytes | null, create: number, resolve: number];

/** The name in a word `key` or `key=value`. */
export function keyOf(word: Bytes): string {
  return word.toString().split('=', 1).join();
}
