// SPDX-License-Identifier: Apache-2.0
import type { Server } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { networkInterfaces } from 'node:os';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { waitFor } from '../../src/cli/wait.ts';
import type { XmError } from '../../src/errors.ts';
import { childValue, toSxp } from '../../src/sxp/access.ts';
import { parse } from '../../src/sxp/parse.ts';
import { createClient, type XendClient } from '../../src/xend/client.ts';
import { serveMetrics } from '../../src/xend/http/metrics.ts';
import { serveXend } from '../../src/xend/http/server.ts';
import { DOMAIN_QUOTA } from '../../src/xend/log-limit.ts';
import { fragile } from '../support/fragile/class.ts';
import { readOpenMetrics } from '../support/openmetrics.ts';
import { httpText, rawConnect, rawSend } from '../support/raw-http.ts';
import { eventually } from '../support/until.ts';
import { startXend, type TestXend } from '../support/xend.ts';

/** What there is to see of domains from outside, while they live, die and flood; one supervisor for all of it. */

let xend: TestXend;
let server: Server;

beforeAll(async () => {
  xend = await startXend({ classes: [fragile] });
  server = await serveXend(xend.xend, xend.paths.socket);
});
afterAll(async () => {
  server.close();
  server.closeAllConnections();
  await xend[Symbol.asyncDispose]();
});

const client = (signal: AbortSignal) => createClient({ socket: xend.paths.socket, signal });
const wait = (domain: string, condition: string, timeout = 60) => waitFor(client, { domain, condition, timeout });

describe('metrics', () => {
  test('are served to this machine alone, and nothing else is', async () => {
    await using metrics = await serveMetrics(xend.xend, 0);
    const { port, address } = metrics.address() as AddressInfo;
    expect(address).toBe('127.0.0.1');
    const { domid } = await xend.create({ name: 'seen' });
    const answer = await fetch(`http://localhost:${port}/metrics?x=1`);
    expect(answer.headers.get('content-type')).toBe('application/openmetrics-text; version=1.0.0; charset=utf-8');
    const families = readOpenMetrics(await answer.text());
    const own = { domid: String(domid), domain: 'seen' };
    expect(families.get('xm_domain_memory_limit_bytes')!.samples).toContainEqual(
      expect.objectContaining({ labels: own, value: 32 * 2 ** 20 }),
    );
    const rings = families.get('xm_ring_size')!.samples.filter(({ labels }) => labels.domain === 'seen');
    expect(rings.map(({ labels }) => labels.direction)).toEqual(['out', 'in']);

    for (const [path, init, status] of [
      ['/', {}, 404],
      ['/api/domain.list', { method: 'POST' }, 405],
      ['/log', {}, 404],
    ] as const) {
      expect((await fetch(`http://127.0.0.1:${port}${path}`, init)).status).toBe(status);
    }
    await xend.call('domain.destroy', { domain: 'seen' });
  });

  test('are not for a web page whose name leads here', async () => {
    await using metrics = await serveMetrics(xend.xend, 0);
    const { port } = metrics.address() as AddressInfo;
    const socket = connect(port, '127.0.0.1');
    socket.end('GET /metrics HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n');
    let text = '';
    for await (const chunk of socket) text += chunk;
    expect(text).toMatch(/^HTTP\/1\.1 403 /);
    expect(text).not.toContain('xm_');
  });

  test('are not there for other machines', async () => {
    await using metrics = await serveMetrics(xend.xend, 0);
    const { port } = metrics.address() as AddressInfo;
    const others = Object.values(networkInterfaces())
      .flat()
      .filter((found) => found !== undefined && !found.internal && found.family === 'IPv4');
    for (const found of others) {
      await expect(fetch(`http://${found?.address}:${port}/metrics`)).rejects.toThrow();
    }
  });

  test('a port that is taken is an error that names it', async () => {
    await using metrics = await serveMetrics(xend.xend, 0);
    const { port } = metrics.address() as AddressInfo;
    await expect(serveMetrics(xend.xend, port)).rejects.toThrow(
      new RegExp(`^xend cannot serve metrics on port ${port}: `),
    );
  });

  test('asked for by many at once are measured once', async () => {
    const answers = await Promise.all(Array.from({ length: 50 }, () => xend.call('stats', {})));
    expect(new Set(answers.map(({ time }) => time)).size).toBe(1);
  });
});

