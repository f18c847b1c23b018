// SPDX-License-Identifier: Apache-2.0
import { setImmediate as nextTurn } from 'node:timers/promises';
import { beforeEach, expect, test } from 'vitest';
import { createBacks } from '../../../src/domain/backs.ts';
import { CMSG_STATUS, type ControlAnswer, type ControlBody, OKAY } from '../../../src/domain/control.ts';
import { createRemoteBuffers } from '../../../src/idc/remote-buffers.ts';
import { heard, held } from '../../support/held-back.ts';
import { startMachine } from '../../support/hv-machine.ts';

/** One device's back end that takes its time, and what xend says meanwhile. */

beforeEach(() => {
  heard.length = 0;
  held.clear();
});

const MODULE = { name: 'odd', module: new URL('../../support/held-back.ts', import.meta.url).href };

async function start() {
  const machine = startMachine([0, 1]);
  const control = { request: async () => OKAY, close: () => {} };
  const hypercalls = machine.dom(0);
  const means = { hypercalls, buffers: createRemoteBuffers(hypercalls) };
  const backs = createBacks('drv', means, '', () => control);
  await backs.announce(MODULE);
  /** Those that were answered, in this order, with their statuses. */
  const answers: string[] = [];
  async function tell(subtype: string, body: ControlBody = {}): Promise<ControlAnswer> {
    const answer = await backs.handle('odd', subtype, { domid: 1, handle: 7, ...body });
    answers.push(`${subtype} ${answer.status}`);
    return answer;
  }
  return { tell, answers, [Symbol.dispose]: () => machine[Symbol.dispose]() };
}

/** Has a phase take its time. @returns what ends it */
function hold(phase: string): () => void {
  const { promise, resolve } = Promise.withResolvers<void>();
  held.set(phase, promise);
  return resolve;
}

const toldAll = async (tell: (subtype: string) => Promise<unknown>, subtypes: readonly string[]) => {
  for (const subtype of subtypes) await tell(subtype);
};

test('it has let go when that is done, however often it is asked', async () => {
  using all = await start();
  await toldAll(all.tell, ['CREATE', 'DEVICE_CREATE', 'CONNECT']);
  const release = hold('disconnect');
  const asked = ['DISCONNECT', 'DISCONNECT', 'DEVICE_DESTROY', 'DESTROY'].map((subtype) => all.tell(subtype));
  await nextTurn();
  expect(all.answers.slice(3)).toEqual([]);
  release();
  expect(await Promise.all(asked)).toEqual([OKAY, OKAY, OKAY, OKAY]);
  expect(heard.slice(6)).toEqual(['+disconnect', '-disconnect', '+close', '-close']);
});

test('what is asked while it connects is done when it is connected', async () => {
  using all = await start();
  await toldAll(all.tell, ['CREATE', 'DEVICE_CREATE']);
  const release = hold('connect');
  const asked = ['CONNECT', 'DISCONNECT'].map((subtype) => all.tell(subtype));
  await nextTurn();
  expect(all.answers.slice(2)).toEqual([]);
  release();
  await Promise.all(asked);
  expect(heard.slice(4)).toEqual(['+connect', '-connect', '+disconnect', '-disconnect']);
});

test('of one that was made too late nothing stays, and the next one of its number can come', async () => {
  using all = await start();
  const release = hold('create');
  const asked = ['CREATE', 'DESTROY', 'CREATE'].map((subtype) => all.tell(subtype));
  await nextTurn();
  release();
  expect(await Promise.all(asked)).toEqual([OKAY, OKAY, OKAY]);
  await all.tell('DESTROY');
  expect(await all.tell('DESTROY')).toMatchObject({ status: CMSG_STATUS.interfaceNotFound });
});

test.each(['create', 'open', 'connect', 'disconnect'])(
  'by force one that hangs at %s makes room at once',
  async (phase) => {
    using all = await start();
    const release = hold(phase);
    for (const subtype of ['CREATE', 'DEVICE_CREATE', 'CONNECT', 'DISCONNECT']) void all.tell(subtype);
    await nextTurn();
    expect(heard.at(-1)).toBe(`+${phase}`);
    expect(await all.tell('DESTROY', { force: true })).toEqual(OKAY);
    held.clear();
    await toldAll(all.tell, ['CREATE', 'DEVICE_CREATE', 'CONNECT']);
    expect(all.answers.slice(-3)).toEqual(['CREATE 0', 'DEVICE_CREATE 0', 'CONNECT 0']);
    // It lets go when it comes to itself, and the new one is still there.
    const before = heard.length;
    release();
    await expect.poll(() => heard.slice(before).at(-1)).toBe('-close');
    expect(await all.tell('CONNECT')).toMatchObject({ status: CMSG_STATUS.interfaceConnected });
  },
);
