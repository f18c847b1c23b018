// SPDX-License-Identifier: Apache-2.0

/** What is recorded at one place of the code: a span of its thread, however short. */
export interface TracePoint {
  readonly name: string;
  /** What it belongs to, to be shown or hidden together. */
  readonly category: 'evtchn' | 'ring' | 'transaction' | 'control' | 'recording';
  /** What the words of its record are; {@link TEXT} takes all that are left, and those of the `more` that follow. */
  readonly words: readonly string[];
  /**
   * Which step of an exchange it is: one end asks, and is done when the answer is there; the other serves, and answers. The first
   * two words say which exchange.
   */
  readonly step?: 'ask' | 'serve' | 'answer' | 'done';
}

/** The word that is a text: four characters in each. */
export const TEXT = 'text';

const EXCHANGE = ['channel', 'id'];

/**
 * All trace points there are. Transactions are traced one by one, and probes; messages are seen as what a ring was drained of, as
 * looking at the clock takes as long as sending one.
 */
export const TRACE_POINTS = {
  notify: { name: 'notify', category: 'evtchn', words: ['port', 'remote', 'remotePort'] },
  handle: { name: 'handle event', category: 'evtchn', words: ['port'] },
  drain: { name: 'drain ring', category: 'ring', words: ['channel', 'taken'] },
  ask: { name: 'ask', category: 'transaction', words: EXCHANGE, step: 'ask' },
  serve: { name: 'serve', category: 'transaction', words: EXCHANGE, step: 'serve' },
  answer: { name: 'answer', category: 'transaction', words: EXCHANGE, step: 'answer' },
  done: { name: 'done', category: 'transaction', words: EXCHANGE, step: 'done' },
  controlAsk: { name: 'ask', category: 'control', words: [...EXCHANGE, TEXT], step: 'ask' },
  controlServe: { name: 'serve', category: 'control', words: [...EXCHANGE, TEXT], step: 'serve' },
  controlAnswer: { name: 'answer', category: 'control', words: [...EXCHANGE, TEXT], step: 'answer' },
  controlDone: { name: 'done', category: 'control', words: [...EXCHANGE, TEXT], step: 'done' },
  /** Nothing that happens: what goes on is the text of the record before. */
  more: { name: 'more', category: 'recording', words: [TEXT] },
  /** From here on nothing new is recorded, as there is too much. */
  paused: { name: 'recording paused', category: 'recording', words: [] },
  resumed: { name: 'recording resumed', category: 'recording', words: [] },
} as const satisfies Readonly<Record<string, TracePoint>>;

/** The points by the number that stands in records. */
export const POINT_LIST: readonly TracePoint[] = Object.values(TRACE_POINTS);

/** The number of each point. */
export const POINT = Object.fromEntries(Object.keys(TRACE_POINTS).map((key, code) => [key, code])) as Readonly<
  Record<keyof typeof TRACE_POINTS, number>
>;
