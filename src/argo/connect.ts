// SPDX-License-Identifier: Apache-2.0
import { XmError } from '../errors.ts';
import type { ArgoAddress, ArgoErrno, ArgoRing } from '../hv/argo-contract.ts';
import type { ArgoConnectOptions, ArgoStream } from './contract.ts';
import { FLAG, flagsOf, frameHeader, STREAM } from './frames.ts';
import { openStream, STREAM_RING } from './stream.ts';
import { type ArgoWays, receiveOf } from './ways.ts';

function refusal(errno: ArgoErrno, { domid, aport }: ArgoAddress): XmError {
  if (errno === 'ESRCH') return new XmError(errno, `There is no domain ${domid}`);
  if (errno === 'EPERM')
    return new XmError(errno, `A rule of viptables forbids messages to port ${aport} of domain ${domid}`);
  return new XmError(errno, `Domain ${domid} takes no connection at port ${aport}`);
}

/** Connects a stream; see `DomainArgo.connect`. */
export async function connectStream(
  ways: ArgoWays,
  to: ArgoAddress,
  { ring: length = STREAM_RING, wait = false, signal }: ArgoConnectOptions,
): Promise<ArgoStream> {
  signal?.throwIfAborted();
  const ring = await ways.openRing(undefined, to.domid, length);
  const conid = crypto.getRandomValues(new Uint32Array(1))[0]!;
  signal?.addEventListener('abort', ways.wake, { once: true });
  try {
    const remote = await agree(ways, ring, conid, to, wait, signal);
    return await openStream(ways, { ring, remote, conid });
  } catch (error) {
    await ways.closeRing(ring);
    throw error;
  } finally {
    signal?.removeEventListener('abort', ways.wake);
  }
}

/** Asks until it is answered. @returns where the connection goes from here */
async function agree(
  ways: ArgoWays,
  ring: ArgoRing,
  conid: number,
  to: ArgoAddress,
  wait: boolean,
  signal: AbortSignal | undefined,
): Promise<ArgoAddress> {
  /** Whether whoever listens now was asked: if it has gone, the question went with it. */
  let asked = false;
  for (;;) {
    signal?.throwIfAborted();
    if (!ring.registered) throw refusal('ESRCH', to);
    const way = ways.argo.reach(ring.aport, to);
    if (way !== undefined) {
      asked = false;
      if (way !== 'EAGAIN' && !(way === 'ECONNREFUSED' && wait)) throw refusal(way, to);
    } else if (!asked) {
      asked = typeof ways.argo.sendv(ring.aport, to, [frameHeader(FLAG.syn, conid)], STREAM) === 'number';
    }
    for (let message = receiveOf(ring, STREAM); message !== undefined; message = receiveOf(ring, STREAM)) {
      const flags = flagsOf(message, conid);
      if (flags === FLAG.ack) return { ...message.source };
      if (flags === FLAG.rst) throw refusal('ECONNREFUSED', to);
    }
    await ways.changed();
  }
}
