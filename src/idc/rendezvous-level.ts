// SPDX-License-Identifier: Apache-2.0
import type { ChannelKind, Quotas } from './contract.ts';
import type { Level, Offer } from './rendezvous-machine.ts';

/** What both ends must want alike. */
export interface Agreement {
  readonly quotas: Quotas;
  readonly channel: ChannelKind;
}

/** The level of an end, as the value of its node. */
export function formatLevel(level: Level, { quotas, channel }: Agreement): string {
  const { ticket, incarnation, closing, echo, offer, guest } = level;
  return JSON.stringify({ ticket, incarnation, closing, echo, guest, channel, quotas: limitsOf(quotas), ...offer });
}

/**
 * Reads a level. Its writer may be hostile: what is not exactly a level is none.
 *
 * @param wanted by the end that reads it
 */
export function parseLevel(domid: number, name: string, text: string, wanted: Agreement): Level | undefined {
  const { ticket, incarnation, closing, echo, guest, quotas, channel, gref, port } = parseObject(text);
  if (!isCount(ticket) || !isCount(incarnation) || typeof echo !== 'string' || typeof closing !== 'boolean')
    return undefined;
  if (guest !== undefined && typeof guest !== 'string') return undefined;
  const misfit = misfitOf(quotas, channel, wanted);
  return { domid, name, ticket, incarnation, closing, echo, misfit, offer: parseOffer(gref, port, wanted), guest };
}

/** The peer's own words are not repeated: they may be of any length. */
function misfitOf(limits: unknown, channel: unknown, wanted: Agreement): string {
  if (channel !== wanted.channel) return `it does not want channel ${wanted.channel}`;
  const same = Array.isArray(limits) && limits.join() === limitsOf(wanted.quotas).join();
  return same ? '' : 'it names other limits';
}

/** Over Argo there is no memory to map, so no reference either. */
function parseOffer(gref: unknown, port: unknown, { channel }: Agreement): Offer | undefined {
  if (!isCount(port)) return undefined;
  if (channel === 'argo') return gref === undefined ? { gref, port } : undefined;
  return isCount(gref) ? { gref, port } : undefined;
}

function limitsOf({ inFlight, bodyBytes }: Quotas): readonly number[] {
  return [inFlight, bodyBytes];
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function parseObject(text: string): Readonly<Record<string, unknown>> {
  try {
    return Object(JSON.parse(text)) as Readonly<Record<string, unknown>>;
  } catch {
    return {};
  }
}