describe('the log', () => {
  test('a domain that floods it is counted, and others are heard', async () => {
    const kernel = xend.file(
      'flood.mjs',
      `export default (dom) => new Promise(() => {
         dom.devices.onChange(({ driver }, change) => {
           for (let round = 0; change === 'connected' && round < 3000; round++) driver.blame('back');
         });
       });`,
    );
    const start = performance.now();
    await xend.create({ name: 'flood', kernel });
    await xend.attach('flood', 'fragile', {});
    await eventually(
      async () => (await xend.call('device.list', { domain: 'flood', class: 'fragile' })).devices.length === 0,
    );
    await xend.create({ name: 'other' });
    const { lines } = await xend.call('log.read', { domains: ['flood'] });
    expect(lines.length).toBeGreaterThan(DOMAIN_QUOTA.lines / 2);
    const spans = 1 + Math.floor((performance.now() - start) / DOMAIN_QUOTA.span);
    expect(lines.length).toBeLessThan(spans * DOMAIN_QUOTA.lines + 50);
    expect((await xend.call('log.read', { domains: ['other'] })).lines.at(-1)).toContain('Domain other (id=');
    for (const domain of ['flood', 'other']) await xend.call('domain.destroy', { domain });
  });
});

describe('events', () => {
  /** What happened to one domain, in words. */
  const story = async (domain: string, ...filters: string[]) => {
    const { events } = await xend.call('events.read', { filters: [`domain=${domain}`, ...filters] });
    return events.map(({ kind, event, details }) =>
      [kind, event, details.device ?? details.address ?? details.class ?? details.former].filter(Boolean).join(' '),
    );
  };

  test("tell a domain's whole life, in order", async () => {
    const { domid } = await xend.create({ name: 'told' }, true);
    const file = xend.file('told.img', new Uint8Array(4096));
    await xend.call('domain.unpause', { domain: 'told' });
    await xend.attachDisk('told', file, 'xvda');
    await xend.call('driver.unload', { domain: 'told', class: 'vbd', end: 'front' });
    await xend.call('driver.load', { domain: 'told', class: 'vbd', end: 'front' });
    await xend.call('domain.rename', { domain: 'told', name: 'retold' });
    await xend.call('domain.destroy', { domain: 'retold' });
    const told = await story(String(domid));
    expect(told.filter((line) => line.startsWith('domain'))).toEqual([
      ...['domain building', 'domain paused', 'domain running', 'domain renamed told'],
      ...['domain dying', 'domain gone'],
    ]);
    expect(told.filter((line) => line.endsWith(' xvda'))).toEqual([
      ...['device waiting xvda', 'device offered xvda', 'ring connected xvda', 'device connected xvda'],
      ...['ring disconnected xvda', 'device waiting xvda'],
      ...['device offered xvda', 'ring connected xvda', 'device connected xvda'],
      ...['ring disconnected xvda', 'device closed xvda'],
    ]);
    expect(told.filter((line) => line.startsWith('driver') && line.endsWith('vbd'))).toEqual([
      ...['driver up vbd', 'driver down vbd', 'driver up vbd'],
    ]);
    expect(told.slice(-1)).toEqual(['domain gone']);
    const { events } = await xend.call('events.read', { filters: [`domid=${domid}`, 'event=gone'] });
    expect(events.map(({ details }) => details.reason)).toEqual(['destroyed']);
  });

  test('tell of endpoints what their domains say of them, and of no others', async () => {
    const kernel = xend.file(
      'meet.mjs',
      `export default (dom) => new Promise(() => dom.idc.endpoint('pair', { onDisconnect: (done) => done() }));`,
    );
    for (const name of ['left', 'right']) await xend.create({ name, kernel, addresses: ['pair'] });
    await eventually(async () => (await story('right', 'event=connect')).length === 1);
    await xend.call('domain.destroy', { domain: 'left' });
    await eventually(async () => (await story('right', 'event=disappear')).length === 1);
    const happened = ['appear', 'connect', 'disconnect', 'disappear'];
    expect(await story('right', 'kind=endpoint')).toEqual(happened.map((event) => `endpoint ${event} pair`));
    const { events } = await xend.call('events.read', { filters: ['domain=right', 'event=disconnect'] });
    expect(events[0]!.details).toMatchObject({ connection: 1, reason: 'the peer went away' });
    await xend.call('domain.destroy', { domain: 'right' });
  });

  test('are numbered without gaps, and a reader that is too slow is told how many it missed', async () => {
    const { socket: reader, answer } = await rawConnect(xend.paths.socket);
    reader.write(httpText('GET', '/events?filters=domain%3Dflooder'));
    let seen = '';
    reader.on('data', (data) => {
      seen += data;
    });
    await eventually(() => seen.endsWith('null\n'));
    reader.pause();
    const flooder = { domid: 999, name: 'flooder' };
    for (let round = 0; round < 30_000; round++) xend.xend.events.publish('driver', 'up', flooder, { class: 'vbd' });
    reader.resume();
    await eventually(() => seen.includes('"lost"'));
    xend.xend.events.publish('driver', 'down', flooder);
    await eventually(() => seen.endsWith('"event":"down","domid":999,"domain":"flooder","details":{}}\n'));
    reader.destroy();
    const frames = (await answer).body
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    const [mark, first] = frames;
    const [{ lost }, last] = frames.slice(-2);
    expect(mark).toBeNull();
    expect(frames.length - 3 + lost).toBe(30_000);
    expect(last.seq - first.seq).toBe(30_000);
    const numbers = frames.slice(1, -2).map(({ seq }) => seq - first.seq);
    expect(numbers).toEqual(Array.from(numbers, (_, at) => at));
    expect(seen.length).toBeLessThan(3_000_000);
  });

  test('a filter that means nothing is refused before anything is sent', async () => {
    const { status, body } = await rawSend(xend.paths.socket, httpText('GET', '/events?filters=kin%3Ddevice'));
    expect(status).toBe(400);
    expect(JSON.parse(body).error).toMatchObject({ code: 'EFILTER', hint: "did you mean 'kind'?" });
  });
});

