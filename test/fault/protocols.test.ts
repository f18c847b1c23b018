// SPDX-License-Identifier: Apache-2.0
import type { Server } from 'node:http';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { serveXend } from '../../src/xend/http/server.ts';
import { httpText, type RawAnswer, rawConnect, rawSend } from '../support/raw-http.ts';
import { startXend, type TestXend } from '../support/xend.ts';
import { xmlCall } from '../support/xmlrpc.ts';

/** XML-RPC and SXP over HTTP: what is wrong is said in the client's terms, and others are served meanwhile. */

let xend: TestXend;
let servers: readonly Server[];
/** The socket of a server that does not wait long. */
const hasty = () => `${xend.paths.socket}-hasty`;
const send = (bytes: string) => rawSend(xend.paths.socket, bytes);
const rpc = (body: string) => send(httpText('POST', '/RPC2', body));
/** Of every answer in SXP. */
const HEADERS = expect.stringMatching(/^content-type: application\/sxp\r$/im);

const get = (path: string) => send(httpText('GET', path));
const type = 'Content-Type: application/x-www-form-urlencoded';
const postForm = (path: string, body: string, header = type) =>
  send(`POST ${path} HTTP/1.0\r\n${header}\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`);

beforeAll(async () => {
  xend = await startXend();
  servers = [
    await serveXend(xend.xend, xend.paths.socket),
    await serveXend(xend.xend, hasty(), { headerLimit: 1000, requestLimit: 2000 }),
  ];
  await xend.create({ name: 'web' });
});

afterAll(async () => {
  for (const server of servers) server.close();
  expect((await xend.call('domain.list', {})).map(({ name }) => name)).toEqual(['Domain-0', 'web']);
  expect(xend.xend.log.read({}).filter((line) => / (ERROR|CRITICAL) /.test(line))).toEqual([]);
  await xend[Symbol.asyncDispose]();
});

const others = async () =>
  expect((await rawSend(hasty(), httpText('GET', '/xend/domain'))).body).toBe('(ls  Domain-0 web)\n');
const isFault = ({ status, body }: RawAnswer, code: number, text: string) => {
  expect(status).toBe(200);
  expect(body).toContain(`<name>faultCode</name><value><int>${code}</int></value>`);
  expect(/<name>faultString<\/name><value><string>(.*?)<\/string>/s.exec(body)?.[1]).toContain(text);
};

describe('XML-RPC', () => {
  test.each([
    ['nothing', '', '&lt;methodCall&gt; is missing'],
    ['JSON', '{"names":[]}', '&lt;methodCall&gt; is missing'],
    ['half of a call', '<methodCall><methodName>xend.domains</methodName>', '&lt;/methodCall&gt; is missing'],
    [
      'entities that grow',
      `<!DOCTYPE x [<!ENTITY a "${'a'.repeat(1000)}">]>${xmlCall('xend.domain', '&a;&a;')}`,
      'tag',
    ],
    ['an unknown method', xmlCall('xend.domain.explode'), 'is not supported'],
    ['a method without a meaning', xmlCall('xend.domain.usb_add'), 'is not supported: domains have no USB'],
    ['a pool that is none', xmlCall('xend.cpu_pool.create', '(cpu_pool (name (a (b))))'), 'is not the name of a field'],
    ["a name from JavaScript's objects", xmlCall('constructor'), 'is not supported'],
    ['deep nesting', xmlCall('xend.domain', '<array><data><value>'.repeat(150_000)), 'more than 64 levels'],
    ['a wrong type', xmlCall('xend.domain.pause', '<struct/>'), 'domain must be a text or a number'],
    ['nil', xmlCall('xend.domain.pause', '<nil/>'), 'domain must be a text or a number'],
    ['binary', xmlCall('xend.domain.create', '<base64>AAAA</base64>'), 'config must be a form'],
    [
      'a struct in a form',
      xmlCall('xend.domain.create', '<array><data><value><struct/></value></data></array>'),
      'config must be',
    ],
    ['no form at all', xmlCall('xend.domain.create', '((((('), 'config has'],
    ['a device that is none', xmlCall('xend.domain.device_create', 'web', '(vbd uname)'), 'is not the name of a field'],
    ['no back end', xmlCall('xend.domain.device_configure', 'web', '(vbd (dev xvda))'), 'backend is missing'],
    [
      'no such device',
      xmlCall('xend.domain.device_configure', 'web', '(vbd (dev xvdz) (backend 0))'),
      'xvdz not connected',
    ],
    [
      'a change of more than the back end, however the device is called',
      xmlCall('xend.domain.device_configure', 'web', '(console (mode r) (backend 0))', '/dev/console'),
      'mode of /dev/console cannot change',
    ],
    ['two devices', xmlCall('xend.domain.device_create', 'web', '(vbd) (vbd)'), 'config must be a form'],
    ['a class that is none', xmlCall('xend.domain.getDeviceSxprs', 'web', 'vif'), 'not a valid device type'],
    ['a huge body', `${xmlCall('xend.domain', ' '.repeat(6_000_000))}`, 'The request is too large'],
  ])('%s is a fault', async (_what, body, text) => isFault(await rpc(body), 2, text));

  test('bytes that are no UTF-8 are a fault', async () => {
    const { socket, answer } = await rawConnect(xend.paths.socket);
    socket.write('POST /RPC2 HTTP/1.0\r\nContent-Length: 2\r\n\r\n');
    socket.write(Uint8Array.of(0xff, 0xfe));
    isFault(await answer, 2, 'not UTF-8');
  });

  test('a domain that is not there is fault 3 with the name that was given', async () =>
    isFault(await rpc(xmlCall('xend.domain.destroy', '&lt;none&gt;')), 3, '&lt;none&gt;'));
});

