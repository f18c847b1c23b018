// SPDX-License-Identifier: Apache-2.0

/** Length of a Python-style configuration in UTF-16 units; each character may become a token. */
export const MAX_LENGTH = 64 * 1024;

/** Brackets inside brackets, and blocks inside blocks. With {@link MAX_CALLS} it bounds the stack of parser and evaluator. */
export const MAX_DEPTH = 20;

/** Functions that wait for functions. */
export const MAX_CALLS = 20;

/** What one configuration may do: an evaluated node is a step, and so is each character or item that is made. */
export const MAX_STEPS = 100_000;

/** Characters of one text, and items of one list. */
export const MAX_SIZE = 16_384;

/** Magnitude of whole numbers: what 64 bits hold. */
export const MAX_INTEGER = 2n ** 63n;

/** Characters of a whole number's literal: with this few, none is larger than {@link MAX_INTEGER}. */
export const MAX_DIGITS = 18;
