import { setTimeout as sleep } from 'node:timers/promises';
import { inspect } from 'node:util';
import * as lib from 'linux-mount';
import { arm, disarm } from './injector.js';
import { children, descriptors, Scene } from './scene.js';

const { MountError } = lib;
const functions = { ...lib };

/** The function or method asked for, in the form asked for. */
const caller = (form) => (name, object) => {
  const full = form === 'sync' && `${name}Sync` in (object ?? lib) ? `${name}Sync` : name;
  return object === undefined ? functions[full] : object[full].bind(object);
};

const mountsOf = (state) => JSON.stringify(JSON.parse(state).slice(0, -1), null, 1);

// What an asynchronous call holds it lets go of on its own thread, a moment after the promise is settled.
async function soon(condition) {
  for (let wait = 1; wait < 2000; wait *= 2) {
    if (condition()) return true;
    await sleep(wait);
  }
  return condition();
}

function extra(before) {
  return [...descriptors()].filter(([fd, what]) => before.get(fd) !== what && !before.has(fd)).map(([, what]) => what);
}

/**
 * Does an operation once, with a fault, in a scene of its own.
 *
 * @returns the calls that it made, whether one of them failed, how the operation ended, and `wrong`: what should not be
 */
export async function trial(one, form, fault, containers, expected) {
  const scene = new Scene(containers.slice(0, one.containers ?? 0));
  try {
    return await inScene(scene, one, form, fault, containers, expected);
  } finally {
    scene.end();
  }
}

async function inScene(scene, one, form, fault, containers, expected) {
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
  const { injected, names } = disarm();
  const show = (value) => inspect(value, { depth: 9, breakLength: 120 }).replaceAll(scene.root, '@');

  let seen;
  if (error !== undefined) {
    seen = show(error.code ?? error.name);
    wrong.push(...wrongError(error, one, scene, before.state));
  } else {
    seen = `${scene.state()}\n${one.show === undefined ? '' : show(one.show(result))}`;
    if (expected !== undefined && seen !== expected && !one.passesOver?.(fault.code))
      wrong.push(`succeeded with another result: ${difference(seen, expected)}`);
    one.undo?.(result);
    const [now, then] =
      one.keeps === 'names' ? [mountsOf(scene.state()), mountsOf(before.state)] : [scene.state(), before.state];
    if (one.keeps !== true && now !== then) wrong.push(`taken back, it is not as before: ${difference(now, then)}`);
  }
  if (!(await soon(() => extra(before.fds).length === 0))) wrong.push(`open: ${extra(before.fds).join(', ')}`);
  if (names.some((name) => name.startsWith('clone')) && !(await soon(() => children().length === before.children))) {
    wrong.push(`${children().length - before.children} children are left`);
  }
  one.settle?.(stage);
  return { injected, names, seen, error, wrong: wrong.map((what) => what.replaceAll(scene.root, '@')) };
}

function wrongError(error, one, scene, before) {
  if (!(error instanceof MountError) || !/^E[A-Z0-9]+$/.test(error.code)) {
    return [`not an error of the library: ${inspect(error)}`];
  }
  const now = scene.state();
  const isLeft = (error.left ?? []).length > 0;
  if (one.changes) return [];
  if (one.partly && isLeft) {
    const named = error.left.map((path) => path.slice(1, -1)).sort();
    const there = scene
      .points()
      .filter((point) => point !== '@')
      .map((point) => point.replace('@', scene.root))
      .sort();
    return JSON.stringify(named) === JSON.stringify(there) ? [] : [`left are ${there}, and it says ${named}`];
  }
  if (now !== before && !isLeft) return [`${error.message}\n  leaves behind: ${difference(now, before)}`];
  if (now === before && isLeft) return [`${error.message}\n  but nothing is left`];
  return [];
}

/** The lines that are in one of two texts only. */
function difference(now, then) {
  const [a, b] = [now.split('\n'), then.split('\n')];
  const only = (some, others, sign) =>
    some.filter((line) => !others.includes(line)).map((line) => `\n    ${sign} ${line.trim()}`);
  return [...only(a, b, '+'), ...only(b, a, '-')].join('') || '\n    another order';
}
