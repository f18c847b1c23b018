// SPDX-License-Identifier: Apache-2.0
import type { Server } from 'node:http';
import { resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { XendApi, XendMethod } from '../../src/xend/contract.ts';
import { serveXend } from '../../src/xend/http/server.ts';
import { seededRandom } from '../support/random.ts';
import { httpText, rawConnect, rawSend } from '../support/raw-http.ts';
import { eventually } from '../support/until.ts';
import { startXend, type TestXend } from '../support/xend.ts';

/** Whatever arrives at xend's socket is answered, or refused, in the client's terms; xend itself is never in doubt. */

let xend: TestXend;
let server: Server;
const socket = () => xend.paths.socket;
const post = (method: string, body: unknown) =>
  rawSend(socket(), httpText('POST', `/api/${method}`, JSON.stringify(body)));

beforeAll(async () => {
  xend = await startXend();
  server = await serveXend(xend.xend, socket());
});

afterAll(async () => {
  server.close();
  // It lives, and nothing that came was a defect of its own.
  expect(await xend.call('domain.list', {})).toHaveLength(1);
  expect(xend.xend.log.read({}).filter((line) => / (ERROR|CRITICAL) /.test(line))).toEqual([]);
  await xend[Symbol.asyncDispose]();
});

const CONFIG = {
  text: '(vm)',
  file: 'x.sxp',
  directory: '/tmp',
  format: 'sxp' as const,
  variables: ['a=b'],
  number: 1,
};
const DOMAIN = { domain: 'nobody' };

/** A device class of a user's own. */
const DEBUG = resolve(import.meta.dirname, '../../configs/debug-device/debug.ts');

/** A correct call of each method, with all parameters. */
const CALLS: { readonly [M in XendMethod]: Required<XendApi[M]['params']> } = {
  'domain.create': { ...CONFIG, paused: true, timeout: 1.5 },
  'domain.new': CONFIG,
  'domain.start': { ...DOMAIN, paused: true, timeout: 1.5 },
  'domain.delete': DOMAIN,
  'domain.all': { names: ['nobody'] },
  'domain.list': { names: ['nobody'] },
  'domain.records': { names: ['nobody'] },
  'domain.pause': DOMAIN,
  'domain.rename': { domain: 'nobody', name: 'other' },
  'domain.unpause': DOMAIN,
  'domain.shutdown': { ...DOMAIN, reason: 'poweroff', wait: true, timeout: 1.5 },
  'domain.destroy': DOMAIN,
  'domain.save': { ...DOMAIN, path: '/nowhere/save', checkpoint: true, timeout: 1.5 },
  'domain.restore': { path: '/nowhere/save', paused: true },
  'domain.suspend': { ...DOMAIN, timeout: 1.5 },
  'domain.resume': { ...DOMAIN, paused: true },
  'domain.dump': { ...DOMAIN, path: '/nowhere/core', live: true, after: 'reset' },
  'domain.setMemory': { ...DOMAIN, memory: 64 },
  'domain.setMaxMemory': { ...DOMAIN, memory: 64 },
  'domain.reset': DOMAIN,
  'domain.sysrq': { ...DOMAIN, letter: 's' },
  'domain.trigger': { ...DOMAIN, trigger: 'nmi', vcpu: 0 },
  'domain.console': DOMAIN,
  'domain.consoleLog': DOMAIN,
  'device.attach': {
    ...DOMAIN,
    class: 'vbd',
    path: '/nowhere/vbd.ts',
    config: { uname: 'file:x', dev: 'xvda' },
    directory: '/tmp',
  },
  'device.detach': { ...DOMAIN, class: 'vbd', device: 'xvda', force: false },
  'device.move': { ...DOMAIN, class: 'vbd', device: 'xvda', backend: 'nobody', force: true },
  'driver.unload': { ...DOMAIN, class: 'vbd', end: 'front' },
  'driver.load': { ...DOMAIN, class: 'vbd', end: 'back' },
  'device.list': { ...DOMAIN, class: 'vbd' },
  'device.classes': { class: 'vbd', path: DEBUG },
  inspect: { ...DOMAIN, device: 'xvda' },
  'idc.list': {},
  'channel.list': {},
  'grant.list': {},
  'ring.messages': { domid: 1, backId: 0, class: 'vbd', device: 'xvda', evtchn: 3, direction: 'in', count: 8 },
  'idc.ping': { ...DOMAIN, address: 'pair', count: 1, size: 0, polled: false },
  'idc.cycle': { address: 'pair' },
  'viptables.add': { from: '*:1', to: '*', accept: true, at: 1 },
  'viptables.del': { at: 1_000_000 },
  'viptables.list': {},
  'vchan.node': { ...DOMAIN, role: 'client', path: 'x', left: 0, right: 0, wait: false },
  'vcpu.list': { names: ['nobody'] },
  'vcpu.pin': { ...DOMAIN, vcpu: 0, cpus: [0] },
  'vcpu.set': { ...DOMAIN, count: 1 },
  'pool.list': { names: ['none'] },
  'pool.create': { text: '', file: 'x', variables: ['name=x', 'cpus=0'], kept: true },
  'pool.start': { pool: 'none' },
  'pool.destroy': { pool: 'none' },
  'pool.delete': { pool: 'none' },
  'pool.addThread': { pool: 'none', number: 1 },
  'pool.removeThread': { pool: 'none', number: 1 },
  'pool.migrate': { ...DOMAIN, pool: 'none' },
  'vsock.setup': { domains: ['nobody', 'nobody either'], transport: 'argo' },
  'vsock.list': {},
  'vsock.node': { ...DOMAIN, port: 80 },
  'vsock.forward': { ...DOMAIN, port: 80, path: '/tmp/vsock-nobody' },
  'config.parameters': { text: 'x = 1', file: 'x' },
  'config.check': { ...CONFIG, any: true },
  'node.config': {},
  'node.info': {},
  'node.dmesg': { clear: false },
  'log.read': { lines: 10, since: 0, until: 0, level: 'INFO', domains: ['Domain-0'] },
  'trace.start': { records: 16 },
  'trace.stop': {},
  'trace.dump': {},
  'events.read': { since: 0, filters: ['kind=domain'] },
  stats: {},
  metrics: {},
  stalls: {},
  'xend.status': {},
  'xend.stop': {},
};

/** One value of each kind that JSON has, and some that are right in kind and wrong in value. */
const VALUES: readonly unknown[] = [null, true, 7, -1, 1e300, '', 'x'.repeat(100_000), [], [1], {}, { a: 1 }, [[]]];
const kindOf = (value: unknown) => (Array.isArray(value) ? 'list' : value === null ? 'null' : typeof value);

const methods = Object.keys(CALLS) as XendMethod[];
const parameters = methods.flatMap((method) => Object.keys(CALLS[method]).map((name) => [method, name] as const));

describe('parameters', () => {
  test.each(methods.filter((method) => method !== 'xend.stop'))('%s accepts what its contract says', async (method) => {
    const { status } = await post(method, CALLS[method]);
    const pools = methods.filter((name) => name.startsWith('pool.') && name !== 'pool.migrate');
    const refused = ['domain.create', 'domain.new', 'domain.restore', 'idc.cycle', 'viptables.del', ...pools].includes(
      method,
    );
    const named = method === 'vsock.setup' || 'domain' in CALLS[method] || 'names' in CALLS[method];
    expect(status).toBe(refused ? 400 : named ? 404 : 200);
  });

  test.each(parameters)('%s: %s of another kind is named, and nothing is done', async (method, name) => {
    const right = (CALLS[method] as Record<string, unknown>)[name];
    for (const value of VALUES.filter((wrong) => kindOf(wrong) !== kindOf(right))) {
      const { status, body } = await post(method, { ...CALLS[method], [name]: value });
      expect({ value, status, ...JSON.parse(body) }).toMatchObject({
        status: 400,
        error: { code: 'EINVAL', message: expect.stringMatching(`^${method}: ${name} must be [^\n]+$`), exit: 1 },
      });
    }
  });

  test.each([
    ['domain.list', 'names', ['a', 1]],
    ['domain.create', 'directory', 'relative/path'],
    ['domain.create', 'directory', ''],
    ['domain.shutdown', 'reason', 'suspend'],
    ['domain.shutdown', 'timeout', -1],
    ['domain.shutdown', 'timeout', 1e12],
    ['device.attach', 'config', { uname: 3 }],
    ['device.attach', 'config', { uname: null }],
    ['log.read', 'lines', -1],
    ['log.read', 'level', 'info'],
    ['log.read', 'lines', 1.5],
  ] as const)('%s: %s may not be %j', async (method, name, value) => {
    const { status, body } = await post(method, { ...CALLS[method], [name]: value });
    expect(status).toBe(400);
    expect(JSON.parse(body).error.message).toMatch(`${method}: ${name} must be `);
  });

  test.each(methods)('%s: what it does not know is refused', async (method) => {
    for (const name of ['other', 'constructor', 'toString', '']) {
      const { status, body } = await post(method, { ...CALLS[method], [name]: 'x' });
      expect(status).toBe(400);
      expect(JSON.parse(body).error.message).toBe(`${method} has no parameter '${name}'`);
    }
    const hidden = await rawSend(
      socket(),
      httpText('POST', `/api/${method}`, '{"__proto__":{"domain":"0","names":[]}}'),
    );
    expect(hidden).toMatchObject({ status: 400, body: expect.stringContaining("no parameter '__proto__'") });
  });

  test.each(methods)('%s: a body that is no object is refused', async (method) => {
    for (const text of ['[]', 'null', '7', '"text"', '{', '{"a"', 'not JSON', '\0', '\uFEFF{}', '[{}]']) {
      const { status, body } = await rawSend(socket(), httpText('POST', `/api/${method}`, text));
      expect({ text, status, ...JSON.parse(body) }).toMatchObject({
        status: 400,
        error: { code: 'EINVAL', message: 'The request is not a JSON object' },
      });
    }
  });

  test.each([
    'lines=-1',
    'lines=x',
    'level=x',
    'level=',
    'domain=x',
    'lines=',
    'since=x',
    'follow=1',
    'lines=1&lines=x',
  ])('GET /log?%s', async (query) => {
    const { status, body } = await rawSend(socket(), httpText('GET', `/log?${query}`));
    expect(status).toBe(400);
    expect(JSON.parse(body).error.message).toMatch(/^log\.read/);
  });
});

describe('addresses', () => {
  test.each([
    ['GET', '/'],
    ['POST', '/api/'],
    ['DELETE', '/RPC3'],
    ['GET', '//'],
    ['GET', 'http://['],
    ['GET', '/%zz'],
    ['OPTIONS', '*'],
  ])('%s %s: there is no such address', async (method, path) => {
    const { status, body } = await rawSend(socket(), httpText(method, path));
    expect(status).toBe(404);
    expect(JSON.parse(body).error).toMatchObject({
      code: 'ENOADDRESS',
      message: `xend has no address ${path}`,
      exit: 1,
    });
  });

  test.each([
    ['GET', '/api/domain.list', 'POST'],
    ['PUT', '/api/domain.list', 'POST'],
    ['DELETE', '/RPC2', 'POST'],
    ['DELETE', '/version', 'GET'],
    ['POST', '/version', 'GET'],
    ['POST', '/log', 'GET'],
  ])('%s %s: it takes %s', async (method, path, allowed) => {
    const { status, headers, body } = await rawSend(socket(), httpText(method, path));
    expect(status).toBe(405);
    expect(headers).toMatch(new RegExp(`^allow: ${allowed}\\r$`, 'im'));
    expect(JSON.parse(body).error).toMatchObject({ code: 'ENOTALLOWED', exit: 1 });
  });

  test.each(['domain.explode', '__proto__', 'constructor', 'domain.list/more'])(
    'POST /api/%s: there is no such method',
    async (method) => {
      const { status, body } = await rawSend(socket(), httpText('POST', `/api/${method}`));
      expect(status).toBe(400);
      expect(JSON.parse(body).error).toMatchObject({ code: 'ENOMETHOD', exit: 1 });
    },
  );
});

describe('a client that does not behave', () => {
  const answers = async () => expect((await rawSend(socket(), httpText('GET', '/version'))).status).toBe(200);

  test.each([1, 2, 3])('sends random bytes (%i)', async (seed) => {
    const random = seededRandom(seed);
    const bytes = () => Uint8Array.from({ length: 3000 }, () => random.below(256));
    const all = Array.from({ length: 20 }, () => rawSend(socket(), bytes()));
    for (const { status } of await Promise.all(all)) expect([0, 400]).toContain(status);
    await answers();
  });

  test('speaks an unknown verb', async () => {
    expect((await rawSend(socket(), httpText('FROBNICATE', '/version'))).status).toBe(400);
  });

  test('sends a body without end, or longer than it may be', async () => {
    const { status, body } = await rawSend(
      socket(),
      httpText('POST', '/api/config.check', JSON.stringify({ ...CONFIG, text: ' '.repeat(6 * 1024 * 1024) })),
    );
    expect(status).toBe(400);
    expect(JSON.parse(body).error).toMatchObject({
      code: 'ETOOBIG',
      message: expect.stringMatching(/^The request is too large: 629\d+ bytes of at most 4194304$/),
    });
  });

  test('sends headers without end', async () => {
    const header = `GET /version HTTP/1.1\r\nX-Long: ${'x'.repeat(100_000)}\r\n\r\n`;
    expect((await rawSend(socket(), header)).status).toBe(431);
    await answers();
  });

  test('sends byte by byte: others are answered meanwhile, and so is it', async () => {
    const { socket: slow, answer } = await rawConnect(socket());
    const request = httpText('POST', '/api/domain.list', '{"names":["0"]}');
    for (const [index, byte] of [...request].entries()) {
      await new Promise((done) => slow.write(byte, done));
      if (index % 20 === 0) await answers();
    }
    expect(await answer).toMatchObject({ status: 200, body: expect.stringContaining('"Domain-0"') });
  });

  test('hangs up in the middle: of the header, of the body, before the answer', async () => {
    const whole = httpText('POST', '/api/domain.list', '{"names":["0"]}');
    for (const part of [0, 4, 30, whole.length - 5, whole.length]) {
      const { socket: client, answer } = await rawConnect(socket());
      if (part > 0) await new Promise((done) => client.write(whole.slice(0, part), done));
      client.destroy();
      await answer;
    }
    await answers();
  });

  test('opens fifty connections at once, and leaves another fifty open', async () => {
    const idle = await Promise.all(Array.from({ length: 50 }, () => rawConnect(socket())));
    const all = await Promise.all(Array.from({ length: 50 }, () => post('domain.list', {})));
    expect(all.map(({ status }) => status)).toEqual(all.map(() => 200));
    for (const client of idle) client.socket.destroy();
  });

  test('follows the log and does not read it: it is told how much it missed', async () => {
    const { socket: follower, answer } = await rawConnect(socket());
    follower.pause();
    follower.write(httpText('GET', '/log?lines=0'));
    await answers();
    for (let line = 0; line < 1000; line++) xend.xend.log.write('DEBUG', `${line} ${'x'.repeat(7000)}`);
    await answers();
    let seen = '';
    follower.on('data', (data) => {
      seen += data;
    });
    follower.resume();
    await eventually(() => / lines were lost/.test(seen));
    xend.xend.log.write('DEBUG', 'here again');
    await eventually(() => seen.endsWith('here again\n'));
    follower.destroy();
    const lines = (await answer).body.trimEnd().split('\n');
    const lost = Number(/^\[(\d+) lines were lost: they came faster than they were read\]$/.exec(lines.at(-2)!)![1]);
    expect(lines.length - 2 + lost).toBe(1000);
    const shown = lines.slice(0, -2).map((line) => Number(/\) (\d+) x/.exec(line)![1]));
    expect(shown).toEqual(Array.from(shown, (_, at) => at));
    expect(seen.length).toBeLessThan(3_000_000);
  });
});
