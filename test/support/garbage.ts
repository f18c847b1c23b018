// SPDX-License-Identifier: Apache-2.0
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');

/** Has this thread's garbage collected, all of it, before it returns. */
export const collectGarbage = runInNewContext('gc') as () => void;
