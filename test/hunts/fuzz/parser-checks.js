// Properties that the parsers have for every input. A check throws when the property does not hold.
import { deepStrictEqual } from 'node:assert';
import { overlayData, parseMountInfo, parseOverlayData } from 'linux-mount';

function documented(error, also) {
  const isOne = error instanceof TypeError && /^ERR_INVALID_ARG_(VALUE|TYPE)$/.test(error.code) && also(error.message);
  if (!isOne) throw Object.assign(new Error('not a documented error'), { cause: error });
}

const escaped = (bytes, what) =>
  bytes.toString('latin1').replace(what, (byte) => `\\${byte.charCodeAt(0).toString(8).padStart(3, '0')}`);
const field = (bytes) => escaped(bytes, /[ \t\n\\#]/g);

/** Writes an entry as a line of a mount table, as fs/proc_namespace.c does. */
function lineOf(entry) {
  const { id, parentId, device, root, target, options, propagation, fsType, source, superOptionsText } = entry;
  const { shared, master, propagateFrom, unbindable } = propagation;
  const optional = [
    ...(shared === null ? [] : [`shared:${shared}`]),
    ...(master === null ? [] : [`master:${master}`]),
    ...(propagateFrom === null ? [] : [`propagate_from:${propagateFrom}`]),
    ...(unbindable ? ['unbindable'] : []),
  ];
  const words = [
    ...[id, parentId, `${device.major}:${device.minor}`],
    ...[field(root) + (entry.rootDeleted ? '//deleted' : ''), field(target) + (entry.targetDeleted ? '//deleted' : '')],
    ...[
      options.join(','),
      ...optional,
      '-',
      field(Buffer.from(fsType)),
      field(source),
      superOptionsText.toString('latin1'),
    ],
  ];
  return words.join(' ');
}

const sameEntry = ({ subtype: _, ...rest }) => rest;

/**
 * Parses a mount table. An error must name the line. Writing the entries and parsing them again must give the same
 * entries, and names as text must equal names as bytes.
 *
 * @returns the entries, or null if the parser throws
 */
export function checkMountInfo(input) {
  let entries;
  try {
    entries = parseMountInfo(input, { encoding: 'buffer' });
  } catch (error) {
    documented(error, (message) => /is not a mount table: line \d+ is '/.test(message));
    return null;
  }
  const again = parseMountInfo(Buffer.from(entries.map((entry) => `${lineOf(entry)}\n`).join(''), 'latin1'), {
    encoding: 'buffer',
  });
  deepStrictEqual(again.map(sameEntry), entries.map(sameEntry));
  const asText = parseMountInfo(input);
  deepStrictEqual(
    asText.map(({ target }) => Buffer.from(target)),
    entries.map(({ target }) => target),
  );
  return entries;
}

/**
 * Parses overlay options. An error message must contain no value, and parsing the output of overlayData must give the
 * same options.
 */
export function checkOverlayData(input) {
  let spec;
  const secret = input.includes('password=') ? /password=\w/ : /^\b$/;
  try {
    spec = parseOverlayData(input, { encoding: 'buffer' });
  } catch (error) {
    documented(error, (message) => !secret.test(message));
    return;
  }
  let written;
  try {
    written = overlayData(spec, { encoding: 'buffer' });
  } catch (error) {
    documented(error, () => true); // the table may show options that mountOverlay rejects
    return;
  }
  deepStrictEqual(parseOverlayData(written, { encoding: 'buffer', form: 'data' }), spec);
}
