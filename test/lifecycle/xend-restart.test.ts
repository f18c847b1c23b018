// SPDX-License-Identifier: Apache-2.0
import { once } from 'node:events';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { expect, test } from 'vitest';
import { isAlive } from '../../src/processes.ts';
import { createClient } from '../../src/xend/client.ts';
import { eventually } from '../support/until.ts';
import { vmText } from '../support/vm.ts';
import { type XmHome, xmHome } from '../support/xm.ts';

/** What becomes of domains when xend stops, is killed, and starts again. */

const vm = (name: string, more = '') => vmText({ name }).replace(/\)\s*$/, `${more})\n`);

interface Listed {
  readonly name: string;
  readonly domid?: number;
  readonly uuid: string;
  readonly state: string;
}
const list = (home: XmHome) => home.json<Listed[]>(['list']);
const running = async (home: XmHome) => (await list(home)).filter(({ domid }) => domid).map(({ name }) => name);
const logOf = (home: XmHome) => readFileSync(join(home.stateDir, 'xend.log'), 'utf8');

async function kill(home: XmHome): Promise<void> {
  const pid = home.pid()!;
  process.kill(pid, 'SIGKILL');
  await eventually(() => !isAlive(pid));
}

test('kill -9, again and again: what is kept is kept, and what shall run is started', async () => {
  await using home = xmHome();
  const files = [
    home.file('auto.sxp', vm('auto', '(on_xend_start start)')),
    home.file(
      'user.sxp',
      vm('user', '(on_xend_start start) (device (vbd (uname file:d.img) (dev xvda) (backend zserver)))'),
    ),
    home.file('zserver.sxp', vm('zserver', '(on_xend_start start) (backend (vbd))')),
    home.file('idle.sxp', vm('idle')),
  ];
  home.file('d.img', new Uint8Array(4096));
  for (const file of files) await home.ok(['new', file]);
  await home.ok(['start', 'idle']);
  await home.ok(['create', home.file('lost.sxp', vm('lost'))]);
  const before = new Map((await list(home)).map(({ name, uuid }) => [name, uuid]));
  for (let round = 0; round < 2; round++) {
    await kill(home);
    // What was being written, or was written by somebody else.
    const broken = join(home.stateDir, 'managed', '00000000-0000-4000-8000-000000000001.sxp');
    writeFileSync(broken, '(vm (name half)\n');
    writeFileSync(`${broken}.new`, '(vm (na');
    const { stdout, stderr, status } = await home.run(['list']);
    expect({ status, stdout }).toMatchObject({ status: 0, stdout: expect.stringMatching(/^idle {41,}32 /m) });
    expect(stderr).toContain(`xend: a managed domain is left out, ${broken}:1:1: error: `);
    if (round === 0) expect(stderr).toContain('xend: domain lost was lost when the last xend ended without stopping');
    await eventually(async () => (await running(home)).length === 3);
    expect(await running(home)).toEqual(['auto', 'user', 'zserver']);
    expect(new Map((await list(home)).map(({ name, uuid }) => [name, uuid]))).toEqual(
      new Map([...before].filter(([name]) => name !== 'lost')),
    );
    expect(readdirSync(join(home.stateDir, 'managed'))).toHaveLength(5);
  }
  // It works as if nothing had been.
  await home.ok(['start', 'idle']);
  expect(await home.ok(['console', 'user'], { input: 'sum xvda\nexit\n' })).toContain(
    '620f0b67a91f7f74151bc5be745b7110',
  );
});

