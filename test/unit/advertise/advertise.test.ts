// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from 'vitest';
import { type AdvertisingDomain, advertiseEndpoint, connectToEndpoint } from '../../../src/advertise/advertise.ts';
import { until } from '../../support/hv-machine.ts';
import { nothingLeft, startVchanDomains, type VchanDomain } from '../../support/vchan.ts';

const domain = ({ hypercalls, xs }: VchanDomain): AdvertisingDomain => ({ hypercalls, xenstore: xs });

/** Domain 1 advertises, domain 2 connects. */
async function pair(order = 0) {
  const all = startVchanDomains([1, 2, 3]);
  const [one, two, three] = all.domains.map(domain) as [AdvertisingDomain, AdvertisingDomain, AdvertisingDomain];
  const near = await advertiseEndpoint(one, 2, 'clock', order);
  return { all, one, two, three, near, [Symbol.dispose]: () => all[Symbol.dispose]() };
}

describe('an advertised endpoint', () => {
  test('is one memory and a bell at either end', async () => {
    using both = await pair(1);
    const far = await connectToEndpoint(both.two, 1, 'clock');
    expect([both.near.peer, far.peer, far.memory.byteLength]).toEqual([2, 1, 8192]);
    const heard = { near: 0, far: 0 };
    await until(() => both.near.connected);
    both.near.listen(() => heard.near++);
    far.listen(() => heard.far++);
    await until(() => heard.near > 0 && heard.far > 0);
    const before = { ...heard };
    new Int32Array(both.near.memory)[5] = 42;
    both.near.notify();
    await until(() => heard.far > before.far);
    expect(new Int32Array(far.memory)[5]).toBe(42);
    far.notify();
    await until(() => heard.near > before.near);
    expect([await far.close(), await far.close(), await both.near.close(), await both.near.close()]).toEqual(
      Array(4).fill(true),
    );
    await nothingLeft(both.all, 1, 2);
    expect(await both.two.xenstore.exists('/local/domain/1/data/endpoint/2/clock').catch(() => false)).toBe(false);
  });

  test('is for who it was advertised to, and for one', async () => {
    using both = await pair();
    await expect(connectToEndpoint(both.three, 1, 'clock')).rejects.toMatchObject({ code: 'ENOENT' });
    await expect(connectToEndpoint(both.two, 1, 'other')).rejects.toMatchObject({ code: 'ENOENT' });
    await connectToEndpoint(both.two, 1, 'clock');
    await expect(connectToEndpoint(both.two, 1, 'clock')).rejects.toMatchObject({ code: 'EBUSY' });
    // Domain 3 could guess, and the hypervisor would not hear of it.
    await both.three.xenstore.mkdir('/local/domain/3/data/endpoint');
    expect(both.all.hv.usage(3)).toMatchObject({ ports: 0, mappings: 0 });
  });

  test('that was never connected to goes without a trace, and so does one that could not be made', async () => {
    using both = await pair();
    expect(await both.near.close()).toBe(true);
    await expect(connectToEndpoint(both.two, 1, 'clock')).rejects.toMatchObject({ code: 'ENOENT' });
    await expect(advertiseEndpoint(both.one, 2, 'no name')).rejects.toThrow();
    await expect(advertiseEndpoint(both.one, 2, 'huge', 11)).rejects.toMatchObject({ code: 'ENOMEM' });
    await nothingLeft(both.all, 1, 2);
  });

  test('of a lie in the store connects to nothing', async () => {
    using both = await pair();
    for (const lie of ['', '1', '1 x', '-1 1', '4 99', '99 1', '1e3 1']) {
      await both.one.xenstore.write('/local/domain/1/data/endpoint/2/clock', lie);
      await expect(connectToEndpoint(both.two, 1, 'clock')).rejects.toMatchObject({
        code: expect.stringMatching(/^(ENOENT|EBUSY)$/),
      });
      expect(both.all.hv.usage(2)).toMatchObject({ ports: 0, mappings: 0 });
    }
  });
});

describe('when an end goes', () => {
  test('the owner has its memory when the peer lets go of it, and not before', async () => {
    using both = await pair();
    const far = await connectToEndpoint(both.two, 1, 'clock');
    expect(await both.near.close()).toBe(false);
    expect(far.connected).toBe(false);
    expect(await far.close()).toBe(true);
    expect(await both.near.close()).toBe(true);
    await nothingLeft(both.all, 1, 2);
  });

  test('by death, the peer’s: the owner sees it and has its memory', async () => {
    using both = await pair();
    await connectToEndpoint(both.two, 1, 'clock');
    await until(() => both.near.connected);
    both.all.kill(2);
    expect(both.near.connected).toBe(false);
    expect(await both.near.close()).toBe(true);
    await nothingLeft(both.all, 1);
  });

  test('by death, the owner’s: the peer sees it, and lets go', async () => {
    using both = await pair();
    const far = await connectToEndpoint(both.two, 1, 'clock');
    both.all.kill(1);
    expect(far.connected).toBe(false);
    far.notify();
    expect(await far.close()).toBe(true);
    await nothingLeft(both.all, 2);
    await expect(connectToEndpoint(both.two, 1, 'clock')).rejects.toMatchObject({ code: 'ENOENT' });
  });
});
