// SPDX-License-Identifier: Apache-2.0

/** Lists inside lists. Bounds the stack of everything that walks a parsed tree. */
export const MAX_DEPTH = 1000;

/** Length of a text in UTF-16 units (16 Mi). Longer texts are refused before anything is read. */
export const MAX_LENGTH = 16 * 1024 * 1024;

/** Findings reported for one text; further ones are only counted. */
export const MAX_DIAGNOSTICS = 1000;
