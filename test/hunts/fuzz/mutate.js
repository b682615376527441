// Mutates texts: changes bytes, and the words between separators.

/** Returns a mutation of a text, which may include parts of other texts. */
export function mutate(text, { corpus, words, random }) {
  let bytes = Buffer.from(text);
  for (let count = 1 + random.below(4); count > 0; count -= 1)
    bytes = random.pick(MUTATIONS)(bytes, { corpus, words, random });
  return bytes.length > 20_000 ? bytes.subarray(0, 20_000) : bytes;
}

const cut = (bytes, random) => random.below(bytes.length + 1);
const joined = (bytes, from, to, between) =>
  Buffer.concat([bytes.subarray(0, from), Buffer.from(between), bytes.subarray(to)]);

/** The start and end of each part between separators. */
function parts(bytes, random) {
  const separator = random.pick([' ', '\n', ',', ':', '=', '\\', '/']).charCodeAt(0);
  const ends = [-1];
  for (let at = bytes.indexOf(separator); at >= 0; at = bytes.indexOf(separator, at + 1)) ends.push(at);
  return [...ends, bytes.length];
}

const MUTATIONS = [
  (bytes, { random }) => {
    const copy = Buffer.from(bytes);
    if (copy.length > 0) copy[random.below(copy.length)] = random.below(256);
    return copy;
  },
  (bytes, { random }) => joined(bytes, ...[cut(bytes, random)].flatMap((at) => [at, at]), [random.below(256)]),
  (bytes, { random, words }) => joined(bytes, ...[cut(bytes, random)].flatMap((at) => [at, at]), random.pick(words)),
  (bytes, { random }) => {
    const from = cut(bytes, random);
    return joined(bytes, from, Math.min(bytes.length, from + random.below(8)), '');
  },
  (bytes, { random, corpus }) => {
    const other = Buffer.from(random.pick(corpus));
    return Buffer.concat([bytes.subarray(0, cut(bytes, random)), other.subarray(cut(other, random))]);
  },
  // leaves a part out, doubles it, or replaces it by another
  (bytes, { random }) => {
    const ends = parts(bytes, random);
    const at = random.below(ends.length - 1);
    return joined(bytes, Math.max(ends[at], 0), ends[at + 1], '');
  },
  (bytes, { random }) => {
    const ends = parts(bytes, random);
    const [one, other] = [random.below(ends.length - 1), random.below(ends.length - 1)];
    return joined(bytes, ends[one] + 1, ends[one + 1], bytes.subarray(ends[other] + 1, ends[other + 1]));
  },
  (bytes, { random, words }) => {
    const ends = parts(bytes, random);
    const at = random.below(ends.length - 1);
    return joined(bytes, ends[at] + 1, ends[at + 1], random.pick(words));
  },
];
