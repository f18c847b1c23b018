// SPDX-License-Identifier: Apache-2.0

import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { idcFront } from '../../../../src/devices/idc-front.ts';
import { BLK_OP, BLK_STATUS } from '../../../../src/devices/vbd/contract.ts';
import {
  DATA_BYTES,
  FRONT_QUOTAS,
  getInfo,
  MAX_REQUEST_SECTORS,
  putRequest,
  REFERENCE_AT,
  VBD_QUOTAS,
} from '../../../../src/devices/vbd/protocol.ts';
import { REFERENCE_BYTES, type Rights } from '../../../../src/hv/lending-contract.ts';
import { TRANSPORT } from '../../../../src/idc/contract.ts';
import type { EndpointControl } from '../../../../src/idc/endpoint.ts';
import type { RemoteBuffers } from '../../../../src/idc/remote-contract.ts';
import { bytesIn } from '../../../support/idc-remote.ts';
import { diskConfig, startVbdPair, tempImage } from '../../../support/vbd-pair.ts';

const SECTORS = 1024;
const { read, write, flush, discard, info } = BLK_OP;

/** A front end that sends whatever the test wants. */
async function rawPair(mode: 'r' | 'w' = 'w') {
  const image = tempImage(SECTORS * 512);
  const front = idcFront(FRONT_QUOTAS, (endpoint, { buffers }) => ({ driver: { endpoint, buffers } }));
  const pair = await startVbdPair({ config: diskConfig(image.path, mode), front });
  const { endpoint, buffers } = pair.front.driver as {
    readonly endpoint: EndpointControl;
    readonly buffers: RemoteBuffers;
  };

  /** @returns what the back end says */
  async function send(parameters: Uint8Array): Promise<number> {
    const { transport, error } = await endpoint.call(parameters);
    expect(transport).toBe(TRANSPORT.ok);
    return error;
  }

  async function lend(length: number, rights: Rights, by: 'copy' | 'map' = 'map') {
    const buffer = await buffers.alloc(length);
    return { bytes: bytesIn(buffer), registration: endpoint.register(buffer, { rights, by })! };
  }

  return {
    pair,
    endpoint,
    image,
    send,
    lend,
    unchanged: () => Buffer.compare(readFileSync(image.path), image.content) === 0,
    async [Symbol.asyncDispose]() {
      await pair[Symbol.asyncDispose]();
      image[Symbol.dispose]();
    },
  };
}

function request(op: number, sector: number, count: number, reference?: Uint8Array): Uint8Array {
  const parameters = new Uint8Array(reference ? DATA_BYTES : REFERENCE_AT);
  putRequest(parameters, op, sector, count);
  if (reference) parameters.set(reference, REFERENCE_AT);
  return parameters;
}

