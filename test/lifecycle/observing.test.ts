// SPDX-License-Identifier: Apache-2.0
import type { Server } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { networkInterfaces } from 'node:os';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { serveMetrics } from '../../src/xend/http/metrics.ts';
import { serveXend } from '../../src/xend/http/server.ts';
import { DOMAIN_QUOTA } from '../../src/xend/log-limit.ts';
import { fragile } from '../support/fragile/class.ts';
import { readOpenMetrics } from '../support/openmetrics.ts';
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
    await xend.create({ name: 'flood', kernel });
    await xend.attach('flood', 'fragile', {});
    await eventually(
      async () => (await xend.call('device.list', { domain: 'flood', class: 'fragile' })).devices.length === 0,
    );
    await xend.create({ name: 'other' });
    const { lines } = await xend.call('log.read', { domains: ['flood'] });
    expect(lines.length).toBeGreaterThan(DOMAIN_QUOTA.lines / 2);
    expect(lines.length).toBeLessThan(DOMAIN_QUOTA.lines + 20);
    expect((await xend.call('log.read', { domains: ['other'] })).lines.at(-1)).toContain('Domain other (id=');
    for (const domain of ['flood', 'other']) await xend.call('domain.destroy', { domain });
  });
});
