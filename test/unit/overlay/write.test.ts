// Tests of overlayData, which writes the option string of an overlay.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { OverlaySpec } from '../../../lib/overlay/spec.js';
import { overlayData } from '../../../lib/overlay/write.js';
import { times } from '../../support/effort.js';

const invalidType = expect.objectContaining({ code: 'ERR_INVALID_ARG_TYPE', name: 'TypeError' });
const invalidValue = expect.objectContaining({ code: 'ERR_INVALID_ARG_VALUE', name: 'TypeError' });

describe('overlayData', () => {
  test.each<[OverlaySpec, string]>([
    [{ lower: ['/top', '/base'] }, 'lowerdir=/top:/base'],
    [{ lower: ['/l'], upper: '/u', work: '/w' }, 'lowerdir=/l,upperdir=/u,workdir=/w'],
    [{ lower: ['/a:b', '/c,d', '/e\\f'] }, 'lowerdir=/a\\:b:/c\\,d:/e\\\\f'],
    [{ lower: ['/l'], upper: '/u:,\\', work: '/w:,' }, 'lowerdir=/l,upperdir=/u:\\,\\\\,workdir=/w:\\,'],
    [{ lower: ['/l'], dataOnly: ['/d1', '/d:2'] }, 'lowerdir=/l::/d1::/d\\:2'],
    [{ lower: ['/l', new URL('file:///a%20b')] }, 'lowerdir=/l:/a b'],
    [{ lower: ['/l', Buffer.from('/ü')] }, 'lowerdir=/l:/ü'],
    [
      {
        lower: ['/l'],
        upper: '/u',
        work: '/w',
        defaultPermissions: true,
        redirectDir: 'on',
        index: true,
        uuid: 'on',
        nfsExport: false,
        userxattr: false,
        xino: 'auto',
        metacopy: true,
        verity: 'require',
        volatile: true,
        overrideCreds: false,
      },
      'lowerdir=/l,upperdir=/u,workdir=/w,default_permissions,redirect_dir=on,index=on,uuid=on,nfs_export=off,' +
        'xino=auto,metacopy=on,verity=require,volatile,nooverride_creds',
    ],
    [{ lower: ['/a', '/b'], overrideCreds: true, index: false }, 'lowerdir=/a:/b,index=off,override_creds'],
  ])('overlayData writes the option string of %j', (spec, expected) => {
    expect(overlayData(spec)).toBe(expected);
    expect(overlayData(spec, { encoding: 'buffer' })).toEqual(Buffer.from(expected));
  });

  test('overlayData requires encoding: "buffer" for names that are not UTF-8, and throws without the option', () => {
    const spec = { lower: [Buffer.from([0x2f, 0xff, 0x3a]), '/ü'] };
    expect(overlayData(spec, { encoding: 'buffer' })).toEqual(
      Buffer.concat([Buffer.from('lowerdir=/'), Buffer.from([0xff]), Buffer.from('\\::/ü')]),
    );
    expect(() => overlayData(spec)).toThrow(/not UTF-8/);
  });

  test('overlayData escapes any names so that overlayfs reads the same names back', () => {
    // Any bytes except NUL. A latin1 string has one character for each byte.
    const name = fc.uint8Array({ min: 1, minLength: 1, maxLength: 30 }).map((bytes) => Buffer.from(bytes));
    const awkward = fc.string({
      unit: fc.constantFrom(':', ',', '\\', '"', '=', '#', ' ', '\n', '😀', 'a'),
      minLength: 1,
    });
    const path = fc.oneof(name, awkward);
    fc.assert(
      fc.property(fc.array(path, { minLength: 2, maxLength: 8 }), path, path, (lower, upper, work) => {
        const data = overlayData({ lower, upper, work }, { encoding: 'buffer' }).toString('latin1');
        const expected = { lower: lower.map(latin1), upper: latin1(upper), work: latin1(work) };
        expect(readAsOverlayfs(data)).toEqual(expected);
      }),
      { numRuns: times(500, 20) },
    );
  });

  test.each<[string, unknown, unknown]>([
    ['no object', null, invalidType],
    ['no lower', {}, invalidType],
    ['lower that is a string', { lower: '/a:/b' }, invalidType],
    ['no layer', { lower: [] }, invalidValue],
    ['one layer without upper', { lower: ['/a'] }, invalidValue],
    ['a layer that is a number', { lower: ['/a', 1] }, invalidType],
    ['a hole in the array', { lower: new Array(2) }, invalidType],
    ['an empty name', { lower: ['/a', ''] }, invalidValue],
    ['a NUL', { lower: ['/a', '/b\0c'] }, invalidValue],
    ['an option that is not known', { lower: ['/a', '/b'], redirect_dir: 'on' }, invalidValue],
    ['a mistyped option', { lower: ['/a', '/b'], metaCopy: true }, invalidValue],
    ['an invalid choice', { lower: ['/a', '/b'], xino: 'yes' }, invalidValue],
    ['a flag that is no boolean', { lower: ['/a', '/b'], userxattr: 'on' }, invalidType],
    ['an encoding that is not known', [{ lower: ['/a', '/b'] }, { encoding: 'hex' }], invalidValue],
  ])('overlayData rejects %s', (_, spec, expected) => {
    const [first, options] = Array.isArray(spec) ? spec : [spec, undefined];
    expect(() => overlayData(first as OverlaySpec, options as { encoding: 'utf8' })).toThrow(expected as Error);
  });

  test('overlayData names the index of an invalid layer in the message', () => {
    expect(() => overlayData({ lower: ['/a', '/b\0', '/c'] })).toThrow(
      /"spec.lower\[1\]" property must not contain null/,
    );
  });
});

function latin1(path: string | Buffer): string {
  return Buffer.from(path).toString('latin1');
}

/** Splits an option string as overlayfs does. The code follows fs/overlayfs/params.c and uses nothing of lib/. */
function readAsOverlayfs(data: string): { lower: string[]; upper: string; work: string } {
  const options = new Map(
    splitUnescaped(data, ',').map((option) => {
      const equals = option.indexOf('=');
      return [option.slice(0, equals), option.slice(equals + 1)] as const;
    }),
  );
  const value = (key: string) => options.get(key) ?? '';
  return {
    lower: splitUnescaped(value('lowerdir'), ':').map(unescaped),
    upper: unescaped(value('upperdir')),
    work: unescaped(value('workdir')),
  };
}

function splitUnescaped(text: string, separator: string): string[] {
  const parts = [''];
  for (let at = 0; at < text.length; at += 1) {
    if (text[at] === separator) {
      parts.push('');
      continue;
    }
    const taken = text[at] === '\\' ? text.slice(at, at + 2) : text.charAt(at);
    parts[parts.length - 1] += taken;
    at += taken.length - 1;
  }
  return parts;
}

function unescaped(text: string): string {
  return text.replace(/\\(.)/gs, '$1');
}
