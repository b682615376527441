// Finds the options of each function by asking the library, so that a new option is included: the error for an unknown
// option lists the known options, and the error for a wrong word lists the accepted words. The calls have no effect,
// because their paths do not exist.

const NOWHERE = '/nowhere/at/all';
const NO_OPTION = 'noSuchOption';
const NO_WORD = 'noSuchWord';

/** The arguments that may precede an options object. */
const BEFORE = [
  [],
  [NOWHERE],
  [NOWHERE, 'private'],
  [NOWHERE, { readonly: true }],
  [NOWHERE, NOWHERE],
  [NOWHERE, NOWHERE, 'tmpfs'],
  [NOWHERE, NOWHERE, 'tmpfs', 0, null],
];
/** Options that a call needs before it checks the other options. */
const NEEDED = { lower: [`${NOWHERE}/a`, `${NOWHERE}/b`], target: NOWHERE, root: NOWHERE, path: NOWHERE };
const neededOf = (place) => (place === 'spec' ? { ...NEEDED, upper: NOWHERE } : NEEDED);

/** Returns the message of the error that a call throws. */
function messageOf(call) {
  try {
    const result = call();
    if (result instanceof Promise) result.catch(() => {});
    else result?.return?.();
    return '';
  } catch (error) {
    return String(error.message);
  }
}

export class KnownOptions {
  /** The names of options, and for each option the accepted values: `boolean`, a list of words, or unknown. */
  kinds = new Map();
  #places = new Map();

  /** @param call calls a function with arguments, and throws what the function throws */
  learn(name, call) {
    const found = [];
    for (const before of BEFORE) {
      if (found.some(({ at }) => at === before.length)) continue;
      const names = this.#ask((value) => call(...before, value));
      if (names !== undefined) found.push({ at: before.length, names });
    }
    this.#places.set(name, found);
  }

  /**
   * The positions at which a function takes options objects, each with the names of the options. `at` is the number of
   * the argument.
   */
  placesOf(name) {
    return this.#places.get(name) ?? [];
  }

  #ask(call, depth = 0) {
    const [, place, list] =
      messageOf(() => call({ [NO_OPTION]: 1 })).match(
        /"([^"]+)\.noSuchOption" property is not a known option\. The known options are: (.*)$/,
      ) ?? [];
    if (list === undefined) return undefined;
    const names = list.split(', ');
    for (const name of names) {
      const needed = Object.fromEntries(Object.entries(neededOf(place)).filter(([each]) => names.includes(each)));
      const withValue = (value) => call({ ...needed, [name]: value });
      this.#keep(
        name,
        messageOf(() => withValue(NO_WORD)),
      );
      if (depth < 3) {
        this.#ask(withValue, depth + 1);
        this.#ask((value) => withValue([value]), depth + 1);
      }
    }
    return names;
  }

  #keep(name, message) {
    const kind = this.kinds.get(name) ?? { isBoolean: false, words: [] };
    this.kinds.set(name, kind);
    const words = message.match(/must be one of: (.*?)(\. Received|$)/)?.[1].match(/(?<=')[^',]+(?=')/g) ?? [];
    if (message.includes(`.${name}" property`)) {
      kind.isBoolean ||= message.includes('must be of type boolean');
      kind.words.push(...words.filter((word) => !kind.words.includes(word)));
    }
  }
}
