// SPDX-License-Identifier: Apache-2.0
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Stall } from '../../src/xend/contract.ts';
import { eventually } from '../support/until.ts';
import { startXend, type TestXend } from '../support/xend.ts';

/** Each kind of stall, provoked with real domains beside each other, is found, and blamed on who owes the next step. */

let xend: TestXend;

beforeAll(async () => {
  xend = await startXend({ poolThreads: 1, poolPatience: 60_000, answerLimit: 60_000, connectLimit: 60_000 });
});

afterAll(() => xend[Symbol.asyncDispose]());

/** Waits for a stall of a domain. */
function stalled(domain: string, rule: string): Promise<Stall> {
  return eventually(async () => {
    const stalls = await xend.call('stalls', {});
    return stalls.find((stall) => stall.domain === domain && stall.rule === rule);
  });
}

/** Waits until a domain has none. */
function freed(domain: string): Promise<unknown> {
  return eventually(async () => (await xend.call('stalls', {})).every((stall) => stall.domain !== domain));
}

/** A device class of a user's own with these ends, attached to a domain. Its kernel is to ping it when it is connected. */
async function attach(domain: string, name: string, front: string, back: string): Promise<unknown> {
  const path = xend.file(
    `${name}.mjs`,
    `import { defineDevice, idcBack, idcFront } from 'xenidc';
     const quotas = { inFlight: 4, bodyBytes: 16, registrations: 1 };
     const front = idcFront(quotas, (endpoint) => ({ driver: { ping: () => endpoint.send(new Uint8Array(1)) } }));
     const back = idcBack(quotas, () => ({ handlers: { onMessage: (message) => message.complete() } }));
     export default defineDevice({ name: '${name}', doc: 'A device.', fields: {}, front: ${front}, back: ${back} });`,
  );
  return xend.call('device.attach', { domain, class: name, path, config: {}, directory: xend.directory });
}

const PINGS = `export default (dom) => new Promise(() => {
  dom.devices.onChange(({ driver }, change) => {
    if (change === 'connected') driver?.ping?.();
  });
});`;

