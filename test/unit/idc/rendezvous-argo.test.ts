// SPDX-License-Identifier: Apache-2.0
import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { giveAddresses } from '../../../src/domain/addresses.ts';
import { VIRQ } from '../../../src/hv/contract.ts';
import { type Endpoint, type ReceivedTransaction, TRANSPORT } from '../../../src/idc/contract.ts';
import { until } from '../../support/hv-machine.ts';
import { keepDiary, startDomains } from '../../support/rendezvous-domains.ts';

const echo = {
  onTransaction(asked: ReceivedTransaction) {
    asked.status.set(asked.parameters.subarray(0, asked.parametersLength));
    asked.complete(7, asked.parametersLength);
  },
};
const argo = { ...echo, channel: 'argo' } as const;
const ask = async (endpoint: Endpoint) => (await endpoint.call(Uint8Array.of(5))).error;
const destroyed = (endpoint: Endpoint) => new Promise<void>((resolve) => endpoint.destroy(resolve));
const connected =
  (...endpoints: Endpoint[]) =>
  () =>
    endpoints.every(({ state }) => state === 'connected');

/** One port stays: VIRQ_ARGO, for the next connection. */
const NOTHING = { pages: 0, grants: 0, mappings: 0, rings: 0, ports: 1 };

test.each([
  [0, 1],
  [1, 0],
])('ends of domains that share no memory meet, whichever comes first (%d, then %d)', async (first, second) => {
  using all = startDomains([1, 2]);
  const one = all.domains[first]!.connect(argo);
  for (let turn = 0; turn < 20; turn++) await nextTurn();
  const other = all.domains[second]!.connect(argo);
  await Promise.all([one.connected(), other.connected()]);
  for (const domid of [1, 2]) expect(all.hv.usage(domid)).toMatchObject({ grants: 0, mappings: 0, rings: 1 });
  expect([await ask(one), await ask(other)]).toEqual([7, 7]);
  await Promise.all([destroyed(one), destroyed(other)]);
  for (const domid of [1, 2]) expect(all.hv.usage(domid)).toMatchObject(NOTHING);
});

test('both ends may be in one domain', async () => {
  using all = startDomains([1]);
  const [one, other] = [all.domains[0]!.connect(argo), all.domains[0]!.connect(argo)];
  await until(connected(one, other));
  expect([await ask(one), await ask(other)]).toEqual([7, 7]);
  await Promise.all([destroyed(one), destroyed(other)]);
  expect(all.hv.usage(1)).toMatchObject(NOTHING);
});

test('a domain has many at once, and each hears its own peer', async () => {
  using all = startDomains([1, 2, 3, 4]);
  const heard: string[] = [];
  const pairs = [
    [0, 1],
    [0, 2],
    [0, 3],
  ] as const;
  for (const [index, [near, far]] of pairs.entries()) {
    const address = `line${index}`;
    for (const at of [near, far]) giveAddresses(all.xs, at + 1, [address]);
    const onTransaction = (asked: ReceivedTransaction) => {
      heard.push(`${index} ${asked.parameters[0]}`);
      asked.complete(0);
    };
    const ends = [
      all.domains[near]!.connect({ channel: 'argo', onTransaction }, address),
      all.domains[far]!.connect({ channel: 'argo' }, address),
    ];
    await until(connected(...ends));
    await ends[1]!.call(Uint8Array.of(index + 40));
  }
  expect(heard).toEqual(['0 40', '1 41', '2 42']);
  expect(all.hv.usage(1)).toMatchObject({ rings: 3, ports: 1 });
});

test('an end that goes and comes again is met again, as often as it does', async () => {
  using all = startDomains([1, 2]);
  const diary = keepDiary(echo);
  const stays = all.domains[0]!.connect({ ...diary.handlers, channel: 'argo' });
  for (let round = 1; round <= 10; round++) {
    const comes = all.domains[1]!.connect(argo);
    await until(connected(stays, comes));
    expect([await ask(stays), await ask(comes)]).toEqual([7, 7]);
    await destroyed(comes);
    await until(() => stays.state === 'absent');
    expect(diary.told).toBe('acdx'.repeat(round));
  }
});

test('a domain that dies in the midst of a call is seen to go, and leaves nothing', async () => {
  using all = startDomains([1, 2]);
  const survivor = all.domains[0]!.connect(argo);
  for (let life = 1; life <= 5; life++) {
    const other = (life === 1 ? all.domains[1]! : all.start(2)).connect(argo);
    await until(connected(survivor, other));
    const asked = survivor.call(new Uint8Array(1));
    all.kill(2);
    await until(() => survivor.state === 'absent');
    expect([TRANSPORT.ok, TRANSPORT.disconnected]).toContain((await asked).transport);
  }
  await destroyed(survivor);
  expect(all.hv.usage(1)).toMatchObject(NOTHING);
});

test('ends that name different channels do not connect, and both say why', async () => {
  using all = startDomains([1, 2]);
  const problems: string[] = [];
  const onProblem = (reason: string) => problems.push(reason);
  const one = all.domains[0]!.connect({ channel: 'argo', onProblem });
  const other = all.domains[1]!.connect({ onProblem });
  await until(() => problems.length === 2);
  expect(problems.toSorted()).toEqual([
    'no connection with domain 1: it does not want channel ring',
    'no connection with domain 2: it does not want channel argo',
  ]);
  expect([one.state, other.state]).toEqual(['present', 'present']);
  await destroyed(other);
  const fitting = all.domains[1]!.connect(argo);
  await until(connected(one, fitting));
});

test('where the kernel has bound the interrupt itself, it is told why there is no connection', async () => {
  using all = startDomains([1, 2]);
  const port = await all.domains[0]!.hypercalls.evtchn.bindVirq(VIRQ.argo);
  const problems: string[] = [];
  const one = all.domains[0]!.connect({ ...argo, onProblem: (reason) => problems.push(reason) });
  const other = all.domains[1]!.connect(argo);
  await until(() => problems.length > 0);
  expect(problems[0]).toContain('virq 11 is bound');
  await all.domains[0]!.hypercalls.evtchn.close(port);
  // Any news makes it try again.
  await destroyed(other);
  await until(connected(one, all.domains[1]!.connect(argo)));
});

test('a channel that does not exist is refused at once', () => {
  using all = startDomains([1]);
  expect(() => all.domains[0]!.connect({ channel: 'toString' as 'argo' })).toThrow("no channel 'toString'");
});

test('a rule that forbids what the ends say breaks the connection; without it they meet again', async () => {
  using all = startDomains([1, 2]);
  const problems: string[] = [];
  const one = all.domains[0]!.connect({ ...argo, onProblem: (reason) => problems.push(reason) });
  const other = all.domains[1]!.connect(argo);
  await until(connected(one, other));
  const { viptables } = all.hv;
  await viptables.add({ src: { domid: 1 }, dst: { domid: 2 }, accept: false });
  const cut = one.call(Uint8Array.of(5));
  expect((await cut).transport).not.toBe(TRANSPORT.ok);
  expect(problems[0]).toContain('a rule of viptables forbids it');
  await viptables.del(0);
  await destroyed(other);
  const next = all.domains[1]!.connect(argo);
  await until(connected(one, next));
  expect(await ask(one)).toBe(7);
});
