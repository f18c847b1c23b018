// SPDX-License-Identifier: Apache-2.0
import { closeSync, openSync, writeFileSync } from 'node:fs';
import { messageOf, XmError } from '../errors.ts';
import { type TracedThread, type TraceEvent, traceEvents } from '../trace/events.ts';
import { readTrace } from '../trace/read.ts';
import type { TraceStatus, TraceTrackCopy } from '../xend/contract.ts';

/** Events that are written at a time. */
const CHUNK = 1000;

/** What was written. */
export interface WrittenTrace {
  readonly file: string;
  readonly events: number;
  readonly domains: readonly { readonly domid: number; readonly name: string; readonly dropped: number }[];
}

/** One line about whether domains record. */
export function traceLine({ on, tracks }: TraceStatus): string {
  if (on) return `${domainsIn(tracks)} and xend record what happens.\n`;
  return tracks.length === 0
    ? 'Nothing was recorded.\n'
    : 'Nobody records any more; what was recorded can be dumped.\n';
}

/**
 * Writes records as a file that Perfetto and chrome://tracing open.
 *
 * @throws XmError `EOUTPUT` when it cannot be written
 */
export function writeTrace(copies: readonly TraceTrackCopy[], file: string): WrittenTrace {
  const threads = copies.map(
    ({ domid, name, gone, records, copy }): TracedThread => ({
      domid,
      name: gone ? `${name} (ended)` : name,
      ...readTrace(Buffer.from(copy, 'base64'), records),
    }),
  );
  try {
    const fd = openSync(file, 'w');
    const events = writeEvents(fd, traceEvents(threads));
    closeSync(fd);
    return { file, events, domains: threads.map(({ domid, name, dropped }) => ({ domid, name, dropped })) };
  } catch (error) {
    throw new XmError('EOUTPUT', `Cannot write the trace: ${messageOf(error)}`, { cause: error });
  }
}

/** @returns how many there were */
function writeEvents(fd: number, events: Iterable<TraceEvent>): number {
  let count = 0;
  let lines: string[] = [];
  const flush = (): void => {
    if (lines.length > 0) writeFileSync(fd, `${count > lines.length ? ',\n' : ''}${lines.join(',\n')}`);
    lines = [];
  };
  writeFileSync(fd, '{"displayTimeUnit":"ns","traceEvents":[\n');
  for (const event of events) {
    lines.push(JSON.stringify(event));
    count++;
    if (lines.length === CHUNK) flush();
  }
  flush();
  writeFileSync(fd, '\n]}\n');
  return count;
}

/** Says what was written. */
export function writtenLine({ file, events, domains }: WrittenTrace): string {
  const dropped = domains.reduce((sum, domain) => sum + domain.dropped, 0);
  const lost = dropped === 0 ? '' : ` ${dropped} older records had no room.`;
  return `${file}: ${events} events of ${domainsIn(domains)} and xend.${lost}\n`;
}

/** All but xend itself. */
function domainsIn({ length }: readonly unknown[]): string {
  return length === 2 ? '1 domain' : `${length - 1} domains`;
}