describe('a back end with a hostile front end', () => {
  test('does an honest request, as a check of this test', async () => {
    await using raw = await rawPair();
    const { bytes, registration } = await raw.lend(1024, 'readwrite');
    expect(await raw.send(request(read, 1, 2, registration.reference))).toBe(BLK_STATUS.okay);
    expect(bytes).toEqual(raw.image.content.subarray(512, 1536));
  });

  test('knows no other operations', async () => {
    await using raw = await rawPair();
    const { reference } = (await raw.lend(512, 'readwrite')).registration;
    const known = new Set<number>(Object.values(BLK_OP));
    for (let op = 0; op < 256; op++) {
      if (!known.has(op)) expect(await raw.send(request(op, 0, 1, reference))).toBe(BLK_STATUS.notSupported);
    }
    expect(raw.unchanged()).toBe(true);
  });

  test.each([
    ['no sectors', 0, 0],
    ['one beyond the end', SECTORS, 1],
    ['a part beyond the end', SECTORS - 1, 2],
    ['a sum that does not fit 32 bits', 1, 2 ** 32 - 1],
    ['a sector that does not fit 32 bits', 2 ** 32, 1],
    ['a sector whose bytes do not fit 64 bits', 2 ** 55, 1],
    ['the highest sector', 2 ** 64, 1],
  ])('refuses %s', async (_, sector, count) => {
    await using raw = await rawPair();
    const { reference } = (await raw.lend(65_536, 'readwrite')).registration;
    for (const op of [read, write, discard]) {
      const parameters = request(op, Math.min(sector, 2 ** 53), count, reference);
      if (sector >= 2 ** 55) parameters.fill(sector === 2 ** 64 ? 0xff : 0x80, 8, 16);
      expect(await raw.send(parameters)).toBe(BLK_STATUS.error);
    }
    expect(raw.unchanged()).toBe(true);
  });

  test('refuses memory that is too short, not lent, not lent for this, or not lent any more', async () => {
    await using raw = await rawPair();
    const short = (await raw.lend(512, 'readwrite')).registration;
    const readable = (await raw.lend(512, 'read')).registration;
    const writable = (await raw.lend(512, 'write')).registration;
    const ended = (await raw.lend(512, 'readwrite')).registration;
    await new Promise<void>((done) => ended.unregister(done));
    for (const bad of [
      request(read, 0, 2, short.reference),
      request(write, 0, 2, short.reference),
      request(read, 0, 1, readable.reference),
      request(write, 0, 1, writable.reference),
      request(read, 0, 1, ended.reference),
      request(read, 0, 2, (await raw.lend(512, 'readwrite', 'copy')).registration.reference),
      request(read, 0, 1, (await raw.lend(512, 'read', 'copy')).registration.reference),
      request(write, 0, 1, ended.reference),
      request(read, 0, 1, new Uint8Array(REFERENCE_BYTES)),
      request(read, 0, 1, new Uint8Array(REFERENCE_BYTES).fill(0xff)),
      request(read, 0, 1),
      request(write, 0, 1, short.reference).subarray(0, DATA_BYTES - 1),
    ]) {
      expect(await raw.send(bad)).toBe(BLK_STATUS.error);
    }
    expect(raw.unchanged()).toBe(true);
    // Each pin was given back: the fences of all registrations complete.
    for (const { unregister } of [short, readable, writable]) await new Promise<void>((done) => unregister(done));
  });

  test('refuses requests that are cut short', async () => {
    await using raw = await rawPair();
    for (const op of [read, write, flush, discard, info]) {
      for (const length of [0, 1, 15]) {
        expect(await raw.send(request(op, 0, 1).subarray(0, length))).toBe(BLK_STATUS.error);
      }
    }
  });

  test('writes nothing to a disk that is attached read-only', async () => {
    await using raw = await rawPair('r');
    const { reference } = (await raw.lend(512, 'readwrite')).registration;
    expect(await raw.send(request(write, 0, 1, reference))).toBe(BLK_STATUS.readOnly);
    expect(await raw.send(request(discard, 0, 1))).toBe(BLK_STATUS.readOnly);
    expect(raw.unchanged()).toBe(true);
  });

  test('does not take its limits from the front end', async () => {
    await using raw = await rawPair();
    const { reference } = (await raw.lend(1024 * 1024, 'readwrite')).registration;
    const { status } = await raw.endpoint.call(request(info, 0, 0));
    expect(getInfo(status)).toEqual({ sectors: SECTORS, readonly: false, maxSectors: MAX_REQUEST_SECTORS });
    expect(await raw.send(request(read, 0, MAX_REQUEST_SECTORS + 1, reference))).toBe(BLK_STATUS.error);
    expect(await raw.send(request(discard, 0, 32_769))).toBe(BLK_STATUS.error);
  });

  test('survives any bytes, and serves on', async () => {
    await using raw = await rawPair('r');
    const { bytes, registration } = await raw.lend(512, 'write');
    const parameters = fc.uint8Array({ maxLength: VBD_QUOTAS.bodyBytes });
    await fc.assert(
      fc.asyncProperty(fc.array(parameters, { maxLength: 40 }), async (all) => {
        await Promise.all(all.map(raw.send));
      }),
    );
    expect(await raw.send(request(read, 5, 1, registration.reference))).toBe(BLK_STATUS.okay);
    expect(bytes).toEqual(raw.image.content.subarray(5 * 512, 6 * 512));
    expect(raw.pair.broken).toEqual([]);
    expect(raw.unchanged()).toBe(true);
  });
});
