// SPDX-License-Identifier: Apache-2.0
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { serveXend } from '../../src/xend/http/server.ts';
import { findProgram, runProgram } from '../support/programs.ts';
import { startXend } from '../support/xend.ts';

const python = findProgram('python3');
if (python === undefined)
  console.log("interop with Python's xmlrpc.client is skipped, not installed: apt-get install python3");

test.skipIf(python === undefined)("Python's xmlrpc.client drives xend over its unix socket", async () => {
  await using xend = await startXend();
  await using _server = await serveXend(xend.xend, xend.paths.socket);
  const disk = xend.file('disk.img', new Uint8Array(1 << 20));
  const script = join(import.meta.dirname, 'xend_client.py');
  expect(await runProgram(python!, [script, xend.paths.socket, disk], {})).toEqual({
    status: 0,
    stdout: 'all well\n',
    stderr: '',
  });
});
