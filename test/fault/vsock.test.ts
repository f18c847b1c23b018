// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from 'vitest';
import type { VsockConnection } from '../../src/vsock/contract.ts';
import { until } from '../support/hv-machine.ts';
import { startMortal } from '../support/mortal.ts';
import { nothingLeft, startVsockDomains, type VsockDomain } from '../support/vsock.ts';

const DATA = new Uint8Array(100_000);

async function readAll(connection: VsockConnection): Promise<number> {
  const part = new Uint8Array(10_000);
  let all = 0;
  for (let count = await connection.read(part); count > 0; count = await connection.read(part)) all += count;
  return all;
}

/** Both send as much as there is, receive as much, and end. */
async function talk(connection: VsockConnection): Promise<void> {
  const sending = async (): Promise<void> => {
    await connection.write(DATA);
    connection.end();
  };
  await Promise.all([sending(), readAll(connection)]);
}

const ROLES: Readonly<Record<1 | 2, (domain: VsockDomain) => Promise<unknown>>> = {
  async 1({ vsock }) {
    const listener = vsock.listen(80);
    for (let rounds = 0; rounds < 2; rounds++) await listener.accept().then((one) => talk(one!));
  },
  async 2({ vsock }) {
    for (let rounds = 0; rounds < 2; rounds++) await vsock.open('dom1', 80).then(talk);
  },
};

/** Ends a domain at its `number`-th call of hypervisor or store. @returns whether it got that far */
async function killAt(number: number, victim: 1 | 2, transport: 'ring' | 'argo'): Promise<boolean> {
  using all = startVsockDomains([], transport);
  const survivor = victim === 1 ? 2 : 1;
  const mortal = startMortal(all, victim, number);
  const domains = { [survivor]: all.start(survivor), [victim]: mortal.domain };
  const lives = [1, 2].map((domid) => ROLES[domid as 1 | 2](domains[domid]!));
  for (const life of lives) life.catch(() => {});
  await Promise.race([Promise.all(lives), until(mortal.reached)]).catch(() => {});
  const reached = mortal.reached();
  mortal.kill();
  await until(() => domains[survivor]!.vsock.links().length === 0);
  await nothingLeft(all, survivor);
  await until(() => all.store.usage(survivor)!.watches === 2);
  await until(() => all.xs.directory('/idc').every((address) => all.xs.directory(`/idc/${address}`).length < 2));
  expect(all.store.check()).toEqual([]);
  return reached;
}

describe.each(['ring', 'argo'] as const)('over %s', (transport) => {
  test.each([
    ['server', 1],
    ['client', 2],
  ] as const)('a %s that dies at any of its steps leaves nothing at the other end', async (_name, victim) => {
    let number = 1;
    while (await killAt(number, victim, transport)) number += number < 60 ? 1 : 7;
    expect(number).toBeGreaterThan(30);
  });

  test('both hold what is the other one’s, and both die', async () => {
    using all = startVsockDomains([1, 2], transport);
    const [a, b] = all.domains as [VsockDomain, VsockDomain];
    const [here, there] = [a.vsock.listen(80), b.vsock.listen(80)];
    const open = [a.vsock.open(2, 80), b.vsock.open(1, 80), here.accept(), there.accept()] as const;
    const all4 = await Promise.all(open);
    // Nobody reads: everything is full.
    const writing = all4.map((one) => one!.write(new Uint8Array(8_000_000)));
    for (const one of writing) one?.catch(() => {});
    all.kill(1);
    all.kill(2);
    await until(() => all.hv.domids().every((domid) => domid !== 1 && domid !== 2));
    expect(() => all.xs.read('/idc/vsock@1-2')).toThrow('ENOENT');
    expect(all.store.check()).toEqual([]);
  });
});
