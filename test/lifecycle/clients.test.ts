// SPDX-License-Identifier: Apache-2.0
import { afterAll, beforeAll, expect, test } from 'vitest';
import { XmError } from '../../src/errors.ts';
import { createClient, type XendClient } from '../../src/xend/client.ts';
import { serveXend } from '../../src/xend/http/server.ts';
import { type Footprint, footprint, untilAsBefore } from '../support/footprint.ts';
import { vmText } from '../support/vm.ts';
import { startXend, type TestXend } from '../support/xend.ts';

/** Many clients at once, each with connections of its own: no name stays taken, nothing is leaked, nobody gets what is another's. */

const CLIENTS = 200;
let xend: TestXend;
let server: Awaited<ReturnType<typeof serveXend>>;
let before: Footprint;

beforeAll(async () => {
  xend = await startXend({ poolThreads: 2 });
  server = await serveXend(xend.xend, xend.paths.socket);
  // The pool's threads stay when they are there.
  await Promise.all(['a', 'b'].map((name) => create(client(), name)));
  await Promise.all(['a', 'b'].map((domain) => client().call('domain.destroy', { domain })));
  before = footprint(xend);
});
afterAll(async () => {
  server.close();
  await xend[Symbol.asyncDispose]();
});

const client = (): XendClient => createClient({ socket: xend.paths.socket });

async function create(by: XendClient, name: string) {
  const text = vmText({ name, memory: 1, pool: 'shared', kernel: 'idle' });
  const { domains } = await by.call('domain.create', { text, file: `${name}.sxp`, directory: '/' });
  return domains[0]!;
}

const numbers = Array.from({ length: CLIENTS }, (_, number) => number);

test(`${CLIENTS} domains are created at once, and destroyed at once, by as many clients`, async () => {
  const made = await Promise.all(numbers.map((number) => create(client(), `web${number}`)));
  const listed = await client().call('domain.list', {});
  expect(listed).toHaveLength(CLIENTS + 1);
  expect(new Set(made.map(({ domid }) => domid)).size).toBe(CLIENTS);
  expect(new Set(made.map(({ uuid }) => uuid)).size).toBe(CLIENTS);
  for (const { name, domid } of made) expect(listed.find((one) => one.name === name)?.domid).toBe(domid);
  await Promise.all(made.map(({ name }) => client().call('domain.destroy', { domain: name })));
  expect(await client().call('domain.list', {})).toHaveLength(1);
  await untilAsBefore(xend, before);
});

/** What a client may hear whose domain, or name, is another's too. */
const RIVALRY = new Set(['EEXIST', 'ENODOMAIN', 'EDOMAINDIED', 'ENOTRUNNING', 'EAGAIN']);

/** @returns what came of it, if that may be */
const among = async <T>(call: Promise<T>): Promise<T | string> =>
  call.catch((error: unknown) => {
    if (error instanceof XmError && RIVALRY.has(error.code)) return error.code;
    throw error;
  });

test(`${CLIENTS} clients want twenty names: each is had by one at a time, and free again`, async () => {
  const names = numbers.slice(0, 20).map((number) => `rival${number}`);
  let created = 0;
  await Promise.all(
    numbers.map(async (number) => {
      const own = client();
      const name = names[number % names.length]!;
      const outcome = await among(create(own, name));
      if (typeof outcome !== 'string') created++;
      // Some name what they made, some whatever is called so now; some shut it down.
      const domain = typeof outcome === 'string' || number % 2 === 0 ? name : outcome.uuid;
      if (number % 3 === 0)
        await among(own.call('domain.shutdown', { domain, reason: 'poweroff', wait: true, timeout: 1 }));
      else await among(own.call('domain.destroy', { domain }));
      const there = (await own.call('domain.list', {})).map((one) => one.name);
      expect(new Set(there).size).toBe(there.length);
    }),
  );
  expect(created).toBeGreaterThanOrEqual(names.length);
  const left = (await client().call('domain.list', {})).filter(({ domid }) => domid !== 0);
  await Promise.all(left.map(({ uuid }) => among(client().call('domain.destroy', { domain: uuid }))));
  await untilAsBefore(xend, before);
  // No name is held by a ghost.
  await Promise.all(names.map((name) => create(client(), name)));
  await Promise.all(names.map((domain) => client().call('domain.destroy', { domain })));
  await untilAsBefore(xend, before);
});
