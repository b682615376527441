// The functions of the built package, in the synchronous or the asynchronous form that a caller asks for.
import * as mounting from 'linux-mount';
import * as layers from 'linux-mount/layers';

/** All exports of linux-mount and linux-mount/layers. */
export const lib = { ...mounting, ...layers };

/** The names of all exported functions, in both forms. */
export const functionNames = Object.keys(lib).filter((name) => typeof lib[name] === 'function' && !/^[A-Z]/.test(name));

/**
 * Returns the name of a function, or of a method of an object, in a form. A function without a synchronous form keeps
 * its name.
 */
export const nameIn = (form, name, object = lib) => (form === 'sync' && `${name}Sync` in object ? `${name}Sync` : name);

/** Returns a function that finds a function or a method in this form. */
export const caller = (form) => (name, object) => {
  const full = nameIn(form, name, object);
  return object === undefined ? lib[full] : object[full].bind(object);
};
