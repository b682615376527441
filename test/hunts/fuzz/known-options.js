// Which options a function has, asked of the library itself, so that none that is new is forgotten: of an option that it
// does not know it says which it knows, and of a wrong word which are right. Nothing is done meanwhile: the paths lead
// nowhere.

const NOWHERE = '/nowhere/at/all';
const NO_OPTION = 'noSuchOption';
const NO_WORD = 'noSuchWord';

/** What may stand before an object of options. */
const BEFORE = [
  [],
  [NOWHERE],
  [NOWHERE, 'private'],
  [NOWHERE, { readonly: true }],
  [NOWHERE, NOWHERE],
  [NOWHERE, NOWHERE, 'tmpfs'],
  [NOWHERE, NOWHERE, 'tmpfs', 0, null],
];
/** What has to be there for the others to be looked at. */
const NEEDED = { lower: [`${NOWHERE}/a`, `${NOWHERE}/b`], target: NOWHERE, root: NOWHERE, path: NOWHERE };
const neededOf = (place) => (place === 'spec' ? { ...NEEDED, upper: NOWHERE } : NEEDED);

/** What a call says that throws. */
function saidBy(call) {
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
  /** The names of options, and for each which values it takes: `boolean`, words, or what nothing is said of. */
  kinds = new Map();
  #places = new Map();

  /** @param call calls a function with arguments, and throws what it throws */
  learn(name, call) {
    const found = [];
    for (const before of BEFORE) {
      if (found.some(({ at }) => at === before.length)) continue;
      const names = this.#ask((value) => call(...before, value));
      if (names !== undefined) found.push({ at: before.length, names });
    }
    this.#places.set(name, found);
  }

  /** Where a function takes options, and which: `at` is the number of the argument. */
  placesOf(name) {
    return this.#places.get(name) ?? [];
  }

  #ask(call, depth = 0) {
    const [, place, list] =
      saidBy(() => call({ [NO_OPTION]: 1 })).match(
        /"([^"]+)\.noSuchOption" property is not a known option\. The known options are: (.*)$/,
      ) ?? [];
    if (list === undefined) return undefined;
    const names = list.split(', ');
    for (const name of names) {
      const needed = Object.fromEntries(Object.entries(neededOf(place)).filter(([each]) => names.includes(each)));
      const withValue = (value) => call({ ...needed, [name]: value });
      this.#keep(
        name,
        saidBy(() => withValue(NO_WORD)),
      );
      if (depth < 3) {
        this.#ask(withValue, depth + 1);
        this.#ask((value) => withValue([value]), depth + 1);
      }
    }
    return names;
  }

  #keep(name, said) {
    const kind = this.kinds.get(name) ?? { isBoolean: false, words: [] };
    this.kinds.set(name, kind);
    const words = said.match(/must be one of: (.*?)(\. Received|$)/)?.[1].match(/(?<=')[^',]+(?=')/g) ?? [];
    if (said.includes(`.${name}" property`)) {
      kind.isBoolean ||= said.includes('must be of type boolean');
      kind.words.push(...words.filter((word) => !kind.words.includes(word)));
    }
  }
}
