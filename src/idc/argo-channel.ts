// SPDX-License-Identifier: Apache-2.0
import type { Argo } from '../hv/argo-contract.ts';
import { HypercallError } from '../hv/contract.ts';
import type { ChannelTrace } from '../trace/channel.ts';
import type { ArgoBell } from './argo-bell.ts';
import { type ArgoLine, recordBytes } from './argo-line.ts';
import type { Channel, ChannelSink, Quotas, WordBuffer } from './contract.ts';
import { copyRecord, privateRecord, recordOf } from './copy.ts';
import { createDeliveryLoop } from './deliveries.ts';
import { SLOT_HEADER } from './layout.ts';

/** Type of the messages of a connection: "IDC1". */
const PROTOCOL = 0x31434449;
/** Records delivered before what handlers put is published. */
const BATCH = 256;

/** Longest that a thread blocks before it tries to send again, in milliseconds. */
const RETRY = 1;

/** Last word of a record's header. */
const REQUEST = 0;
const REPLY = 1;

const NOTHING = new Uint8Array(0);
/** Records that wait for the flush. */
interface Outbox {
  /** @returns false when there is no room */
  put(head: number, id: number, body: WordBuffer, length: number): boolean;
  /** What is in it. Makes no view when there is as much as the last time. */
  content(): Uint8Array;
  readonly empty: boolean;
  clear(): void;
}

function createOutbox(which: number, { inFlight, bodyBytes }: Quotas): Outbox {
  const memory = privateRecord(inFlight * recordBytes(bodyBytes));
  const { bytes, words } = memory;
  let used = 0;
  let view: Uint8Array = NOTHING;
  return {
    put(head, id, body, length) {
      const size = recordBytes(length);
      if (used + size > bytes.length) return false;
      const word = used >> 2;
      words[word] = head;
      words[word + 1] = id;
      words[word + 2] = length;
      words[word + 3] = which;
      copyRecord(body, 0, memory, used + SLOT_HEADER, length);
      used += size;
      return true;
    },
    content() {
      if (used === 0) return NOTHING;
      if (view.length !== used) view = bytes.subarray(0, used);
      return view;
    },
    get empty() {
      return used === 0;
    },
    clear() {
      used = 0;
    },
  };
}

/**
 * A channel whose messages the hypervisor copies: the ends share no memory, and neither needs the other's good will to take
 * its own back. What was put since the last flush goes as one message. Room for all that the quotas allow is reserved at the
 * receiver, so a peer for whose messages there is none does not take what it is owed: the channel breaks.
 *
 * It lends nothing.
 */
export function createArgoChannel(
  argo: Argo,
  bell: ArgoBell,
  { ring, to }: ArgoLine,
  quotas: Quotas,
  trace?: ChannelTrace,
): Channel {
  const requests = createOutbox(REQUEST, quotas);
  const replies = createOutbox(REPLY, quotas);
  const pieces: Uint8Array[] = [];
  const loop = createDeliveryLoop({
    drain,
    settle: () => sink?.delivered(),
    more: () => at < end || receive(),
  });
  let sink: ChannelSink | undefined;
  let closed = false;
  let stopListening = (): void => {};
  /** The message that is being delivered: private memory. A handler that polls goes on in it. */
  let memory: WordBuffer = privateRecord(0);
  let at = 0;
  let end = 0;

  function broken(reason: string): void {
    const told = sink;
    close();
    told?.broken(reason);
  }

  function publish(): void {
    if (requests.empty && replies.empty) return;
    pieces[0] = replies.content();
    pieces[1] = requests.content();
    const sent = argo.sendv(ring.aport, to, pieces, PROTOCOL);
    // Until the way to the peer is known: the bell rings when it is time to try again.
    if (sent === 'EAGAIN') return;
    requests.clear();
    replies.clear();
    // Other refusals mean that there is no peer, which whoever made the connection tells.
    if (sent === 'EMSGSIZE') broken('the peer has too small a ring');
    if (sent === 'EPERM') broken('a rule of viptables forbids it');
  }

  function put(outbox: Outbox, head: number, id: number, body: WordBuffer, length: number): void {
    if (!closed && !outbox.put(head, id, body, length)) broken('the peer does not take what it is owed');
  }

  /** Takes the next message. @returns whether there was one, and the channel is not broken */
  function receive(): boolean {
    if (sink === undefined) return false;
    try {
      const message = ring.receive();
      if (message === undefined) return false;
      if (message.type !== PROTOCOL || message.source.aport !== to.aport || message.length === 0) {
        broken('a message of another protocol');
        return false;
      }
      if (memory.bytes !== message.data) memory = { ...recordOf(message.data.buffer), bytes: message.data };
      at = 0;
      end = message.length;
      return true;
    } catch (error) {
      if (!(error instanceof HypercallError)) throw error;
      broken(error.message);
      return false;
    }
  }

  function deliver(told: ChannelSink): void {
    const { words } = memory;
    const word = at >> 2;
    const body = at + SLOT_HEADER;
    const length = body <= end ? words[word + 2]! >>> 0 : 0;
    const next = at + recordBytes(length);
    const which = words[word + 3];
    if (length > quotas.bodyBytes || next > end || (which !== REQUEST && which !== REPLY)) {
      broken('a record that does not fit its message');
      return;
    }
    const id = words[word + 1]! >>> 0;
    at = next;
    if (which === REPLY) told.reply(id, words[word]!, memory, body, length);
    else told.request(words[word]!, id, memory, body, length);
  }

  function drain(): boolean {
    // What is delivered first begins here, and each that follows where the one before ended.
    if (trace?.recorder.on) trace.recorder.now();
    for (let taken = 0; taken < BATCH && sink !== undefined && (at < end || receive()); taken++) deliver(sink);
    return sink !== undefined;
  }

  function close(): void {
    if (closed) return;
    closed = true;
    // What was answered is answered, even when the handler that did it ends the connection.
    requests.clear();
    publish();
    sink = undefined;
    stopListening();
  }

  return {
    quotas,
    trace,
    open(told) {
      if (closed) throw new Error('the channel is closed');
      sink = told;
      stopListening = bell.listen(loop.look);
    },
    putRequest: (kind, id, body, length) => put(requests, kind, id, body, length),
    putReply: (id, error, body, length) => put(replies, error, id, body, length),
    flush() {
      if (!loop.delivering && !closed) publish();
    },
    poll: loop.look,
    alive: () => !closed && ring.registered,
    // While the way to the peer is being found out, by other means than events, it is tried again and again.
    wait: (timeout) => bell.wait(requests.empty && replies.empty ? timeout : Math.min(timeout, RETRY)),
    close,
  };
}
