// SPDX-License-Identifier: Apache-2.0
import { workerData } from 'node:worker_threads';
import { bootDomain } from './boot.ts';
import type { ThreadData } from './launch.ts';

// The entry of a domain's thread. A rejection here is the domain's crash.
await bootDomain(workerData as ThreadData);
