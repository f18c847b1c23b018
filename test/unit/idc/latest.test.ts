// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import { latestRequests } from '../../../src/idc/latest.ts';
import { initControl, layoutOf } from '../../../src/idc/layout.ts';
import { createRingChannel } from '../../../src/idc/ring-channel.ts';
import { SILENT_BELL } from '../../support/idc-pairs.ts';
import { createRecorder, record } from '../../support/idc-recorder.ts';

const QUOTAS = { inFlight: 4, bodyBytes: 16, registrations: 0 };

/** Two ends, of which the test says when the back end looks and what it answers. */
function connection() {
  const control = new SharedArrayBuffer(layoutOf(QUOTAS).controlBytes);
  initControl(control, QUOTAS);
  let look = (): void => {};
  const bell = {
    ...SILENT_BELL,
    listen(handler: (() => void) | undefined) {
      if (handler !== undefined) look = handler;
    },
  };
  const front = createRingChannel({ control, quotas: QUOTAS, side: 'front' }, SILENT_BELL);
  const back = createRingChannel({ control, quotas: QUOTAS, side: 'back' }, bell);
  front.open(createRecorder());
  back.open(createRecorder());
  return {
    control,
    ask(id: number, body: readonly number[]) {
      front.putRequest(1, id, record(body), body.length);
      front.flush();
    },
    take: () => look(),
    answer(id: number, error: number, body: readonly number[] = []) {
      back.putReply(id, error, record(body), body.length);
      back.flush();
    },
    hear: () => front.poll(),
    seen: (most = 8) => latestRequests(control, 'front', most),
  };
}

test('requests are waiting, then taken, then answered, and what they asked is still to be read', () => {
  const { ask, take, answer, seen } = connection();
  expect(seen()).toEqual([]);
  ask(5, [1, 2, 3]);
  expect(seen()).toMatchObject([{ id: 5, state: 'waiting', request: Uint8Array.of(1, 2, 3), error: undefined }]);
  take();
  expect(seen()).toMatchObject([{ id: 5, state: 'taken' }]);
  answer(5, -7);
  const [look] = seen();
  expect(look).toMatchObject({ state: 'answered', error: -7, answer: new Uint8Array(0) });
  // How long it was is overwritten.
  expect(look!.request!.subarray(0, 4)).toEqual(Uint8Array.of(1, 2, 3, 0));
});

test('answers in another order find their requests', () => {
  const { ask, take, answer, seen } = connection();
  for (const id of [5, 6, 7]) ask(id, [id]);
  take();
  answer(7, 0);
  answer(5, 1);
  expect(seen().map(({ id, state, error }) => [id, state, error])).toEqual([
    [5, 'answered', 1],
    [6, 'taken', undefined],
    [7, 'answered', 0],
  ]);
  expect(seen().map(({ request }) => request?.[0])).toEqual([5, 6, 7]);
});

test("an answer's body takes the place of the request's", () => {
  const { ask, take, answer, seen } = connection();
  ask(5, [1, 2]);
  take();
  answer(5, 0, [9, 8]);
  expect(seen()).toMatchObject([{ state: 'answered', request: undefined, answer: Uint8Array.of(9, 8) }]);
});

test('there are as many as slots, or as are wanted', () => {
  const { ask, take, answer, hear, seen } = connection();
  for (let id = 5; id < 15; id++) {
    ask(id, []);
    take();
    answer(id, 0);
    hear();
  }
  expect(seen().map(({ id }) => id)).toEqual([11, 12, 13, 14]);
  expect(seen(2).map(({ id }) => id)).toEqual([13, 14]);
});

test('memory that is no connection has none, and lies about lengths are cut', () => {
  expect(latestRequests(new SharedArrayBuffer(4096), 'front', 8)).toEqual([]);
  const { control, ask, seen } = connection();
  ask(5, [1]);
  const { base } = layoutOf(QUOTAS).ring(control, 'front');
  new Int32Array(control)[(base + 64) / 4 + 2] = -1;
  expect(seen()[0]!.request).toHaveLength(16);
});
