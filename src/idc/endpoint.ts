// SPDX-License-Identifier: Apache-2.0
import { createAges } from './ages.ts';
import {
  type CallResult,
  type Channel,
  type ChannelSink,
  DEFAULT_QUOTAS,
  type Endpoint,
  type EndpointHandlers,
  type EndpointState,
  type Quotas,
  type ReceivedMessage,
  type ReceivedTransaction,
  TRANSPORT,
  type Transaction,
} from './contract.ts';
import { copyRecord, privateRecord } from './copy.ts';
import { createMessageStream, type MessageStream } from './message-stream.ts';
import { pollUntilDone } from './polled.ts';
import type { RemoteBuffers } from './remote-contract.ts';
import {
  blank,
  createQueue,
  createSubmission,
  fail,
  finish,
  forNobody,
  ignore,
  KIND,
  type Submission,
} from './submission.ts';

/** What an introduction (a device controller, a rendezvous) does to an endpoint, beside what its user does. */
export interface EndpointControl extends Endpoint {
  /** The peer was discovered. */
  appear(): void;
  /** A connection to it stands. @throws when the channel's quotas are not the endpoint's */
  connect(channel: Channel): void;
  /** The connection is over. Resolves when the user let go; until then there is no new connection. */
  disconnect(): Promise<void>;
  /** The peer went away. Only while not connected. Nothing when the user's `destroy` has done it. */
  disappear(): void;
  /** Storage for a transaction that the peer's endpoint answers by itself, without its user, with the parameters. */
  probe(): Transaction;
}

/** Quotas beside the defaults, and the handlers. `onBroken` is the introduction's: the peer broke the protocol. */
export interface EndpointOptions extends EndpointHandlers {
  readonly quotas?: Partial<Quotas>;
  /** The domain's, for what this endpoint lends; without it that is nothing. */
  readonly buffers?: RemoteBuffers;
  readonly onBroken?: (reason: string) => void;
}

/** Indexes of what an endpoint counts. */
const RECEIVED = 0;
const FAILED = 1;

/** The states an endpoint may go to from each; anything else is a defect of the introduction. */
const NEXT: Readonly<Record<EndpointState, readonly EndpointState[]>> = {
  absent: ['present', 'destroyed'],
  present: ['connected', 'absent'],
  connected: ['disconnecting'],
  disconnecting: ['present'],
  destroyed: [],
};

/**
 * The endpoint core, above any channel (spec/idc.md 1.3 C to H). Storage of everything in flight, in both directions, is
 * made here, once.
 */
