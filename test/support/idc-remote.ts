// SPDX-License-Identifier: Apache-2.0
import type { LocalBuffer } from '../../src/idc/buffers/contract.ts';
import { createRemoteBuffers } from '../../src/idc/remote-buffers.ts';
import type { RemoteBuffers } from '../../src/idc/remote-contract.ts';
import { type Machine, startMachine } from './hv-machine.ts';

/** How a transfer ended. */
export interface Outcome {
  /** An errno name, or undefined. */
  readonly code: string | undefined;
  readonly bytes: number;
}

/** A machine whose domains have remote buffers. */
export interface RemoteMachine extends Disposable {
  readonly machine: Machine;
  /** Of a domain. */
  of(domid: number): RemoteBuffers;
}

/** Starts domains 1, 2, ... with these quotas of pages. */
export function startRemote(...quotas: readonly number[]): RemoteMachine {
  const machine = startMachine([]);
  const all = quotas.map((pages, index) => createRemoteBuffers(machine.add(index + 1, pages)));
  return { machine, of: (domid) => all[domid - 1]!, [Symbol.dispose]: () => machine[Symbol.dispose]() };
}

/** Waits for a transfer. */
export function outcome(start: (done: (error: unknown, bytes: number) => void) => void): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    let ended = false;
    start((error, bytes) => {
      if (ended) reject(new Error('ended twice'));
      ended = true;
      const code = error === undefined ? undefined : String((error as { code?: string }).code ?? error);
      resolve({ code, bytes });
    });
  });
}

export function send(by: RemoteBuffers, source: LocalBuffer, to: Uint8Array, offset = 0): Promise<Outcome> {
  return outcome((done) => by.send(source, to, offset, done));
}

export function receive(by: RemoteBuffers, from: Uint8Array, target: LocalBuffer, offset = 0): Promise<Outcome> {
  return outcome((done) => by.receive(from, offset, target, done));
}

/** The bytes of lendable memory. */
export function bytesIn({ base, offset, length }: LocalBuffer<Uint8Array>): Uint8Array {
  return base.subarray(offset, offset + length);
}
