// SPDX-License-Identifier: Apache-2.0
import { setImmediate as nextTurn } from 'node:timers/promises';
import { ARGO_DOMID_ANY } from '../hv/argo-contract.ts';
import type { ArgoDatagram, ArgoDatagrams, ArgoRingOptions } from './contract.ts';
import { type ArgoWays, MESSAGES_PER_TURN, receiveOf } from './ways.ts';

/** V4V's number of the datagram protocol (spec/primitives.md 7.2); a message is a datagram, without a header. */
export const DATAGRAM = 0x3c2c1db8;

const LENGTH = 65_536;

/** Opens a port for datagrams; see {@link ArgoDatagrams}. */
export async function openDatagrams(
  ways: ArgoWays,
  aport: number | undefined,
  { partner = ARGO_DOMID_ANY, length = LENGTH }: ArgoRingOptions,
): Promise<ArgoDatagrams> {
  const ring = await ways.openRing(aport, partner, length);
  let closing: Promise<void> | undefined;

  function tryReceive(): ArgoDatagram | undefined {
    if (closing !== undefined) return undefined;
    const message = receiveOf(ring, DATAGRAM);
    if (message === undefined) return undefined;
    const { source, bytes } = message;
    const datagram = { source: { ...source }, bytes: bytes.slice() };
    ways.argo.notify();
    return datagram;
  }

  let taken = 0;
  async function receive(): Promise<ArgoDatagram | undefined> {
    if (++taken % MESSAGES_PER_TURN === 0) await nextTurn();
    for (;;) {
      // In this order: what came before the end is still received.
      const registered = ring.registered;
      const datagram = tryReceive();
      if (datagram !== undefined || closing !== undefined || !registered) return datagram;
      await ways.changed();
    }
  }

  const port: ArgoDatagrams = {
    local: { domid: ways.domid, aport: ring.aport },
    trySend: (to, bytes) => ways.argo.sendv(ring.aport, to, [bytes], DATAGRAM),
    send: (to, bytes) => ways.send(ring.aport, to, [bytes], DATAGRAM),
    tryReceive,
    receive,
    async *[Symbol.asyncIterator]() {
      for (let datagram = await receive(); datagram !== undefined; datagram = await receive()) yield datagram;
    },
    close() {
      closing ??= ways.closeRing(ring).then(ways.wake);
      return closing;
    },
    [Symbol.asyncDispose]: () => port.close(),
  };
  return port;
}
