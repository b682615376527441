import { deepStrictEqual } from 'node:assert';
import { overlayData, parseMountInfo, parseOverlayData } from 'linux-mount';

// What holds of every input. A check throws where it does not.

function documented(error, also) {
  const isOne = error instanceof TypeError && /^ERR_INVALID_ARG_(VALUE|TYPE)$/.test(error.code) && also(error.message);
  if (!isOne) throw Object.assign(new Error('not a documented error'), { cause: error });
}

const escaped = (bytes, what) =>
  bytes.toString('latin1').replace(what, (byte) => `\\${byte.charCodeAt(0).toString(8).padStart(3, '0')}`);
const field = (bytes) => escaped(bytes, /[ \t\n\\#]/g);

/** An entry as the line of a table, as fs/proc_namespace.c writes it. */
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
 * A mount table. An error names the line; the way back gives the same; names as text are the same names.
 *
 * @returns the entries, or null where it is refused
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

/** Options of an overlay. No value is in a message, and what overlayData makes of the result is read as the same. */
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
    documented(error, () => true); // the table may hold what mountOverlay refuses
    return;
  }
  deepStrictEqual(parseOverlayData(written, { encoding: 'buffer', form: 'data' }), spec);
}
