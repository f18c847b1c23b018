// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from 'vitest';
import { ARGO_DOMID_ANY, ARGO_FLAG, type ArgoAddress, type ArgoRing } from '../../../src/hv/argo-contract.ts';
import { VIRQ } from '../../../src/hv/contract.ts';
import { countEvents, startMachine, until } from '../../support/hv-machine.ts';

const PORT = 7;
const TYPE = 0xfeedbeef;
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

/** Domain 1 with a ring for domain 2, which knows the way. */
async function connected(length = 32 * 4096) {
  const machine = startMachine([1, 2, 3]);
  const [receiver, sender] = [machine.dom(1), machine.dom(2)];
  const ring = await receiver.argo.register(PORT, 2, length);
  const to: ArgoAddress = { domid: 1, aport: PORT };
  expect(await sender.argo.resolve(to)).toBeUndefined();
  return {
    machine,
    receiver,
    sender,
    ring,
    to,
    send: (text: string) => sender.argo.sendv(99, to, [bytes(text)], TYPE),
    [Symbol.dispose]: () => machine[Symbol.dispose](),
  };
}

function texts(ring: ArgoRing): string[] {
  const all: string[] = [];
  for (let message = ring.receive(); message; message = ring.receive()) {
    all.push(Buffer.from(message.bytes).toString());
  }
  return all;
}

describe("what XTF's Argo test looks at", () => {
  test('a ring of one byte is refused; no ring, no flags; unregistering nothing is ENOENT', async () => {
    using machine = startMachine([1]);
    const { argo } = machine.dom(1);
    await expect(argo.register(PORT, ARGO_DOMID_ANY, 1)).rejects.toMatchObject({ code: 'EINVAL' });
    const query = [{ domid: 1, aport: PORT, spaceRequired: 0 }];
    expect(await argo.notify(query)).toEqual([{ domid: 1, aport: PORT, flags: 0, maxMessageSize: 0 }]);
    await expect(argo.unregister(PORT, ARGO_DOMID_ANY)).rejects.toMatchObject({ code: 'ENOENT' });
    const length = 32 * 4096 - 64;
    await argo.register(PORT, ARGO_DOMID_ANY, length);
    const { exists, shared, empty, sufficient } = ARGO_FLAG;
    expect(await argo.notify(query)).toEqual([
      { domid: 1, aport: PORT, flags: exists | shared | empty | sufficient, maxMessageSize: length - 32 },
    ]);
    await argo.unregister(PORT, ARGO_DOMID_ANY);
    expect(await argo.notify(query)).toMatchObject([{ flags: 0 }]);
  });

  test('a message to oneself: its length, header, tx_ptr; rx_ptr stays until it is received', async () => {
    using machine = startMachine([1]);
    const { argo } = machine.dom(1);
    const ring = await argo.register(PORT, ARGO_DOMID_ANY, 4096);
    const to = { domid: 1, aport: PORT };
    await argo.resolve(to);
    expect(argo.sendv(5, to, [bytes('hello')], TYPE)).toBe(5);
    const words = new Uint32Array(ring.buffer);
    expect([...words.subarray(0, 2)]).toEqual([0, 32]);
    expect([...words.subarray(16, 20)]).toEqual([21, 5, 1, TYPE]);
    const { source, type, length, bytes: body } = ring.receive()!;
    expect([{ ...source }, type, length, Buffer.from(body).toString()]).toEqual([
      { domid: 1, aport: 5 },
      TYPE,
      5,
      'hello',
    ]);
    expect([...words.subarray(0, 2)]).toEqual([32, 32]);
    expect(ring.receive()).toBeUndefined();
  });
});