describe('SXP', () => {
  test.each([
    ['/xend/domain/none', 404, '(xend.err "Domain \'none\' does not exist.")\n'],
    ['/xend/vnet', 404, "(xend.err 'there is nothing at vnet')\n"],
    ['/xend/constructor', 404, "(xend.err 'there is nothing at constructor')\n"],
    ['/xend/node/constructor', 404, "(xend.err 'there is nothing at node/constructor')\n"],
    ['/xend/domain/%zz', 404, "(xend.err 'there is nothing at %zz')\n"],
    ['/xend/domain?detail=perhaps', 406, "(xend.err 'detail must be true or false')\n"],
    ['/xend/domain/web/device/vbd', 404, "(xend.err 'there is nothing at domain/web/device/vbd')\n"],
    ['/xend/domain/web/device/console/0/0', 404, "(xend.err 'there is nothing at domain/web/device/console/0/0')\n"],
    ['/xend/console/0', 406, '(xend.err "Domain \'Domain-0\' has no console")\n'],
  ])('GET %s', async (path, status, body) => expect(await get(path)).toEqual({ status, headers: HEADERS, body }));

  test.each([
    ['', 501, "(xend.err 'operation not implemented: ')\n"],
    ['op=explode', 501, "(xend.err 'operation not implemented: explode')\n"],
    ['op=__proto__', 501, "(xend.err 'operation not implemented: __proto__')\n"],
    ['op=shutdown&reason=x', 406, "(xend.err 'reason must be poweroff, reboot, halt')\n"],
    ['op=pause&hard=1', 406, "(xend.err 'pause has no parameter hard')\n"],
    ['op=device_destroy&type=vbd', 406, "(xend.err 'dev is missing: it must be a text or a number')\n"],
  ])('POST %j', async (form, status, body) =>
    expect(await postForm('/xend/domain/web', form)).toEqual({ status, headers: HEADERS, body }),
  );

  test('a form that is none, and what is too large', async () => {
    expect((await postForm('/xend/domain', 'x', 'Content-Type: text/plain')).status).toBe(406);
    expect((await postForm('/xend/domain', 'x', 'Content-Type: multipart/form-data; boundary=y')).status).toBe(406);
    expect((await postForm('/xend/domain', `op=${'x'.repeat(5_000_000)}`)).body).toContain('The request is too large');
  });

  test('there is nothing else to do than GET and POST', async () =>
    expect(await send(httpText('PUT', '/xend/domain'))).toMatchObject({ status: 501 }));
});

describe.concurrent('a client that takes its time', () => {
  test.each([
    ['sends nothing', ''],
    ['does not end its header', 'POST /RPC2 HTTP/1.1\r\nHost: xend\r\n'],
    ['does not end its body', 'POST /RPC2 HTTP/1.1\r\nHost: xend\r\nContent-Length: 100\r\n\r\n<methodCall>'],
    [
      'does not end its form',
      `POST /xend/domain HTTP/1.1\r\nHost: xend\r\n${type}\r\nContent-Length: 100\r\n\r\nop=list`,
    ],
  ])('and %s is cut off; others are served', async (_what, bytes) => {
    const { socket, answer } = await rawConnect(hasty());
    socket.write(bytes);
    await others();
    expect((await answer).status).toBe(408);
  });

  test('and sends a byte now and then is cut off too', async () => {
    const { socket, answer } = await rawConnect(hasty());
    socket.write('POST /RPC2 HTTP/1.1\r\nHost: xend\r\n');
    const drip = setInterval(() => socket.write('X'), 20);
    await answer.finally(() => clearInterval(drip));
    await others();
  });

  test('and sends without end is cut off', async () => {
    const { socket, answer } = await rawConnect(hasty());
    socket.write('POST /RPC2 HTTP/1.1\r\nHost: xend\r\nTransfer-Encoding: chunked\r\n\r\n');
    const chunk = `10000\r\n${'x'.repeat(0x10000)}\r\n`;
    const flood = () => {
      while (socket.writable && socket.write(chunk));
    };
    socket.on('drain', flood);
    flood();
    await answer;
    await others();
  });
});
