import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

// Extended attributes, which Node does not know: test/native/files.c.
const files = createRequire(import.meta.url)(
  fileURLToPath(new URL('../../native/build/Release/files.node', import.meta.url)),
);

export function setAttribute(path, name, value) {
  files.setAttribute(Buffer.from(path), Buffer.from(name), Buffer.from(value));
}

/** The extended attributes of a file as text. */
export function attributesOf(path) {
  const of = Buffer.from(path);
  const names = files.listAttributes(of).toString('latin1').split('\0').slice(0, -1).sort();
  return names.map((name) => `${name}=${files.getAttribute(of, Buffer.from(name, 'latin1')).toString('latin1')}`);
}
