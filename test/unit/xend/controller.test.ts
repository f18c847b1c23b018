// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from 'vitest';
import { createClaimTable } from '../../../src/devices/claims.ts';
import type { DeviceClass } from '../../../src/devices/contract.ts';
import { CMSG_STATUS, type ControlAnswer, INTERFACE, OKAY } from '../../../src/domain/control.ts';
import { createDevice } from '../../../src/xend/controller.ts';
import { type ControlPeer, type Device, GONE } from '../../../src/xend/device.ts';
import type { DeviceState } from '../../../src/xend/device-table.ts';
import { startMachine } from '../../support/hv-machine.ts';

/** One device between domains that answer what a test says. */

const here = new URL(import.meta.url);
const odd: DeviceClass = {
  name: 'odd',
  aliases: [],
  doc: 'An odd device.',
  fields: {},
  devid: () => 7,
  names: () => ['odd7'],
  front: here,
  back: here,
  counters: [],
};

type Answers = (message: string) => ControlAnswer | Promise<ControlAnswer>;

interface Peer extends ControlPeer {
  /** What it was told, e.g. `CREATE` or `DISCONNECTED`. */
  readonly heard: string[];
  /** What it would say with INTERFACE_CONNECT. */
  offer: { readonly frames: readonly number[]; readonly invitation: unknown };
  /** How it answers from now on. */
  answers: Answers;
  /** It dies: nothing answers any more, and all that it had is undone. */
  die(): void;
}

function createPeer(domid: number, name: string): Peer {
  const losing = new AbortController();
  const peer: Peer = {
    domid,
    name,
    lost: losing.signal,
    heard: [],
    offer: { frames: [8], invitation: undefined },
    answers: () => OKAY,
    async request(_type, subtype, { status, unserved, invitation }) {
      const shown = Object.entries(INTERFACE)
        .find(([, number]) => number === status)?.[0]
        .toUpperCase();
      const message = `${shown ?? subtype}${unserved === true ? ' unserved' : ''}`;
      if (losing.signal.aborted) return GONE;
      peer.heard.push(message);
      if (invitation !== undefined) peer.offer = { ...peer.offer, invitation };
      return peer.answers(message);
    },
    die: () => losing.abort(),
  };
  return peer;
}

const late: ControlAnswer = { status: 1, late: 1000 };

/** @param to the state that the device is brought to */
async function start(to: DeviceState, deviceClass = odd) {
  const machine = startMachine([0, 1, 2, 3]);
  const [front, back, other] = [createPeer(1, 'guest'), createPeer(2, 'drv'), createPeer(3, 'spare')];
  const states: string[] = [];
  const device: Device = createDevice(
    { class: deviceClass, devid: 7, config: { backend: '2' }, front, back, record: new SharedArrayBuffer(0) },
    {
      hv: machine.hv,
      log: { write: () => {} },
      claims: createClaimTable(),
      onChange: ({ state }) => states.push(state),
    },
  );
  const path = ['attach', 'frontUp', 'frontConnect'] as const;
  for (const event of path) if (device.state !== to) await device.handle(event, front.offer);
  expect(device.state).toBe(to);
  for (const peer of [front, back, other]) peer.heard.length = 0;
  return { machine, front, back, other, device, states, [Symbol.dispose]: () => machine[Symbol.dispose]() };
}

