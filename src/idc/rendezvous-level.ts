// SPDX-License-Identifier: Apache-2.0
import type { Quotas } from './contract.ts';
import { lendable } from './layout.ts';
import type { Level, Offer } from './rendezvous-machine.ts';

/** The level of an end, as the value of its node. */
export function formatLevel(level: Level, quotas: Quotas): string {
  const { ticket, incarnation, closing, echo, offer } = level;
  return JSON.stringify({ ticket, incarnation, closing, echo, quotas: limitsOf(quotas), ...offer });
}

/**
 * Reads a level. Its writer may be hostile: what is not exactly a level is none.
 *
 * @param quotas of the end that reads it
 */
export function parseLevel(domid: number, name: string, text: string, quotas: Quotas): Level | undefined {
  const { ticket, incarnation, closing, echo, quotas: limits, grefs, port } = parseObject(text);
  if (!isCount(ticket) || !isCount(incarnation) || typeof echo !== 'string' || typeof closing !== 'boolean')
    return undefined;
  const fits = Array.isArray(limits) && limits.join() === limitsOf(quotas).join();
  return { domid, name, ticket, incarnation, closing, echo, fits, offer: parseOffer(grefs, port, quotas) };
}

function parseOffer(grefs: unknown, port: unknown, quotas: Quotas): Offer | undefined {
  const whole = Array.isArray(grefs) && grefs.every(isCount) && isCount(port);
  return whole && grefs.length === extentsOf(quotas) ? { grefs, port } : undefined;
}

/** How many extents a connection has: one for control, one for the pool if anything may be lent. */
function extentsOf(quotas: Quotas): number {
  return quotas.poolBytes > 0 ? 2 : 1;
}

function limitsOf(quotas: Quotas): readonly number[] {
  const { inFlight, bodyBytes, registrations } = quotas;
  return [inFlight, bodyBytes, registrations, lendable(quotas, 'front'), lendable(quotas, 'back')];
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
