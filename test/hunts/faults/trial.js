// Runs an operation once with a fault, and compares the scene before and after.
import { setTimeout as sleep } from 'node:timers/promises';
import { inspect } from 'node:util';
import { caller, lib } from '../../support/library.js';
import { children, descriptors } from '../../support/own-process.js';
import { arm, disarm } from './injector.js';
import { Scene } from './scene.js';

const { MountError } = lib;

const mountsOf = (state) => JSON.stringify(JSON.parse(state).slice(0, -1), null, 1);

// An asynchronous call releases its resources on its own thread, a moment after the promise is settled.
async function soon(condition) {
  for (let wait = 1; wait < 2000; wait *= 2) {
    if (condition()) return true;
    await sleep(wait);
  }
  return condition();
}

/** Returns the descriptors that were opened, that were closed, and that belong to another file now. */
function exchanged(before) {
  const now = descriptors();
  const numbers = [...new Set([...before.keys(), ...now.keys()])];
  return numbers.flatMap((fd) => {
    const [old, current] = [before.get(fd), now.get(fd)];
    if (old?.what === current?.what) return [];
    if (old === undefined) return [`open: ${current.name}`];
    return [current === undefined ? `closed: ${old.name}` : `${old.name} is now ${current.name}`];
  });
}

/**
 * Runs an operation once with a fault, in its own scene.
 *
 * @param plain the result of the operation without a fault
 * @returns the calls of the operation, whether a call failed, how the operation ended, and a list `wrong` of violations
 */
export async function trial(one, form, fault, containers, plain) {
  const scene = new Scene(containers.slice(0, one.containers ?? 0));
  try {
    return await inScene(scene, one, form, fault, containers, plain);
  } finally {
    scene.end();
  }
}

async function inScene(scene, one, form, fault, containers, plain) {
  const stage = one.prepare(scene, lib, containers);
  const before = { state: scene.state(), fds: descriptors(), children: children().length };
  const wrong = [];
  let result;
  let error;
  arm(fault);
  try {
    const doing = one.act(caller(form), stage, containers);
    result = form === 'sync' && !(doing instanceof Promise) ? doing : await doing;
  } catch (thrown) {
    error = thrown;
  }
  const { injected, names, unopened } = disarm();
  if (unopened > 0) wrong.push(`closed a descriptor that was not open, ${unopened} times`);
  const show = (value) => inspect(value, { depth: 9, breakLength: 120 }).replaceAll(scene.root, '@');

  // A single failing call does not stop the operation from undoing its work, unless the fault hits the undoing.
  const mayBeLeft = fault.stays || one.partly || one.undoes || plain?.error !== undefined;
  let seen;
  if (error !== undefined) {
    seen = show(error.code ?? error.name);
    wrong.push(...wrongError(error, one, scene, before.state, mayBeLeft));
  } else {
    seen = `${scene.state()}\n${one.show === undefined ? '' : show(one.show(result))}`;
    if (plain !== undefined && plain.error === undefined && seen !== plain.seen && !one.passesOver?.(fault.code))
      wrong.push(`succeeded with another result: ${difference(seen, plain.seen)}`);
    one.undo?.(result);
    const [now, then] =
      one.keeps === 'names' ? [mountsOf(scene.state()), mountsOf(before.state)] : [scene.state(), before.state];
    if (one.keeps !== true && now !== then)
      wrong.push(`the scene differs after the operation was undone: ${difference(now, then)}`);
  }
  if (!(await soon(() => exchanged(before.fds).length === 0))) wrong.push(...exchanged(before.fds));
  if (names.some((name) => name.startsWith('clone')) && !(await soon(() => children().length === before.children))) {
    wrong.push(`${children().length - before.children} children are left`);
  }
  one.settle?.(stage);
  return { injected, names, seen, error, wrong: wrong.map((what) => what.replaceAll(scene.root, '@')) };
}

function wrongError(error, one, scene, before, mayBeLeft) {
  if (!(error instanceof MountError) || !/^E[A-Z0-9]+$/.test(error.code)) {
    return [`not an error of the library: ${inspect(error)}`];
  }
  const now = scene.state();
  if (one.changes) return [];
  if (error.left === undefined) {
    return now === before ? [] : [`${error.message}\n  leaves behind: ${difference(now, before)}`];
  }
  if (error.left.length === 0) return [`${error.message}\n  has an empty list of what is left`];
  if (now === before && !one.partly) return [`${error.message}\n  reports that something is left, but nothing is left`];
  if (!mayBeLeft) return [`${error.message}\n  leaves behind: ${difference(now, before)}`];
  return wrongLeft(error.left, one, scene, before);
}

/** Compares what the error reports as left with what is left in the scene. */
function wrongLeft(left, one, scene, before) {
  const named = left.map((words) => (/'(.*)'/.exec(words)?.[1] ?? words).replace(scene.root, '@')).sort();
  const leftOver = one.partly
    ? scene
        .points()
        .filter((point) => point !== '@')
        .sort()
    : changedPaths(scene.state(), before);
  // A mount that is left has other mounts below it, and a directory that was made may have new parents. An overlayfs
  // attribute may be on the parent directory.
  const isUnder = (path, other) => path === other || path.startsWith(`${other}/`);
  const isFor = (path, name) => isUnder(path, name) || isUnder(name, path);
  const isRight = one.partly
    ? JSON.stringify(named) === JSON.stringify(leftOver)
    : leftOver.every((path) => named.some((name) => isFor(path, name))) &&
      named.every((name) => leftOver.includes(name) || (one.marks && leftOver.some((path) => isFor(path, name))));
  return isRight ? [] : [`${leftOver} are left, but the error names ${named}`];
}

const onlyIn = (some, others) => {
  const rest = [...others];
  return some.filter((each) => {
    const at = rest.indexOf(each);
    if (at >= 0) rest.splice(at, 1);
    return at < 0;
  });
};

/** The paths of mount points and names that exist only before or only after, or that differ. */
function changedPaths(now, then) {
  const [current, old] = [JSON.parse(now), JSON.parse(then)];
  const changed = current.map((list, index) => [...onlyIn(list, old[index]), ...onlyIn(old[index], list)]);
  const names = changed.pop().map((name) => `@${name.split(' ')[0].replace(/\/$/, '')}`);
  return [...new Set([...changed.flat().map((line) => line.split(' ')[1]), ...names])].sort();
}

/** The lines that are in only one of two texts. */
function difference(now, then) {
  const [a, b] = [now.split('\n'), then.split('\n')];
  const only = (some, others, sign) =>
    some.filter((line) => !others.includes(line)).map((line) => `\n    ${sign} ${line.trim()}`);
  return [...only(a, b, '+'), ...only(b, a, '-')].join('') || '\n    another order';
}
