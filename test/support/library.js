import * as mounting from 'linux-mount';
import * as layers from 'linux-mount/layers';

/** All that the package has, of both its doors. */
export const lib = { ...mounting, ...layers };

/** The names of its functions, in both forms. */
export const functionNames = Object.keys(lib).filter((name) => typeof lib[name] === 'function' && !/^[A-Z]/.test(name));

/** What a function, or a method of an object, is called in this form; `'sync'`, where there is such a form. */
export const nameIn = (form, name, object = lib) => (form === 'sync' && `${name}Sync` in object ? `${name}Sync` : name);

/** The function or method asked for, in the form asked for. */
export const caller = (form) => (name, object) => {
  const full = nameIn(form, name, object);
  return object === undefined ? lib[full] : object[full].bind(object);
};
