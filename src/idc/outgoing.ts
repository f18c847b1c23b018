// SPDX-License-Identifier: Apache-2.0

import type { ChannelTrace } from '../trace/channel.ts';
import { POINT } from '../trace/points.ts';
import { createAges } from './ages.ts';
import { type Channel, type ChannelSink, type Quotas, TRANSPORT, type Transaction } from './contract.ts';
import { copyRecord } from './copy.ts';
import { createQueue, createSubmission, fail, finish, forNobody, KIND, type Submission } from './submission.ts';

/** What an endpoint's user submits: on its way, waiting for its turn, or refused. Whatever happens, each is completed once. */
export interface Outgoing {
  /** For the channel. */
  readonly reply: ChannelSink['reply'];
  /** The connection that stands. */
  readonly channel: Channel | undefined;
  /** Whether everything that was submitted without a connection has been completed. */
  readonly settled: boolean;
  /** A connection stands. */
  open(channel: Channel): void;
  /** It does no more: what is submitted from now on is refused. */
  close(): void;
  /** Ends everything outstanding without the peer's help (rule 29). */
  failOutstanding(): void;
  /** Completes what was refused so far; what its callbacks submit is for the next turn. */
  refuse(): void;
  /** @throws when it must not be submitted */
  check(submission: Submission): void;
  submit(submission: Submission, complete: (transaction: Transaction) => void): void;
  /** Takes a submission back from its way. An answer that still comes is for nobody. */
  abandon(submission: Submission): void;
  /** Publishes what was put, unless a cork holds it back. */
  flush(): void;
  /** Puts so many corks in. */
  cork(count: number): void;
  /** @throws without a cork */
  uncork(): void;
  /** Takes all corks out, and publishes nothing. @returns how many */
  pullCorks(): number;
  /** A submission in the endpoint's own storage, holding a copy of `bytes`. */
  prepare(kind: number, bytes: Uint8Array): Submission;
  /** Keeps a submission's storage for the next one. */
  keep(submission: Submission): void;
  /** In flight and waiting now, milliseconds that the oldest has been in flight; sent and failed so far. */
  counts(): OutgoingCounts;
}

interface OutgoingCounts {
  readonly inFlight: number;
  readonly queued: number;
  readonly oldest: number;
  readonly sent: number;
  readonly failed: number;
}

/**
 * @param broke told how the peer broke the protocol
 * @param onSettled told when what was refused has been completed
 */
export function createOutgoing(
  { inFlight, bodyBytes }: Quotas,
  broke: (reason: string) => void,
  onSettled: () => void,
): Outgoing {
  const idMask = inFlight - 1;
  const outstanding: (Submission | undefined)[] = new Array(inFlight).fill(undefined);
  const generations = new Uint32Array(inFlight);
  const freeIds = Array.from({ length: inFlight }, (_, index) => index);
  /** Storage of messages and calls, kept for the next ones. */
  const spare: Submission[] = [];
  /** Submissions beyond the quota. */
  const queue = createQueue();
  /** Submissions without connection, to be completed as such. */
  const refused = createQueue();
  const ages = createAges(inFlight);
  let failed = 0;
  let corks = 0;
  let channel: Channel | undefined;
  /** Of the last connection: it is over before what was outstanding is done. */
  let trace: ChannelTrace | undefined;

  function isTraced({ kind }: Submission): boolean {
    return trace?.recorder.on === true && kind !== KIND.message;
  }

  /** The number of what is outstanding: the index is in the low bits, the rest tells this use of it from the last one. */
  function idOf(index: number): number {
    return ((Math.imul(generations[index]!, inFlight) >>> 0) | index) >>> 0;
  }

  function flush(): void {
    if (corks === 0) channel?.flush();
  }

  function send(submission: Submission, to: Channel): void {
    const index = freeIds.pop()!;
    generations[index] = (generations[index]! + 1) >>> 0;
    outstanding[index] = submission;
    const id = idOf(index);
    if (isTraced(submission)) trace?.recorder.mark(POINT.ask, trace.mine, id);
    to.putRequest(submission.kind, id, submission.body, submission.parametersLength);
  }

  function check(submission: Submission): void {
    if (submission.complete !== undefined) throw new Error('submitted again before its completion');
    if (submission.parametersLength >>> 0 > bodyBytes) throw new RangeError(`at most ${bodyBytes} bytes`);
  }

  function refuse(): void {
    const last = refused.last;
    for (let one = refused.shift(); one !== undefined; one = one === last ? undefined : refused.shift()) {
      fail(one, TRANSPORT.notConnected);
    }
    if (!refused.empty) setImmediate(refuse);
    onSettled();
  }

  function sendQueued(): void {
    while (!queue.empty && freeIds.length > 0 && channel !== undefined) send(queue.shift()!, channel);
  }

  /** Calls back, and records how long that took. */
  function finishTraced(submission: Submission, id: number, { recorder, mine }: ChannelTrace): void {
    const start = recorder.last();
    try {
      finish(submission, TRANSPORT.ok);
    } finally {
      recorder.span(POINT.done, start, mine, id);
    }
  }

  function failOne(submission: Submission): void {
    if (submission.complete !== forNobody) failed++;
    fail(submission, TRANSPORT.disconnected);
  }

  return {
    get channel() {
      return channel;
    },
    get settled() {
      return refused.empty;
    },
    reply(id, error, memory, offset, length) {
      const index = id & idMask;
      const submission = outstanding[index];
      if (submission === undefined || id !== idOf(index)) return broke('answer to a request that is not outstanding');
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
      if (trace !== undefined && isTraced(submission)) finishTraced(submission, id, trace);
      else finish(submission, TRANSPORT.ok);
    },
    open(to) {
      channel = to;
      trace = to.trace;
    },
    close() {
      channel = undefined;
    },
    failOutstanding() {
      for (let index = 0; index < inFlight; index++) {
        const submission = outstanding[index];
        if (submission === undefined) continue;
        outstanding[index] = undefined;
        freeIds.push(index);
        if (isTraced(submission)) trace?.recorder.mark(POINT.done, trace.mine, idOf(index));
        failOne(submission);
      }
      for (let queued = queue.shift(); queued !== undefined; queued = queue.shift()) failOne(queued);
    },
    refuse,
    check,
    submit(submission, complete) {
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
        channel.noteWait?.();
      }
    },
    abandon(submission) {
      const index = outstanding.indexOf(submission);
      submission.complete = undefined;
      failed++;
      if (index < 0) {
        queue.remove(submission);
        return;
      }
      const substitute = createSubmission(bodyBytes);
      substitute.complete = forNobody;
      outstanding[index] = substitute;
    },
    flush,
    cork(count) {
      corks += count;
    },
    uncork() {
      if (corks === 0) throw new Error('uncorked without a cork');
      corks--;
      flush();
    },
    pullCorks() {
      const held = corks;
      corks = 0;
      return held;
    },
    prepare(kind, bytes) {
      if (bytes.length > bodyBytes) throw new RangeError(`at most ${bodyBytes} bytes`);
      const submission = spare.pop() ?? createSubmission(bodyBytes);
      submission.kind = kind;
      submission.parameters.set(bytes);
      submission.parametersLength = bytes.length;
      return submission;
    },
    keep(submission) {
      spare.push(submission);
    },
    counts: () => ({
      inFlight: inFlight - freeIds.length,
      queued: queue.count(),
      oldest: ages.oldest(generations, (slot) => outstanding[slot] !== undefined, performance.now()),
      sent: generations.reduce((sum, uses) => (sum + uses) >>> 0, 0),
      failed,
    }),
  };
}
