// SPDX-License-Identifier: Apache-2.0
import { closeSync, openSync, writeSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { REFERENCE_BYTES, type Registration } from '../../../src/hv/lending-contract.ts';
import type { LocalBuffer } from '../../../src/idc/buffers/contract.ts';
import { slice } from '../../../src/idc/buffers/local-buffer.ts';
import { createEndpoint } from '../../../src/idc/endpoint.ts';
import { createLoopback } from '../../../src/idc/loopback-channel.ts';
import type { RegisterOptions, RemoteBuffers } from '../../../src/idc/remote-contract.ts';
import { until } from '../../support/hv-machine.ts';
import { bytesIn, outcome, receive, send, startRemote } from '../../support/idc-remote.ts';
import { pattern, tempImage } from '../../support/vbd-pair.ts';

const [A, B, C] = [1, 2, 3];

/** Memory of a domain with a pattern in it, lent. */
async function lend(by: RemoteBuffers, length: number, options: Partial<RegisterOptions> = {}) {
  const buffer = await by.alloc(length);
  bytesIn(buffer).set(pattern(length));
  const registration = by.register(buffer, { rights: 'readwrite', ...options })!;
  return { buffer, bytes: bytesIn(buffer), registration, reference: registration.reference };
}

const unregister = (registration: Registration): Promise<void> => new Promise((done) => registration.unregister(done));

describe.each(['copy', 'map'] as const)('a buffer lent by %s', (by) => {
  test('is sent to and received from, in parts, by any domain', async () => {
    using all = startRemote(64, 64, 64);
    const { bytes, reference } = await lend(all.of(A), 10_000, { by });
    for (const domid of [A, B, C]) {
      const mine = all.of(domid);
      const data = pattern(5000, domid + 10);
      expect(await send(mine, mine.bytes.of(data), reference, 3000)).toEqual({ code: undefined, bytes: 5000 });
      expect(bytes.subarray(3000, 8000)).toEqual(data);
      const target = new Uint8Array(7000);
      expect(await receive(mine, reference, mine.bytes.of(target), 1)).toEqual({ code: undefined, bytes: 7000 });
      expect(target).toEqual(bytes.slice(1, 7001));
    }
  });

  test('refuses what is beyond it, and what gives no right, and names nothing when it is no more', async () => {
    using all = startRemote(64, 0);
    const user = all.of(B);
    const { registration, reference, bytes } = await lend(all.of(A), 100, { by, rights: 'read' });
    const before = bytes.slice();
    const target = user.bytes.of(new Uint8Array(50));
    for (const offset of [51, 100, -1, 0.5, Number.NaN, 2 ** 53]) {
      expect(await receive(user, reference, target, offset)).toEqual({ code: 'ERANGE', bytes: 0 });
    }
    expect(await receive(user, reference, target, 50)).toEqual({ code: undefined, bytes: 50 });
    expect(await send(user, target, reference)).toEqual({ code: 'EACCES', bytes: 0 });
    expect(await send(user, target, reference.subarray(1))).toEqual({ code: 'ESTALE', bytes: 0 });
    await unregister(registration);
    expect(await receive(user, reference, target)).toEqual({ code: 'ESTALE', bytes: 0 });
    expect(bytes).toEqual(before);
  });

  test('of a domain that dies is an error', async () => {
    using all = startRemote(64, 0);
    const { reference } = await lend(all.of(A), 100, { by });
    const user = all.of(B);
    const target = user.bytes.of(new Uint8Array(50));
    const asked = receive(user, reference, target);
    all.machine.hv.destroyDomain(A);
    expect(await asked).toEqual({ code: 'ESTALE', bytes: 0 });
    expect(await send(user, target, reference)).toEqual({ code: 'ESTALE', bytes: 0 });
  });

  test('counts what fills it, whatever it comes from', async () => {
    using all = startRemote(64, 64);
    const owner = all.of(A);
    const map = await owner.alloc(4 * Math.ceil(9000 / 32));
    let filled = 0;
    const { reference } = await lend(owner, 9000, { by, fill: { map, onFilled: () => filled++ } });
    const user = all.of(B);
    const half = user.bytes.of(new Uint8Array(4500));
    for (const offset of [4500, 4500, 0]) {
      await owner.alloc(1);
      expect(filled).toBe(0);
      await send(user, half, reference, offset);
    }
    await until(() => filled === 1);
  });

  test('takes and gives any length of any type, as if it were memory', async () => {
    using file = tempImage(0);
    const scratch = openSync(file.path, 'r+');
    using all = startRemote(1024, 32_768);
    const { bytes, reference } = await lend(all.of(A), 1 << 18, { by });
    const user = all.of(B);
    const pool = user.pages.pool(await all.machine.dom(B).frames.pool(32_768));
    const content = pattern(1 << 18, 7);
    /** A range with the content in each type. */
    const makers: Readonly<Record<string, (at: number, length: number) => LocalBuffer>> = {
      bytes: (at, length) => slice(user.bytes.of(content.slice()), at, length),
      pages: (at, length) => {
        const buffer = pool.alloc(length, at % 4096)!;
        user.types.copy(slice(user.bytes.of(content), at, length), buffer, () => {});
        return buffer;
      },
      file: (at, length) => {
        writeSync(scratch, content, at, length, at);
        return user.file.of(scratch, at, length);
      },
    };
    const sizes = fc.oneof(
      fc.nat(40),
      fc.constantFrom(4095, 4096, 4097, 32767, 32769, 65535, 65536, 65537),
      fc.nat(200_000),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom('bytes', 'pages', 'file'),
        sizes,
        fc.nat(5000),
        fc.nat(5000),
        fc.boolean(),
        async (type, length, near, far, toRemote) => {
          const local = makers[type]!(near, length);
          const expected = bytes.slice();
          if (toRemote) {
            expect(await send(user, local, reference, far)).toEqual({ code: undefined, bytes: length });
            expected.set(content.subarray(near, near + length), far);
            expect(Buffer.compare(bytes, expected)).toBe(0);
          } else {
            expect(await receive(user, reference, local, far)).toEqual({ code: undefined, bytes: length });
            const back = new Uint8Array(length);
            await outcome((done) => user.types.copy(local, user.bytes.of(back), done));
            expect(Buffer.compare(back, expected.subarray(far, far + length))).toBe(0);
          }
        },
      ),
      { numRuns: 150 },
    );
    closeSync(scratch);
  });
});

