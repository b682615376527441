// Tests of parseOverlayData: option strings and mount table options of overlays.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type OverlayParseOptions, parseOverlayData } from '../../../lib/overlay/parse.js';
import type { OverlaySpec } from '../../../lib/overlay/spec.js';
import { overlayData } from '../../../lib/overlay/write.js';
import { times } from '../../support/effort.js';
import { fileName } from '../../support/overlay-names.js';
import { thrownBy } from '../../support/values.js';

const invalidType = { code: 'ERR_INVALID_ARG_TYPE', name: 'TypeError' };
const invalidValue = { code: 'ERR_INVALID_ARG_VALUE', name: 'TypeError' };

describe('parseOverlayData', () => {
  test.each<[string, object]>([
    ['lowerdir=/a:/b', { lower: ['/a', '/b'] }],
    ['lowerdir=a', { lower: ['a'] }],
    ['rw,lowerdir=/l,upperdir=/u,workdir=/w', { lower: ['/l'], upper: '/u', work: '/w' }],
    ['lowerdir=/l:/m::/d1::/d2', { lower: ['/l', '/m'], dataOnly: ['/d1', '/d2'] }],
    // These texts have the escapes that overlayData writes.
    ['lowerdir=/a\\:b:/c\\,d:/e\\\\f:/g h\n', { lower: ['/a:b', '/c,d', '/e\\f', '/g h\n'] }],
    ['lowerdir=/\\\\134:/b', { lower: ['/\\134', '/b'] }],
    ['lowerdir=/a\\:::/b\\:\\:::\\,', { lower: ['/a:'], dataOnly: ['/b::', ','] }],
    ['lowerdir=/l,upperdir=/u:\\,\\\\,workdir=/w\\:=', { lower: ['/l'], upper: '/u:,\\', work: '/w:=' }],
    ['lowerdir+=/a:\\,b\\\\,datadir+=/c', { lower: ['/a:\\,b\\\\'], dataOnly: ['/c'] }],
    ['lowerdir+=/a,upperdir=/u\\\\,workdir=/w\\,', { lower: ['/a'], upper: '/u\\', work: '/w,' }],
    // These texts show the same names with the escapes of the mount table.
    [
      'ro,lowerdir=/a\\134:b:/c\\134\\054d:/e\\134\\134f:/g\\040h\\012\\011:/i=j"#,redirect_dir=on',
      { lower: ['/a:b', '/c,d', '/e\\f', '/g h\n\t', '/i=j"#'], redirectDir: 'on' },
    ],
    ['rw,lowerdir=/\\134a:/b', { lower: ['/a', '/b'] }], // an escape that is not needed: overlayfs mounts /a
    [
      'rw,lowerdir=/l,upperdir=/u\\134\\134\\134\\054,workdir=/w:\\040',
      { lower: ['/l'], upper: '/u\\,', work: '/w: ' },
    ],
    [
      'rw,lowerdir+=/a:b,lowerdir+=/c\\054\\134d,datadir+=/e\\134\\134f,upperdir=/u\\134\\134,workdir=/w\\134:',
      { lower: ['/a:b', '/c,\\d'], dataOnly: ['/e\\\\f'], upper: '/u\\\\', work: '/w\\:' },
    ],
    ['rw,lowerdir+=/a,lowerdir+=/a', { lower: ['/a', '/a'] }],
    // Linux 6.6 shows a colon of a name in octal, whether or not the caller of mount(2) escaped the colon.
    ['rw,lowerdir=/a\\134\\072b:/c\\072\\072d::/e\\134\\134\\072', { lower: ['/a:b', '/c::d'], dataOnly: ['/e\\:'] }],
    // These texts contain options that are not options of overlayfs.
    ['rw,sync,dirsync,mand,lazytime,seclabel,lowerdir=/a:/b', { lower: ['/a', '/b'] }],
    ['lowerdir=/a:/b,ro,async,nomand,nolazytime,,', { lower: ['/a', '/b'] }],
    ['rw,context=system_u:object_r:t:s0,lowerdir=/a:/b', { lower: ['/a', '/b'] }],
    ['rw,context="u:r:t:s0:c1,c2",rootcontext="a\\042,lowerdir=/x",lowerdir=/a\\040', { lower: ['/a '] }],
    ['lowerdir=context="a:b":/c"', { lower: ['context="a', 'b"', '/c"'] }],
  ])('parseOverlayData reads %s', (text, spec) => {
    expect(parseOverlayData(text)).toEqual(spec);
    expect(parseOverlayData(Buffer.from(text))).toEqual(spec);
  });

  test.each<[string, object]>([
    ['default_permissions', { defaultPermissions: true }],
    ['redirect_dir=off', { redirectDir: 'off' }],
    ['redirect_dir=follow', { redirectDir: 'follow' }],
    ['redirect_dir=nofollow', { redirectDir: 'nofollow' }],
    ['index=on', { index: true }],
    ['index=off', { index: false }],
    ['uuid=null', { uuid: 'null' }],
    ['nfs_export=on', { nfsExport: true }],
    ['nfs_export=off', { nfsExport: false }],
    ['userxattr', { userxattr: true }],
    ['xino=auto', { xino: 'auto' }],
    ['metacopy=on', { metacopy: true }],
    ['metacopy=off', { metacopy: false }],
    ['verity=require', { verity: 'require' }],
    ['volatile', { volatile: true }],
    ['fsync=volatile', { fsync: 'volatile' }],
    ['override_creds', { overrideCreds: true }],
    ['nooverride_creds', { overrideCreds: false }],
    ['index=on,index=on', { index: true }],
    // mountOverlay rejects these options, but a kernel may show them.
    [
      'userxattr,redirect_dir=on,metacopy=on,nfs_export=on,index=off',
      { userxattr: true, index: false, metacopy: true },
    ],
  ])('parseOverlayData translates the mount options %s', (words, options) => {
    expect(parseOverlayData(`rw,lowerdir=/a:/b,${words}`)).toMatchObject({ lower: ['/a', '/b'], ...options });
  });

  test('parseOverlayData returns no key for an option that the text lacks', () => {
    expect(Object.keys(parseOverlayData('lowerdir=/a:/b,index=on')).sort()).toEqual(['index', 'lower']);
  });

  test('parseOverlayData returns a string for a UTF-8 name and a Buffer for any other name', () => {
    const text = Buffer.from('lowerdir=/\xff:/\xc3\xbc,upperdir=/u,workdir=/\xfe', 'latin1');
    const [odd, work] = [Buffer.from([0x2f, 0xff]), Buffer.from([0x2f, 0xfe])];
    expect(parseOverlayData(text)).toEqual({ lower: [odd, '/ü'], upper: '/u', work });
    expect(parseOverlayData(text, { encoding: 'buffer' })).toEqual({
      lower: [odd, Buffer.from('/ü')],
      upper: Buffer.from('/u'),
      work,
    });
    expect(parseOverlayData('lowerdir=/ü:/\\303\\274', { encoding: 'utf8' })).toEqual({ lower: ['/ü', '/ü'] });
  });

  test('parseOverlayData reads octal escapes with form "table" and not with form "data"', () => {
    const text = 'lowerdir=/a\\134:b:/c';
    expect(parseOverlayData(text)).toEqual({ lower: ['/a:b', '/c'] });
    expect(parseOverlayData(text, { form: 'table' })).toEqual({ lower: ['/a:b', '/c'] });
    expect(parseOverlayData(text, { form: 'data' })).toEqual({ lower: ['/a134', 'b', '/c'] });
    expect(parseOverlayData('lowerdir=/\\a:/b', { form: 'data' })).toEqual({ lower: ['/a', '/b'] });
  });

  test.each<[string, string, RegExp, OverlayParseOptions?]>([
    ['an empty text', '', /has no lowerdir and no lowerdir\+/],
    ['no layer', 'rw,index=on', /has no lowerdir/],
    ['data-only layers alone', 'datadir+=/d', /has no lowerdir/],
    ['an empty lowerdir', 'lowerdir=,upperdir=/u', /empty lowerdir$/],
    ['lowerdir without a value', 'rw,lowerdir', /empty lowerdir$/],
    ['an empty lowerdir+', 'lowerdir+=/a,lowerdir+=', /empty lowerdir\+/],
    ['an empty upperdir', 'lowerdir=/a,upperdir=', /empty upperdir/],
    ['a colon first', 'lowerdir=:/a', /begins with a colon/],
    ['a colon last', 'lowerdir=/a:', /ends with a colon/],
    ['two colons last', 'lowerdir=/a::', /ends with a colon/],
    ['a colon last in the table', 'lowerdir=/a\\134::', /ends with a colon/],
    ['three colons', 'lowerdir=/a:::/b', /three colons/],
    ['a layer after data-only ones', 'lowerdir=/a::/b:/c', /ordinary layer after/],
    ['lowerdir+ after datadir+', 'lowerdir+=/a,datadir+=/b,lowerdir+=/c', /lowerdir\+ after a datadir\+/],
    ['both forms', 'lowerdir=/a,lowerdir+=/b', /lowerdir and also lowerdir\+/],
    ['upperdir alone', 'lowerdir=/a,upperdir=/u', /upperdir without workdir/],
    ['workdir alone', 'lowerdir=/a:/b,workdir=/w', /workdir without upperdir/],
    ['lowerdir twice', 'lowerdir=/a:/b,lowerdir=/a:/c', /has lowerdir twice/],
    ['workdir twice', 'lowerdir=/a,upperdir=/u,workdir=/w,workdir=/v', /has workdir twice/],
    ['an option twice', 'lowerdir=/a:/b,index=on,index=off', /has index twice/],
    ['an option and its opposite', 'lowerdir=/a:/b,override_creds,nooverride_creds', /has nooverride_creds twice/],
    ['an invalid value', 'lowerdir=/a:/b,index=secret', /has 'index' with an unknown value.*index=on, index=off$/],
    ['a flag with a value', 'lowerdir=/a:/b,volatile=secret', /has 'volatile' with an unknown value/],
    ['no value', 'lowerdir=/a:/b,xino', /has 'xino' with an unknown value/],
    ['an unknown word', 'lowerdir=/a:/b,relatime', /the word 'relatime', which overlayfs does not know/],
    ['an unknown word with a value', 'lowerdir=/a:/b,password=secret', /the word 'password',/],
    ['a property name of Object.prototype', 'lowerdir=/a:/b,constructor=secret', /the word 'constructor',/],
    ['a flag of the VFS with a value', 'lowerdir=/a:/b,ro=secret', /the word 'ro',/],
    ['a label whose quotes are open', 'context="a,b,lowerdir=/a:/b', /the word 'b'/],
    ['a cut octal escape', 'lowerdir=/a\\04', /give options.form/],
    ['both kinds of escapes', 'lowerdir=/a\\054\\,', /give options.form/],
    ['half an escape', 'lowerdir=/a\\', /give options.form/],
    ['half an escape with form data', 'lowerdir=/a\\', /half an escape/, { form: 'data' }],
    ['half an escape in the table', 'lowerdir=/a\\134', /half an escape/],
    ['a cut octal escape in the table', 'upperdir=/a\\04', /octal digits of a byte in 'upperdir'/, { form: 'table' }],
    ['octal above a byte', 'lowerdir=/a\\400:/b', /octal digits/, { form: 'table' }],
    ['an octal NUL', 'lowerdir=/a\\000:/b', /octal digits of a byte in 'lowerdir'/],
    ['a NUL', 'lowerdir=/a\0', /null bytes/],
    ['half a character', 'lowerdir=/\ud800', /well-formed/],
  ])('parseOverlayData rejects %s', (_, text, message, options) => {
    const error = thrownBy(() => parseOverlayData(text, options));
    expect(error).toMatchObject({ ...invalidValue, message: expect.stringMatching(message) });
    expect((error as Error).message).not.toContain('secret');
  });

  test.each<[string, unknown, unknown, object]>([
    ['null', null, undefined, invalidType],
    ['undefined', undefined, undefined, invalidType],
    ['a URL', new URL('file:///a'), undefined, invalidType],
    ['an unknown option', 'lowerdir=/a:/b', { from: 'table' }, invalidValue],
    ['an unknown form', 'lowerdir=/a:/b', { form: 'mountinfo' }, invalidValue],
    ['an unknown encoding', 'lowerdir=/a:/b', { encoding: 'hex' }, invalidValue],
  ])('parseOverlayData rejects an invalid argument: %s', (_, data, options, expected) => {
    const error = thrownBy(() => parseOverlayData(data as string, options as OverlayParseOptions));
    expect(error).toMatchObject(expected);
  });
});

