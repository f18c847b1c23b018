// SPDX-License-Identifier: Apache-2.0
import { messageOf, XmError } from '../errors.ts';
import { type TracedThread, type TraceEvent, traceEvents } from '../trace/events.ts';
import { readTrace } from '../trace/read.ts';
import type { TraceStatus, TraceTrackCopy } from '../xend/contract.ts';
import { type Sink, STDOUT, writeWhole } from './output-file.ts';

/** Events that are written at a time. */
const CHUNK = 1000;

/** Numbers from here on are no domain's (`DOMID_FIRST_RESERVED`): one of them is xend's. */
const FIRST_RESERVED = 0x7ff0;

/** What was written. */
export interface WrittenTrace {
  readonly file: string;
  readonly events: number;
  readonly domains: readonly { readonly domid: number; readonly name: string; readonly dropped: number }[];
  /** Records of xend itself for which there was no room. */
  readonly xend: { readonly dropped: number };
}

/** One line about whether domains record. */
export function traceLine({ on, tracks }: TraceStatus): string {
  // One of them is that of xend.
  if (on) return `${counted(tracks.length - 1)} and xend record what happens.\n`;
  return tracks.length === 0
    ? 'Nothing was recorded.\n'
    : 'Nobody records any more; what was recorded can be dumped.\n';
}

/**
 * Writes records as a file that Perfetto and chrome://tracing open. It is there as a whole, or as it was.
 *
 * @param file `-` for stdout
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
  const counts = threads.map(({ domid, name, dropped }) => ({ domid, name, dropped }));
  const isDomain = ({ domid }: { readonly domid: number }): boolean => domid < FIRST_RESERVED;
  try {
    const events = writeWhole(file, (sink) => writeEvents(sink, traceEvents(threads)));
    const dropped = counts.find((one) => !isDomain(one))?.dropped ?? 0;
    return { file, events, domains: counts.filter(isDomain), xend: { dropped } };
  } catch (error) {
    throw new XmError('EOUTPUT', `Cannot write the trace: ${messageOf(error)}`, { cause: error });
  }
}

/** @returns how many there were */
function writeEvents(sink: Sink, events: Iterable<TraceEvent>): number {
  let count = 0;
  let lines: string[] = [];
  const flush = (): void => {
    if (lines.length > 0) sink(`${count > lines.length ? ',\n' : ''}${lines.join(',\n')}`);
    lines = [];
  };
  sink('{"displayTimeUnit":"ns","traceEvents":[\n');
  for (const event of events) {
    lines.push(JSON.stringify(event));
    count++;
    if (lines.length === CHUNK) flush();
  }
  flush();
  sink('\n]}\n');
  return count;
}

/** Says what was written. */
export function writtenLine({ file, events, domains, xend }: WrittenTrace): string {
  const dropped = domains.reduce((sum, domain) => sum + domain.dropped, xend.dropped);
  const lost = dropped === 0 ? '' : ` ${dropped} older records had no room.`;
  return `${file === STDOUT ? 'stdout' : file}: ${events} events of ${counted(domains.length)} and xend.${lost}\n`;
}

const counted = (domains: number): string => (domains === 1 ? '1 domain' : `${domains} domains`);
