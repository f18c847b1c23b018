// SPDX-License-Identifier: Apache-2.0
import type { LogRecord } from '../xend/log-line.ts';
import type { Reading } from './reading.ts';

/** A control message of xend to an end of a device, as the log has it; or what an endpoint told xend. */
export interface Step {
  /** It was told, and not asked. */
  readonly told?: true;
  /** Milliseconds since 1970. */
  readonly time: number;
  /** `VBD_BE` */
  readonly type: string;
  readonly message: string;
  readonly fields: string;
  /** `web (3)` */
  readonly to: string;
  /** Absent while there is none. */
  answer?: string;
}

const ASKED = /^([A-Z0-9-]+_[FB]E) ([A-Z_0-9]+)\((.*)\) to (.+ \(\d+\))$/s;
const ANSWERED = /^([A-Z0-9-]+_[FB]E) ([A-Z_0-9]+) answered by (.+ \(\d+\)): (.*)$/s;

/** The control messages among log records, each with its answer, oldest first. */
export function stepsOf(records: readonly LogRecord[]): readonly Step[] {
  const steps: Step[] = [];
  for (const { time, text } of records) {
    const [, type = '', message = '', fields = '', to = ''] = ASKED.exec(text) ?? [];
    if (type !== '') steps.push({ time, type, message, fields, to });
    const [, answeredType, answeredMessage, by, answer = ''] = ANSWERED.exec(text) ?? [];
    const open = steps.findLast(
      (step) =>
        step.answer === undefined && step.type === answeredType && step.message === answeredMessage && step.to === by,
    );
    if (open !== undefined) open.answer = answer;
  }
  return steps;
}

/** What endpoints told, oldest first: what happened to which of them, and who the peer was or why it ended. */
export function endpointSteps(events: NonNullable<Reading['events']>): readonly Step[] {
  return events.map(({ time, event, domid, domain, details: { peer, reason } }) => ({
    ...{ time, type: 'ENDPOINT', message: event, fields: '', to: `${domain} (${domid})`, told: true },
    answer: reason === undefined ? (peer === undefined ? '' : `peer ${peer}`) : String(reason),
  }));
}

/** Characters of a clock before each line, and of the answer behind it. */
const CLOCK = 9;
const ANSWER = 12;
const LEAST_GAP = 14;
/** An arrow that is longer is hard to follow with the eye. */
const MOST_GAP = 44;

/**
 * Control messages as a sequence diagram: a lifeline for xend and for each domain, an arrow for each message, and what it was
 * answered with.
 *
 * @param width characters
 */
export function sequenceDiagram(steps: readonly Step[], width: number): readonly string[] {
  const people = [...new Set(steps.map(({ to }) => to))];
  if (people.length === 0) return ['none is known'];
  const classes = [...new Set(steps.map(classOf))];
  // What a message is about is said where they are not all about the same.
  const subject = classes.length > 1 ? Math.max(...classes.map(({ length }) => length)) + 1 : 0;
  const room = Math.floor((width - CLOCK - subject - ANSWER - 4) / people.length);
  const gap = Math.max(LEAST_GAP, Math.min(MOST_GAP, room));
  const positions = new Map(people.map((name, index) => [name, (index + 1) * gap]));
  const end = people.length * gap + 1;

  const lifelines = (): string[] => {
    const line = new Array<string>(end).fill(' ');
    for (const at of [0, ...positions.values()]) line[at] = '|';
    return line;
  };
  const names =
    ' '.repeat(CLOCK + subject) +
    people.reduce((line, name) => {
      const at = positions.get(name)!;
      const shown = name.slice(0, gap - 2);
      return line.padEnd(at - Math.floor(shown.length / 2)).concat(shown);
    }, 'xend');
  const arrows = steps.map((step) => {
    const { time, message, fields, to, told, answer = '...' } = step;
    const at = positions.get(to)!;
    const room = at - 4;
    const status = /status=(\w+)/.exec(fields)?.[1];
    const label = ` ${status === undefined ? message : `${message} ${status}`} `.slice(0, room);
    const left = Math.floor((room - label.length) / 2);
    const shaft = `${'-'.repeat(left)}${label}${'-'.repeat(room - label.length - left)}`;
    const arrow = told ? `<-${shaft}-` : `-${shaft}->`;
    const line = lifelines();
    line.splice(1, at - 1, ...arrow);
    const about = subject === 0 ? '' : classOf(step).padEnd(subject);
    return `${clock(time)} ${about}${line.join('')} ${answer}`;
  });
  return [names, ...arrows].map((line) => line.slice(0, width).trimEnd());
}

/** `vbd` */
const classOf = ({ type }: Step): string => type.replace(/_[FB]E$/, '').toLowerCase();

/** The time of day. */
export function clock(time: number): string {
  return new Date(time).toTimeString().slice(0, 8);
}