test('kill -9 amid a storm of xm new and xm delete: what was answered is so', async () => {
  await using home = xmHome();
  await home.ok(['xend', 'start']);
  const { call } = createClient({ socket: join(home.runDir, 'xend.sock') });
  const kept = new Set<string>();
  const uncertain = new Set<string>();
  let calls = 0;
  const killed = Promise.withResolvers<void>();

  async function churn(worker: number): Promise<void> {
    for (let round = 0; ; round++) {
      const name = `w${worker}-${round}`;
      uncertain.add(name);
      await call('domain.new', { text: vmText({ name }), file: name, directory: '/' });
      kept.add(name);
      uncertain.delete(name);
      if (++calls === 60) kill(home).then(killed.resolve, killed.reject);
      if (round % 2 === 0) continue;
      uncertain.add(name);
      kept.delete(name);
      await call('domain.delete', { domain: name });
      uncertain.delete(name);
    }
  }

  await Promise.allSettled([0, 1, 2, 3, 4, 5, 6, 7].map(churn));
  await killed.promise;
  const { stdout, stderr } = await home.run(['list', '--json']);
  expect(stderr).not.toContain('left out');
  const found = (JSON.parse(stdout) as Listed[]).map(({ name }) => name).filter((name) => name !== 'Domain-0');
  expect(found.filter((name) => !uncertain.has(name)).toSorted()).toEqual([...kept].toSorted());
});

test('xm xend stop: domains end as they were promised', async () => {
  await using home = xmHome();
  await home.ok([
    'new',
    home.file('kept.sxp', vm('kept', '(on_xend_start start) (on_xend_stop shutdown) (on_poweroff restart)')),
  ]);
  await home.ok(['start', 'kept']);
  await home.ok(['create', home.file('asked.sxp', vm('asked', '(on_xend_stop shutdown) (on_poweroff restart)'))]);
  await home.ok(['create', home.file('ended.sxp', vm('ended', '(on_xend_stop destroy)'))]);
  await home.ok(['create', home.file('other.sxp', vm('other'))]);
  await home.ok(['create', '-p', home.file('paused.sxp', vm('paused', '(on_xend_stop shutdown)'))]);
  await home.ok(['xend', 'stop']);
  const log = logOf(home);
  for (const name of ['kept', 'asked']) {
    expect(log).toMatch(new RegExp(`Asking domain ${name} \\(id=\\d\\) for poweroff`));
    expect(log).toMatch(new RegExp(`Domain ${name} \\(id=\\d\\) ended: poweroff`));
    expect(log).not.toContain(`Restarting domain ${name}`);
  }
  for (const name of ['ended', 'other', 'paused']) {
    expect(log).toMatch(new RegExp(`Domain ${name} \\(id=\\d\\) ended: destroyed`));
    expect(log).not.toContain(`Asking domain ${name}`);
  }
  expect((await list(home)).map(({ name }) => name)).toEqual(['Domain-0', 'kept']);
  await eventually(async () => (await running(home)).length === 1);
});

test('xm xend restart: events say that their numbers begin anew, and nobody takes it for a gap', async () => {
  await using home = xmHome();
  await home.ok(['xend', 'start']);
  const follower = home.start(['events', '-f', '--since', '1h', '--json']);
  const seen: { seq: number; boot: string; error?: { code: string } }[] = [];
  createInterface({ input: follower.stdout! }).on('line', (line) => seen.push(JSON.parse(line)));
  await eventually(() => seen.length > 0);
  await home.ok(['xend', 'restart']);
  // It followed that one, which has ended, and says so in a line too.
  expect(follower.exitCode ?? (await once(follower, 'close'))[0]).toBe(1);
  const last = await eventually(() => seen.at(-1)?.error);
  expect(last.code).toBe('EXENDDIED');
  const before = seen.slice(0, -1);
  const lines = (await home.ok(['events', '--json'])).trimEnd().split('\n');
  const after = lines.map((line): { seq: number; boot: string } => JSON.parse(line));
  for (const events of [before, after])
    expect(events.map(({ seq }) => seq)).toEqual(events.map((_, index) => index + 1));
  const boots = [before, after].map((events) => [...new Set(events.map(({ boot }) => boot))]);
  expect(boots).toEqual([[expect.stringMatching(/^[0-9a-f]{8}$/)], [expect.stringMatching(/^[0-9a-f]{8}$/)]]);
  expect(boots[0]).not.toEqual(boots[1]);
});
