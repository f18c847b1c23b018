// SPDX-License-Identifier: Apache-2.0
import { parentPort, workerData } from 'node:worker_threads';
import { connectHypercalls } from '../../src/hv/hypercalls.ts';
import type { DomainDoor } from '../../src/hv/hypervisor.ts';
import { PROGRAMS, type ProgramName, type Task } from './hv-programs.ts';

/** A domain's thread: one program, whose result goes to the test. */
const { door, program, task } = workerData as { door: DomainDoor; program: ProgramName; task: Task };
const dom = connectHypercalls(door);
const result: unknown = await PROGRAMS[program](dom, task);
dom.close();
parentPort?.postMessage(result);