describe('forwarding', () => {
  /** A endpoint that keeps the reference it is sent. */
  function meet(sender: RemoteBuffers) {
    const { front, back } = createLoopback({ inFlight: 2, bodyBytes: 64, registrations: 0 });
    const got: Uint8Array[] = [];
    const quotas = { inFlight: 2, bodyBytes: 64, registrations: 2 };
    const near = createEndpoint({ quotas, buffers: sender });
    const far = createEndpoint({
      quotas,
      onTransaction({ parameters, complete }) {
        got.push(parameters.slice(0, REFERENCE_BYTES));
        complete(0);
      },
    });
    for (const [end, channel] of [
      [near, front],
      [far, back],
    ] as const) {
      end.appear();
      end.connect(channel);
    }
    return { near, got };
  }

  test('A to B to C: B, which has no memory at all, sees 32 bytes; its death changes nothing, A’s word does', async () => {
    using all = startRemote(64, 0, 64);
    const frames = await all.machine.dom(C).frames.pool(64);
    const [a, b, c] = [A, B, C].map((domid) => all.of(domid)) as [RemoteBuffers, RemoteBuffers, RemoteBuffers];
    const atoB = meet(a);
    const btoC = meet(b);
    const buffer = await a.alloc(50_000);
    bytesIn(buffer).set(pattern(50_000));
    const registration = atoB.near.register(buffer, { rights: 'readwrite' })!;
    await atoB.near.call(registration.reference);
    const given = (await b.attenuate(atoB.got[0]!, { rights: 'read', offset: 100, length: 40_000 })) as Uint8Array;
    await btoC.near.call(given);
    const [reference] = btoC.got;
    const target = c.pages.pool(frames).alloc(40_000)!;
    expect(await receive(c, reference!, target)).toEqual({ code: undefined, bytes: 40_000 });
    expect(all.machine.hv.usage(B)).toMatchObject({ pages: 0, mappings: 0, lent: 0 });
    all.machine.hv.destroyDomain(B);
    const bytes = new Uint8Array(40_000);
    expect(await receive(c, reference!, c.bytes.of(bytes))).toEqual({ code: undefined, bytes: 40_000 });
    expect(bytes).toEqual(pattern(50_000).subarray(100, 40_100));
    expect(await send(c, c.bytes.of(bytes), reference!)).toEqual({ code: 'EACCES', bytes: 0 });
    expect(await receive(c, reference!, c.bytes.of(new Uint8Array(1)), 40_000)).toMatchObject({ code: 'ERANGE' });
    await unregister(registration);
    expect(await receive(c, reference!, target)).toEqual({ code: 'ESTALE', bytes: 0 });
  });

  test('a reference lives on when the connection over which it went ends, and the endpoint', async () => {
    using all = startRemote(64, 0);
    const owner = all.of(A);
    const { near, got } = meet(owner);
    const buffer = await owner.alloc(10);
    const registration = near.register(buffer, { rights: 'read' })!;
    await near.call(registration.reference);
    await new Promise<void>((done) => near.destroy(done));
    const user = all.of(B);
    expect(await receive(user, got[0]!, user.bytes.of(new Uint8Array(10)))).toMatchObject({ bytes: 10 });
    expect(near.register(buffer, { rights: 'read' })).toBeUndefined();
    await unregister(registration);
  });

  test('what attenuating refuses', async () => {
    using all = startRemote(64, 0);
    const { registration, reference } = await lend(all.of(A), 10, { rights: 'read' });
    expect(await all.of(B).attenuate(reference, { offset: 11 })).toBe('range');
    expect(await all.of(B).attenuate(reference, { rights: 'write' })).toBe('denied');
    await unregister(registration);
    expect(await all.of(B).attenuate(reference, {})).toBe('gone');
  });
});

