// SPDX-License-Identifier: Apache-2.0
import type { Argo, ArgoMessage } from '../hv/argo-contract.ts';
import { HypercallError } from '../hv/contract.ts';
import type { ArgoBell } from '../idc/argo-bell.ts';
import type { ArgoLine } from '../idc/argo-line.ts';
import type { VchanEnd } from '../vchan/contract.ts';
import type { Pipe } from './pipe.ts';

/** Type of a link's messages: "VSK1". */
const PROTOCOL = 0x314b5356;
/** Most bytes of one message: several find room in the peer's ring. */
const MESSAGE = 65_536;

/** A pipe of messages that the hypervisor copies; where one ends and the next one begins means nothing. */
export function createArgoPipe(argo: Argo, bell: ArgoBell, { ring, to }: ArgoLine, end: Pipe['end']): Pipe {
  const ended = Promise.withResolvers<VchanEnd>();
  const pieces: Uint8Array[] = [];
  let over = false;
  /** What the peer sent before it went is still read; what came with nonsense, or after the end here, is not. */
  let deaf = false;
  let change: PromiseWithResolvers<void> | undefined;
  let message: ArgoMessage | undefined;
  let at = 0;
  const stopListening = bell.listen(wake);

  function wake(): void {
    change?.resolve();
    change = undefined;
  }

  function finish(kind: VchanEnd['kind'], reason: string): void {
    if (over) return;
    over = true;
    deaf = kind !== 'died';
    stopListening();
    ended.resolve({ kind, reason });
    wake();
  }

  function broken(reason: string): undefined {
    finish('broken', `domain ${to.domid} ${reason}`);
  }

  function receive(): ArgoMessage | undefined {
    try {
      const came = ring.receive();
      if (came === undefined) return undefined;
      // Who sent it waits for the room, maybe.
      argo.notify();
      if (came.type !== PROTOCOL || came.source.aport !== to.aport) return broken('sent a message of another protocol');
      return came;
    } catch (error) {
      if (!(error instanceof HypercallError)) throw error;
      return broken(error.message);
    }
  }

  return {
    end,
    ended: ended.promise,
    tryRead(target) {
      while (message === undefined || at === message.length) {
        at = 0;
        message = deaf ? undefined : receive();
        if (message === undefined) return over ? -1 : 0;
      }
      const count = Math.min(target.length, message.length - at);
      Buffer.prototype.copy.call(message.data, target, 0, at, at + count);
      at += count;
      return count;
    },
    tryWrite(source) {
      let written = 0;
      while (written < source.length && !over) {
        pieces[0] = source.length <= MESSAGE ? source : source.subarray(written, written + MESSAGE);
        const sent = argo.sendv(ring.aport, to, pieces, PROTOCOL);
        if (sent === 'EAGAIN') break;
        if (typeof sent === 'number') written += sent;
        else finish('died', `domain ${to.domid} takes no messages any more: ${sent}`);
      }
      return over ? -1 : written;
    },
    changed() {
      if (over) return Promise.resolve();
      change ??= Promise.withResolvers();
      return change.promise;
    },
    async close() {
      finish('closed', 'it was closed here');
    },
  };
}
