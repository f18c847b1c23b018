// SPDX-License-Identifier: Apache-2.0
import { cite } from '../sxp/show.ts';
import type { Check } from './values.ts';

/** The pool of domains that have a thread of their own. */
export const DEDICATED = 'dedicated';
/** The pool of domains that share threads and name no other one. */
export const SHARED = 'shared';

const NAME = /^[A-Za-z0-9_\-.]+$/;
const MAX_LENGTH = 32;

/** The name of a pool; whether there is one turns out when a domain is to live there. */
export const poolName: Check<string> = (text) =>
  text.length <= MAX_LENGTH && NAME.test(text)
    ? { value: text }
    : { problem: `may hold at most ${MAX_LENGTH} letters, digits and _ - ., not ${cite(text)}` };
