// SPDX-License-Identifier: Apache-2.0
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
  type WordBuffer,
} from './contract.ts';
import { copyRecord, privateRecord } from './copy.ts';

const KIND = { message: 1, transaction: 2 } as const;

interface Submission extends Transaction {
  readonly body: WordBuffer;
  readonly answer: WordBuffer;
  kind: number;
  complete: ((transaction: Transaction) => void) | undefined;
  /** Next in the queue of submissions beyond the quota. */
  next: Submission | undefined;
}

/** What an introduction (a device controller, a rendezvous) does to an endpoint, beside what its user does. */
export interface EndpointControl extends Endpoint {
  /** The peer was discovered. */
  appear(): void;
  /** A connection to it stands. */
  connect(channel: Channel): void;
  /** The connection is over. Resolves when the user let go; until then there is no new connection. */
  disconnect(): Promise<void>;
  /** The peer went away. Only while not connected. */
  disappear(): void;
}

/** Quotas beside the defaults, and the handlers. `onBroken` is the introduction's: the peer broke the protocol. */
export interface EndpointOptions extends EndpointHandlers {
  readonly quotas?: Partial<Quotas>;
  readonly onBroken?: (reason: string) => void;
}

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
  const idMask = inFlight - 1;
  const outstanding: (Submission | undefined)[] = new Array(inFlight).fill(undefined);
  const generations = new Uint32Array(inFlight);
  const freeIds = Array.from({ length: inFlight }, (_, index) => index);
  const received = Array.from({ length: inFlight }, () => createReceived());
  const freeReceived = [...received];
  const calls: Submission[] = [];
  let queueHead: Submission | undefined;
  let queueTail: Submission | undefined;
  let state: EndpointState = 'absent';
  let incarnation = 0;
  let channel: Channel | undefined;
  let corks = 0;
  let whenConnected = Promise.withResolvers<void>();
  whenConnected.promise.catch(() => {});
  let destroying: (() => void) | undefined;

  function go(to: EndpointState): void {
    if (!NEXT[state].includes(to)) throw new Error(`endpoint cannot go from ${state} to ${to}`);
    state = to;
  }

  function newSubmission(): Submission {
    const body = privateRecord(quotas.bodyBytes);
    const answer = privateRecord(quotas.bodyBytes);
    return {
      body,
      answer,
      parameters: body.bytes.subarray(0, quotas.bodyBytes),
      parametersLength: 0,
      status: answer.bytes.subarray(0, quotas.bodyBytes),
      statusLength: 0,
      error: 0,
      transport: TRANSPORT.ok,
      kind: KIND.transaction,
      complete: undefined,
      next: undefined,
    };
  }

  /** One reserved place for something the peer sent; used for messages and transactions alike. */
  function createReceived() {
    const body = privateRecord(quotas.bodyBytes);
    const answer = privateRecord(quotas.bodyBytes);
    const parameters = body.bytes.subarray(0, quotas.bodyBytes);
    const place = {
      body,
      id: 0,
      /** Connection it came by; 0 when the place is free. */
      incarnation: 0,
      transaction: {
        parameters,
        parametersLength: 0,
        status: answer.bytes.subarray(0, quotas.bodyBytes),
        complete: (error: number, statusLength = 0) => finish(error, statusLength),
      },
      message: { body: parameters, length: 0, complete: () => finish(0, 0) },
    };
    function finish(error: number, statusLength: number): void {
      if (place.incarnation === 0) throw new Error('completed twice');
      if (statusLength > quotas.bodyBytes) throw new RangeError(`a status has at most ${quotas.bodyBytes} bytes`);
      const current = place.incarnation === incarnation ? channel : undefined;
      place.incarnation = 0;
      freeReceived.push(place);
      // Of an earlier connection: nobody waits for it any more.
      if (current === undefined) return;
      current.putReply(place.id, error, answer, statusLength);
      flush();
    }
    return place;
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

  function submitAny(submission: Submission, complete: (transaction: Transaction) => void): void {
    if (submission.complete !== undefined) throw new Error('submitted again before its completion');
    if (submission.parametersLength > quotas.bodyBytes) throw new RangeError(`at most ${quotas.bodyBytes} bytes`);
    submission.complete = complete;
    if (channel === undefined) {
      queueMicrotask(() => finishSubmission(submission, TRANSPORT.notConnected));
    } else if (freeIds.length > 0 && queueHead === undefined) {
      send(submission, channel);
      flush();
    } else {
      if (queueTail === undefined) queueHead = submission;
      else queueTail.next = submission;
      queueTail = submission;
    }
  }

  function finishSubmission(submission: Submission, transport: number): void {
    const complete = submission.complete!;
    submission.complete = undefined;
    submission.transport = transport;
    complete(submission);
  }

  function sendQueued(): void {
    while (queueHead !== undefined && freeIds.length > 0 && channel !== undefined) {
      const submission = queueHead;
      queueHead = submission.next;
      if (queueHead === undefined) queueTail = undefined;
      submission.next = undefined;
      send(submission, channel);
    }
  }

  const sink: ChannelSink = {
    request(kind, id, memory, offset, length) {
      const place = freeReceived.pop();
      // The ring bounds what an honest peer can send; it is the quota.
      if (place === undefined) return broke('more requests than the quota');
      copyRecord(memory, offset, place.body, 0, length);
      place.id = id;
      place.incarnation = incarnation;
      if (kind === KIND.transaction) {
        place.transaction.parametersLength = length;
        if (options.onTransaction) options.onTransaction(place.transaction satisfies ReceivedTransaction);
        else place.transaction.complete(-1);
      } else if (kind === KIND.message) {
        place.message.length = length;
        if (options.onMessage) options.onMessage(place.message satisfies ReceivedMessage);
        else place.message.complete();
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
      finishSubmission(submission, TRANSPORT.ok);
      if (queueHead !== undefined) {
        sendQueued();
        flush();
      }
    },
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
      finishSubmission(submission, TRANSPORT.disconnected);
    }
    while (queueHead !== undefined) {
      const submission = queueHead;
      queueHead = submission.next;
      submission.next = undefined;
      finishSubmission(submission, TRANSPORT.disconnected);
    }
    queueTail = undefined;
  }

  function finishDestroy(): void {
    const done = destroying;
    if (done === undefined || state !== 'absent') return;
    go('destroyed');
    whenConnected.reject(new Error('the endpoint was destroyed'));
    done();
  }

  async function disconnect(): Promise<void> {
    if (state !== 'connected') return;
    const ended = channel;
    channel = undefined;
    ended?.close();
    go('disconnecting');
    whenConnected = Promise.withResolvers<void>();
    whenConnected.promise.catch(() => {});
    failOutstanding();
    await new Promise<void>((done) => {
      if (options.onDisconnect) options.onDisconnect(done);
      else done();
    });
    go('present');
    if (destroying !== undefined) disappear();
  }

  function disappear(): void {
    go('absent');
    options.onDisappear?.();
    finishDestroy();
  }

  function callOnce(parameters: Uint8Array, kind: number): Promise<CallResult> {
    return new Promise((resolve) => {
      const submission = calls.pop() ?? newSubmission();
      submission.kind = kind;
      submission.parameters.set(parameters);
      submission.parametersLength = parameters.length;
      submitAny(submission, () => {
        const { transport, error } = submission;
        resolve({ transport, error, status: submission.status.slice(0, submission.statusLength) });
        calls.push(submission);
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
    get buffers() {
      return channel?.buffers;
    },
    quotas,
    transaction: newSubmission,
    submit: (transaction, complete) => submitAny(transaction as Submission, complete),
    post(body, complete) {
      void callOnce(body, KIND.message).then(({ transport }) => complete?.(transport));
    },
    cork() {
      corks++;
    },
    uncork() {
      corks--;
      flush();
    },
    poll: () => channel?.poll(),
    connected: () => whenConnected.promise,
    call: (parameters) => callOnce(parameters, KIND.transaction),
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
      go('connected');
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
