// SPDX-License-Identifier: Apache-2.0
import type { Registration } from '../hv/lending-contract.ts';
import type { ChannelTrace } from '../trace/channel.ts';
import type { LocalBuffer } from './buffers/contract.ts';
import type { RegisterOptions } from './remote-contract.ts';

/** What the transport says about a submission, apart from what the service says (`error` of a transaction). */
export const TRANSPORT = {
  /** Delivered and answered. */
  ok: 0,
  /** The connection ended first: the outcome is unknown, but it can no longer take effect in a later connection. */
  disconnected: 1,
  /** Submitted while there was no connection: nothing happened. */
  notConnected: 2,
  /** The caller's time was over. It may still take effect, in this connection. */
  timedOut: 3,
  /** The local buffer that was to be sent gave an error: nothing happened. */
  unreadable: 4,
} as const;

/**
 * Limits of an endpoint, fixed at creation; everything they promise is reserved before the connection exists, so exhausting
 * one endpoint never delays another (spec/idc.md 1.3, rules 18, 20, 59). Both ends must name the same.
 */
export interface Quotas {
  /** Messages and transactions in flight, each way; a power of two. */
  readonly inFlight: number;
  /** Bytes of a message body, of parameters and of a status. */
  readonly bodyBytes: number;
  /** Buffers that this end may lend at once. Its own affair: the other end may name another number. */
  readonly registrations: number;
}

export const DEFAULT_QUOTAS: Quotas = { inFlight: 32, bodyBytes: 112, registrations: 64 };

/** A request and its answer, in storage that the submitter owns and may use again after completion. */
export interface Transaction {
  /** Fill `parametersLength` bytes before submitting. */
  readonly parameters: Uint8Array;
  parametersLength: number;
  /** The answer; `statusLength` bytes are valid. */
  readonly status: Uint8Array;
  statusLength: number;
  /** The service's verdict, 0 for success; meaningful when `transport` is ok. */
  error: number;
  /** A {@link TRANSPORT} value. */
  transport: number;
}

/** A transaction that the peer submitted. Its parameters are a private copy; they stay until `complete`. */
export interface ReceivedTransaction {
  readonly parameters: Uint8Array;
  readonly parametersLength: number;
  /** Fill before completing. */
  readonly status: Uint8Array;
  /** Makes a local buffer of the parameters, and of all the room for the status; as long valid as those. */
  parametersBuffer(): LocalBuffer;
  statusBuffer(): LocalBuffer;
  /** Answers. Accepted and discarded when the connection has ended meanwhile (rule 30). */
  complete(error: number, statusLength?: number): void;
}

/** A message that the peer sent. Completing it returns the sender's credit. */
export interface ReceivedMessage {
  readonly body: Uint8Array;
  readonly length: number;
  /** Makes a local buffer of the body; as long valid as that. */
  bodyBuffer(): LocalBuffer;
  complete(): void;
}

/** The six notifications; grammar `(appear (connect disconnect)* disappear)*`. Submitting or destroying inside any is legal. */
export interface EndpointHandlers {
  readonly onAppear?: () => void;
  readonly onConnect?: () => void;
  /** The connection failed. Everything submitted is completed already; call `done` when everything received is dropped. */
  readonly onDisconnect?: (done: () => void) => void;
  readonly onDisappear?: () => void;
  readonly onMessage?: (message: ReceivedMessage) => void;
  readonly onTransaction?: (transaction: ReceivedTransaction) => void;
}

export type EndpointState = 'absent' | 'present' | 'connected' | 'disconnecting' | 'destroyed';

/** How good a connection is (spec/idc.md 1.3, rule 35): read now and then, by who has several to choose from. */
export interface EndpointHealth {
  /** Submissions that the peer has not answered yet. */
  readonly inFlight: number;
  /** Submissions beyond the quota, which wait for those. */
  readonly queued: number;
  /**
   * Milliseconds for which the oldest of those in flight has been there, as seen by these readings: one that is new since
   * the last one counts from this one on.
   */
  readonly oldest: number;
  /** What the peer sent and this end has not completed. */
  readonly held: number;
  /** Requests sent and received over all connections; they wrap at 2^32. */
  readonly sent: number;
  readonly received: number;
  /** Buffers that are lent with this endpoint's registrations. */
  readonly registered: number;
  /** Submissions that ended without an answer: with their connection, or with their time. */
  readonly failed: number;
}

/** Outcome of {@link Endpoint.call}. */
export interface CallResult {
  readonly transport: number;
  readonly error: number;
  readonly status: Uint8Array;
}

/** Where a {@link Endpoint.read} goes. Both are the endpoint's until the read has ended. */
export interface ReadTarget {
  /** Lendable memory or hidden pages. */
  readonly buffer: LocalBuffer;
  /** As that of {@link RegisterOptions.fill}. */
  readonly map: LocalBuffer;
  /** As that of {@link RegisterOptions}; a peer that is given the real bytes holds the read up until it lets go of them. */
  readonly by?: 'copy' | 'map';
}

/** Outcome of {@link Endpoint.read}. */
export interface ReadResult extends CallResult {
  /** Whether every byte had arrived before the answer; that is success, and the status is empty. */
  readonly filled: boolean;
}

/**
 * One end of a connection (spec/idc.md 1.3 C to G). Creating one cannot fail and connects nothing by itself.
 *
 * What `post`, `call` and `send` are given as a local buffer is submitted when it has been copied: memory at once, so in order
 * with everything else, and what answers later (files, a provider of one's own) when it does, behind what was submitted
 * meanwhile. Who wants it in order waits for each. Without a connection it is not looked at; when the connection ends
 * during the copy, so does the submission, and what the buffer still gives is thrown away.
 */