export function createEndpoint(options: EndpointOptions = {}): EndpointControl {
  const quotas: Quotas = { ...DEFAULT_QUOTAS, ...options.quotas };
  const { inFlight } = quotas;
  const registrations = options.buffers?.reserve(quotas.registrations);
  const idMask = inFlight - 1;
  const outstanding: (Submission | undefined)[] = new Array(inFlight).fill(undefined);
  const generations = new Uint32Array(inFlight);
  const freeIds = Array.from({ length: inFlight }, (_, index) => index);
  const received = Array.from({ length: inFlight }, () => createReceived());
  const freeReceived = [...received];
  /** Storage of messages and calls, kept for the next ones. */
  const spare: Submission[] = [];
  /** Submissions beyond the quota. */
  const queue = createQueue();
  /** Submissions without connection, to be completed as such. */
  const refused = createQueue();
  const ages = createAges(inFlight);
  /** Requests received, submissions failed. */
  const counts = new Uint32Array(2);
  let stream: MessageStream | undefined;
  let state: EndpointState = 'absent';
  let incarnation = 0;
  let channel: Channel | undefined;
  let corks = 0;
  let whenConnected = Promise.withResolvers<void>();
  whenConnected.promise.catch(() => {});
  let destroying: (() => void) | undefined;
  let ending = Promise.withResolvers<void>();

  function go(to: EndpointState): void {
    if (!NEXT[state].includes(to)) throw new Error(`endpoint cannot go from ${state} to ${to}`);
    state = to;
  }

  /** One reserved place for something the peer sent; used for messages and transactions alike. */
  function createReceived() {
    const body = privateRecord(quotas.bodyBytes);
    const answer = privateRecord(quotas.bodyBytes);
    const parameters = body.bytes.subarray(0, quotas.bodyBytes);
    const place = {
      body,
      answer,
      id: 0,
      /** Connection it came by; 0 when the place is free. */
      incarnation: 0,
      transaction: {
        parameters,
        parametersLength: 0,
        status: answer.bytes.subarray(0, quotas.bodyBytes),
        complete: (error: number, statusLength = 0) => release(error, statusLength),
      },
      message: { body: parameters, length: 0, complete: () => release(0, 0) },
    };
    function release(error: number, statusLength: number): void {
      if (place.incarnation === 0) throw new Error('completed twice');
      if (statusLength >>> 0 > quotas.bodyBytes) throw new RangeError(`a status has at most ${quotas.bodyBytes} bytes`);
      const late = place.incarnation !== incarnation;
      place.incarnation = 0;
      // Of an earlier connection: nobody waits for it, and another place was made for it (see replaceHeld).
      if (late) return;
      freeReceived.push(place);
      if (channel === undefined) return;
      channel.putReply(place.id, error, answer, statusLength);
      flush();
    }
    return place;
  }

  /**
   * Gives a new connection its whole quota, although the user still holds places of the old one. A held place is never used
   * again: completing it late must not answer something newer.
   */
  function replaceHeld(): void {
    for (const [index, place] of received.entries()) {
      if (place.incarnation === 0) continue;
      received[index] = createReceived();
      freeReceived.push(received[index]);
    }
  }

  function flush(): void {
    if (corks === 0) channel?.flush();
  }

  function send(submission: Submission, to: Channel): void {
    const index = freeIds.pop()!;
    const generation = (generations[index]! + 1) >>> 0;
    generations[index] = generation;
    outstanding[index] = submission;
    // The index is in the low bits, the rest tells this use of it from the last one.
    const id = ((Math.imul(generation, inFlight) >>> 0) | index) >>> 0;
    to.putRequest(submission.kind, id, submission.body, submission.parametersLength);
  }

  function check(submission: Submission): void {
    if (submission.complete !== undefined) throw new Error('submitted again before its completion');
    if (submission.parametersLength >>> 0 > quotas.bodyBytes) throw new RangeError(`at most ${quotas.bodyBytes} bytes`);
  }

  function submitAny(submission: Submission, complete: (transaction: Transaction) => void): void {
    check(submission);
    submission.complete = complete;
    if (channel === undefined) {
      // Not at once, nor as a microtask: who tries again in the callback must neither recurse nor starve the thread.
      if (refused.empty) setImmediate(refuse);
      refused.push(submission);
    } else if (freeIds.length > 0 && queue.empty) {
      send(submission, channel);
      flush();
    } else {
      queue.push(submission);
    }
  }

  /** Completes what was refused so far; what its callbacks submit is for the next turn. */
  function refuse(): void {
    const last = refused.last;
    for (let one = refused.shift(); one !== undefined; one = one === last ? undefined : refused.shift()) {
      fail(one, TRANSPORT.notConnected);
    }
    if (!refused.empty) setImmediate(refuse);
    finishDestroy();
  }

  function sendQueued(): void {
    while (!queue.empty && freeIds.length > 0 && channel !== undefined) send(queue.shift()!, channel);
  }

  const sink: ChannelSink = {
    request(kind, id, memory, offset, length) {
      const place = freeReceived.pop();
      // The ring bounds what an honest peer can send; it is the quota.
      if (place === undefined) return broke('more requests than the quota');
      copyRecord(memory, offset, place.body, 0, length);
      place.id = id;
      place.incarnation = incarnation;
      counts[RECEIVED]!++;
      if (kind === KIND.transaction) {
        place.transaction.parametersLength = length;
        if (options.onTransaction) options.onTransaction(place.transaction satisfies ReceivedTransaction);
        else place.transaction.complete(-1);
      } else if (kind === KIND.message) {
        place.message.length = length;
        if (stream !== undefined) stream.take(place.message);
        else if (options.onMessage) options.onMessage(place.message satisfies ReceivedMessage);
        else place.message.complete();
      } else if (kind === KIND.probe) {
        copyRecord(place.body, 0, place.answer, 0, length);
        place.transaction.complete(0, length);
      } else {
        broke(`unknown kind ${kind}`);
      }
    },
    reply(id, error, memory, offset, length) {
      const index = id & idMask;
      const submission = outstanding[index];
      const expected = ((Math.imul(generations[index]!, inFlight) >>> 0) | index) >>> 0;
      if (submission === undefined || id !== expected) return broke('answer to a request that is not outstanding');
      outstanding[index] = undefined;
      freeIds.push(index);
      copyRecord(memory, offset, submission.answer, 0, length);
      submission.statusLength = length;
      submission.error = error;
      // Before the callback, as the queue must move on whatever that does.
      if (!queue.empty) {
        sendQueued();
        flush();
      }
      finish(submission, TRANSPORT.ok);
    },
    delivered: flush,
    broken: (reason) => broke(reason),
  };

  function broke(reason: string): void {
    channel?.close();
    options.onBroken?.(reason);
  }

  /** Ends everything outstanding without the peer's help (rule 29). */
  function failOutstanding(): void {
    for (let index = 0; index < inFlight; index++) {
      const submission = outstanding[index];
      if (submission === undefined) continue;
      outstanding[index] = undefined;
      freeIds.push(index);
      failOne(submission);
    }
    for (let queued = queue.shift(); queued !== undefined; queued = queue.shift()) failOne(queued);
  }

  function failOne(submission: Submission): void {
    if (submission.complete !== forNobody) counts[FAILED]!++;
    fail(submission, TRANSPORT.disconnected);
  }

  function finishDestroy(): void {
    const done = destroying;
    if (done === undefined || state !== 'absent' || !refused.empty) return;
    go('destroyed');
    registrations?.close();
    whenConnected.reject(new Error('the endpoint was destroyed'));
    stream?.end();
    done();
  }

  async function disconnect(): Promise<void> {
    if (state === 'disconnecting') return ending.promise;
    if (state !== 'connected') return;
    const ended = channel;
    go('disconnecting');
    channel = undefined;
    ending = Promise.withResolvers<void>();
    ended?.close();
    whenConnected = Promise.withResolvers<void>();
    whenConnected.promise.catch(() => {});
    stream?.drop();
    failOutstanding();
    await new Promise<void>((done) => {
      if (options.onDisconnect) options.onDisconnect(done);
      else done();
    });
    go('present');
    if (destroying !== undefined) disappear();
    ending.resolve();
  }

  function disappear(): void {
    if (destroying !== undefined && state !== 'present') return;
    go('absent');
    options.onDisappear?.();
    finishDestroy();
  }

  /** A submission in the endpoint's own storage, holding a copy of `bytes`. */
  function prepare(kind: number, bytes: Uint8Array): Submission {
    if (bytes.length > quotas.bodyBytes) throw new RangeError(`at most ${quotas.bodyBytes} bytes`);
    const submission = spare.pop() ?? createSubmission(quotas.bodyBytes);
    submission.kind = kind;
    submission.parameters.set(bytes);
    submission.parametersLength = bytes.length;
    return submission;
  }

  function postAny(body: Uint8Array, complete?: (transport: number) => void): void {
    const submission = prepare(KIND.message, body);
    submission.posted = complete;
    submitAny(submission, finishPost);
  }

  function finishPost(transaction: Transaction): void {
    const submission = transaction as Submission;
    const { posted, transport } = submission;
    submission.posted = undefined;
    spare.push(submission);
    posted?.(transport);
  }

  function callPolled(transaction: Transaction, timeout: number): number {
    const submission = transaction as Submission;
    const to = channel;
    const held = corks;
    let verdict: number = TRANSPORT.notConnected;
    check(submission);
    blank(submission);
    if (to !== undefined) {
      verdict = TRANSPORT.timedOut;
      corks -= held;
      try {
        submitAny(submission, ignore);
        if (pollUntilDone(to, submission, timeout) === 'gone') verdict = TRANSPORT.disconnected;
      } finally {
        corks += held;
        if (submission.complete === undefined) verdict = submission.transport;
        else abandon(submission);
      }
    }
    submission.transport = verdict;
    return verdict;
  }

  /** Takes a submission back from its way. An answer that still comes is for nobody. */
  function abandon(submission: Submission): void {
    const index = outstanding.indexOf(submission);
    submission.complete = undefined;
    counts[FAILED]!++;
    if (index < 0) {
      queue.remove(submission);
      return;
    }
    const substitute = createSubmission(quotas.bodyBytes);
    substitute.complete = forNobody;
    outstanding[index] = substitute;
  }

  function callOnce(parameters: Uint8Array): Promise<CallResult> {
    return new Promise((resolve) => {
      submitAny(prepare(KIND.transaction, parameters), (submission) => {
        const { transport, error, status, statusLength } = submission;
        resolve({ transport, error, status: status.slice(0, statusLength) });
        spare.push(submission as Submission);
      });
    });
  }

  return {
    get state() {
      return state;
    },
    get incarnation() {
      return incarnation;
    },
    quotas,
    register: (buffer, how) => registrations?.register(buffer, how),
    transaction: () => createSubmission(quotas.bodyBytes),
    probe: () => createSubmission(quotas.bodyBytes, KIND.probe),
    submit: (transaction, complete) => submitAny(transaction as Submission, complete),
    post: postAny,
    cork() {
      corks++;
    },
    uncork() {
      if (corks === 0) throw new Error('uncorked without a cork');
      corks--;
      flush();
    },
    poll() {
      if (!refused.empty) refuse();
      channel?.poll();
    },
    connected: () => whenConnected.promise,
    call: callOnce,
    callPolled,
    send: (body) => new Promise((resolve) => postAny(body, resolve)),
    messages() {
      stream ??= createMessageStream();
      return stream.iterate();
    },
    health: () => ({
      inFlight: inFlight - freeIds.length,
      queued: queue.count(),
      oldest: ages.oldest(generations, (slot) => outstanding[slot] !== undefined, performance.now()),
      held: inFlight - freeReceived.length,
      sent: generations.reduce((sum, uses) => (sum + uses) >>> 0, 0),
      received: counts[RECEIVED]!,
      failed: counts[FAILED]!,
      registered: registrations?.inUse ?? 0,
    }),
    destroy(done = () => {}) {
      if (destroying !== undefined) throw new Error('destroyed twice');
      destroying = done;
      if (state === 'connected') void disconnect();
      else if (state === 'present') disappear();
      else finishDestroy();
    },
    appear() {
      if (destroying !== undefined) return;
      go('present');
      options.onAppear?.();
    },
    connect(to) {
      if (destroying !== undefined) {
        to.close();
        return;
      }
      if (to.quotas.inFlight !== inFlight || to.quotas.bodyBytes !== quotas.bodyBytes) {
        throw new Error('the channel has other quotas than the endpoint');
      }
      go('connected');
      replaceHeld();
      incarnation++;
      channel = to;
      to.open(sink);
      whenConnected.resolve();
      options.onConnect?.();
    },
    disconnect,
    disappear,
  };
}
