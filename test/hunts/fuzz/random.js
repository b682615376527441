/** Random numbers that depend on a seed only (xorshift32), and random choices made with them. */
export class Random {
  #state;

  constructor(seed) {
    this.#state = Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b) >>> 0 || 1;
  }

  /** Returns a number from 0 to below 1. */
  next() {
    this.#state ^= this.#state << 13;
    this.#state ^= this.#state >>> 17;
    this.#state ^= this.#state << 5;
    return (this.#state >>> 0) / 2 ** 32;
  }

  below(limit) {
    return Math.floor(this.next() * limit);
  }

  chance(of) {
    return this.next() < of;
  }

  pick(list) {
    return list[this.below(list.length)];
  }

  /** Returns an array of at most `most` values, each made by `make`. */
  list(most, make) {
    return Array.from({ length: this.below(most + 1) }, make);
  }
}
