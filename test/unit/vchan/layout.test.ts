// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import { chooseOrders, describePage, initPage, pagesOf, ringPlace } from '../../../src/vchan/layout.ts';

test.each([
  [0, 0, 10, 11],
  [1024, 2048, 10, 11],
  [2048, 1024, 11, 10],
  [2048, 2048, 11, 12],
  [2048, 1 << 20, 11, 20],
  [4097, 2000, 13, 11],
  [2049, 2049, 12, 12],
  [1 << 20, 1 << 20, 20, 20],
])('rings of %i and %i bytes have the orders %i and %i', (left, right, leftOrder, rightOrder) => {
  expect(chooseOrders(left, right)).toEqual({ left: leftOrder, right: rightOrder });
});

test.each([
  [2 ** 20 + 1, 0],
  [0, -1],
  [Number.NaN, 0],
])('there are no rings of %d and %d bytes', (left, right) => {
  expect(() => chooseOrders(left, right)).toThrow('A ring has at most 1048576 bytes');
});

test('the page, byte by byte', () => {
  const page = new SharedArrayBuffer(4096);
  initPage(page, { orders: { left: 13, right: 12 }, left: [0x01020304, 9], right: [0xfffffffe] });
  const expected = new Uint8Array(4096);
  expected.set([13, 0, 12, 0], 16);
  // cli_live: no client yet; srv_live: open; cli_notify: tell when you write; srv_notify: the client says.
  expected.set([2, 1, 1, 0], 20);
  expected.set([4, 3, 2, 1, 9, 0, 0, 0, 0xfe, 0xff, 0xff, 0xff], 24);
  expect(Buffer.from(new Uint8Array(page)).equals(expected)).toBe(true);
  expect(describePage(page)).toEqual({ orders: { left: 13, right: 12 }, left: [0x01020304, 9], right: [0xfffffffe] });
});

test('small rings lie in the page, at the offset of their size; left is what the client writes', () => {
  const page = new SharedArrayBuffer(4096);
  expect(ringPlace(page, 'left', 10, [])).toMatchObject({ cons: 0, prod: 4, data: 1024, size: 1024 });
  expect(ringPlace(page, 'right', 11, [])).toMatchObject({ cons: 8, prod: 12, data: 2048, size: 2048 });
  expect([10, 11, 12, 13, 20].map(pagesOf)).toEqual([0, 0, 1, 2, 256]);
});

test.each([
  [9, 12],
  [12, 21],
  [10, 10],
  [11, 11],
  [0, 0],
  [65535, 65535],
])('the orders %i and %i are refused', (left, right) => {
  const page = new SharedArrayBuffer(4096);
  initPage(page, { orders: { left, right }, left: [], right: [] });
  expect(() => describePage(page)).toThrow(`rings of the orders ${left} and ${right} cannot be`);
});

test('all references of two rings of the largest order fit', () => {
  const page = new SharedArrayBuffer(4096);
  const [left, right] = [1, 1000].map((first) => Array.from({ length: 256 }, (_, index) => first + index));
  initPage(page, { orders: { left: 20, right: 20 }, left: left!, right: right! });
  expect(describePage(page)).toEqual({ orders: { left: 20, right: 20 }, left, right });
});
