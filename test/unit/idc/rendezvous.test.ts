// SPDX-License-Identifier: Apache-2.0

import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { giveAddresses } from '../../../src/domain/addresses.ts';
import { type Endpoint, type ReceivedTransaction, TRANSPORT } from '../../../src/idc/contract.ts';
import { until } from '../../support/hv-machine.ts';
import { bytesIn } from '../../support/idc-remote.ts';
import { ADDRESS, keepDiary, startDomains } from '../../support/rendezvous-domains.ts';
import { countingTimers } from '../../support/timers.ts';

const echo = {
  onTransaction(asked: ReceivedTransaction) {
    asked.status.set(asked.parameters.subarray(0, asked.parametersLength));
    asked.complete(7, asked.parametersLength);
  },
};

async function ask(endpoint: Endpoint, text: string): Promise<string> {
  const { transport, error, status } = await endpoint.call(new TextEncoder().encode(text));
  return `${transport} ${error} ${new TextDecoder().decode(status)}`;
}

const destroyed = (endpoint: Endpoint) => new Promise<void>((resolve) => endpoint.destroy(resolve));
const connected =
  (...endpoints: Endpoint[]) =>
  () =>
    endpoints.every(({ state }) => state === 'connected');

/** Lets everything that is under way come to its end. */
async function calm(): Promise<void> {
  for (let turn = 0; turn < 50; turn++) await nextTurn();
}

test.each([
  ['the granter', 0, 1],
  ['the mapper', 1, 0],
])('%s comes first', async (_name, first, second) => {
  using all = startDomains([1, 2]);
  const early = keepDiary(echo);
  const one = all.domains[first]!.connect(early.handlers);
  await calm();
  expect([one.state, early.told]).toEqual(['absent', '']);
  const other = all.domains[second]!.connect(echo);
  await Promise.all([one.connected(), other.connected()]);
  expect(await ask(one, 'ping')).toBe('0 7 ping');
  expect(await ask(other, 'pong')).toBe('0 7 pong');
  expect(early.told).toBe('ac');
});

test('both ends may be in one domain', async () => {
  using all = startDomains([1]);
  const [domain] = all.domains;
  const one = domain!.connect(echo);
  const other = domain!.connect(echo);
  await Promise.all([one.connected(), other.connected()]);
  expect([await ask(one, 'a'), await ask(other, 'b')]).toEqual(['0 7 a', '0 7 b']);
  await Promise.all([destroyed(one), destroyed(other)]);
  expect(all.hv.usage(1)).toMatchObject({ pages: 0, ports: 0, grants: 0, mappings: 0 });
  // One for deaths stays, when the end that gave the memory was the first to go.
  expect(all.store.usage(1)?.watches).toBeLessThanOrEqual(1);
});

test('a polled call between ends of one domain is answered by its own thread', async () => {
  using all = startDomains([1]);
  const [one, other] = [all.domains[0]!.connect(), all.domains[0]!.connect(echo)];
  await Promise.all([one.connected(), other.connected()]);
  const transaction = one.transaction();
  expect([one.callPolled(transaction, 60_000), transaction.error]).toEqual([TRANSPORT.ok, 7]);
});

test('a third one waits until one of the pair goes, whatever its number', async () => {
  using all = startDomains([1, 2, 3]);
  const [low, middle, high] = all.domains;
  const one = middle!.connect();
  await calm();
  const two = high!.connect();
  await until(connected(one, two));
  const waiting = keepDiary();
  const third = low!.connect(waiting.handlers);
  await calm();
  expect([third.state, one.incarnation, two.incarnation, waiting.told]).toEqual(['absent', 1, 1, '']);
  await destroyed(one);
  await until(connected(two, third));
  expect([waiting.told, two.incarnation]).toEqual(['ac', 2]);
});

test('[7] a domain that dies is seen to go, and a namesake of it is another', async () => {
  using all = startDomains([1, 2]);
  const diary = keepDiary(echo);
  const survivor = all.domains[0]!.connect(diary.handlers);
  for (let life = 1; life <= 5; life++) {
    const other = (life === 1 ? all.domains[1]! : all.start(2)).connect(echo);
    await until(connected(survivor, other));
    expect(await ask(other, `${life}`)).toBe(`0 7 ${life}`);
    const asked = survivor.call(new Uint8Array(1));
    all.kill(2);
    await until(() => survivor.state === 'absent');
    expect([TRANSPORT.ok, TRANSPORT.disconnected]).toContain((await asked).transport);
    expect(diary.told).toBe('acdx'.repeat(life));
  }
  await calm();
  expect(all.hv.usage(1)).toMatchObject({ pages: 0, ports: 0, grants: 0, mappings: 0 });
});

