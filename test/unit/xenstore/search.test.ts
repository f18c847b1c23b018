// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import { createStore } from '../../../src/xenstore/store.ts';

const KEYS = ['ring-ref', 'event-channel'];

function storeWithDomain() {
  const store = createStore();
  store.introduceDomain(1);
  const xs = store.connect(0, () => true);
  xs.mkdir('/local/domain/1');
  xs.setPerms('/local/domain/1', ['n1']);
  const guest = store.connect(1, () => true);
  return { store, xs, guest, paths: () => store.find(KEYS).map(({ path }) => path) };
}

test('nodes with all of the children are found wherever they are, with their values and who owns them', () => {
  const { store, xs, guest } = storeWithDomain();
  guest.write('data/a/ring-ref', '9');
  guest.write('data/a/event-channel', '5');
  guest.write('data/half/ring-ref', '9');
  xs.write('/ring-ref', '8');
  xs.write('/event-channel', '4');
  const found = store.find(KEYS).toSorted((one, other) => one.owner - other.owner);
  expect(found).toEqual([
    { path: '/', owner: 0, values: ['8', '4'] },
    { path: '/local/domain/1/data/a', owner: 1, values: ['9', '5'] },
  ]);
  expect(store.find(['half'])).toMatchObject([{ path: '/local/domain/1/data' }]);
});

test('a later search sees what has changed, and what has gone', () => {
  const { xs, guest, store, paths } = storeWithDomain();
  expect(paths()).toEqual([]);
  for (const key of KEYS) guest.write(`deep/er/${key}`, '1');
  expect(paths()).toEqual(['/local/domain/1/deep/er']);
  guest.write('deep/er/ring-ref', '2');
  expect(store.find(KEYS)[0]!.values).toEqual(['2', '1']);
  guest.rm('deep/er/event-channel');
  expect(paths()).toEqual([]);
  guest.write('deep/er/event-channel', '1');
  xs.rm('/local/domain/1');
  expect(paths()).toEqual([]);
});

test('one found below another that is found', () => {
  const { guest, paths } = storeWithDomain();
  for (const directory of ['up', 'up/down']) for (const key of KEYS) guest.write(`${directory}/${key}`, '1');
  expect(paths()).toEqual(['/local/domain/1/up', '/local/domain/1/up/down']);
});