describe.concurrent('stalls', () => {
  test('a kernel in an endless loop', async () => {
    await xend.create({ name: 'hung', pool: 'dedicated' });
    using terminal = await xend.shell('hung');
    terminal.type('hang\r');
    const { domid } = (await xend.info('hung'))!;
    const loop = await stalled('hung', 'loop');
    expect(loop).toMatchObject({ domid, what: 'thread hung', owes: { domid, domain: 'hung', end: 'domain' } });
    expect(loop.age).toBeGreaterThanOrEqual(3000);
    // What is typed now waits for it, and it owes that too.
    terminal.type('x');
    expect(await stalled('hung', 'ring-requests')).toMatchObject({
      owes: { domid, end: 'front' },
      what: 'console console in',
    });
    expect(await stalled('hung', 'channel-pending')).toMatchObject({ owes: { domid, end: 'domain' } });
    const found = await xend.call('stalls', {});
    expect(found.filter(({ domain }) => domain === 'hung')[0]!.rule).toBe('loop');
    expect(xend.xend.log.read({}).join('\n')).toContain('Stalled: hung: thread hung: hung does not come back');
    await xend.call('domain.destroy', { domain: 'hung' });
    await freed('hung');
    const { events } = await xend.call('events.read', {});
    const told = events.filter(
      ({ kind, details }) => kind === 'stall' && details.rule === 'loop' && details.owes === 'hung',
    );
    expect([told.at(0), told.at(-1)]).toMatchObject([
      { event: 'found', domid },
      { event: 'over', domid },
    ]);
  });

  test('the same in a thread that it shares', async () => {
    for (const name of ['light', 'lighter']) await xend.create({ name, pool: 'shared' });
    using terminal = await xend.shell('light');
    terminal.type('hang\r');
    const { what, text } = await stalled('light', 'loop');
    expect(what).toBe('thread shared/1');
    expect(text).toContain('another of light, lighter');
  });

  test('a channel that its domain has masked', async () => {
    const kernel = xend.file(
      'masks.mjs',
      `export default async ({ domid, hypercalls: { evtchn } }) => {
         const near = await evtchn.allocUnbound(domid);
         const far = await evtchn.bindInterdomain(domid, near);
         await new Promise((resolve) => evtchn.listen(near, resolve));
         evtchn.mask(near);
         evtchn.notify(far);
         await new Promise(() => {});
       };`,
    );
    await xend.create({ name: 'masks', kernel });
    const stall = await stalled('masks', 'channel-masked');
    expect(stall).toMatchObject({ what: expect.stringMatching(/^event channel \d+$/), owes: { domain: 'masks' } });
  });

  test('a back end that takes nothing from its ring', async () => {
    await xend.create({ name: 'unheard', kernel: xend.file('unheard.mjs', PINGS) });
    const deaf = `({ hypercalls: { gnttab }, domid }) => {
      let mapping;
      return {
        async open() {},
        async connect([frame]) { mapping = await gnttab.map(domid, frame); },
        async disconnect() { if (mapping !== undefined) await gnttab.unmap(mapping); },
        async close() {},
      };
    }`;
    await attach('unheard', 'deaf', 'front', deaf);
    const stall = await stalled('unheard', 'ring-requests');
    expect(stall).toMatchObject({ owes: { domain: 'driver:deaf', end: 'back' }, what: 'deaf deaf front>back' });
    expect(stall.text).toBe('has not taken 1 of what is there');
    await xend.call('device.detach', { domain: 'unheard', class: 'deaf', device: '0' });
    await freed('unheard');
  });

  test('a back end that takes requests and does not answer them', async () => {
    await xend.create({ name: 'unanswered', kernel: xend.file('unanswered.mjs', PINGS) });
    await attach('unanswered', 'lazy', 'front', 'idcBack(quotas, () => ({ handlers: { onMessage() {} } }))');
    expect(await stalled('unanswered', 'ring-work')).toMatchObject({ owes: { domain: 'driver:lazy', end: 'back' } });
  });

  test('a front end that is stuck while it connects', async () => {
    await xend.create({ name: 'shy' });
    const shy = '() => ({ driver: {}, offer: () => new Promise(() => {}), connected() {}, async disconnected() {} })';
    const attached = attach('shy', 'bashful', shy, 'back').catch((error: Error) => error.message);
    expect(await stalled('shy', 'device')).toMatchObject({
      what: 'bashful bashful, waiting',
      owes: { domain: 'shy', end: 'front' },
      text: 'has not answered BASHFUL_FE INTERFACE_STATUS',
    });
    await xend.call('domain.destroy', { domain: 'shy' });
    expect(await attached).toContain('bashful');
    await freed('shy');
  });

  test('a device whose back end is unloaded', async () => {
    await xend.create({ name: 'server', pool: 'dedicated', backends: ['vbd'] });
    const disk = { file: xend.file('disk.img', new Uint8Array(4096)), dev: 'xvda', backend: 'server' };
    await xend.create({ name: 'served', disks: [disk] });
    await xend.call('driver.unload', { domain: 'server', class: 'vbd', end: 'back' });
    expect(await stalled('served', 'device')).toMatchObject({ owes: { domain: 'server', end: 'back' } });
    await xend.call('driver.load', { domain: 'server', class: 'vbd', end: 'back' });
    await freed('served');
  });

  test('neither who is paused nor who blocks for an event, nor who is busy and comes round', async () => {
    const blocks = `export default async ({ domid, hypercalls: { evtchn } }) => {
      const near = await evtchn.allocUnbound(domid);
      await evtchn.bindInterdomain(domid, near);
      evtchn.wait(near, 1000);
      for (;;) evtchn.wait(near, 60_000);
    };`;
    const busy = `export default async () => { for (;;) await new Promise(setImmediate); };`;
    await xend.create({ name: 'blocks', kernel: xend.file('blocks.mjs', blocks), pool: 'dedicated' });
    await xend.create({ name: 'busy', kernel: xend.file('busy.mjs', busy), pool: 'dedicated' });
    await xend.create({ name: 'paused' });
    using terminal = await xend.shell('paused');
    await xend.call('domain.pause', { domain: 'paused' });
    terminal.type('x');
    // As long as it takes for one that began later.
    await xend.create({ name: 'later', pool: 'dedicated' });
    using last = await xend.shell('later');
    last.type('hang\r');
    await stalled('later', 'loop');
    const names = new Set((await xend.call('stalls', {})).map(({ domain }) => domain));
    for (const name of ['blocks', 'busy', 'paused', 'Domain-0']) expect(names).not.toContain(name);
  });
});