describe('a back end that dies', () => {
  test.each([
    ['waiting', []],
    ['offered', ['DISCONNECTED unserved']],
    ['connected', ['DISCONNECTED unserved']],
  ] as const)('in state %s: the front end is told %j', async (state, told) => {
    using all = await start(state);
    const { device, front, back } = all;
    back.die();
    await device.handle('backGone');
    expect([device.state, device.connection, front.heard]).toEqual(['unserved', undefined, told]);
    // The next of its name finds nothing of it, and the device names that one.
    back.heard.length = 0;
    const next = createPeer(3, 'drv');
    await device.handle('backUp', { back: next });
    expect([device.state, device.back.domid, next.heard]).toEqual(['waiting', 3, ['CREATE', 'DEVICE_CREATE']]);
    expect(device.config.backend).toBe('drv');
    expect(all.machine.hv.usage(2)?.ports).toBe(0);
  });

  test('is missed even where nobody says it', async () => {
    using all = await start('offered');
    all.back.answers = () => {
      all.back.die();
      return GONE;
    };
    const connected = expect(all.device.whenConnected(1000)).rejects.toThrow("Domain 'drv' is gone");
    await expect(all.device.handle('frontConnect', all.front.offer)).rejects.toThrow("Domain 'drv' is gone");
    await connected;
    expect([all.device.state, all.device.back.name]).toEqual(['unserved', 'drv']);
    expect(all.front.heard).toEqual(['DISCONNECTED unserved']);
    expect(all.machine.hv.usage(1)?.ports).toBe(0);
  });

  test('has the name that it had then', async () => {
    using all = await start('connected');
    let name = 'drv';
    Object.defineProperty(all.back, 'name', { get: () => name });
    all.back.die();
    await all.device.handle('backGone');
    name = 'drv-2';
    expect(all.device.back.name).toBe('drv');
  });

  test('takes with it what it alone had', async () => {
    using all = await start('connected', { ...odd, volatile: () => true });
    all.back.die();
    await all.device.handle('backGone');
    expect([all.device.state, all.front.heard]).toEqual(['closed', ['CLOSED']]);
    await expect(all.device.whenConnected(1000)).rejects.toThrow('what was written to it');
  });

  test('a device that has another one by now has lost nothing', async () => {
    using all = await start('connected');
    await all.device.handle('move', { back: all.other });
    all.back.die();
    await all.device.handle('backGone');
    expect(all.device.state).toBe('waiting');
  });
});

describe('a driver that is loaded again', () => {
  test('does not have a device that it has not let go of: that waits, until it has', async () => {
    using all = await start('connected');
    const { device, back, front } = all;
    back.answers = (message) => (message === 'DISCONNECT' ? late : { status: CMSG_STATUS.interfaceConnected });
    await expect(device.handle('backDown')).rejects.toMatchObject({ code: 'ETIMEOUT' });
    back.heard.length = 0;
    for (const _ of [1, 2]) await expect(device.handle('backUp', { back })).rejects.toThrow();
    expect([device.state, back.heard.includes('CREATE'), front.heard.includes('CLOSED')]).toEqual([
      'unserved',
      false,
      false,
    ]);
    // Nor is it taken away from it.
    expect(back.heard).toEqual(['DEVICE_DESTROY', 'DESTROY', 'DEVICE_DESTROY', 'DESTROY']);
    back.answers = () => OKAY;
    await device.handle('backUp', { back });
    expect(device.state).toBe('waiting');
  });

  test('and cannot make it: the device is gone', async () => {
    using all = await start('connected');
    await all.device.handle('backDown');
    all.back.answers = (message) => (message === 'DEVICE_CREATE' ? { status: 8, reason: 'no such file' } : OKAY);
    await expect(all.device.handle('backUp', { back: all.back })).rejects.toThrow('no such file');
    expect([all.device.state, all.back.heard.at(-1)]).toEqual(['closed', 'DESTROY']);
  });
});

