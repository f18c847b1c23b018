// SPDX-License-Identifier: Apache-2.0
import { ARGO_DOMID_ANY, type ArgoAddress, type ArgoRing } from '../hv/argo-contract.ts';
import { HypercallError } from '../hv/contract.ts';
import type { ArgoListenOptions, ArgoStream } from './contract.ts';
import { asksFor, FLAG, frameHeader, STREAM } from './frames.ts';
import { openStream, STREAM_RING } from './stream.ts';
import { type ArgoWays, MESSAGES_PER_TURN, receiveOf } from './ways.ts';

/** Bytes of the ring in which questions arrive: some hundred of them. */
const LENGTH = 16_384;

/** Somebody who wants to connect, until his connection is over. */
interface Caller {
  readonly source: ArgoAddress;
  readonly conid: number;
}

/** Listens for streams; see `DomainArgo.listen`. */
export async function* listenStreams(
  ways: ArgoWays,
  aport: number,
  { partner = ARGO_DOMID_ANY, length = LENGTH, ring: size = STREAM_RING, perDomain = 8, signal }: ArgoListenOptions,
): AsyncGenerator<ArgoStream> {
  const { argo } = ways;
  const ring = await ways.openRing(aport, partner, length);
  const waiting: Caller[] = [];
  /** All callers, by domain, port and connection: who asks twice is one. */
  const callers = new Map<string, Caller>();

  /** If there is no room for it, he finds that nobody is there in another way. */
  async function refuse({ source, conid }: Caller): Promise<void> {
    if ((await argo.resolve(source)) === undefined) {
      argo.sendv(aport, source, [frameHeader(FLAG.rst, conid)], STREAM);
    }
  }

  function look(): void {
    let taken = 0;
    for (; taken < MESSAGES_PER_TURN; taken++) {
      const message = receiveOf(ring, STREAM);
      if (message === undefined) break;
      const conid = asksFor(message);
      if (conid === undefined) continue;
      const caller = { source: { ...message.source }, conid };
      const key = keyOf(caller);
      if (callers.has(key)) continue;
      const others = [...callers.values()].filter(({ source }) => source.domid === caller.source.domid);
      if (others.length >= perDomain) {
        void refuse(caller);
        continue;
      }
      callers.set(key, caller);
      waiting.push(caller);
    }
    if (taken > 0) argo.notify();
    if (taken === MESSAGES_PER_TURN) setImmediate(look);
    if (waiting.length > 0) ways.wake();
  }

  async function accept(caller: Caller): Promise<ArgoStream | undefined> {
    const { source, conid } = caller;
    let own: ArgoRing | undefined;
    try {
      own = await ways.openRing(undefined, source.domid, size);
      const stream = await openStream(ways, { ring: own, remote: source, conid });
      // A caller's ring is new. If there is no room in it nobody waits for him.
      const sent = argo.sendv(own.aport, source, [frameHeader(FLAG.ack, conid)], STREAM);
      if (typeof sent === 'string') {
        stream.destroy();
        return undefined;
      }
      stream.once('close', () => callers.delete(keyOf(caller)));
      return stream;
    } catch (error) {
      // There is no such domain any more, or no memory for one connection more.
      if (!(error instanceof HypercallError)) throw error;
      if (own !== undefined) await ways.closeRing(own);
      return undefined;
    }
  }

  const stopListening = ways.bell.listen(look);
  signal?.addEventListener('abort', ways.wake, { once: true });
  try {
    while (!signal?.aborted && (ring.registered || waiting.length > 0)) {
      const caller = waiting.shift();
      if (caller === undefined) {
        await ways.changed();
        continue;
      }
      const stream = await accept(caller);
      if (stream !== undefined) {
        yield stream;
        continue;
      }
      callers.delete(keyOf(caller));
      await refuse(caller);
    }
  } finally {
    signal?.removeEventListener('abort', ways.wake);
    stopListening();
    await Promise.all(waiting.map(refuse));
    await ways.closeRing(ring);
  }
}

const keyOf = ({ source: { domid, aport }, conid }: Caller): string => `${domid}/${aport}/${conid}`;