describe('inspecting', () => {
  const inspect = async (domain: string, device?: string) =>
    (await xend.call('inspect', { domain, ...(device === undefined ? {} : { device }) })).inspection;

  test('a device: both ends, what is between them, what was counted and what it went through', async () => {
    const file = xend.file('inspected.img', new Uint8Array(8192));
    const { domid } = await xend.create({ name: 'inspected', disks: [{ file, dev: 'xvda' }] });
    using terminal = await xend.shell('inspected');
    await terminal.run('sum xvda');
    const disk = await inspect('inspected', '/dev/xvda');
    expect(disk).toMatchObject({
      ...{ class: 'vbd', name: 'xvda', phase: 'connected', state: 4 },
      front: { domid, domain: 'inspected', port: { status: 'interdomain', remote: 0 } },
      back: { domid: 0, domain: 'Domain-0', port: { status: 'interdomain', remote: domid } },
      grants: [{ domid: 0, mapped: 1 }],
      rings: [{ direction: 'front>back', used: 0 }, { direction: 'back>front' }],
      history: [{ event: 'waiting' }, { event: 'offered' }, { event: 'connected' }],
    });
    if (!('class' in disk)) throw new Error('no device');
    expect(disk.front.port?.remotePort).toBe(disk.back.port?.port);
    expect(disk.grants[0]?.gref).toBe(disk.ringRef);
    expect(disk.rings[0]?.reqProd).toBeGreaterThan(0);
    expect(disk.rings[0]?.rspProd).toBe(disk.rings[0]?.reqProd);
    expect(disk.counters.rsect).toBe(16);
    expect(await inspect('inspected', `vbd/${disk.devid}`)).toMatchObject({ name: 'xvda' });
    await expect(inspect('inspected', 'xvdb')).rejects.toMatchObject({ code: 'ENODEVICE' });
    await expect(inspect('nobody', 'xvda')).rejects.toMatchObject({ code: 'ENODOMAIN', exit: 3 });

    await xend.call('driver.unload', { domain: 'inspected', class: 'vbd', end: 'front' });
    const waiting = await inspect('inspected', 'xvda');
    expect(waiting).toMatchObject({ phase: 'waiting', evtchn: -1, grants: [], rings: [] });
    expect(waiting).not.toHaveProperty('front.port');
    await xend.call('domain.destroy', { domain: 'inspected' });
  });

  test('a domain: alive, paused, crashed and kept', async () => {
    const kernel = xend.file(
      'patient.mjs',
      `export default (dom) => new Promise((_, reject) => {
         dom.idc.endpoint('ward', {});
         dom.console.onData(() => reject(new Error('on purpose')));
       });`,
    );
    const { domid } = await xend.create({ name: 'patient', kernel, onCrash: 'preserve', addresses: ['ward'] });
    const well = await inspect('patient');
    expect(well).toMatchObject({
      ...{ phase: 'running', storePath: `/local/domain/${domid}`, config: { name: 'patient' }, rings: [] },
      drivers: { front: expect.arrayContaining(['console', 'vbd']), back: [] },
      devices: [{ class: 'console', back: { domid: 0 } }],
      endpoints: [{ address: 'ward', state: 'absent' }],
      history: expect.arrayContaining([expect.objectContaining({ event: 'building' })]),
    });
    if (!('ports' in well)) throw new Error('no domain');
    expect(well.ports.map(({ port }) => port)).toContain(well.devices[0]?.evtchn);
    expect(well.thread).toBeDefined();
    expect(await inspect('0')).toMatchObject({
      serves: expect.arrayContaining([{ domid, domain: 'patient', class: 'console', device: 'console' }]),
    });

    await xend.call('domain.pause', { domain: 'patient' });
    const paused = await inspect('patient');
    expect(paused).toMatchObject({ phase: 'paused', devices: [{ phase: 'connected' }] });
    expect(paused).not.toHaveProperty('endpoints');
    await xend.call('domain.unpause', { domain: 'patient' });

    using terminal = await xend.open('patient');
    terminal.type('x');
    await wait('patient', 'crashed');
    await eventually(async () => (await xend.info('patient'))?.preserved === true);
    expect(await inspect('patient')).toMatchObject({
      ...{ phase: 'crashed', preserved: true, shutdownReason: 'crash: on purpose', devices: [], ports: [] },
      history: expect.arrayContaining([expect.objectContaining({ event: 'crashed', reason: 'crash: on purpose' })]),
    });
    const { sxp } = await xend.call('inspect', { domain: 'patient' });
    const { forms, diagnostics } = parse({ name: 'patient', text: sxp });
    expect(diagnostics).toEqual([]);
    expect(childValue(toSxp(forms[0]!), 'name')).toBe('patient');
    await xend.call('domain.destroy', { domain: 'patient' });
  });
});

