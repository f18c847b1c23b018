// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from 'vitest';
import { until } from '../../support/hv-machine.ts';
import { nothingLeft, startVsockDomains, type VsockDomain } from '../../support/vsock.ts';
import { joinAsRogue } from '../../support/vsock-rogue.ts';

const REQ = 1;
const RSP = 2;
const DATA = 3;
const CREDIT = 4;
const DISCONNECT = 5;
const WINDOW = 16_384;

/** The first number of a connection that the back end, here the rogue, asks for. */
const ID = 3;
/** A connection to port 80, where somebody listens. */
const OPEN = [REQ, ID, 80, WINDOW];

type Message = readonly number[] | Uint8Array;

const LIES: readonly (readonly [string, readonly Message[], string])[] = [
  ['an unknown kind', [[99, 0, 0, 0]], 'sent a message of kind 99'],
  ['a number out of turn', [[REQ, 5, 80, WINDOW]], 'numbered a connection wrongly'],
  ["a number of the other end's", [[REQ, 2, 80, WINDOW]], 'numbered a connection wrongly'],
  ['no window', [[REQ, ID, 80, 0]], 'opened an impossible window'],
  ['a negative window', [[REQ, ID, 80, -1]], 'opened an impossible window'],
  ['an answer to nothing', [[RSP, 2, 0, WINDOW]], 'spoke of a connection that never was'],
  ['data for nobody', [[DATA, 7, 1, 0]], 'spoke of a connection that never was'],
  ['data for a number below all', [[DATA, -2, 1, 0]], 'spoke of a connection that never was'],
  ['an answer to its own request', [OPEN, [RSP, ID, 0, WINDOW]], 'answered what was not asked'],
  ['no data', [OPEN, [DATA, ID, 0, 0]], 'announced 0 bytes'],
  ['too much data', [OPEN, [DATA, ID, 65_537, 0]], 'announced 65537 bytes'],
  ['a negative length', [OPEN, [DATA, ID, -1, 0]], 'announced -1 bytes'],
  [
    'more data than its window',
    [OPEN, [DATA, ID, WINDOW, 0], new Uint8Array(WINDOW), [DATA, ID, 1, 0]],
    'overran its credit',
  ],
  ['no credit', [OPEN, [CREDIT, ID, 0, 0]], 'gave 0 bytes of credit'],
  ['credit without end', [OPEN, [CREDIT, ID, 2 ** 31 - 1, 0]], 'gave 2147483647 bytes of credit'],
  ['an unknown end', [OPEN, [DISCONNECT, ID, 3, 0]], 'ended a connection in the way 3'],
  ['data behind the end', [OPEN, [DISCONNECT, ID, 1, 0], [DATA, ID, 1, 0]], 'sent data in state finished'],
  ['two ends', [OPEN, [DISCONNECT, ID, 1, 0], [DISCONNECT, ID, 1, 0]], 'sent gotAll in state finished'],
];

describe.each(['ring', 'argo'] as const)('over %s', (transport) => {
  test.each(LIES)('%s breaks the link, and nothing else', async (_name, messages, reason) => {
    using all = startVsockDomains([1, 2, 3], transport);
    const [victim, liar, friend] = all.domains as [VsockDomain, VsockDomain, VsockDomain];
    const listener = victim.vsock.listen(80);
    const good = await friend.vsock.open(1, 80);
    const served = (await listener.accept())!;
    const rogue = await joinAsRogue(liar, 1, transport);
    rogue.say(...messages);
    await until(() => victim.vsock.links().some(({ problem }) => problem === `domain 2 ${reason}`));
    await good.write(new Uint8Array(1000));
    expect(await served.read(new Uint8Array(2000))).toBe(1000);
    await rogue.session.leave();
    listener.close();
    good.cut();
    await nothingLeft(all, 1, 2, 3);
  });

  test('a flood of requests costs the one who sends it', async () => {
    using all = startVsockDomains([1, 2], transport);
    const [victim, liar] = all.domains as [VsockDomain, VsockDomain];
    const listener = victim.vsock.listen(80);
    const rogue = await joinAsRogue(liar, 1, transport);
    rogue.say(OPEN);
    // It reads no answers: sooner or later there is no room for more of them.
    for (let id = ID + 2; victim.vsock.links()[0]?.problem === ''; id += 2) {
      rogue.say([REQ, id, 81, WINDOW]);
      if (id % 1000 === 1) await new Promise(setImmediate);
    }
    listener.close();
    expect(victim.vsock.links()[0]!.problem).toBe('domain 2 floods with requests');
    await rogue.session.leave();
    await nothingLeft(all, 1, 2);
  });

  test('who never reads holds up himself: the others go on, and the link goes when it has no connections', async () => {
    using all = startVsockDomains([1, 2], transport);
    const [victim, liar] = all.domains as [VsockDomain, VsockDomain];
    const listener = victim.vsock.listen(80);
    const rogue = await joinAsRogue(liar, 1, transport);
    rogue.say([REQ, ID, 80, 2 ** 30]);
    const connection = (await listener.accept())!;
    const writing = connection.write(new Uint8Array(4_000_000));
    expect(writing).toBeInstanceOf(Promise);
    connection.cut();
    await expect(writing).rejects.toMatchObject({ code: 'EPIPE' });
    // It is still there, and keeps its end: the link is not kept for that.
    await until(() => rogue.session.status().incarnation > 1);
    await rogue.session.leave();
    await nothingLeft(all, 1, 2);
  });

  test('a request that is answered with nonsense, or not at all', async () => {
    using all = startVsockDomains([1, 2], transport);
    const [victim, liar] = all.domains as [VsockDomain, VsockDomain];
    const rogue = joinAsRogue(liar, 1, transport);
    const late = victim.vsock.open(2, 80, { timeout: 100 });
    await expect(late).rejects.toMatchObject({ code: 'ETIMEDOUT' });
    const { say, hear, session } = await rogue;
    expect((await hear(4)).slice(0, 3)).toEqual([REQ, 2, 80]);
    // Somebody who waited no more is told nothing, and the late answer harms nobody.
    say([RSP, 2, 0, WINDOW]);
    expect((await hear(4)).slice(0, 3)).toEqual([DISCONNECT, 2, 2]);
    const early = victim.vsock.open(2, 80);
    await hear(4);
    say([DATA, 4, 1, 0]);
    await until(() => victim.vsock.links()[0]!.problem === 'domain 2 sent data in state asking');
    all.kill(2);
    await expect(early).rejects.toMatchObject({ code: 'EHOSTUNREACH' });
    await session.leave();
    await nothingLeft(all, 1);
  });
});
