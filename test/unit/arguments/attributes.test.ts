// Tests of the attribute options: flags for mount(2) and mount_setattr(2), and comparison with the mount table.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  ATTRIBUTE_NAMES,
  ATTRIBUTE_ROWS,
  attributeChange,
  attributeFlags,
  attributesDiffer,
  attributeWords,
  flagsOfAttributes,
  keptFlags,
  lockedWordsCleared,
} from '../../../lib/arguments/attributes.js';
import { constants } from '../../../lib/index.js';

const { MOUNT_ATTR_NOATIME, MOUNT_ATTR_RDONLY, MOUNT_ATTR_STRICTATIME, MOUNT_ATTR__ATIME } = constants;
const { MS_NOATIME, MS_NODEV, MS_NOEXEC, MS_NOSUID, MS_RDONLY, MS_RELATIME, MS_STRICTATIME, MS_NODIRATIME } = constants;

const flag = fc.option(fc.boolean(), { nil: undefined });
const attributes = fc.record({
  readonly: flag,
  noSuid: flag,
  noDev: flag,
  noExec: flag,
  noSymFollow: flag,
  noDirAtime: flag,
  atime: fc.constantFrom(undefined, 'relatime', 'noatime', 'strictatime'),
});

describe('attributeFlags', () => {
  it.each([
    [{}, 0],
    [{ readonly: false, noSuid: undefined }, 0],
    [{ readonly: true, noExec: true }, MS_RDONLY | MS_NOEXEC],
    [{ atime: 'relatime' }, MS_RELATIME],
    [{ atime: 'strictatime', target: 'of somebody else' }, MS_STRICTATIME],
  ])('attributeFlags returns the mount(2) flags of %o', (options, flags) => {
    expect(attributeFlags(options)).toBe(flags);
  });

  it.each([{ readonly: 1 }, { noDev: 'yes' }, { atime: 'sometimes' }])(
    'attributeFlags and attributeChange throw a TypeError for %o',
    (options) => {
      expect(() => attributeFlags(options)).toThrow(TypeError);
      expect(() => attributeChange(options, 'add')).toThrow(TypeError);
    },
  );

  it('attributeFlags and attributeChange translate the same options to equal flags', () => {
    fc.assert(
      fc.property(attributes, (options) => {
        const { set } = attributeChange(options, 'add');
        expect(flagsOfAttributes(set)).toBe(attributeFlags(options) & ~MS_RELATIME);
      }),
    );
  });
});

describe('attributeChange', () => {
  it('attributeChange clears a false attribute in the mode "change" and omitted attributes in the mode "exact"', () => {
    expect(attributeChange({ readonly: false }, 'add')).toEqual({ set: 0, clear: 0 });
    expect(attributeChange({ readonly: false }, 'change')).toEqual({ set: 0, clear: MOUNT_ATTR_RDONLY });
    const { set, clear } = attributeChange({ readonly: true }, 'exact');
    expect(set).toBe(MOUNT_ATTR_RDONLY);
    expect(clear & MOUNT_ATTR_RDONLY).toBe(0);
    expect(clear & MOUNT_ATTR__ATIME).toBe(MOUNT_ATTR__ATIME);
  });

  it('attributeChange clears the whole access time field before it sets another access time', () => {
    const change = { set: MOUNT_ATTR_NOATIME, clear: MOUNT_ATTR__ATIME };
    for (const mode of ['add', 'change', 'exact'] as const) {
      const { set, clear } = attributeChange({ atime: 'noatime' }, mode);
      expect({ set, clear: clear & MOUNT_ATTR__ATIME }).toEqual(change);
    }
  });

  it('attributeChange never sets and clears one attribute, except for access times', () => {
    fc.assert(
      fc.property(attributes, fc.constantFrom('add', 'change', 'exact'), (options, mode) => {
        const { set, clear } = attributeChange(options, mode);
        expect(set & clear & ~MOUNT_ATTR__ATIME).toBe(0);
      }),
    );
  });
});