test('an address that is not given is not met at, until it is', async () => {
  using all = startDomains([1, 2]);
  const problems: string[] = [];
  const [one, other] = all.domains.map((domain) =>
    domain.connect({ onProblem: (reason) => problems.push(reason) }, 'elsewhere'),
  );
  await calm();
  expect([one!.state, other!.state]).toEqual(['absent', 'absent']);
  expect(problems[0]).toMatch('the address elsewhere cannot be used: EACCES');
  giveAddresses(all.xs, 1, ['elsewhere']);
  giveAddresses(all.xs, 2, ['elsewhere']);
  await until(connected(one!, other!));
});

test('ends that have met go on when the store is gone', async () => {
  using all = startDomains([1, 2]);
  const [one, other] = all.domains.map((domain) => domain.connect(echo));
  await until(connected(one!, other!));
  for (const { xs } of all.domains) xs.close();
  expect(await ask(one!, 'there')).toBe('0 7 there');
  expect(await ask(other!, 'back')).toBe('0 7 back');
});

test('what is published can be read by those who hold the address, and by nobody else', async () => {
  using all = startDomains([1, 2]);
  all.hv.createDomain(3, 16);
  all.store.introduceDomain(3);
  const stranger = all.store.connect(3, () => true);
  const [one, other] = all.domains.map((domain) => domain.connect());
  await until(connected(one!, other!));
  const [path] = [...all.levels().keys()];
  expect(() => stranger.read(path!)).toThrow('EACCES');
  expect(() => stranger.directory(`/idc/${ADDRESS}`)).toThrow('EACCES');
  expect(() => stranger.write(`/idc/${ADDRESS}/3/x`, '')).toThrow('EACCES');
  expect(() => all.store.connect(2, () => true).write(path!, '')).toThrow('EACCES');
  // Given the address later, it reads what was there before.
  giveAddresses(all.xs, 3, [ADDRESS]);
  expect(stranger.read(path!)).toBe(all.xs.read(path!));
});

test('ends that name other limits do not connect', async () => {
  using all = startDomains([1, 2]);
  const one = all.domains[0]!.connect({ quotas: { bodyBytes: 64 } });
  const other = all.domains[1]!.connect({ quotas: { bodyBytes: 128 } });
  await calm();
  expect([one.state, other.state]).toEqual(['present', 'present']);
  await destroyed(other);
  const fitting = all.domains[1]!.connect({ quotas: { bodyBytes: 64 } });
  await until(connected(one, fitting));
});

test('each end may lend, and what is lent is seen', async () => {
  using all = startDomains([1, 2]);
  const seen: number[] = [];
  const onTransaction = (index: number) => (asked: ReceivedTransaction) => {
    const { buffers } = all.domains[index]!;
    const target = new Uint8Array(1);
    buffers.receive(asked.parameters, 0, buffers.bytes.of(target), () => {
      seen.push(target[0]!);
      asked.complete(0);
    });
  };
  const ends = all.domains.map((domain, index) => domain.connect({ onTransaction: onTransaction(index) }));
  await until(connected(...ends));
  for (const [index, end] of ends.entries()) {
    const buffer = await all.domains[index]!.buffers.alloc(16);
    bytesIn(buffer)[0] = 10 + index;
    await end.call(end.register(buffer, { rights: 'read' })!.reference);
  }
  expect(seen).toEqual([10, 11]);
});

test.each([
  ['granter', 0],
  ['mapper', 1],
])('[4] a user of the %s that never lets go keeps nobody else waiting', async (_name, at) => {
  using all = startDomains([1, 2]);
  const stuck = all.domains[at]!.connect({ onDisconnect: () => {} });
  const diary = keepDiary();
  const other = all.domains[1 - at]!.connect(diary.handlers);
  await until(connected(stuck, other));
  await destroyed(other);
  await calm();
  expect(stuck.state).toBe('disconnecting');
  for (const domid of [1, 2]) {
    expect(all.hv.usage(domid)).toMatchObject({ pages: 0, ports: 0, grants: 0, mappings: 0 });
  }
  // Only its own reconnection waits; a peer is there, and finds that it is not ready.
  const next = all.domains[1 - at]!.connect(diary.handlers);
  await until(() => next.state === 'present');
  await calm();
  expect([next.state, stuck.state]).toEqual(['present', 'disconnecting']);
});