describe('what a console said', () => {
  const said = async (domain: string) => {
    const { bytes, shown, lost } = await xend.call('domain.consoleLog', { domain });
    return { text: Buffer.from(bytes, 'base64').toString(), shown, lost };
  };

  test('can be read while it runs, and takes nothing from who attaches', async () => {
    await xend.create({ name: 'talker' });
    await eventually(async () => (await said('talker')).text.endsWith('talker# '));
    const { text, shown } = await said('talker');
    expect(shown).toBe(0);
    using terminal = await xend.shell('talker');
    expect(terminal.output).toBe(text);
    await terminal.run('echo heard');
    await eventually(async () => (await said('talker')).text.endsWith('heard\r\ntalker# '));
    await eventually(async () => (await said('talker')).shown === (await said('talker')).text.length);
    await xend.call('domain.destroy', { domain: 'talker' });
    await expect(said('talker')).rejects.toMatchObject({ code: 'ENODOMAIN', exit: 3 });
    await expect(said('0')).rejects.toMatchObject({ code: 'ENOCONSOLE' });
  });

  test('is there when the domain has crashed and is kept, with its last words', async () => {
    const kernel = xend.file(
      'last.mjs',
      `export default async (dom) => {
         for (let line = 0; line < 8000; line++) {
           dom.console.write(String(line).padStart(49, '.') + '\\n');
           if (line % 100 === 0) await dom.console.drained();
         }
         throw new Error('enough');
       };`,
    );
    await xend.create({ name: 'last', kernel, onCrash: 'preserve' });
    await eventually(async () => (await xend.info('last'))?.preserved === true);
    const { text, lost } = await said('last');
    expect(text.endsWith(`${'7999'.padStart(49, '.')}\n\r\nKernel crashed: enough\r\n`)).toBe(true);
    // Bounded, however much it was.
    expect(text.length).toBe(256 * 1024);
    expect(lost + text.length).toBe(8000 * 50 + '\r\nKernel crashed: enough\r\n'.length);
    await expect(xend.call('domain.console', { domain: 'last' })).rejects.toMatchObject({
      ...{ code: 'ENOTRUNNING', hint: "'xm console --log last' prints what it said" },
    });
    await xend.call('domain.destroy', { domain: 'last' });
  });
});

