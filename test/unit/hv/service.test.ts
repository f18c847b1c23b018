// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from 'vitest';
import { RESERVED_GREF } from '../../../src/hv/contract.ts';
import { startMachine, until } from '../../support/hv-machine.ts';

function open() {
  const machine = startMachine([0, 1]);
  const seen = { events: 0 };
  const service = machine.hv.openService(1, () => {
    seen.events++;
  });
  return { machine, seen, service, guest: machine.dom(1) };
}

describe('an event channel to the hypervisor’s own thread', () => {
  test('carries events both ways', async () => {
    const { machine, seen, service, guest } = open();
    using _ = machine;
    let heard = 0;
    guest.evtchn.listen(service.port, () => {
      heard++;
    });
    guest.evtchn.poll();
    const before = heard;
    service.notify();
    guest.evtchn.poll();
    expect(heard).toBe(before + 1);
    guest.evtchn.notify(service.port);
    await until(() => seen.events > 0);
    const count = seen.events;
    guest.evtchn.notify(service.port);
    await until(() => seen.events > count);
    service.close();
  });

  test('is closed by the domain like any other, and the port’s next life hears nothing of it', async () => {
    const { machine, service, guest } = open();
    using _ = machine;
    await guest.evtchn.close(service.port);
    expect(await guest.evtchn.allocUnbound(0)).toBe(service.port);
    let heard = 0;
    guest.evtchn.listen(service.port, () => {
      heard++;
    });
    guest.evtchn.poll();
    const before = heard;
    service.notify();
    guest.evtchn.poll();
    expect(heard).toBe(before);
    service.close();
  });

  test('is not reached after it was closed here', async () => {
    const { machine, seen, service, guest } = open();
    using _ = machine;
    service.close();
    guest.evtchn.notify(service.port);
    for (let i = 0; i < 20; i++) await new Promise((resolve) => setImmediate(resolve));
    expect(seen.events).toBe(0);
  });

  test('a page that a builder grants is the domain’s, counted, and mappable by the grantee', async () => {
    const { machine, service, guest } = open();
    using _ = machine;
    const { buffer } = machine.hv.grantReserved(1, RESERVED_GREF.xenstore, 0);
    expect(machine.hv.usage(1)).toMatchObject({ pages: 1, grants: 1 });
    const mapped = await machine.dom(0).gnttab.map(1, RESERVED_GREF.xenstore);
    expect(mapped.buffer.byteLength).toBe(4096);
    new Uint8Array(buffer)[7] = 9;
    expect(new Uint8Array(mapped.buffer)[7]).toBe(9);
    expect(await guest.gnttab.endAccess(RESERVED_GREF.xenstore)).toBe('busy');
    service.close();
  });
});
