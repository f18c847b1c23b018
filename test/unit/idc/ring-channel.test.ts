// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import { DEFAULT_QUOTAS } from '../../../src/idc/contract.ts';
import { initControl, layoutOf } from '../../../src/idc/layout.ts';
import { createRingChannel } from '../../../src/idc/ring-channel.ts';
import { until } from '../../support/hv-machine.ts';
import { SILENT_BELL } from '../../support/idc-pairs.ts';
import { createRecorder, type Reactions, record } from '../../support/idc-recorder.ts';

/** Two ends whose bells only count; the test rings by calling what the back end listens with. */
function silentPair(reactions: Reactions) {
  const control = new SharedArrayBuffer(layoutOf(DEFAULT_QUOTAS).controlBytes);
  initControl(control, DEFAULT_QUOTAS);
  const memory = { control, quotas: DEFAULT_QUOTAS };
  const rings = { toBack: 0 };
  let look: (() => void) | undefined;
  const front = createRingChannel({ ...memory, side: 'front' }, { ...SILENT_BELL, notify: () => rings.toBack++ });
  const back = createRingChannel(
    { ...memory, side: 'back' },
    {
      ...SILENT_BELL,
      listen(handler) {
        look = handler;
      },
    },
  );
  const sink = createRecorder(reactions);
  front.open(createRecorder());
  back.open(sink);
  const send = (...ids: readonly number[]): void => {
    for (const id of ids) front.putRequest(1, id, record([]), 0);
    front.flush();
  };
  return { send, sink, rings, ringBack: () => look!(), listening: () => look !== undefined, front, back };
}

const ids = (sink: ReturnType<typeof createRecorder>): readonly number[] => sink.requests.map(({ id }) => id);

test('looks again by itself when a handler throws, as the peer will not ring again', async () => {
  const { send, sink, rings, ringBack } = silentPair({
    onRequest({ id }) {
      if (id === 1) throw new Error('handler');
    },
  });
  send(1, 2, 3);
  expect(rings.toBack).toBe(1);
  expect(ringBack).toThrow('handler');
  expect(ids(sink)).toEqual([1]);
  await until(() => sink.requests.length === 3);
  send(4);
  expect(rings.toBack).toBe(2);
});

test('what comes while the last handler runs is taken without another ring', () => {
  const { send, sink, rings, ringBack } = silentPair({
    onRequest({ id }) {
      if (id < 3) send(id + 1);
    },
  });
  send(1);
  ringBack();
  expect([ids(sink), rings.toBack]).toEqual([[1, 2, 3], 1]);
});

test('[18] a flood is handled in turns, so that the thread does other work too, and to its end', async () => {
  const answer = record([]);
  const { send, sink, rings, ringBack, front, back } = silentPair({
    onRequest: ({ id }) => back.putReply(id, 0, answer, 0),
    // The peer takes its answer at once and asks again.
    onDelivered() {
      back.flush();
      front.poll();
      if (sink.requests.length < 5000) send(sink.requests.length + 1);
    },
  });
  send(1);
  ringBack();
  expect(sink.requests.length).toBeLessThan(5000);
  await until(() => sink.requests.length === 5000);
  expect(rings.toBack).toBe(1);
});

test('stops listening when it is closed, and when the peer breaks the ring', () => {
  const closed = silentPair({});
  closed.back.close();
  expect([closed.listening(), closed.sink.reasons]).toEqual([false, []]);
  const broken = silentPair({});
  broken.send(...Array.from({ length: DEFAULT_QUOTAS.inFlight + 1 }, (_, index) => index));
  broken.ringBack();
  expect([broken.listening(), broken.sink.reasons, broken.sink.requests]).toEqual([
    false,
    ['impossible ring index'],
    [],
  ]);
});