describe('another back end', () => {
  test('gets the device when the former one has done what was asked, in this order', async () => {
    using all = await start('connected');
    await all.device.handle('move', { back: all.other });
    expect(all.back.heard).toEqual(['DISCONNECT', 'DEVICE_DESTROY', 'DESTROY']);
    expect(all.other.heard).toEqual(['CREATE', 'DEVICE_CREATE']);
    expect(all.front.heard).toEqual(['DISCONNECTED unserved']);
    expect([all.device.state, all.device.back, all.device.config.backend]).toEqual(['waiting', all.other, 'spare']);
  });

  test('does not while the former one has work that it has not ended', async () => {
    using all = await start('connected');
    all.back.answers = (message) => (message === 'DISCONNECT' ? late : OKAY);
    await expect(all.device.handle('move', { back: all.other })).rejects.toMatchObject({ code: 'ETIMEOUT' });
    expect([all.device.state, all.other.heard, all.device.back]).toEqual(['unserved', [], all.back]);
    expect(all.back.heard).toEqual(['DISCONNECT']);
    // When it has, the device may go.
    all.back.answers = () => OKAY;
    await all.device.handle('move', { back: all.other });
    expect([all.device.state, all.device.back]).toEqual(['waiting', all.other]);
  });

  test('does not, however often it is tried, before the former one has let go', async () => {
    using all = await start('connected');
    all.back.answers = (message) => (message === 'DISCONNECT' ? late : { status: CMSG_STATUS.interfaceConnected });
    for (const _ of [1, 2]) await expect(all.device.handle('move', { back: all.other })).rejects.toThrow();
    expect([all.device.state, all.other.heard, all.device.back]).toEqual(['unserved', [], all.back]);
    // One that has nothing of it any more has let go.
    all.back.answers = () => ({ status: CMSG_STATUS.interfaceNotFound });
    await all.device.handle('move', { back: all.other });
    expect([all.device.state, all.device.back]).toEqual(['waiting', all.other]);
  });

  test.each(['detach', 'frontGone', 'failed'] as const)('never comes, by %s: the former one lets go', async (event) => {
    using all = await start('connected');
    all.back.answers = (message) => (message === 'DISCONNECT' ? late : OKAY);
    await expect(all.device.handle('move', { back: all.other })).rejects.toMatchObject({ code: 'ETIMEOUT' });
    await all.device.handle(event);
    expect([all.device.state, all.back.heard.at(-1)]).toEqual(['closed', 'DESTROY']);
  });

  test('takes it by force from one that hangs, which is told to let go whenever it can', async () => {
    using all = await start('connected');
    all.back.answers = (message) => (message === 'DISCONNECT' ? late : new Promise(() => {}));
    await all.device.handle('seize', { back: all.other });
    expect(all.back.heard).toEqual(['DISCONNECT', 'DESTROY']);
    expect([all.device.state, all.device.back]).toEqual(['waiting', all.other]);
  });

  test('refuses: it has nothing of it, and the former one may have it again', async () => {
    using all = await start('connected');
    all.other.answers = (message) => (message === 'DEVICE_CREATE' ? { status: 8, reason: 'no such file' } : OKAY);
    await expect(all.device.handle('move', { back: all.other })).rejects.toThrow('no such file');
    expect(all.device.state).toBe('unserved');
    expect(all.other.heard.slice(2)).toEqual(['DISCONNECT', 'DEVICE_DESTROY', 'DESTROY']);
    await all.device.handle('seize', { back: all.back });
    expect([all.device.state, all.device.config]).toEqual(['waiting', { backend: '2' }]);
  });

  test('dies while it gets the device, and so did the former one: it waits for that', async () => {
    using all = await start('connected');
    all.other.answers = () => {
      all.back.die();
      all.other.die();
      return GONE;
    };
    await expect(all.device.handle('move', { back: all.other })).rejects.toThrow("Domain 'spare' is gone");
    await expect(all.device.handle('seize', { back: all.back })).rejects.toThrow("Domain 'drv' is gone");
    expect([all.device.state, all.device.back.name]).toEqual(['unserved', 'drv']);
  });
});

test('what a front end offered to a back end that died is not taken for what it offers the next one', async () => {
  using all = await start('offered');
  const { device, front, back, other } = all;
  const former = front.offer;
  back.die();
  await device.handle('backGone');
  await device.handle('backUp', { back: other });
  await device.handle('show');
  await device.handle('frontConnect', former);
  expect([device.state, other.heard]).toEqual(['offered', ['CREATE', 'DEVICE_CREATE']]);
  await device.handle('frontConnect', front.offer);
  expect(device.state).toBe('connected');
});

test('a front end that does not hear in time of its back end connects when it does', async () => {
  using all = await start('waiting');
  all.front.answers = () => late;
  await expect(all.device.handle('show')).rejects.toMatchObject({ code: 'ETIMEOUT' });
  expect([all.device.state, all.front.heard]).toEqual(['offered', ['DISCONNECTED']]);
  all.front.answers = () => OKAY;
  await all.device.handle('frontConnect', all.front.offer);
  expect(all.device.state).toBe('connected');
});
