// SPDX-License-Identifier: Apache-2.0
import { Duplex } from 'node:stream';
import { XmError } from '../errors.ts';
import { ARGO_LIMITS, type ArgoAddress, type ArgoErrno, type ArgoMessage, type ArgoRing } from '../hv/argo-contract.ts';
import { HypercallError } from '../hv/contract.ts';
import type { ArgoStream } from './contract.ts';
import { FLAG, FRAME_HEADER, flagsOf, frameHeader, STREAM } from './frames.ts';
import { type ArgoWays, MESSAGES_PER_TURN } from './ways.ts';

/** Bytes of a connection's ring unless said. */
export const STREAM_RING = 262_144;

/** Most bytes of one message: a reader is handed as much at once. */
const MAX_SEGMENT = 65_536;

/** A connection that both ends agreed on. */
export interface Connection {
  /** Where it comes in: a ring of its own, from the peer alone. */
  readonly ring: ArgoRing;
  /** Where the peer's ring is. */
  readonly remote: ArgoAddress;
  readonly conid: number;
}

/** Why there is no way to the peer. */
function failureOf(errno: ArgoErrno, domid: number): XmError {
  if (errno === 'ESRCH') return new XmError('EPEERDIED', `domain ${domid} is gone`);
  if (errno === 'EPERM') return new XmError('EPERM', `a rule of viptables forbids messages to domain ${domid}`);
  return new XmError('ECONNRESET', `domain ${domid} let go of the connection`);
}

/**
 * The stream over a connection. Messages arrive whole and in order, so there are no windows: the room in the receiver's ring is
 * the window, and the hypervisor says when there is some again.
 */
export async function openStream(ways: ArgoWays, { ring, remote, conid }: Connection): Promise<ArgoStream> {
  const { argo } = ways;
  const [status] = await argo.notify([{ ...remote, spaceRequired: 0 }]);
  // Two of them find room, so that one is written while the other is read.
  const half = (status!.maxMessageSize >> 1) - FRAME_HEADER - ARGO_LIMITS.slot;
  const segment = Math.max(1, Math.min(MAX_SEGMENT, half));
  const data = frameHeader(0, conid);
  const pieces: Uint8Array[] = [];
  /** What is to be written, and who is told when it was. */
  let queue: Uint8Array[] = [];
  let written: ((error?: Error | null) => void) | undefined;
  let finish: ((error?: Error | null) => void) | undefined;
  let wanted = false;
  /** Messages that may be taken before others of the thread have had a turn: Node reads as long as there is anything. */
  let budget = MESSAGES_PER_TURN;
  const ended = { in: false, out: false };
  let failure: XmError | undefined;

  /** Gathers the next message from the queue. @returns bytes of data */
  function gather(): number {
    let bytes = 0;
    pieces.length = 1;
    pieces[0] = data;
    for (const part of queue) {
      if (bytes === segment || pieces.length === ARGO_LIMITS.iovs) break;
      const piece = part.length > segment - bytes ? part.subarray(0, segment - bytes) : part;
      pieces.push(piece);
      bytes += piece.length;
    }
    return bytes;
  }

  function remove(bytes: number): void {
    let whole = 0;
    let left = bytes;
    while (left > 0 && queue[whole]!.length <= left) left -= queue[whole++]!.length;
    queue = queue.slice(whole);
    if (left > 0) queue[0] = queue[0]!.subarray(left);
  }

  /** Sends one message. @returns whether it is on its way */
  function put(iovs: readonly Uint8Array[]): boolean {
    const sent = argo.sendv(ring.aport, remote, iovs, STREAM);
    if (typeof sent === 'number') return true;
    if (sent !== 'EAGAIN' && sent !== 'EBUSY') failure ??= failureOf(sent, remote.domid);
    return false;
  }

  function writeOut(): void {
    while (queue.length > 0) {
      const bytes = gather();
      if (!put(pieces)) return;
      remove(bytes);
    }
    if (written !== undefined) {
      const done = written;
      written = undefined;
      done();
    }
    if (finish !== undefined && put([frameHeader(FLAG.fin, conid)])) {
      const done = finish;
      finish = undefined;
      ended.out = true;
      done();
    }
  }

  function receive(): ArgoMessage | undefined {
    try {
      return ring.receive();
    } catch (error) {
      if (!(error instanceof HypercallError)) throw error;
      failure ??= new XmError('EBADMSG', `the ring of the connection was overwritten here: ${error.message}`);
      return undefined;
    }
  }

  function readIn(): void {
    const before = budget;
    while (wanted && budget > 0) {
      const message = receive();
      if (message === undefined) break;
      if (--budget === 0) setImmediate(goOn);
      if (message.type !== STREAM) continue;
      const flags = flagsOf(message, conid);
      if (flags === 0 && !ended.in) {
        wanted = stream.push(Buffer.from(message.data.subarray(FRAME_HEADER, message.length)));
      } else if (flags === FLAG.fin && !ended.in) {
        ended.in = true;
        stream.push(null);
      } else if (flags === FLAG.rst) {
        failure ??= new XmError('ECONNRESET', `domain ${remote.domid} destroyed the connection`);
      }
    }
    if (budget < before) argo.notify();
  }

  function goOn(): void {
    budget = MESSAGES_PER_TURN;
    look();
  }

  function look(): void {
    if (stream.destroyed) return;
    // Before what it sent last is read: who lets go in good order has said so then.
    const way = ring.registered ? argo.reach(ring.aport, remote) : 'ESRCH';
    writeOut();
    readIn();
    if (ended.in && ended.out) return;
    if (way !== undefined && way !== 'EAGAIN') failure ??= failureOf(way, remote.domid);
    // What has arrived is read first, unless nobody reads it for as long as nothing can be written.
    const writing = written !== undefined || finish !== undefined;
    if (failure !== undefined && (writing || ring.empty)) stream.destroy(failure);
  }

  function write(parts: Uint8Array[], done: (error?: Error | null) => void): void {
    queue = parts;
    written = done;
    writeOut();
    if (failure !== undefined) look();
  }

  const stream: ArgoStream = Object.assign(
    new Duplex({
      allowHalfOpen: false,
      highWaterMark: MAX_SEGMENT,
      read() {
        wanted = true;
        look();
      },
      write: (chunk: Uint8Array, _encoding, done) => write([chunk], done),
      writev: (chunks: { chunk: Uint8Array }[], done) =>
        write(
          chunks.map(({ chunk }) => chunk),
          done,
        ),
      final(done) {
        finish = done;
        look();
      },
      destroy(error, done) {
        stopListening();
        // Without room for it the peer sees that there is no ring any more.
        if (!(ended.in && ended.out)) put([frameHeader(FLAG.rst, conid)]);
        (written ?? finish)?.(error ?? new XmError('ECONNRESET', 'the connection was destroyed here'));
        ways.closeRing(ring).then(() => done(error), done);
      },
    }),
    { local: { domid: ways.domid, aport: ring.aport }, remote },
  );
  const stopListening = ways.bell.listen(look);
  return stream;
}
