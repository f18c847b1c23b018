// SPDX-License-Identifier: Apache-2.0
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterAll } from 'vitest';

/**
 * V8 does not count shared memory, so nothing would ever have it collected: hundreds of machines of earlier files would still be
 * mapped, gigabytes in all, and a process of more than the machine's memory cannot start another one.
 */
setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

afterAll(collect);