describe('waiting', () => {
  const failing = (domain: string, condition: string, timeout?: number) =>
    wait(domain, condition, timeout).then(
      () => undefined,
      ({ code, exit, message }) => ({ code, exit, message }),
    );

  /** Begins a wait. @returns when it has looked for the first time, with what comes of it */
  async function begin(domain: string, condition: string) {
    const looked = Promise.withResolvers<void>();
    const observed = (signal: AbortSignal): XendClient => {
      const real = client(signal);
      const call: XendClient['call'] = async (method, params) => {
        const result = await real.call(method, params);
        if (method === 'device.list') looked.resolve();
        return result;
      };
      return { ...real, call };
    };
    const outcome = waitFor(observed, { domain, condition, timeout: 60 }).catch((error: XmError) => error);
    await looked.promise;
    return () => outcome;
  }

  test('for a domain that does not exist yet, through its life, to its end', async () => {
    const all = Promise.all(['running', 'connected', 'paused'].map((condition) => wait('awaited', condition)));
    await xend.create({ name: 'awaited' });
    await wait('awaited', 'connected', 0);
    const ends = await Promise.all(['shutdown', 'gone', 'crashed'].map((condition) => begin('awaited', condition)));
    await xend.call('domain.pause', { domain: 'awaited' });
    expect((await all).map(({ domain }) => domain?.name)).toEqual(['awaited', 'awaited', 'awaited']);
    await xend.call('domain.destroy', { domain: 'awaited' });
    expect(await Promise.all(ends.map((outcome) => outcome()))).toMatchObject([
      { reason: 'destroyed' },
      { reason: 'destroyed' },
      { code: 'ENEVER', exit: 1, message: "Domain 'awaited' will not be crashed: it ended: destroyed" },
    ]);
  });

  test('what cannot come is said at once, and what takes too long in time', async () => {
    const unknown = { code: 'ENODOMAIN', exit: 3, message: "Domain 'nobody' does not exist." };
    expect(await failing('nobody', 'shutdown')).toEqual(unknown);
    expect(await failing('nobody', 'crashed')).toEqual(unknown);
    expect(await failing('12345', 'running')).toMatchObject({ code: 'ENODOMAIN', exit: 3 });
    expect(await wait('nobody', 'gone')).toMatchObject({ waited: expect.any(Number) });
    expect(await failing('nobody', 'running', 0)).toEqual({
      ...{ code: 'ETIMEOUT', exit: 124 },
      message: "Domain 'nobody' was not running within 0 s: there is no such domain",
    });
  });

  test('a domain that crashes and is kept will not run; one that is restarted will', async () => {
    const kernel = xend.file(
      'fall.mjs',
      `export default (dom) => new Promise((_, reject) => dom.console.onData(() => reject(new Error('on purpose'))));`,
    );
    await xend.create({ name: 'fallen', kernel, onCrash: 'preserve' });
    const paused = await begin('fallen', 'paused');
    const crashed = await begin('fallen', 'crashed');
    using terminal = await xend.open('fallen');
    terminal.type('x');
    expect(await crashed()).toMatchObject({ domain: { phase: 'crashed' }, reason: 'crash: on purpose' });
    expect(await paused()).toMatchObject({
      code: 'ENEVER',
      message: expect.stringMatching(/it ended: crash: on purpose$/),
    });
    expect(await failing('fallen', 'running')).toMatchObject({ code: 'ENEVER' });
    await xend.call('domain.destroy', { domain: 'fallen' });

    await xend.create({ name: 'again', onReboot: 'restart' });
    const first = await xend.info('again');
    const ended = await begin('again', 'shutdown');
    const gone = await begin('again', 'gone');
    await xend.call('domain.shutdown', { domain: 'again', reason: 'reboot', wait: true });
    expect(await ended()).toMatchObject({ reason: 'reboot' });
    expect(await gone()).toMatchObject({ domain: { domid: first!.domid + 1 }, reason: 'reboot' });
    expect((await wait('again', 'running')).domain?.uuid).toBe(first?.uuid);
    await xend.call('domain.destroy', { domain: 'again' });
  });
});