describe('keptFlags', () => {
  it('keptFlags returns the flags that a user namespace can lock, without those that the caller clears', () => {
    const all = MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_NODIRATIME | MS_NOATIME;
    expect(keptFlags(0, 0)).toBe(all);
    expect(keptFlags(0, MOUNT_ATTR_RDONLY)).toBe(all & ~MS_RDONLY);
    expect(keptFlags(MOUNT_ATTR_RDONLY, MOUNT_ATTR_RDONLY)).toBe(all);
    expect(keptFlags(MOUNT_ATTR_STRICTATIME, MOUNT_ATTR__ATIME)).toBe(all & ~MS_NOATIME);
  });
});

describe('attributesDiffer', () => {
  const words = ['rw', 'nosuid', 'relatime'];

  it.each([
    ['nothing changes', words, words, 0, 0, undefined],
    ['the requested attribute is set', ['ro', 'nosuid', 'relatime'], words, MOUNT_ATTR_RDONLY, 0, undefined],
    ['the requested attribute is not set', words, words, MOUNT_ATTR_RDONLY, 0, 'without ro'],
    ['the attribute to clear is still set', ['ro', 'relatime'], ['ro', 'relatime'], 0, MOUNT_ATTR_RDONLY, 'with ro'],
    ['an attribute is set that nobody requested', ['rw', 'nosuid', 'nodev', 'relatime'], words, 0, 0, 'with nodev'],
    [
      'the access time is not the requested one',
      words,
      words,
      MOUNT_ATTR_NOATIME,
      MOUNT_ATTR__ATIME,
      'with another atime',
    ],
    [
      'strictatime is requested, which the mount table never shows',
      ['rw'],
      ['rw'],
      MOUNT_ATTR_STRICTATIME,
      MOUNT_ATTR__ATIME,
      undefined,
    ],
  ])('attributesDiffer compares the mount before and after a change: %s', (_, now, before, set, clear, difference) => {
    expect(attributesDiffer(now, before, set, clear)).toBe(difference);
  });
});

it('ATTRIBUTE_NAMES lists the option name of every attribute', () => {
  expect(ATTRIBUTE_NAMES).toEqual(['readonly', 'noSuid', 'noDev', 'noExec', 'noSymFollow', 'noDirAtime', 'atime']);
});

describe('ATTRIBUTE_ROWS', () => {
  // MOUNT_ATTR__ATIME is the mask of three attributes, and MOUNT_ATTR_IDMAP is set by the option idmap.
  const attributesOfKernel = Object.entries(constants).flatMap(([name, attribute]) => {
    const [, suffix] = /^MOUNT_ATTR_((?!_ATIME|IDMAP).*)$/.exec(name) ?? [];
    return suffix === undefined
      ? []
      : [{ suffix, attribute, flag: constants[`MS_${suffix}` as keyof typeof constants] }];
  });

  it('ATTRIBUTE_ROWS has one row for every MOUNT_ATTR constant of an attribute', () => {
    const rows = ATTRIBUTE_ROWS.map(({ attribute }) => attribute);
    expect(rows.toSorted((a, b) => a - b)).toEqual(
      attributesOfKernel.map(({ attribute }) => attribute).toSorted((a, b) => a - b),
    );
  });

  it.each(attributesOfKernel)('ATTRIBUTE_ROWS has the MS constant and the mount table word of $suffix', (kernel) => {
    const row = ATTRIBUTE_ROWS.find(({ attribute }) => attribute === kernel.attribute);
    const word = { RDONLY: 'ro', STRICTATIME: null }[kernel.suffix];
    expect(row).toMatchObject({ flag: kernel.flag, word: word === undefined ? kernel.suffix.toLowerCase() : word });
  });

  it('every row of ATTRIBUTE_ROWS has an MS flag, because attributeFlags would drop an attribute without one', () => {
    expect(ATTRIBUTE_ROWS.filter(({ flag }) => flag === 0)).toEqual([]);
  });

  it('every row of ATTRIBUTE_ROWS converts an attribute to its flag, its word and its lock', () => {
    for (const { attribute, flag, word, lock } of ATTRIBUTE_ROWS) {
      if (attribute !== 0) expect(flagsOfAttributes(attribute)).toBe(flag);
      if (word !== null) expect(attributeWords(flag)).toContain(word);
      expect((keptFlags(0, 0) & flag) !== 0).toBe(lock !== null);
      expect(lockedWordsCleared([word ?? ''], 0)).toEqual(lock === null ? [] : [word]);
    }
  });
});
