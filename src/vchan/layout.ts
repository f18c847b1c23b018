// SPDX-License-Identifier: Apache-2.0
import { XmError } from '../errors.ts';
import { type GrantRef, PAGE_SIZE } from '../hv/contract.ts';
import type { ByteRingPlace } from '../ring/byte-ring.ts';

/** Byte offsets in the shared page (spec/primitives.md 7.1, spec/idc.md rule 93). */
export const AT = {
  /** The ring that the client writes. */
  left: { cons: 0, prod: 4, order: 16 },
  /** The ring that the server writes. */
  right: { cons: 8, prod: 12, order: 18 },
  /** Who of the two is there. */
  live: { client: 20, server: 21 },
  /** What somebody is to tell the other one. */
  notify: { client: 22, server: 23 },
  /** References of the pages of both rings, left first. */
  grants: 24,
} as const;

/** Values of a `live` byte; another one means open. */
export const LIVE = { gone: 0, open: 1, waiting: 2 } as const;

/** Bits of a `notify` byte: tell when you wrote, tell when you read. */
export const NOTIFY = { written: 1, read: 2 } as const;

/** A ring of order n has 2^n bytes. Of the two small orders each is at its own place in the page, so at most one ring has it. */
const SMALL = 10;
const LARGE = 11;
const PAGE_ORDER = 12;
const MAX_ORDER = 20;

export interface Orders {
  readonly left: number;
  readonly right: number;
}

/**
 * The orders that a server takes for rings of at least so many bytes.
 *
 * @throws XmError `EINVAL` when there is no such order
 */
export function chooseOrders(left: number, right: number): Orders {
  for (const bytes of [left, right]) {
    if (bytes >= 0 && bytes <= 2 ** MAX_ORDER) continue;
    throw new XmError('EINVAL', `A ring has at most ${2 ** MAX_ORDER} bytes, not ${bytes}`);
  }
  const [small, large] = [2 ** SMALL, 2 ** LARGE];
  if (left <= small && right <= large) return { left: SMALL, right: LARGE };
  if (left <= large && right <= small) return { left: LARGE, right: SMALL };
  const paged = (bytes: number): number => Math.max(PAGE_ORDER, Math.ceil(Math.log2(bytes)));
  if (left <= large) return { left: LARGE, right: paged(right) };
  if (right <= large) return { left: paged(left), right: LARGE };
  return { left: paged(left), right: paged(right) };
}

/** Pages of its own that a ring has. */
export function pagesOf(order: number): number {
  return order < PAGE_ORDER ? 0 : 2 ** (order - PAGE_ORDER);
}

/** What a shared page says of its rings. */
export interface Description {
  readonly orders: Orders;
  readonly left: readonly GrantRef[];
  readonly right: readonly GrantRef[];
}

/** Prepares the shared page, before anybody else sees it. */
export function initPage(page: SharedArrayBuffer, { orders, left, right }: Description): void {
  const view = new DataView(page);
  view.setUint16(AT.left.order, orders.left, true);
  view.setUint16(AT.right.order, orders.right, true);
  view.setUint8(AT.live.client, LIVE.waiting);
  view.setUint8(AT.live.server, LIVE.open);
  view.setUint8(AT.notify.client, NOTIFY.written);
  for (const [index, gref] of [...left, ...right].entries()) view.setUint32(AT.grants + 4 * index, gref, true);
}

/**
 * Reads what a server says of its rings, once: what it writes there later changes nothing.
 *
 * @throws XmError `EPROTO` for rings that cannot be
 */
export function describePage(page: SharedArrayBuffer): Description {
  const view = new DataView(page);
  const orders = { left: view.getUint16(AT.left.order, true), right: view.getUint16(AT.right.order, true) };
  const known = [orders.left, orders.right].every((order) => order >= SMALL && order <= MAX_ORDER);
  if (!known || (orders.left < PAGE_ORDER && orders.left === orders.right)) {
    throw new XmError('EPROTO', `rings of the orders ${orders.left} and ${orders.right} cannot be`);
  }
  const grefs = (first: number, count: number): readonly GrantRef[] =>
    Array.from({ length: count }, (_, index) => view.getUint32(AT.grants + 4 * (first + index), true));
  const [left, right] = [pagesOf(orders.left), pagesOf(orders.right)];
  return { orders, left: grefs(0, left), right: grefs(left, right) };
}

/** Where a ring is: in the shared page, or in pages of its own. */
export function ringPlace(
  page: SharedArrayBuffer,
  ring: 'left' | 'right',
  order: number,
  pages: readonly SharedArrayBuffer[],
): ByteRingPlace {
  const size = 2 ** order;
  const { cons, prod } = AT[ring];
  // Of a page that is more than that, only the page is used.
  const data = pages.length === 0 ? size : pages.map((one) => new Uint8Array(one, 0, PAGE_SIZE));
  return { buffer: page, cons, prod, size, data };
}
