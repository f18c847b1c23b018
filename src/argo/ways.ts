// SPDX-License-Identifier: Apache-2.0
import { setTimeout as sleep } from 'node:timers/promises';
import type { Argo, ArgoAddress, ArgoErrno, ArgoMessage, ArgoRing } from '../hv/argo-contract.ts';
import { type DomId, HypercallError } from '../hv/contract.ts';
import type { ArgoBell } from '../idc/argo-bell.ts';

/** Milliseconds after which a sender tries again where so many wait for room that it may not queue. */
const BUSY_RETRY = 10;

/** Messages that are taken before others of the thread have their turn: a flood is not to stop them. */
export const MESSAGES_PER_TURN = 256;

/** Ports that are given to whoever wants any: the upper half. */
const FIRST_FREE = 0x8000_0000;

/** What the protocols of a domain work with; its interrupt is bound. */
export interface ArgoWays {
  readonly domid: DomId;
  readonly argo: Argo;
  readonly bell: ArgoBell;
  /** Resolves after the next interrupt. */
  changed(): Promise<void>;
  /** Has those who wait for {@link changed} look again. */
  wake(): void;
  /** Sends as soon as there is room. */
  send(
    aport: number,
    to: ArgoAddress,
    iovs: readonly Uint8Array[],
    type: number,
    from?: DomId,
  ): Promise<number | ArgoErrno>;
  /** Registers a new ring. @param aport a free one if undefined. @throws HypercallError as `register` */
  openRing(aport: number | undefined, partner: DomId, length: number): Promise<ArgoRing>;
  /** Unregisters it, if it is still there. */
  closeRing(ring: ArgoRing): Promise<void>;
}

export function createWays(domid: DomId, argo: Argo, bell: ArgoBell): ArgoWays {
  let change: PromiseWithResolvers<void> | undefined;
  let nextFree = crypto.getRandomValues(new Uint32Array(1))[0]!;
  bell.listen(wake);

  function wake(): void {
    change?.resolve();
    change = undefined;
  }

  function changed(): Promise<void> {
    change ??= Promise.withResolvers();
    return change.promise;
  }

  return {
    domid,
    argo,
    bell,
    changed,
    wake,
    async send(aport, to, iovs, type, from) {
      for (;;) {
        const sent = argo.sendv(aport, to, iovs, type, from);
        if (sent === 'EAGAIN') await changed();
        else if (sent === 'EBUSY') await sleep(BUSY_RETRY);
        else return sent;
      }
    },
    async openRing(aport, partner, length) {
      for (;;) {
        const port = aport ?? (FIRST_FREE | nextFree++) >>> 0;
        try {
          return await argo.register(port, partner, length, { failExist: true });
        } catch (error) {
          if (aport !== undefined || !(error instanceof HypercallError) || error.code !== 'EEXIST') throw error;
        }
      }
    },
    async closeRing({ aport, partner }) {
      try {
        await argo.unregister(aport, partner);
      } catch (error) {
        // It has gone by itself when the partner died, and with the domain itself.
        if (!(error instanceof HypercallError) || !['ENOENT', 'ENODEV'].includes(error.code)) throw error;
      }
    },
  };
}

/** Takes the next message of one protocol, and drops others before it. What the receiver itself scribbled over is lost to it. */
export function receiveOf(ring: ArgoRing, type: number): ArgoMessage | undefined {
  for (;;) {
    try {
      const message = ring.receive();
      if (message === undefined || message.type === type) return message;
    } catch (error) {
      if (!(error instanceof HypercallError)) throw error;
    }
  }
}