describe('parseOverlayData round trips', () => {
  const anyOptions = fc.record(
    {
      defaultPermissions: fc.constant(true),
      redirectDir: fc.constantFrom('off', 'follow', 'nofollow', 'on'),
      index: fc.boolean(),
      uuid: fc.constantFrom('off', 'null', 'auto', 'on'),
      nfsExport: fc.boolean(),
      userxattr: fc.constant(true),
      xino: fc.constantFrom('off', 'auto', 'on'),
      metacopy: fc.boolean(),
      verity: fc.constantFrom('off', 'on', 'require'),
      volatile: fc.constant(true),
      fsync: fc.constantFrom('auto', 'strict', 'volatile'),
      overrideCreds: fc.boolean(),
    },
    { requiredKeys: [] },
  );
  const layers = fc.record(
    {
      lower: fc.array(fileName, { minLength: 2, maxLength: 6 }),
      dataOnly: fc.array(fileName, { minLength: 1, maxLength: 3 }),
    },
    { requiredKeys: ['lower'] },
  );
  const writable = fc.option(fc.record({ upper: fileName, work: fileName }), { nil: {} });

  test('parseOverlayData recovers any names and options from the output of overlayData', () => {
    // The loop leaves out contradicting options one after another, until overlayData accepts the rest.
    fc.assert(
      fc.property(layers, writable, anyOptions, (names, above, options) => {
        const spec = { ...names, ...above, ...options };
        for (const name of Object.keys(options)) {
          if (isTaken(spec)) break;
          delete spec[name as keyof typeof options];
        }
        const data = overlayData(spec as OverlaySpec, { encoding: 'buffer' });
        expect(parseOverlayData(data, { encoding: 'buffer' })).toEqual(spec);
        expect(parseOverlayData(data, { encoding: 'buffer', form: 'data' })).toEqual(spec);
      }),
      { numRuns: times(500, 20) },
    );
  });

  test.each(['lowerdir', 'lowerdir+'])(
    'parseOverlayData recovers any names from a mount table that shows the layers by %s',
    (kind) => {
      fc.assert(
        fc.property(layers, writable, (names, above) => {
          const shown = kind === 'lowerdir' ? shownAsGiven(names, above) : shownOneByOne(names, above);
          const text = Buffer.from(`rw${shown},index=off`, 'latin1');
          const expected = { ...names, ...above, index: false };
          expect(parseOverlayData(text, { encoding: 'buffer', form: 'table' })).toEqual(expected);
          expect(parseOverlayData(text, { encoding: 'buffer' })).toEqual(expected);
        }),
        { numRuns: times(500, 20) },
      );
    },
  );

  interface Names {
    lower: Buffer[];
    dataOnly?: Buffer[];
  }

  interface Above {
    upper?: Buffer;
    work?: Buffer;
  }

  // Prints the layers as ovl_show_options in fs/overlayfs/params.c does for `lowerdir`: the option string of mount(2)
  // with its escapes.
  function shownAsGiven({ lower, dataOnly = [] }: Names, { upper, work }: Above): string {
    const given = (special: RegExp) => (name: Buffer) => name.toString('latin1').replace(special, '\\$&');
    const lowerdir = [lower.map(given(/[\\,:]/g)).join(':'), ...dataOnly.map(given(/[\\,:]/g))].join('::');
    const [upperdir, workdir] = [upper, work].map((name) => name && given(/[\\,]/g)(name));
    return option('lowerdir', lowerdir) + option('upperdir', upperdir) + option('workdir', workdir);
  }

  // Prints the layers as ovl_show_options does for layers that were set one by one: the bare names.
  function shownOneByOne({ lower, dataOnly = [] }: Names, { upper, work }: Above): string {
    const each = (key: string, names: Buffer[]) => names.map((name) => option(key, name.toString('latin1'))).join('');
    return (
      each('lowerdir+', lower) +
      each('datadir+', dataOnly) +
      option('upperdir', upper?.toString('latin1')) +
      option('workdir', work?.toString('latin1'))
    );
  }

  // Escapes a value as seq_show_option in include/linux/seq_file.h does.
  function option(key: string, value: string | undefined): string {
    if (value === undefined) return '';
    const octal = (byte: string) => `\\${byte.charCodeAt(0).toString(8).padStart(3, '0')}`;
    return `,${key}=${value.replace(/[, \t\n\\]/g, octal)}`;
  }

  function isTaken(spec: object): boolean {
    try {
      overlayData(spec as OverlaySpec, { encoding: 'buffer' });
      return true;
    } catch {
      return false;
    }
  }
});
