// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import { byteRingReader, byteRingWriter, latestBytes } from '../../../src/ring/byte-ring.ts';
import { inspectVchan, vchanGrants, vchanStreams } from '../../../src/vchan/inspect.ts';
import { AT, initPage, NOTIFY } from '../../../src/vchan/layout.ts';

function channel() {
  const page = new SharedArrayBuffer(4096);
  initPage(page, { orders: { left: 13, right: 11 }, left: [8, 9], right: [] });
  const buffers = new Map([8, 9].map((gref) => [gref, new SharedArrayBuffer(4096)]));
  const bufferOf = (gref: number) => buffers.get(gref);
  return { page, buffers, bufferOf };
}

test('the rings of a channel as its server sees them, with what was written last', () => {
  const { page, bufferOf } = channel();
  expect(vchanGrants(page)).toEqual([8, 9]);
  const streams = vchanStreams(page, bufferOf)!;
  const writer = byteRingWriter(streams.in);
  writer.write(new Uint8Array(5000).fill(7));
  byteRingReader(streams.in).read(new Uint8Array(4999));
  expect(inspectVchan(page)).toMatchObject([
    { direction: 'out', size: 2048, used: 0 },
    { direction: 'in', size: 8192, used: 1, reqProd: 5000, reqCons: 4999 },
  ]);
  expect(latestBytes(streams.in, 3)).toEqual(Uint8Array.of(7, 7, 7));
});

test('a writer that waits for room is seen', () => {
  const { page } = channel();
  const waiting = () => inspectVchan(page).map(({ direction, waiting }) => `${direction} ${waiting}`);
  expect(waiting()).toEqual(['out 0', 'in 0']);
  // The client is to tell when it has read.
  new Uint8Array(page)[AT.notify.client]! |= NOTIFY.read;
  expect(waiting()).toEqual(['out 1', 'in 0']);
  new Uint8Array(page)[AT.notify.server]! |= NOTIFY.read;
  expect(waiting()).toEqual(['out 1', 'in 1']);
});

test('other memory has no rings, and rings whose pages are not there cannot be read', () => {
  expect(inspectVchan(new SharedArrayBuffer(4096))).toEqual([]);
  expect(vchanGrants(new SharedArrayBuffer(4096))).toEqual([]);
  const { page, buffers, bufferOf } = channel();
  buffers.delete(9);
  expect(vchanStreams(page, bufferOf)).toBeUndefined();
  // The largest orders that a page can claim.
  new Uint16Array(page).set([20, 20], AT.left.order / 2);
  expect(vchanGrants(page)).toHaveLength(512);
  expect(vchanStreams(page, bufferOf)).toBeUndefined();
});
