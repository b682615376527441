import * as mounting from 'linux-mount';
import * as layers from 'linux-mount/layers';

/** All that the package has, of both its doors. */
export const lib = { ...mounting, ...layers };

/** The function or method asked for, in the form asked for. */
export const caller = (form) => (name, object) => {
  const full = form === 'sync' && `${name}Sync` in (object ?? lib) ? `${name}Sync` : name;
  return object === undefined ? lib[full] : object[full].bind(object);
};
