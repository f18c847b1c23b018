// SPDX-License-Identifier: Apache-2.0
import { spawnSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { describe, expect, test } from 'vitest';
import { isAlive } from '../../src/processes.ts';
import { eventually } from '../support/until.ts';
import { vmText } from '../support/vm.ts';
import { type XmHome, xmHome } from '../support/xm.ts';

interface Status {
  readonly running: boolean;
  readonly pid: number;
  readonly domains: number;
}

const lines = (text: string) => text.split('\n').slice(0, -1);
const names = (home: XmHome) => home.json<{ name: string }[]>(['list']).then((all) => all.map(({ name }) => name));
const records = (home: XmHome) => readdirSync(join(home.stateDir, 'domains'));

describe('xm xend', () => {
  test('start, status, restart, stop', async () => {
    await using home = xmHome();
    expect(await home.run(['xend', 'status'])).toEqual({ status: 3, stdout: 'xend is not running\n', stderr: '' });
    expect(await home.run(['xend', 'stop'])).toMatchObject({ status: 0, stdout: 'xend is not running\n' });

    expect(await home.ok(['xend', 'start'])).toMatch(/^xend started \(pid \d+\)\n$/);
    const { pid, running } = await home.json<Status>(['xend', 'status']);
    expect([running, pid]).toEqual([true, home.pid()]);
    expect(await home.ok(['xend', 'status'])).toContain(`xend is running (pid ${pid}, `);
    expect(await home.ok(['xend', 'start'])).toBe(`xend is already running (pid ${pid})\n`);

    await home.ok(['create', home.file('idle.sxp', vmText({ name: 'idle', kernel: 'idle' }))]);
    expect(await home.ok(['xend', 'restart'])).toMatch(/^xend started \(pid \d+\)\n$/);
    expect(isAlive(pid)).toBe(false);
    expect(home.pid()).not.toBe(pid);
    // It ended with its domains, in order: nothing had to be cleaned up.
    expect(await names(home)).toEqual(['Domain-0']);
    expect(await home.json(['xend', 'status'])).toMatchObject({ domains: 1, recovered: [] });

    const last = home.pid()!;
    expect(await home.ok(['xend', 'stop'])).toBe(`xend stopped (pid ${last})\n`);
    expect(isAlive(last)).toBe(false);
    expect(readdirSync(home.runDir)).toEqual([]);
    expect(records(home)).toEqual([]);
  });

  test.each(['SIGTERM', 'SIGINT', 'SIGHUP'] as const)('%s is as good as stop', async (signal) => {
    await using home = xmHome();
    await home.ok(['create', home.file('hung.sxp', vmText({ name: 'hung' }))]);
    await home.ok(['console', 'hung', '--until', 'hang'], { input: 'hang\n' });
    const pid = home.pid()!;
    process.kill(pid, signal);
    await eventually(() => !isAlive(pid));
    expect(readdirSync(home.runDir)).toEqual([]);
    expect(records(home)).toEqual([]);
    expect(readFileSync(join(home.stateDir, 'xend.log'), 'utf8')).toMatch(/xend stopped\n$/);
  });

  test.each(['runDir', 'stateDir'] as const)('a second one on the same %s is refused', async (shared) => {
    await using home = xmHome();
    await home.ok(['create', home.file('idle.sxp', vmText({ name: 'idle', kernel: 'idle' }))]);
    const dirs = {
      runDir: join(home.directory, 'run2'),
      stateDir: join(home.directory, 'state2'),
      [shared]: home[shared],
    };
    const program = new URL('../../dist/src/bin/xend.js', import.meta.url).pathname;
    const env = { PATH: process.env.PATH, XEND_RUNDIR: dirs.runDir, XEND_STATEDIR: dirs.stateDir, XEND_REPORT_FD: '1' };
    const second = spawnSync(process.execPath, [program], { env, encoding: 'utf8' });
    expect(second.status).toBe(1);
    expect(second.stdout).toBe(`error: xend is already running (pid ${home.pid()}) with ${home[shared]}\n`);
    expect(await names(home)).toEqual(['Domain-0', 'idle']);
    expect(records(home).length).toBe(1);
    expect(readdirSync(home.runDir).sort()).toEqual(['console-1.sock', 'xend.pid', 'xend.sock', 'xenstored']);
    if (shared === 'stateDir') expect(readdirSync(dirs.runDir)).toEqual([]);
  });

  test('what it keeps is for its user alone', async () => {
    await using home = xmHome();
    const file = home.file('disk.img', new Uint8Array(4096));
    await home.ok(['create', home.file('guest.sxp', vmText({ name: 'guest', disks: [{ file, dev: 'xvda' }] }))]);
    const mode = (path: string) => (statSync(path).mode & 0o777).toString(8);
    expect([mode(home.runDir), mode(home.stateDir)]).toEqual(['700', '700']);
    for (const directory of [home.runDir, home.stateDir, join(home.stateDir, 'domains')]) {
      for (const entry of readdirSync(directory, { withFileTypes: true })) {
        const path = join(directory, entry.name);
        expect(`${entry.name} ${mode(path)}`).toBe(`${entry.name} ${entry.isDirectory() ? 700 : 600}`);
      }
    }
  });
});

describe('commands start xend by themselves', () => {
  test('unless they may not', async () => {
    await using home = xmHome();
    const refused = await home.run(['list'], { env: { XM_NO_AUTOSTART: '1' } });
    expect(refused).toMatchObject({ status: 1, stdout: '' });
    expect(refused.stderr).toMatch(
      /^Error: Unable to connect to xend: No such file or directory\. Is xend running\?\n/,
    );
    expect(existsSync(home.runDir)).toBe(false);
    expect(await home.ok(['list'])).toContain('Domain-0');
    expect(await home.ok(['list'], { env: { XM_NO_AUTOSTART: '1' } })).toContain('Domain-0');
  });

  test('several at a time start one', async () => {
    await using home = xmHome();
    const creates = ['one', 'two', 'three'].map((name) =>
      home.run(['create', home.file(`${name}.sxp`, vmText({ name, kernel: 'idle' }))]),
    );
    for (const run of await Promise.all(creates)) expect(run).toMatchObject({ status: 0, stderr: '' });
    expect(await names(home)).toEqual(['Domain-0', 'one', 'three', 'two']);
    const log = readFileSync(join(home.stateDir, 'xend.log'), 'utf8');
    expect(log.match(/xend \S+ started/g)?.length).toBe(1);
  });

  test('where the last one was killed', async () => {
    await using home = xmHome();
    await home.ok(['create', home.file('lost.sxp', vmText({ name: 'lost', kernel: 'idle' }))]);
    expect(records(home).length).toBe(1);
    const pid = home.pid()!;
    process.kill(pid, 'SIGKILL');
    await eventually(() => !isAlive(pid));
    const runs = await Promise.all([home.run(['list']), home.run(['info']), home.run(['dmesg'])]);
    for (const { status, stderr } of runs) expect([status, stderr]).toEqual([0, expect.not.stringContaining('Error')]);
    expect(await names(home)).toEqual(['Domain-0']);
    expect(records(home)).toEqual([]);
    const { recovered } = await home.json<{ recovered: string[] }>(['xend', 'status']);
    expect(recovered).toContain('domain lost was lost when the last xend ended without stopping');
  });
});

test('a life by the command line alone', async () => {
  await using home = xmHome();
  const content = randomBytes(1024 * 1024);
  const md5 = createHash('md5').update(content).digest('hex');
  home.file('disk.img', content);
  // Paths are as seen from the configuration.
  const text = vmText({ name: 'guest', disks: [{ file: 'disk.img', dev: 'xvda' }] });
  const config = home.file('guest.sxp', text);
  expect(await home.ok(['create', config])).toBe(`Using config file "${config}".\nStarted domain guest (id=1)\n`);
  const [record] = records(home);
  expect(readFileSync(join(home.stateDir, 'domains', record!), 'utf8')).toContain('(name guest)');
  const shown = await home.ok(['console', 'guest', '--until', '[0-9a-f]{32}'], { input: 'sum xvda\n' });
  expect(shown).toContain(`${md5}  xvda`);

  const target = home.file('target.img', new Uint8Array(content.length));
  await home.ok(['block-attach', 'guest', `file:${target}`, 'xvdb', 'w']);
  expect(lines(await home.ok(['block-list', 'guest'])).map((line) => line.split(' ')[0])).toEqual([
    'Vdev',
    '51712',
    '51728',
  ]);
  expect(await home.ok(['block-list', '-l', 'guest'])).toContain('(device-type disk)');
  await home.ok(['console', 'guest', '--until', 'bytes copied'], { input: 'copy xvda xvdb\n' });
  await home.ok(['block-detach', 'guest', 'xvdb']);
  expect(createHash('md5').update(readFileSync(target)).digest('hex')).toBe(md5);
  expect(await home.run(['block-detach', 'guest', 'xvdb'])).toMatchObject({
    status: 1,
    stderr: expect.stringContaining('Error: Device xvdb not connected\n'),
  });

  expect(await home.ok(['reboot', '-w', 'guest'])).toBe('Domain guest rebooted\n');
  expect(await home.ok(['domid', 'guest'])).toBe('2\n');
  await home.ok(['pause', 'guest']);
  expect(await home.ok(['list', 'guest'])).toContain('--p---');
  await home.ok(['unpause', 'guest']);
  await home.ok(['shutdown', '-w', 'guest']);
  expect(await home.run(['domid', 'guest'])).toMatchObject({ status: 3, stderr: expect.stringContaining('guest') });
  expect(records(home)).toEqual([]);
});

test('what create -n prints is a configuration of the same domain', async () => {
  await using home = xmHome();
  const file = home.file('disk.img', new Uint8Array(4096));
  const spec = {
    name: 'guest',
    args: 'with "quotes" and (parens)',
    disks: [{ file, dev: 'xvda', mode: 'w' as const }],
  };
  const config = home.file('guest.sxp', vmText({ ...spec, onCrash: 'preserve', backends: ['vbd'] }));
  const printed = await home.ok(['create', '-n', config]);
  expect(await names(home)).toEqual(['Domain-0']);
  const again = home.file('again.sxp', printed);
  expect(await home.ok(['create', '-n', '-F', again])).toBe(printed);
  await home.ok(['create', '-F', again]);
  const [first] = await home.json<{ config: unknown }[]>(['list', '-l', 'guest']);
  await home.ok(['destroy', 'guest']);
  await home.ok(['create', '-', '-q'], { input: readFileSync(config, 'utf8') });
  const [second] = await home.json<{ config: unknown }[]>(['list', '-l', 'guest']);
  expect(first!.config).toEqual(second!.config);
});

test('what list -l prints is a configuration of the same domain, with its uuid and the devices that it has by then', async () => {
  await using home = xmHome();
  const disk = { file: home.file('disk.img', new Uint8Array(4096)), dev: 'xvda', mode: 'w' as const };
  const other = home.file('other.img', new Uint8Array(4096));
  const later = vmText({ name: 'later', kernel: 'idle' });
  await home.ok(['new', home.file('later.sxp', later)]);
  await home.ok([
    'create',
    home.file('web.sxp', vmText({ name: 'web', args: 'a (b)', disks: [disk], onCrash: 'preserve' })),
  ]);
  await home.ok(['block-attach', 'web', `file:${other}`, 'xvdb', 'r']);
  const fails = async (args: readonly string[]) => (await home.run(args)).stderr;
  const lasting = async (name: string) =>
    lines(await home.ok(['list', '-l', name])).filter((line) => !/^ {4}\((?:domid|state|\w+_time) /.test(line));
  const before = await home.ok(['list', '-l', 'web']);
  const kept = await lasting('web');
  expect(kept.join('\n')).toMatch(/\(name web\).*\(status 2\).*\(device\n? *\(vbd.*xvda.*\(device\n? *\(vbd.*xvdb/s);
  const file = home.file('web.saved', before);
  expect(await fails(['create', '-F', file])).toContain("Domain 'web' already exists with ID");
  await home.ok(['destroy', 'web']);
  await home.ok(['create', '-F', file]);
  expect(await lasting('web')).toEqual(kept);

  // Another one cannot have its uuid; one that is kept is shown in the same form, and all at once begin with Domain-0.
  const renamed = home.file('two.saved', before.replace('(name web)', '(name two)'));
  expect(await fails(['create', '-F', renamed])).toContain("Domain 'web' already has the uuid");
  const dormant = await home.ok(['list', '-l', 'later']);
  expect(dormant).toMatch(/^\(domain\n {4}\(uuid [^)]+\)\n/);
  expect(dormant).toMatch(/\(status 0\)\n\)\n$/);
  await home.ok(['delete', 'later']);
  await home.ok(['new', '-F', home.file('later.saved', dormant)]);
  expect(await home.ok(['list', '-l', 'later'])).toBe(dormant);
  const all = home.file('all.saved', await home.ok(['list', '-l']));
  expect(await fails(['create', '-F', all])).toContain('this is Domain-0, which xend makes');
});

test('a long configuration through a pipe that fills slowly', async () => {
  await using home = xmHome();
  const input = `${'# a comment\n'.repeat(100_000)}${vmText({ name: 'guest', kernel: 'idle' })}`;
  expect(await home.ok(['create', '-n', '-'], { input })).toContain('(name guest)');
  // Its end is that of what is typed, too.
  expect(await home.ok(['create', '-c', '-'], { input })).toContain('Started domain guest (id=1)\n');
});

test('validate: all findings of each file, then its verdict on a line of its own', async () => {
  await using home = xmHome();
  const bad = home.file('bad.sxp', '(vm (nmae x))');
  const good = home.file('good.sxp', vmText({ name: 'good' }));
  const { status, stdout } = await home.run(['validate', bad, good]);
  expect(status).toBe(1);
  expect(lines(stdout).at(-3)).toMatch(/^hint: /);
  expect(lines(stdout).slice(-2)).toEqual([`${bad}: 3 errors`, `${good}: ok`]);
});

test('reboot and shutdown say what came of it', async () => {
  await using home = xmHome();
  const spec = { name: 'guest', onReboot: 'destroy', onPoweroff: 'restart' } as const;
  const config = home.file('guest.sxp', vmText(spec));
  await home.ok(['create', config]);
  expect(await home.ok(['reboot', '-w', 'guest'])).toBe('Domain guest terminated\n');
  await home.ok(['create', config]);
  expect(await home.ok(['shutdown', '-a', '-w'])).toBe('Domain guest rebooted\nAll domains rebooted\n');
  expect(await names(home)).toEqual(['Domain-0', 'guest']);
});

test('the log is followed as it is written', async () => {
  await using home = xmHome();
  await home.ok(['xend', 'start']);
  const follower = home.start(['log', '-f', '-n', '1']);
  const seen: string[] = [];
  createInterface({ input: follower.stdout! }).on('line', (line) => seen.push(line));
  await eventually(() => seen.length > 0);
  await home.ok(['create', home.file('idle.sxp', vmText({ name: 'idle', kernel: 'idle' }))]);
  await eventually(() => seen.some((line) => line.includes('Domain idle (id=1) is started')));
  // Nothing is missing and nothing comes twice: what it shows is a piece of the log.
  const log = lines(await home.ok(['log']));
  const start = log.indexOf(seen[0]!);
  await eventually(() => seen.length >= log.length - start);
  expect(seen).toEqual(log.slice(start));
  const exit = once(follower, 'exit');
  const watcher = home.start(['events', '-f', '--since', '1h']);
  const complaint = text(watcher.stderr!);
  await once(watcher.stdout!.resume(), 'data');
  await home.ok(['xend', 'stop']);
  // Who follows wants more, and must not think that this was all.
  expect((await exit)[0]).toBe(1);
  expect(seen.at(-1)).toMatch(/xend stopped$/);
  expect(await complaint).toBe('Error: xend has ended: nothing more will come.\n');
});
