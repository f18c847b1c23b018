// SPDX-License-Identifier: Apache-2.0
import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { giveAddresses } from '../../../src/domain/addresses.ts';
import type { Endpoint } from '../../../src/idc/contract.ts';
import type { Guest } from '../../../src/idc/rendezvous-listen.ts';
import { until } from '../../support/hv-machine.ts';
import { ECHO } from '../../support/idc-endpoints.ts';
import { ADDRESS, keepDiary, startDomains, type TestDomain } from '../../support/rendezvous-domains.ts';

const HOST = 1;
const NOTHING = { pages: 0, ports: 0, grants: 0, mappings: 0 };

const destroyed = (endpoint: Endpoint) => new Promise<void>((resolve) => endpoint.destroy(resolve));
const ask = async (endpoint: Endpoint): Promise<number> => (await endpoint.call(new Uint8Array(1))).error;
const allConnected = (endpoints: readonly Endpoint[]) => () => endpoints.every(({ state }) => state === 'connected');

async function calm(): Promise<void> {
  for (let turn = 0; turn < 50; turn++) await nextTurn();
}

/** Listens in a domain; who asks is told the number of his domain. */
function serve(domain: TestDomain, perDomain = 8) {
  const hosted: Endpoint[] = [];
  const listener = domain.listen(
    ({ domid, accept }) => hosted.push(accept({ onTransaction: (asked) => asked.complete(domid) })),
    { perDomain },
  );
  return { hosted, close: () => new Promise<void>((resolve) => listener.close(resolve)) };
}

test.each(['the listener', 'its guests'])('each guest has an endpoint of its own; %s came first', async (first) => {
  using all = startDomains([HOST, 2, 3, 4]);
  const [host, ...others] = all.domains;
  const early = first === 'the listener' ? serve(host!) : undefined;
  await calm();
  const guests = others.map((domain) => domain.connect(ECHO));
  await calm();
  const { hosted, close } = early ?? serve(host!);
  await until(() => hosted.length === 3 && allConnected([...guests, ...hosted])());
  expect(await Promise.all(guests.map(ask))).toEqual([2, 3, 4]);
  expect(await Promise.all(hosted.map((endpoint) => endpoint.call(Uint8Array.of(7))))).toEqual(
    hosted.map(() => expect.objectContaining({ transport: 0, error: 7 })),
  );
  await Promise.all([close(), ...guests.map(destroyed)]);
  for (const { hypercalls } of all.domains) {
    await until(() => all.hv.usage(hypercalls.domid)!.pages === 0);
    expect(all.hv.usage(hypercalls.domid)).toMatchObject(NOTHING);
  }
  expect(all.levels().size).toBe(0);
});

test('guests may be in the listener’s domain', async () => {
  using all = startDomains([HOST]);
  const { hosted } = serve(all.domains[0]!);
  const guests = [1, 2].map(() => all.domains[0]!.connect());
  await until(() => hosted.length === 2 && allConnected([...guests, ...hosted])());
  expect(await Promise.all(guests.map(ask))).toEqual([HOST, HOST]);
});

test('a guest that goes takes its endpoint with it, however it goes, and may come again', async () => {
  using all = startDomains([HOST, 2]);
  const { hosted } = serve(all.domains[0]!);
  const lives = [() => all.domains[1]!, () => all.domains[1]!, () => all.start(2)];
  for (const [life, domain] of lives.entries()) {
    const guest = domain().connect();
    await until(() => hosted.length === life + 1 && allConnected([guest, hosted.at(-1)!])());
    if (life !== 1) await destroyed(guest);
    else all.kill(2);
    await until(() => hosted.at(-1)!.state === 'destroyed');
    await until(() => all.hv.usage(HOST)!.pages === 0);
    expect(all.hv.usage(HOST)).toMatchObject(NOTHING);
  }
});

test('one domain takes no more than its share; who waits comes in when another goes', async () => {
  using all = startDomains([HOST, 2, 3]);
  const { hosted } = serve(all.domains[0]!, 2);
  const greedy = [1, 2, 3, 4].map(() => all.domains[1]!.connect());
  const modest = all.domains[2]!.connect();
  await until(() => hosted.length === 3 && modest.state === 'connected');
  await calm();
  const served = () => greedy.filter(({ state }) => state === 'connected');
  expect([hosted.length, served().length]).toEqual([3, 2]);
  const first = served()[0]!;
  await destroyed(first);
  await until(() => served().length === 2);
  expect(hosted).toHaveLength(4);
});

test('when the listener stops its guests are left to each other; when it dies another one takes over', async () => {
  using all = startDomains([HOST, 2, 3, 4]);
  const [first, second] = [serve(all.domains[0]!), serve(all.domains[1]!)];
  const diaries = [keepDiary(), keepDiary()];
  const guests = diaries.map(({ handlers }, index) => all.domains[2 + index]!.connect(handlers));
  await until(() => first.hosted.length === 2 && second.hosted.length === 2 && allConnected(guests)());
  const [serving, spare] = allConnected(first.hosted)() ? [first, second] : [second, first];
  if (serving === first) all.kill(HOST);
  else await serving.close();
  await until(() => allConnected([...guests, ...spare.hosted])());
  expect(await Promise.all(guests.map(ask))).toEqual([3, 4]);
  await spare.close();
  await until(() => guests.every(({ incarnation }) => incarnation === 3) && allConnected(guests)());
  for (const { told } of diaries) expect(told).toMatch(/^(a(cd)+x)*ac$/);
});

test('a guest is accepted later, once, or not at all; one that is gone by then has an endpoint that ends', async () => {
  using all = startDomains([HOST, 2, 3]);
  const greeted: Guest[] = [];
  all.domains[0]!.listen((guest) => greeted.push(guest));
  const guests = [all.domains[1]!.connect(), all.domains[2]!.connect()];
  await until(() => greeted.length === 2);
  await calm();
  expect(guests.map(({ state }) => state)).toEqual(['absent', 'absent']);
  const [here, gone] = greeted.toSorted((a, b) => a.domid - b.domid);
  await destroyed(guests[1]!);
  await calm();
  const endpoint = gone!.accept();
  await until(() => endpoint.state === 'destroyed');
  here!.accept();
  await until(() => guests[0]!.state === 'connected');
  expect(() => here!.accept()).toThrow('once');
});

test('without the address a listener says so, and serves when it is given', async () => {
  using all = startDomains([HOST, 2]);
  const problems: string[] = [];
  all.xs.rm(`/idc/${ADDRESS}`);
  const hosted: Endpoint[] = [];
  all.domains[0]!.listen(({ accept }) => hosted.push(accept()), { onProblem: (reason) => problems.push(reason) });
  await until(() => problems.length > 0);
  expect([hosted, problems[0]]).toEqual([[], expect.stringContaining('EACCES')]);
  for (const domid of [HOST, 2]) giveAddresses(all.xs, domid, [ADDRESS]);
  const guest = all.domains[1]!.connect();
  await until(() => hosted.length === 1 && guest.state === 'connected');
});
