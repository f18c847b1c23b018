// SPDX-License-Identifier: Apache-2.0
import type { RingMessage } from '../xend/contract.ts';
import type { LogRecord } from '../xend/log-line.ts';
import { shortAge, shortTime } from './latency.ts';
import { deviceRecords } from './own-records.ts';
import type { Reading, RingMessages } from './reading.ts';
import { type RingRow, ringId } from './sample.ts';
import { clock, endpointSteps, type Step, sequenceDiagram, stepsOf } from './sequence.ts';
import { sparkline } from './spark.ts';

/** Messages that an opened row shows, and steps of its control flow. */
const MESSAGES = 8;
const STEPS = 14;
/** Characters of a history. */
const HISTORY = 60;

/** `NAME  value` for each fact, names as wide as the longest. */
export function facts(pairs: readonly (readonly [name: string, value: string])[]): readonly string[] {
  const width = Math.max(...pairs.map(([name]) => name.length));
  return pairs.map(([name, value]) => `  ${name.padEnd(width)}  ${value}`);
}

/** A part of an opened row, with its title and an empty line before it. */
export function section(title: string, lines: readonly string[]): readonly string[] {
  return ['', `${title}:`, ...lines];
}

/** The last minute of a number, as a line and in words. @param full as in {@link sparkline} */
export function historySection(title: string, values: readonly number[], unit: string, full = 0): readonly string[] {
  const known = values.filter((value) => !Number.isNaN(value));
  const last = known.at(-1) ?? 0;
  const most = Math.max(0, ...known);
  const show = (value: number) => (value < 100 ? value.toFixed(1) : value.toFixed(0));
  return section(title, [`  |${sparkline(values, HISTORY, full)}|  now ${show(last)}, most ${show(most)} ${unit}`]);
}

/** The latest log records, oldest first, each in one line. */
export function messagesSection(
  records: readonly LogRecord[] | undefined,
  title = 'Last records of the log',
): readonly string[] {
  const lines = (records ?? [])
    .slice(-MESSAGES)
    .map(({ time, level, text }) => `  ${clock(time)} ${level.padEnd(7)} ${text.split('\n')[0]}`);
  return section(title, lines.length > 0 ? lines : ['  none']);
}

/**
 * The last messages of rings, as far as their memory still has them, each ring under its name.
 *
 * @param read may be of the row that was open before
 */
export function ringMessagesSection(rows: readonly RingRow[], read: readonly RingMessages[] = []): readonly string[] {
  const own = new Set(rows.map(({ id }) => id));
  const rings = read.filter(({ ring }) => own.has(ringId(ring)));
  const timed = rings.some(({ messages }) => messages.some(({ age }) => age !== undefined));
  const hasRequests = rings.some(({ messages }) => messages.some(({ id }) => id !== undefined));
  const lines = rings.flatMap(({ ring, messages }) => [
    ...(rings.length > 1 ? [`  ${ring.device} ${ring.direction}`] : []),
    ...(messages.length === 0 ? ['  none is there'] : messages.map((message) => `  ${messageLine(message)}`)),
  ]);
  const title =
    hasRequests && !timed ? "Last messages in the ring ('xm trace start' adds times)" : 'Last messages in the ring';
  return lines.length === 0 ? [] : section(title, lines);
}

function messageLine({ state, id, text, error, age, latency }: RingMessage): string {
  const outcome = error === undefined ? state : error === 0 ? 'ok' : `error ${error}`;
  const took = latency === undefined ? '' : `took ${shortTime(latency)}`;
  const times = age === undefined ? [] : [`${shortAge(age)} ago`, took];
  const head = id === undefined ? outcome.padEnd(9) : `#${String(id).padEnd(10)} ${outcome.padEnd(9)}`;
  return [head, ...times.map((time) => time.padEnd(11)), text].join(' ');
}

/** Connections whose ends find each other without xend and say nothing of it. */
const UNTOLD: readonly string[] = ['vchan', 'vsock', 'argo'];

/** How the connection came about that rings are of: what xend asked the ends of a device, or what endpoints told it. */
export function ringFlow(rings: readonly RingRow[], reading: Reading, width: number): readonly string[] {
  const [ring] = rings;
  if (ring !== undefined && UNTOLD.includes(ring.class)) {
    return section('Control flow', ['  none: its ends find each other by themselves']);
  }
  if (ring?.class === 'idc') return endpointFlow(reading, width);
  return flowSection(recordsOf(rings, reading.about), width);
}

/** What endpoints at an address told xend, as a diagram. */
export function endpointFlow({ events = [] }: Reading, width: number): readonly string[] {
  return diagramSection(endpointSteps(events), width);
}

/** Control messages to a domain, and about its devices to others. */
export function ofDomain(domid: number): (step: Step) => boolean {
  return ({ fields, to }) => to.endsWith(`(${domid})`) || `${fields},`.includes(`domid=${domid},`);
}

/** Those log records that are about the connection that rings are of; all of them if there are no rings. */
export function recordsOf([ring]: readonly RingRow[], records: readonly LogRecord[] = []): readonly LogRecord[] {
  if (ring === undefined) return records;
  const { class: kind, device } = ring;
  if (kind !== 'idc' && !UNTOLD.includes(kind)) return deviceRecords(ring, records);
  return records.filter(({ text }) => text.split(/[^\w:/-]+/).includes(device));
}

/** The control messages of the records that pass, as a diagram. */
export function flowSection(
  records: readonly LogRecord[] | undefined,
  width: number,
  passes: (step: Step) => boolean = () => true,
): readonly string[] {
  return diagramSection(stepsOf(records ?? []).filter(passes), width);
}

function diagramSection(steps: readonly Step[], width: number): readonly string[] {
  return section(
    'Control flow',
    sequenceDiagram(steps.slice(-STEPS), width - 2).map((line) => `  ${line}`),
  );
}
