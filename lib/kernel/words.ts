// Defines the types that lib/ passes to the addon.

/** Bytes without a NUL, as the addon takes them; a string stands for its UTF-8 encoding. */
export type Bytes = string | Buffer;

/** A namespace, as the addon takes it: a descriptor, the path of a namespace file, or null for the caller's own. */
export type NamespaceWord = number | Bytes | null;

/** An ID map, as the addon takes it: src-native/mount/id_map.h. */
export type IdMapWords = readonly [userNamespace: NamespaceWord, uidLines: string | null, gidLines: string | null];

/** A target, as the addon takes it: src-native/place/target.h. */
export type TargetWords = readonly [path: Bytes, root: Bytes | null, create: number, resolve: number];

/** Returns the name in an option of the form `name` or `name=value`. */
export function keyOf(word: Bytes): string {
  return word.toString().split('=', 1).join();
}
