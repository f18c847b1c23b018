// SPDX-License-Identifier: Apache-2.0
import type { LogRecord } from '../xend/log-line.ts';
import type { RingRow } from './sample.ts';

/** A control message as the log has it: asked, told, or (without fields) answered. */
const MESSAGE = /^([A-Z0-9-]+_([FB]E) [A-Z_0-9]+)(?:\((.*)\) (to|from) | answered by )(.+ \((\d+)\))(?::.*)?$/s;

interface Message {
  /** `VBD_BE CREATE to Domain-0 (0)`: what an answer names too. */
  readonly key: string;
  readonly kind: 'asked' | 'told' | 'answered';
  /** Whose device it is; undefined where it is not said. */
  readonly front: string | undefined;
  readonly handle: string | undefined;
  readonly name: string | undefined;
}

/**
 * The log's records of one device: what was asked of its ends, what they answered and told. An answer names the domain that
 * answers, not the device: it is that of the oldest question of its kind which has none.
 *
 * @param records oldest first
 */
export function deviceRecords(
  { class: kind, device, domid, domain }: Pick<RingRow, 'class' | 'device' | 'domid' | 'domain'>,
  records: readonly LogRecord[],
): readonly LogRecord[] {
  // Another xend may have given the same number to another domain.
  const born = records.findLastIndex(({ text }) => text.startsWith(`Creating domain ${domain} (id=${domid},`));
  const messages = records.slice(Math.max(0, born)).flatMap((record) => {
    const message = messageIn(record.text, `${kind.toUpperCase()}_`);
    return message === undefined ? [] : [{ record, message }];
  });
  const ofFront = ({ front }: Message) => front === String(domid);
  const handle = messages.findLast(({ message }) => ofFront(message) && message.name === device)?.message.handle;
  const unanswered = new Map<string, boolean[]>();
  return messages
    .filter(({ message }) => {
      if (message.kind === 'answered') return unanswered.get(message.key)?.shift() ?? false;
      const isOwn = ofFront(message) && (handle === undefined || (message.handle ?? handle) === handle);
      if (message.kind === 'asked') unanswered.set(message.key, [...(unanswered.get(message.key) ?? []), isOwn]);
      return isOwn;
    })
    .map(({ record }) => record);
}

function messageIn(text: string, prefix: string): Message | undefined {
  if (!text.startsWith(prefix)) return undefined;
  const [, message, end, fields, direction, peer, peerId] = MESSAGE.exec(text) ?? [];
  if (message === undefined) return undefined;
  const field = (name: string) => new RegExp(`(?:^|, )${name}=([^,]*)`).exec(fields ?? '')?.[1];
  return {
    key: `${message} to ${peer}`,
    kind: fields === undefined ? 'answered' : direction === 'to' ? 'asked' : 'told',
    front: end === 'FE' ? peerId : field('domid'),
    handle: field('handle'),
    name: field('name'),
  };
}
