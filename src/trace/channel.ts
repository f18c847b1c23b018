// SPDX-License-Identifier: Apache-2.0
import type { Recorder } from './recorder.ts';

/** As what requests of a connection are recorded: numbers that are the same at both ends. */
export interface ChannelTrace {
  readonly recorder: Recorder;
  /** Of the requests of this end. */
  readonly mine: number;
  /** Of the peer's. */
  readonly theirs: number;
}

/** @param connection a number that both ends have of it; that of another one may be the same, which spoils nothing but arrows */
export function channelTrace(recorder: Recorder, connection: number, end: 'front' | 'back'): ChannelTrace {
  const other = end === 'front' ? 'back' : 'front';
  return { recorder, mine: channelNumber(connection, end), theirs: channelNumber(connection, other) };
}

/** As what the requests of an end are recorded. */
export function channelNumber(connection: number, end: 'front' | 'back'): number {
  return (connection << 1) | (end === 'front' ? 0 : 1);
}
