// SPDX-License-Identifier: Apache-2.0
import type { Server } from 'node:http';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { PROTOCOL, STABLE_METHODS } from '../../src/xend/contract.ts';
import { serveXend } from '../../src/xend/http/server.ts';
import { rawSend } from '../support/raw-http.ts';
import { startXend, type TestXend } from '../support/xend.ts';
import { type XmHome, xmHome } from '../support/xm.ts';

/** An xm and a xend of two versions: both say so, and what may not be misunderstood works. */
describe.each([
  ['an old xm and a new xend', PROTOCOL + 1],
  ['a new xm and an old xend', PROTOCOL - 1],
])('%s', (_what, protocol) => {
  let xend: TestXend;
  let server: Server;
  let home: XmHome;
  const notice = `xend speaks protocol ${protocol}, this xm ${PROTOCOL}: run 'xm xend restart'.\n`;
  const run = (...args: string[]) => home.run(args, { env: { XEND_RUNDIR: xend.paths.runDir, XM_NO_AUTOSTART: '1' } });

  beforeAll(async () => {
    xend = await startXend();
    server = await serveXend(xend.xend, xend.paths.socket, { protocol });
    home = xmHome();
    await xend.create({ name: 'web' });
  });
  afterAll(async () => {
    server.close();
    await home[Symbol.asyncDispose]();
    await xend[Symbol.asyncDispose]();
  });

  test('what could be misunderstood is refused, and nothing is done', async () => {
    const { status, stdout, stderr } = await run('pause', 'web');
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
    expect(stderr).toContain(
      `${notice}Error: This xend speaks protocol ${protocol}, and its client another: no domain.pause`,
    );
    expect((await xend.info('web'))?.state).not.toContain('p');
  });

  test('list and destroy work, and say it', async () => {
    const listed = await run('list');
    expect(listed).toMatchObject({ status: 0, stderr: notice });
    expect(listed.stdout).toMatch(/^web +1 /m);
    expect(await run('destroy', 'web')).toMatchObject({ status: 0, stderr: expect.stringContaining(notice) });
    expect((await run('list')).stdout).not.toContain('web');
  });

  test('a client that says nothing is taken for one of its own, any other is not', async () => {
    const post = (method: string, header: string) =>
      rawSend(xend.paths.socket, `POST /api/${method} HTTP/1.0\r\n${header}Content-Length: 0\r\n\r\n`);
    expect((await post('node.info', '')).status).toBe(200);
    expect((await post('node.info', `XEND-Protocol: ${protocol}\r\n`)).status).toBe(200);
    expect((await post('node.info', 'Xend-Protocol: many\r\n')).body).toContain('"EPROTOCOL"');
    expect((await post('domain.list', 'Xend-Protocol: many\r\n')).status).toBe(200);
  });
});

test('the methods that every version has', () => {
  expect(STABLE_METHODS).toEqual(['domain.list', 'domain.all', 'domain.destroy', 'xend.status', 'xend.stop']);
});
