// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import { builtinClasses } from '../../../src/devices/registry.ts';
import { CMSG_STATUS, type ControlAnswer, INTERFACE, OKAY } from '../../../src/domain/control.ts';
import type { ControlPeer } from '../../../src/xend/device.ts';
import { createDeviceMessages } from '../../../src/xend/device-messages.ts';

/** How long the ends of a device are waited for, told by an end that keeps count and answers late or in time. */

interface Asked {
  readonly subtype: string;
  readonly limit: number | undefined;
}

function prepare(limits: { readonly answerLimit?: number; readonly destroyLimit?: number }) {
  const asked: Asked[] = [];
  let silent = false;
  const peer = (domid: number): ControlPeer => ({
    domid,
    name: `domain${domid}`,
    lost: new AbortController().signal,
    async request(_type, subtype, _body, limit): Promise<ControlAnswer> {
      asked.push({ subtype, limit });
      return silent ? { status: CMSG_STATUS.error, late: limit ?? 20_000 } : OKAY;
    },
  });
  const log = { write: () => {} };
  const ends = { front: peer(1), back: peer(0) };
  const spec = { class: builtinClasses.find(({ name }) => name === 'vbd')!, devid: 51712 };
  const messages = createDeviceMessages(spec, ends, { log, ...limits }, 'xvda', () => 'connected');
  return {
    messages,
    asked,
    hush: (on: boolean) => {
      silent = on;
    },
  };
}

test('an end that was late is hardly waited for when it is to let go', async () => {
  const { messages, asked, hush } = prepare({ answerLimit: 30_000, destroyLimit: 5000 });
  await messages.tellBack('CREATE');
  hush(true);
  for (const subtype of ['CONNECT', 'DISCONNECT', 'DEVICE_DESTROY', 'DESTROY', 'CONNECT']) {
    await expect(messages.tellBack(subtype)).rejects.toThrow(/domain 'domain0' did not answer BE .* within/);
  }
  expect(asked.map(({ limit }) => limit)).toEqual([30_000, 30_000, 1000, 1000, 1000, 30_000]);
});

test('the other end is, and it itself when it has answered again', async () => {
  const { messages, asked, hush } = prepare({ destroyLimit: 5000 });
  hush(true);
  await expect(messages.tellBack('DISCONNECT')).rejects.toThrow('within 5 s');
  await expect(messages.tellFront(INTERFACE.closed, {}, 'answer')).rejects.toThrow('within 5 s');
  await expect(messages.tellFront(INTERFACE.closed, {}, 'answer')).rejects.toThrow('within 1 s');
  hush(false);
  await messages.tellBack('DEVICE_DESTROY');
  await messages.tellBack('DESTROY');
  expect(asked.map(({ limit }) => limit)).toEqual([5000, 5000, 1000, 1000, 5000]);
});

test('shorter limits than that stay, and none is that of all messages', async () => {
  const short = prepare({ destroyLimit: 500 });
  short.hush(true);
  for (const subtype of ['DISCONNECT', 'DESTROY']) await short.messages.tellBack(subtype).catch(() => {});
  expect(short.asked.map(({ limit }) => limit)).toEqual([500, 500]);
  const none = prepare({});
  none.hush(true);
  for (const subtype of ['DISCONNECT', 'DESTROY']) await none.messages.tellBack(subtype).catch(() => {});
  expect(none.asked.map(({ limit }) => limit)).toEqual([undefined, 1000]);
});

test('what is not answered yet is known by its subtype too, which no class has its own word for', async () => {
  const { messages } = prepare({});
  const told = messages.tellBack('DEVICE_CREATE');
  expect(messages.unanswered).toEqual({ domid: 0, message: 'VBD_BE VBD_CREATE', subtype: 'DEVICE_CREATE', number: 1 });
  await told;
  expect(messages.unanswered).toBeUndefined();
});
