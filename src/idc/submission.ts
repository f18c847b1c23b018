// SPDX-License-Identifier: Apache-2.0
import { TRANSPORT, type Transaction, type WordBuffer } from './contract.ts';
import { privateRecord } from './copy.ts';

/** What a request is, in its slot. A probe is answered below the client, with the bytes that it brought. */
export const KIND = { message: 1, transaction: 2, probe: 3 } as const;

/** A transaction or message with everything that its way through an endpoint needs. */
export interface Submission extends Transaction {
  readonly body: WordBuffer;
  readonly answer: WordBuffer;
  kind: number;
  /** Set from submission to completion. */
  complete: ((transaction: Transaction) => void) | undefined;
  /** Completion of a message. */
  posted: ((transport: number) => void) | undefined;
  /** Next in the queue it is in. */
  next: Submission | undefined;
}

export function createSubmission(bodyBytes: number, kind: number = KIND.transaction): Submission {
  const body = privateRecord(bodyBytes);
  const answer = privateRecord(bodyBytes);
  return {
    body,
    answer,
    parameters: body.bytes.subarray(0, bodyBytes),
    parametersLength: 0,
    status: answer.bytes.subarray(0, bodyBytes),
    statusLength: 0,
    error: 0,
    transport: TRANSPORT.ok,
    kind,
    complete: undefined,
    posted: undefined,
    next: undefined,
  };
}

/** First in, first out, linked through the submissions themselves: whoever queues has brought the storage (rule 55). */
export interface SubmissionQueue {
  readonly empty: boolean;
  readonly last: Submission | undefined;
  /** Counts them, one by one. */
  count(): number;
  push(submission: Submission): void;
  shift(): Submission | undefined;
  /** Takes one out, wherever it is. */
  remove(submission: Submission): void;
}

export function createQueue(): SubmissionQueue {
  let head: Submission | undefined;
  let tail: Submission | undefined;
  return {
    get empty() {
      return head === undefined;
    },
    get last() {
      return tail;
    },
    count() {
      let count = 0;
      for (let one = head; one !== undefined; one = one.next) count++;
      return count;
    },
    push(submission) {
      if (tail === undefined) head = submission;
      else tail.next = submission;
      tail = submission;
    },
    shift() {
      const first = head;
      if (first === undefined) return undefined;
      head = first.next;
      if (head === undefined) tail = undefined;
      first.next = undefined;
      return first;
    },
    remove(submission) {
      let before: Submission | undefined;
      for (let one = head; one !== submission; one = one.next) {
        if (one === undefined) return;
        before = one;
      }
      if (before === undefined) head = submission.next;
      else before.next = submission.next;
      if (tail === submission) tail = before;
      submission.next = undefined;
    },
  };
}

/** Calls back, once. */
export function finish(submission: Submission, transport: number): void {
  const complete = submission.complete!;
  submission.complete = undefined;
  submission.transport = transport;
  complete(submission);
}

/** Calls back without an answer; what is left of an earlier one must not pass for it. */
export function fail(submission: Submission, transport: number): void {
  blank(submission);
  finish(submission, transport);
}

/** Leaves no answer in it. */
export function blank(submission: Submission): void {
  submission.error = 0;
  submission.statusLength = 0;
}

/** Completion for who looks by itself. */
export function ignore(): void {}

/** Completion for what nobody waits for any more. */
export function forNobody(): void {}