describe('sendv', () => {
  test('the first message to an address is answered by EAGAIN, and the interrupt says when to try again', async () => {
    using machine = startMachine([1, 2]);
    const [receiver, sender] = [machine.dom(1), machine.dom(2)];
    const ring = await receiver.argo.register(PORT, 2, 4096);
    const seen = countEvents(sender, await sender.evtchn.bindVirq(VIRQ.argo));
    const send = () => sender.argo.sendv(0, { domid: 1, aport: PORT }, [bytes('x')], 0);
    expect(send()).toBe('EAGAIN');
    await until(() => seen.count > 0);
    expect(send()).toBe(1);
    expect(texts(ring)).toEqual(['x']);
  });

  test('raises the interrupt of the receiver', async () => {
    using pair = await connected();
    const seen = countEvents(pair.receiver, await pair.receiver.evtchn.bindVirq(VIRQ.argo));
    pair.send('x');
    await until(() => seen.count === 1);
  });

  test('an interrupt that is bound only after the message came is not missed by who looks first', async () => {
    using pair = await connected();
    pair.send('early');
    await pair.receiver.evtchn.bindVirq(VIRQ.argo);
    expect(texts(pair.ring)).toEqual(['early']);
  });

  test('joins up to eight pieces, empty ones and views into larger buffers among them; a message may be empty', async () => {
    using pair = await connected();
    const { sender, to, ring } = pair;
    const view = bytes('0123456789').subarray(2, 5);
    expect(sender.argo.sendv(0, to, [bytes('a'), new Uint8Array(0), view, Buffer.from('z')], 0)).toBe(5);
    expect(sender.argo.sendv(0, to, [], 0)).toBe(0);
    expect(texts(ring)).toEqual(['a234z', '']);
  });

  test('refuses what is malformed before it looks where it goes', async () => {
    using pair = await connected(4096);
    const { argo } = pair.sender;
    const nowhere = { domid: 77, aport: PORT };
    const piece = bytes('x');
    expect(argo.sendv(-1, nowhere, [piece], 0)).toBe('EINVAL');
    expect(argo.sendv(0, { domid: 1, aport: 0.5 }, [piece], 0)).toBe('EINVAL');
    expect(argo.sendv(0, { domid: 1 << 16, aport: 0 }, [piece], 0)).toBe('EINVAL');
    expect(argo.sendv(0, nowhere, [piece], 2 ** 32)).toBe('EINVAL');
    expect(argo.sendv(0, nowhere, new Array(9).fill(piece), 0)).toBe('EINVAL');
    expect(argo.sendv(0, nowhere, ['x' as unknown as Uint8Array], 0)).toBe('EFAULT');
    expect(argo.sendv(0, pair.to, [new Uint8Array(4096 - 31)], 0)).toBe('EMSGSIZE');
    expect(argo.sendv(0, pair.to, [new Uint8Array(4096 - 32)], 0)).toBe(4096 - 32);
    expect(texts(pair.ring)).toHaveLength(1);
  });

  test('to an unknown domain is ESRCH; to one without a ring, or with one for somebody else, ECONNREFUSED', async () => {
    using pair = await connected();
    const answers = async (domid: number, aport: number, dom = pair.sender) => {
      const to = { domid, aport };
      expect(dom.argo.sendv(0, to, [], 0)).toBe('EAGAIN');
      const found = await dom.argo.resolve(to);
      expect(dom.argo.sendv(0, to, [], 0)).toBe(found);
      return found;
    };
    expect(await answers(77, PORT)).toBe('ESRCH');
    expect(await answers(3, PORT)).toBe('ECONNREFUSED');
    expect(await answers(1, PORT + 1)).toBe('ECONNREFUSED');
    expect(await answers(1, PORT, pair.machine.dom(3))).toBe('ECONNREFUSED');
  });

  test('a ring and a domain that come later are found', async () => {
    using pair = await connected();
    const { machine, sender } = pair;
    expect(await sender.argo.resolve({ domid: 3, aport: 1 })).toBe('ECONNREFUSED');
    expect(await sender.argo.resolve({ domid: 4, aport: 1 })).toBe('ESRCH');
    await machine.dom(3).argo.register(1, 2, 4096);
    await machine.add(4).argo.register(1, ARGO_DOMID_ANY, 4096);
    for (const domid of [3, 4]) {
      expect(await sender.argo.resolve({ domid, aport: 1 })).toBeUndefined();
      expect(sender.argo.sendv(0, { domid, aport: 1 }, [bytes('x')], 0)).toBe(1);
    }
  });

  test('a ring for the sender goes before the ring for everybody, as long as there is one', async () => {
    using pair = await connected();
    const { receiver, sender, ring: own, to } = pair;
    const open = await receiver.argo.register(PORT, ARGO_DOMID_ANY, 4096);
    const stranger = pair.machine.dom(3);
    await stranger.argo.resolve(to);
    expect(stranger.argo.sendv(0, to, [bytes('stranger')], 0)).toBe(8);
    expect(pair.send('partner')).toBe(7);
    expect([texts(own), texts(open)]).toEqual([['partner'], ['stranger']]);
    await receiver.argo.unregister(PORT, 2);
    await sender.argo.resolve(to);
    expect(pair.send('partner')).toBe(7);
    const again = await receiver.argo.register(PORT, 2, 4096);
    await sender.argo.resolve(to);
    expect(pair.send('again')).toBe(5);
    expect([texts(open), texts(again)]).toEqual([['partner'], ['again']]);
  });
});

test('messages of every length go around the end of a ring unchanged, without a gap', async () => {
  const { length, machine, ring, sender, to } = { length: 208, ...(await connected(208)) };
  for (let round = 0; round < 500; round++) {
    const body = Uint8Array.from({ length: round % (length - 31) }, (_, at) => round + at);
    expect(sender.argo.sendv(round, to, [body.subarray(0, 3), body.subarray(3)], round)).toBe(body.length);
    const message = ring.receive()!;
    expect([message.type, message.source.aport, message.source.domid]).toEqual([round, round, 2]);
    expect(Buffer.compare(message.bytes, body)).toBe(0);
  }
  expect(ring.receive()).toBeUndefined();
  machine[Symbol.dispose]();
});
