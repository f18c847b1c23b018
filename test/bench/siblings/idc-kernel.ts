// SPDX-License-Identifier: Apache-2.0
import type { Domain } from '../../../src/domain/contract.ts';
import type { ReceivedMessage } from '../../../src/idc/contract.ts';
import type { Pipe } from './pipe.ts';
import { runPipe } from './pipe-kernel.ts';

const QUOTAS = { inFlight: 32, bodyBytes: 65_536 };

/** Messages of an endpoint, as many as there is credit for, of a body each. */
async function idcPipe({ idc }: Domain): Promise<Pipe> {
  const waiting: ReceivedMessage[] = [];
  let came: (() => void) | undefined;
  let held: ReceivedMessage | undefined;
  let inFlight = 0;
  let completed: (() => void) | undefined;
  const endpoint = idc.endpoint('bench', {
    quotas: QUOTAS,
    onMessage(message) {
      waiting.push(message);
      came?.();
    },
  });
  await endpoint.connected();

  function take(): Uint8Array {
    held = waiting.shift()!;
    return held.body.subarray(0, held.length);
  }

  function post(bytes: Uint8Array): void {
    inFlight++;
    void endpoint.send(bytes).then(() => {
      inFlight--;
      completed?.();
    });
  }

  async function postAll(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length; at += QUOTAS.bodyBytes) {
      while (inFlight >= QUOTAS.inFlight) await new Promise<void>((resolve) => (completed = resolve));
      post(bytes.subarray(at, at + QUOTAS.bodyBytes));
    }
  }

  return {
    read() {
      held?.complete();
      held = undefined;
      return waiting.length > 0 ? take() : new Promise<void>((resolve) => (came = resolve)).then(take);
    },
    write(bytes) {
      if (bytes.length > QUOTAS.bodyBytes || inFlight >= QUOTAS.inFlight) return postAll(bytes);
      post(bytes);
      return undefined;
    },
  };
}

export default (dom: Domain): Promise<never> =>
  runPipe(dom, {
    serve(own, _peer, offered) {
      offered();
      return idcPipe(own);
    },
    connect: idcPipe,
  });
