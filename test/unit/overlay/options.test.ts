// Tests of the translation between overlay options and mount option words.
import { describe, expect, test } from 'vitest';
import {
  OVERLAY_OPTION_NAMES,
  overlayOptionOfWord,
  overlayOptionWords,
  overlayWordsLike,
} from '../../../lib/overlay/option-words.js';

const writable = { upper: '/u', work: '/w' };

describe('overlayOptionWords', () => {
  test.each<[string, Record<string, unknown>]>([
    ['work', { work: '/w' }],
    ['upper', { upper: '/u' }],
    ['volatile', { volatile: true }],
    ['fsync', { fsync: 'strict' }],
    ['volatile', { ...writable, volatile: true, fsync: 'strict' }],
    ['index', { index: true }],
    ['uuid', { uuid: 'on' }],
    ['metacopy', { ...writable, metacopy: true, redirectDir: 'off' }],
    ['metacopy', { ...writable, metacopy: true, redirectDir: 'follow' }],
    ['metacopy', { metacopy: true, redirectDir: 'nofollow' }],
    ['userxattr', { ...writable, userxattr: true, redirectDir: 'on' }],
    ['userxattr', { userxattr: true, redirectDir: 'follow' }],
    ['userxattr', { ...writable, userxattr: true, metacopy: true }],
    ['nfsExport', { ...writable, nfsExport: true, metacopy: true }],
    ['nfsExport', { ...writable, nfsExport: true, index: false }],
    ['nfsExport', { nfsExport: true }],
    ['nfsExport', { nfsExport: true, redirectDir: 'on' }],
  ])('overlayOptionWords rejects the contradicting option %s in %j', (name, options) => {
    expect(() => overlayOptionWords(options)).toThrow(
      expect.objectContaining({ code: 'ERR_INVALID_ARG_VALUE', message: expect.stringContaining(`options.${name}`) }),
    );
  });

  test.each<[Record<string, unknown>, string[]]>([
    [{}, []],
    [{ volatile: false, index: false }, ['index=off']],
    [{ ...writable, volatile: true, fsync: 'volatile' }, ['volatile', 'fsync=volatile']],
    [{ ...writable, fsync: 'auto' }, ['fsync=auto']],
    [{ metacopy: true, redirectDir: 'follow' }, ['redirect_dir=follow', 'metacopy=on']],
    [{ userxattr: true, redirectDir: 'nofollow' }, ['redirect_dir=nofollow', 'userxattr']],
    [{ nfsExport: true, redirectDir: 'nofollow' }, ['redirect_dir=nofollow', 'nfs_export=on']],
    [{ ...writable, nfsExport: true, index: true }, ['index=on', 'nfs_export=on']],
  ])('overlayOptionWords accepts the combination %j', (options, words) => {
    expect(overlayOptionWords(options)).toEqual(words);
  });
});

describe('overlayOptionOfWord', () => {
  test.each<[string, string, unknown]>([
    ['volatile', 'volatile', true],
    ['index=off', 'index', false],
    ['redirect_dir=follow', 'redirectDir', 'follow'],
    ['nooverride_creds', 'overrideCreds', false],
  ])('overlayOptionOfWord translates the mount option %s', (word, name, value) => {
    expect(overlayOptionOfWord(word)).toEqual([name, value]);
    expect(overlayOptionWords({ ...writable, [name]: value })).toEqual([word]);
  });

  test.each(['', 'index', 'index=', 'index=ON', 'volatile=on', 'redirectDir=on', 'constructor'])(
    'overlayOptionOfWord returns undefined for %j',
    (word) => {
      expect(overlayOptionOfWord(word)).toBeUndefined();
    },
  );

  test('overlayWordsLike returns every mount option of one name', () => {
    expect(overlayWordsLike('xino')).toEqual(['xino=off', 'xino=auto', 'xino=on']);
    expect(overlayWordsLike('lowerdir')).toEqual([]);
    expect(OVERLAY_OPTION_NAMES).toHaveLength(16);
  });
});