describe('registrations', () => {
  test('of an endpoint are its own', async () => {
    using all = startRemote(64);
    const owner = all.of(A);
    const buffer = await owner.alloc(4096);
    const [one, other] = [1, 2].map((count) => createEndpoint({ quotas: { registrations: count }, buffers: owner }));
    const kept = one!.register(buffer, { rights: 'read' })!;
    expect(one!.register(buffer, { rights: 'read' })).toBeUndefined();
    expect(other!.register(buffer, { rights: 'read' })).toBeDefined();
    await unregister(kept);
    expect(one!.register(buffer, { rights: 'read' })).toBeDefined();
  });

  test('are of memory that was allocated to be lent, or slices of it', async () => {
    using all = startRemote(64, 64);
    const owner = all.of(A);
    const foreign = [owner.bytes.of(new Uint8Array(10)), await all.of(B).alloc(1)];
    for (const buffer of foreign) {
      expect(() => owner.register(buffer, { rights: 'read' })).toThrow(/not allocated to be lent/);
    }
    const { buffer } = await lend(owner, 100);
    const { reference } = owner.register(slice(slice(buffer, 10), 20, 5), { rights: 'read' })!;
    const target = new Uint8Array(5);
    await receive(owner, reference, owner.bytes.of(target));
    expect(target).toEqual(pattern(100).subarray(30, 35));
    await expect(owner.free(buffer)).rejects.toMatchObject({ code: 'EBUSY' });
  });
});

describe('a pool', () => {
  test('gives whole pages, and takes back what is not lent', async () => {
    using all = startRemote(64);
    const owner = all.of(A);
    const pool = await owner.pool(16 * 1024);
    const parts = [4096, 1, 4097].map((length) => pool.alloc(length)!);
    expect(parts.map(({ offset, length }) => [offset, length])).toEqual([
      [0, 4096],
      [4096, 1],
      [8192, 4097],
    ]);
    expect(pool.alloc(1)).toBeUndefined();
    const registration = owner.register(slice(parts[1]!, 0, 1), { rights: 'read' })!;
    expect(() => pool.free(parts[1]!)).toThrow(/lent/);
    pool.free(parts[0]!);
    expect(() => pool.free(parts[0]!)).toThrow(/given back before/);
    expect(() => pool.free(slice(parts[2]!, 0))).toThrow(/no part/);
    await unregister(registration);
    pool.free(parts[1]!);
    expect(pool.alloc(8192)).toBeDefined();
  });

  test('that is closed goes back to the domain with its last part', async () => {
    using all = startRemote(64);
    const pool = await all.of(A).pool(10_000);
    const part = pool.alloc(10)!;
    pool.close();
    expect(pool.alloc(10)).toBeUndefined();
    expect(all.machine.hv.usage(A)?.pages).toBe(4);
    pool.free(part);
    await until(() => all.machine.hv.usage(A)?.pages === 0);
    pool.close();
    (await all.of(A).pool(10)).close();
    await until(() => all.machine.hv.usage(A)?.pages === 0);
  });

  test('beyond the quota is refused', async () => {
    using all = startRemote(4);
    await expect(all.of(A).pool(5 * 4096)).rejects.toMatchObject({ code: 'ENOMEM' });
    await expect(all.of(A).alloc(5 * 4096)).rejects.toMatchObject({ code: 'ENOMEM' });
  });
});
