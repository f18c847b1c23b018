// SPDX-License-Identifier: Apache-2.0
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { answers, startXend, waitGone } from '../../src/cli/xend-process.ts';
import { type RunPaths, runPaths } from '../../src/xend/paths.ts';

/** Programs that come up, or do not, in the ways a daemon can; each runs as a process of its own. */

let directory: string;
let paths: RunPaths;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'xm-start-'));
  paths = runPaths({ XEND_RUNDIR: join(directory, 'run'), XEND_STATEDIR: join(directory, 'state') });
  mkdirSync(paths.runDir);
});
afterEach(() => rmSync(directory, { recursive: true }));

function program(body: string): string {
  const file = join(directory, 'daemon.mjs');
  writeFileSync(
    file,
    `import { writeSync, writeFileSync } from 'node:fs';\nimport { createServer } from 'node:net';\n${body}`,
  );
  return file;
}

const failsWith = (body: string, message: RegExp) =>
  expect(startXend(paths, program(body))).rejects.toMatchObject({
    code: 'EXENDSTART',
    message: expect.stringMatching(message),
    hint: expect.stringContaining(paths.debugLog),
  });

describe('starting', () => {
  test('returns when it is ready: with its own directory, the same environment, output in the debug log', async () => {
    const report = join(directory, 'report');
    await startXend(
      paths,
      program(`
        const server = createServer((socket) => socket.end(() => process.exit()));
        server.listen(process.env.XEND_RUNDIR + '/xend.sock', () => {
          writeFileSync('${report}', JSON.stringify({ pid: process.pid, cwd: process.cwd(), state: process.env.XEND_STATEDIR }));
          console.log('listening');
          writeSync(3, 'ready\\n');
        });`),
    );
    const { pid, cwd, state } = JSON.parse(readFileSync(report, 'utf8'));
    expect({ cwd, state }).toEqual({ cwd: '/', state: paths.stateDir });
    expect(readFileSync(paths.debugLog, 'utf8')).toBe('listening\n');
    // The connection is what ends it.
    expect(await answers(paths.socket)).toBe(true);
    await waitGone(pid);
    expect(await answers(paths.socket)).toBe(false);
  });

  test('its own reason is passed on', async () => {
    await failsWith(
      `writeSync(3, 'error: ' + process.env.XEND_RUNDIR + ' belongs to somebody else\\n'); process.exit(1);`,
      /^Unable to start xend: .*run belongs to somebody else$/,
    );
  });

  test('a program that ends without a word', async () => {
    await failsWith(`process.exit(7);`, /it ended with status 7 before it was ready$/);
    await failsWith(`process.kill(process.pid, 'SIGKILL');`, /it ended with SIGKILL before it was ready$/);
  });

  test('a state directory that cannot be made', async () => {
    writeFileSync(paths.stateDir, '');
    await expect(startXend(paths, program(''))).rejects.toMatchObject({
      code: 'EDIRECTORY',
      message: `Cannot make the directory ${paths.stateDir}: file already exists`,
    });
  });

  test('one that was refused because another came first is no error', async () => {
    const other = createServer((socket) => socket.end()).listen(paths.socket);
    await startXend(paths, program(`writeSync(3, 'error: xend is already running\\n'); process.exit(1);`));
    await new Promise((done) => other.close(done));
  });

  test('one that was refused because another was just ending starts a second time', async () => {
    writeFileSync(paths.pidFile, '4194304999\n');
    const first = join(directory, 'first');
    await startXend(
      paths,
      program(`
        import { existsSync } from 'node:fs';
        const again = existsSync('${first}');
        writeFileSync('${first}', '');
        writeSync(3, again ? 'ready\\n' : 'error: xend is already running\\n');`),
    );
  });

  test('nor when the other still comes up', async () => {
    writeFileSync(paths.pidFile, `${process.pid}\n`);
    const other = createServer((socket) => socket.end());
    const started = startXend(paths, program(`writeSync(3, 'error: xend is already running\\n'); process.exit(1);`));
    setTimeout(() => other.listen(paths.socket), 300);
    await started;
    await new Promise((done) => other.close(done));
  });
});
