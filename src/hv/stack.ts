// SPDX-License-Identifier: Apache-2.0

// Taken before any kernel runs.
const { apply } = Reflect;

/** Words, more than the frames of two functions like those that ask for them. */
const WORDS = new Array<number>(40).fill(0);

function nothing(): void {}

/**
 * To be called before something is taken that others wait for: by a lock, by a hazard. A kernel may call in with a stack that
 * is all but full, and a function that is called then, or compiled, throws. So what is taken is given back by built-ins alone,
 * in the function that took it; this sees to it that there is room for their arguments, also where the engine replaces the
 * frame of compiled code by a larger one.
 *
 * @throws RangeError when there is no room
 */
export function reserveStack(): void {
  // Arguments of a list are checked for as they are pushed, also in compiled code.
  apply(nothing, undefined, WORDS);
}