test('[5] a peer that never unmaps does not hold the end of an endpoint up, and is lent nothing more', async () => {
  using all = startDomains([1, 2]);
  const [domain, hostile] = all.domains;
  const level = (incarnation: number, echo: string) =>
    JSON.stringify({ ticket: 9, incarnation, closing: false, echo, channel: 'ring', quotas: [32, 112] });
  const publish = (incarnation: number, echo: string) =>
    hostile!.xs.write(`/idc/${ADDRESS}/2/evil`, level(incarnation, echo));
  const offer = () =>
    [...all.levels()].filter(([path]) => path.startsWith(`/idc/${ADDRESS}/1/`)).map(([, text]) => JSON.parse(text))[0];

  const first = domain!.connect();
  await publish(1, '');
  await until(() => offer()?.echo === 'evil.1');
  await hostile!.hypercalls.gnttab.map(1, offer().gref);
  const { pages } = all.hv.usage(1)!;
  await destroyed(first);
  expect(all.hv.usage(1)).toMatchObject({ pages, ports: 0 });
  // For what happens at the address, and for its death.
  expect(all.store.usage(1)).toMatchObject({ watches: 2 });

  const second = domain!.connect();
  for (let incarnation = 2; incarnation < 20; incarnation++) await publish(incarnation, '');
  await calm();
  expect([second.state, offer().gref]).toEqual(['present', undefined]);
  expect(all.hv.usage(1)).toMatchObject({ pages });
  all.kill(2);
  await until(() => all.hv.usage(1)!.pages === 0);
  expect(all.hv.usage(1)).toMatchObject({ grants: 0, ports: 0 });
  await until(() => all.store.usage(1)!.watches === 1);
  await destroyed(second);
  expect(all.store.usage(1)).toMatchObject({ watches: 0 });
});

test('[5] a peer that answers nothing: everything ends when the endpoint is destroyed, and no timer ever runs', () =>
  countingTimers(async (timers) => {
    using all = startDomains([1, 2]);
    const waiting = all.domains[0]!.connect();
    await calm();
    expect(waiting.state).toBe('absent');
    const silent = all.domains[1]!.connect({ onTransaction() {}, onMessage() {}, onDisconnect() {} });
    await until(connected(waiting, silent));
    const verdicts: number[] = [];
    for (let number = 0; number < 100; number++) {
      waiting.submit(waiting.transaction(), ({ transport }) => verdicts.push(transport));
      waiting.post(new Uint8Array(1), (transport) => verdicts.push(transport));
    }
    expect(waiting.callPolled(waiting.transaction(), 1)).toBe(TRANSPORT.timedOut);
    await until(() => silent.health().held === silent.quotas.inFlight);
    await destroyed(waiting);
    expect(verdicts).toEqual(new Array(200).fill(TRANSPORT.disconnected));
    await until(() => all.hv.usage(1)!.pages === 0);
    expect(timers()).toBe(0);
  }));

test('a timer of a domain is one that is counted', () =>
  countingTimers(async (timers) => {
    using all = startDomains([1, 2]);
    const one = all.domains[0]!.connect({ onMessage: () => void setTimeout(() => {}) });
    const other = all.domains[1]!.connect();
    await until(connected(one, other));
    other.post(new Uint8Array(1));
    await until(() => timers() > 0);
  }));

test('[26] a peer that breaks the protocol is left, and met again in fresh memory', async () => {
  using all = startDomains([1, 2]);
  const problems: string[] = [];
  const diary = keepDiary(echo);
  const victim = all.domains[1]!.connect({ ...diary.handlers, onProblem: (reason) => problems.push(reason) });
  const other = all.domains[0]!.connect(echo);
  await until(connected(victim, other));
  const [granter] = [...all.levels()]
    .filter(([path]) => path.startsWith(`/idc/${ADDRESS}/1/`))
    .map(([, text]) => JSON.parse(text));
  const memory = new Int32Array(all.hv.peek(1, granter.gref)!);
  memory.fill(0x7fffffff, 16);
  other.post(new Uint8Array(1));
  await until(() => diary.told === 'acdc');
  expect(problems).not.toEqual([]);
  await until(connected(victim, other));
  expect(await ask(other, 'again')).toBe('0 7 again');
});

test('a domain without memory says so, and connects when there is some and something happens', async () => {
  using all = startDomains([1, 2], 4);
  const problems: string[] = [];
  const [poor, rich] = all.domains;
  const taken = await poor!.hypercalls.memory.alloc(2);
  const one = poor!.connect({ onProblem: (reason) => problems.push(reason) });
  const other = rich!.connect();
  await until(() => problems.length > 0);
  expect(problems[0]).toMatch(/pages asked for/);
  await poor!.hypercalls.memory.free(taken);
  await destroyed(other);
  const next = rich!.connect();
  await until(connected(one, next));
});
