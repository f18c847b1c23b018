// SPDX-License-Identifier: Apache-2.0
import { chmodSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Examination } from '../../src/cli/doctor/examine.ts';
import { isAlive } from '../../src/processes.ts';
import { eventually } from '../support/until.ts';
import { type XmHome, xmHome } from '../support/xm.ts';

/** What `xm doctor` finds: its problems as `CHECK: TEXT`, after its exit status was compared with them. */
async function problems(home: XmHome): Promise<readonly string[]> {
  const { status, stdout } = await home.run(['doctor', '--json']);
  const { healthy, findings } = JSON.parse(stdout) as Examination;
  const found = findings.filter(({ grade }) => grade === 'problem').map(({ check, text }) => `${check}: ${text}`);
  expect({ status, healthy }).toEqual(
    found.length === 0 ? { status: 0, healthy: true } : { status: 1, healthy: false },
  );
  return found;
}

const GUEST = '(vm (name guest) (memory 32) (image (js (kernel shell))))';

test('healthy: before the first start, while xend runs, and after it was stopped', async () => {
  await using home = xmHome();
  expect(await problems(home)).toEqual([]);
  // It only looks.
  expect(home.pid()).toBeUndefined();
  await home.ok(['create', home.file('guest.sxp', GUEST)]);
  expect(await problems(home)).toEqual([]);
  const text = await home.ok(['doctor']);
  expect(text).toMatch(/^ok +xend +xend is running \(pid \d+, /);
  expect(text).toContain(`directories  ${home.runDir}, mode 0700\n`);
  expect(text).toMatch(/^ok +stalls +nothing stands still that should move$/m);
  await home.ok(['xend', 'stop']);
  expect(await problems(home)).toEqual([]);
});

test('a stall, and who owes the next step', async () => {
  await using home = xmHome();
  await home.ok(['create', home.file('guest.sxp', GUEST)]);
  home.start(['console', 'guest']).stdin!.write('hang\r');
  await eventually(async () => (await problems(home)).length > 0);
  expect((await problems(home))[0]).toMatch(
    /^stalls: guest: thread guest: guest does not come back to its event loop, for \d+ s$/,
  );
  await home.ok(['destroy', 'guest']);
  await eventually(async () => (await problems(home)).length === 0);
});

test('what a killed xend has left, until the next one has cleaned up', async () => {
  await using home = xmHome();
  await home.ok(['create', home.file('guest.sxp', GUEST)]);
  const killed = home.pid()!;
  process.kill(killed, 'SIGKILL');
  await eventually(() => !isAlive(killed));
  const [left, ...more] = await problems(home);
  expect(more).toEqual([]);
  expect(left).toMatch(
    /^leftovers: of a xend that was killed: .*xend\.pid.*, 1 socket of a domain, 1 record of a domain$/,
  );
  await home.ok(['xend', 'start']);
  expect(await problems(home)).toEqual([]);
  expect(await home.ok(['doctor'])).toMatch(/^note +xend +at its start: domain guest was lost/m);
});

test('a xend that runs with the same state and is looked for elsewhere was not killed', async () => {
  await using home = xmHome();
  await home.ok(['xend', 'start']);
  const { status, stdout } = await home.run(['doctor'], { env: { XEND_RUNDIR: join(home.directory, 'other') } });
  expect(status).toBe(1);
  expect(stdout).toContain(
    `${home.stateDir} belongs to a xend that runs (pid ${home.pid()}) with another XEND_RUNDIR\n`,
  );
  expect(stdout).not.toContain('killed');
});

test('directories and sockets that are open to others, or gone', async () => {
  await using home = xmHome();
  await home.ok(['xend', 'start']);
  const socket = join(home.runDir, 'xend.sock');
  chmodSync(home.runDir, 0o755);
  chmodSync(socket, 0o666);
  expect(await problems(home)).toEqual([
    `directories: ${home.runDir} is open to others: mode 0755`,
    `sockets: ${socket} is open to others: mode 0666`,
  ]);
  expect((await home.run(['doctor'])).stdout).toContain(`Hint: chmod 700 ${home.runDir}\n`);
  chmodSync(home.runDir, 0o700);
  chmodSync(socket, 0o600);
  expect(await problems(home)).toEqual([]);
});

test('a directory in which others may have put something is not used', async () => {
  await using home = xmHome();
  await home.ok(['xend', 'start']);
  chmodSync(home.runDir, 0o777);
  const text = `${home.runDir} is open to others: mode 0777`;
  expect(await home.run(['list'])).toMatchObject({ status: 1, stdout: '', stderr: expect.stringContaining(text) });
  expect(await problems(home)).toEqual([`directories: ${text}`]);
  chmodSync(home.runDir, 0o700);
  await home.ok(['xend', 'stop']);
  chmodSync(home.stateDir, 0o777);
  const { status, stderr } = await home.run(['xend', 'start']);
  expect({ status, stderr }).toEqual({
    status: 1,
    stderr: `Error: ${home.stateDir} is open to others: mode 0777\nHint: see what others may have put there, then chmod 700 ${home.stateDir}\n`,
  });
  chmodSync(home.stateDir, 0o755);
  await home.ok(['xend', 'start']);
  expect(await problems(home)).toEqual([]);
});

test('directories that cannot be made', async () => {
  await using home = xmHome();
  for (const name of ['XEND_RUNDIR', 'XEND_STATEDIR']) {
    const env = { [name]: '/proc/x' };
    expect(await home.run(['list'], { env })).toEqual({
      status: 1,
      stdout: '',
      stderr: expect.stringMatching(
        /^Error: Cannot make the directory \/proc\/x: (?:\/proc takes no directories|permission denied)\n$/,
      ),
    });
    const { status, stdout } = await home.run(['doctor'], { env });
    expect(status).toBe(1);
    expect(stdout.match(/^problem .*$/gm)).toEqual([
      expect.stringMatching(/^problem directories +\/proc\/x cannot be made: \/proc holds only what the kernel shows$/),
    ]);
  }
});

test('a xend that runs and does not answer', async () => {
  await using home = xmHome();
  await home.ok(['xend', 'start']);
  const pid = home.pid()!;
  process.kill(pid, 'SIGSTOP');
  expect(await problems(home)).toEqual([
    `xend: it runs (pid ${pid}) and cannot be asked: there was no answer within 5 s`,
  ]);
  process.kill(pid, 'SIGCONT');
});

test('a xend of another version, which knows of no stalls', async () => {
  await using home = xmHome();
  await home.ok(['xend', 'start']);
  await home.ok(['xend', 'stop']);
  const status = { pid: 1, version: '0.0.1', protocol: 0, startTime: 0, recovered: [], domains: 1, socket: 'x' };
  const other = createServer((request, response) => {
    const known = request.url === '/api/xend.status';
    response.writeHead(known ? 200 : 404, { 'xend-protocol': '0' });
    response.end(JSON.stringify(known ? status : { error: { code: 'ENOMETHOD', message: 'no such', exit: 1 } }));
  });
  const socket = join(home.runDir, 'xend.sock');
  await new Promise<void>((listening) => other.listen(socket, listening));
  chmodSync(socket, 0o600);
  try {
    const found = await problems(home);
    expect(found).toContainEqual(expect.stringMatching(/^version: this is xm .*, but xend is 0\.0\.1, protocol 0$/));
    expect((await home.run(['doctor'])).stdout).toMatch(/^note +stalls +this xend does not look for them$/m);
  } finally {
    other.close();
  }
});