export interface Endpoint {
  readonly state: EndpointState;
  /** Counts connections; 0 before the first. */
  readonly incarnation: number;
  readonly quotas: Quotas;
  /** Storage for a transaction of this endpoint. */
  transaction(): Transaction;
  /** Submits; beyond the quota it queues in its own storage. `complete` is called exactly once. */
  submit(transaction: Transaction, complete: (transaction: Transaction) => void): void;
  /** Sends a one-way message. `complete` says that the body is the sender's again and whether it was delivered. */
  post(body: Uint8Array | LocalBuffer, complete?: (transport: number) => void): void;
  /** Holds publications back until the matching `uncork`, so that many submissions cost one notification. They nest. */
  cork(): void;
  uncork(): void;
  /**
   * Handles what has arrived now, for code that may not yield. Legal inside callbacks, whose own submissions are published
   * first.
   */
  poll(): void;
  /**
   * A transaction for code that may not yield, events masked or not: returns when it is answered, and answers what the peer
   * asks over this endpoint meanwhile. Ends at once when the peer dies or leaves, and ignores corks. What others ask of this
   * thread waits: a circle of such calls over several endpoints ends by its timeouts.
   *
   * @param timeout in milliseconds
   * @returns `transaction.transport`; whichever it is, the transaction is the caller's again
   */
  callPolled(transaction: Transaction, timeout: number): number;
  /** Promise layer: resolves when connected (at once if it is); rejects when destroyed. */
  connected(): Promise<void>;
  /** Promise layer over `submit`. Allocates. */
  call(parameters: Uint8Array | LocalBuffer): Promise<CallResult>;
  /**
   * A call whose data the peer puts into a buffer of this end, by the reference in the request. Over when the buffer is full,
   * without waiting for the answer (rule 67): a late one is absorbed, an error or a disconnect then changes nothing. Before
   * that an answer ends it, or the end of the connection. Then the reference names nothing any more. A request whose answer is
   * late is in flight until it comes. Allocates.
   *
   * @param request makes the parameters; they are copied
   * @returns when nobody touches the buffer any more; undefined at once when all registrations are in use
   */
  read(target: ReadTarget, request: (reference: Uint8Array) => Uint8Array): Promise<ReadResult | undefined>;
  /** Promise layer over `post`. Allocates. @returns a {@link TRANSPORT} value */
  send(body: Uint8Array | LocalBuffer): Promise<number>;
  /**
   * Promise layer in place of `onMessage`, from this call on: `for await (const body of endpoint.messages())`. A body is
   * the loop's until it goes on; then the sender gets its credit back, so a slow loop slows its sender. Goes on over all
   * connections and ends with the endpoint. What is not taken when a connection ends is dropped.
   */
  messages(): AsyncIterable<Uint8Array>;
  health(): EndpointHealth;
  /**
   * Lends a buffer to whoever is given the reference: one of this endpoint's own registrations. It outlives connections and the
   * endpoint, and ends when its client unregisters it (rules 61, 68).
   *
   * @returns undefined when they are all in use
   */
  register(buffer: LocalBuffer, options: RegisterOptions): Registration | undefined;
  /** Ends the endpoint; `done` is called once, when it has disconnected and disappeared, and nothing is called after it. */
  destroy(done?: () => void): void;
}

/** The same memory as bytes and as words. Records start at multiples of 8. */
export interface WordBuffer {
  readonly bytes: Uint8Array;
  readonly words: Int32Array;
}

/** Receives what a channel delivers. Bytes belong to the peer: copy once, then look. */
export interface ChannelSink {
  request(kind: number, id: number, memory: WordBuffer, offset: number, length: number): void;
  reply(id: number, error: number, memory: WordBuffer, offset: number, length: number): void;
  /** A delivery ended: the time to `flush` what was put during it. */
  delivered(): void;
  /** The peer broke the protocol; nothing is delivered after it. */
  broken(reason: string): void;
}

/** What may carry a connection between domains: shared memory, or messages that the hypervisor copies. */
export type ChannelKind = 'ring' | 'argo';

/** What carries one connection incarnation of an endpoint. All implementations pass `test/contract/channel.ts`. */
export interface Channel {
  readonly quotas: Quotas;
  /** As what its endpoints record their requests; absent, they do not. */
  readonly trace?: ChannelTrace | undefined;
  /** Starts delivery; nothing is delivered before it returns. Once only. */
  open(sink: ChannelSink): void;
  /** Puts a request; the caller keeps within `inFlight`. */
  putRequest(kind: number, id: number, body: WordBuffer, length: number): void;
  /** Puts a reply; its slot was reserved when the request was taken. */
  putReply(id: number, error: number, body: WordBuffer, length: number): void;
  /** Publishes what was put and notifies the peer if it asked. During delivery nothing: `delivered` is the time for it. */
  flush(): void;
  /** A request waits because as many as may be are in flight: for who observes the channel, if it can be observed. */
  noteWait?(): void;
  /**
   * Delivers what is there now. Legal during delivery, of this channel or another: what the outer handlers put is published
   * first, as they may wait for the answer to it.
   */
  poll(): void;
  /** Whether the peer's end is still there; seen without yielding. */
  alive(): boolean;
  /** Blocks the thread until the peer notifies, is gone, or `timeout` milliseconds have passed; maybe shorter. */
  wait(timeout: number): void;
  /** Ends delivery at once and for ever. Replies that were put are published; what is put later goes nowhere. */
  close(): void;
}
