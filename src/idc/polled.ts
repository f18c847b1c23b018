// SPDX-License-Identifier: Apache-2.0
import { type Channel, TRANSPORT } from './contract.ts';
import type { Outgoing } from './outgoing.ts';
import { blank, ignore, type Submission } from './submission.ts';

/** How long to look again and again before blocking, in milliseconds: about what it costs a thread to be woken. */
const SPIN = 0.05;

/** How {@link pollUntilDone} ended. */
type PollOutcome = 'done' | 'gone' | 'late';

/**
 * Handles what arrives on a channel until a submission is completed, without yielding (spec/idc.md 1.3, rules 51, 52): looks
 * by itself at first, then blocks the thread until the peer rings or goes.
 *
 * @param timeout in milliseconds
 * @returns `gone` when the peer or the channel ended without an answer, `late` when the time is over
 */
function pollUntilDone(channel: Channel, submission: Submission, timeout: number): PollOutcome {
  const start = performance.now();
  for (;;) {
    const alive = channel.alive();
    // Looked at after that, as an answer may have been its last deed.
    channel.poll();
    if (submission.complete === undefined) return 'done';
    if (!alive) return 'gone';
    const spent = performance.now() - start;
    if (spent >= timeout) return 'late';
    if (spent > SPIN) channel.wait(timeout - spent);
  }
}

/**
 * A call by code that may not yield: everything in the way of {@link pollUntilDone}.
 *
 * @param timeout in milliseconds
 * @returns the transport's verdict
 */
export function callPolled(outgoing: Outgoing, submission: Submission, timeout: number): number {
  const { channel } = outgoing;
  let verdict: number = TRANSPORT.notConnected;
  outgoing.check(submission);
  blank(submission);
  if (channel !== undefined) {
    const held = outgoing.pullCorks();
    verdict = TRANSPORT.timedOut;
    try {
      outgoing.submit(submission, ignore);
      if (pollUntilDone(channel, submission, timeout) === 'gone') verdict = TRANSPORT.disconnected;
    } finally {
      outgoing.cork(held);
      if (submission.complete === undefined) verdict = submission.transport;
      else outgoing.abandon(submission);
    }
  }
  submission.transport = verdict;
  return verdict;
}
