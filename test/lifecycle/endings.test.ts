// SPDX-License-Identifier: Apache-2.0
import { createHash, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { stepGate } from '../support/step-gate.ts';
import { eventually } from '../support/until.ts';
import type { VmSpec } from '../support/vm.ts';
import { startXend, type TestXend } from '../support/xend.ts';

const md5 = (bytes: Uint8Array) => createHash('md5').update(bytes).digest('hex');
const gone = (xend: TestXend, name: string) => eventually(async () => (await xend.info(name)) === undefined);
const later = (xend: TestXend, name: string, domid: number) =>
  eventually(async () => {
    const info = await xend.info(name);
    return info !== undefined && info.domid > domid && info.state[2] !== 'p' ? info : undefined;
  });

describe('xm shutdown', () => {
  test.each(['poweroff', 'halt'] as const)('%s: the call returns when nothing is left', async (reason) => {
    await using xend = await startXend();
    const { domid } = await xend.create({ name: 'guest' });
    using terminal = await xend.shell('guest');
    const answer = await xend.call('domain.shutdown', { domain: 'guest', reason, wait: true });
    expect(answer).toEqual({ done: true, again: false });
    expect(await xend.info('guest')).toBeUndefined();
    expect(xend.xend.hv.domids()).toEqual([0]);
    await terminal.closed;
    expect(terminal.output).toContain(`xend asks for ${reason}.`);
    await expect(xend.call('domain.destroy', { domain: String(domid) })).rejects.toMatchObject({ exit: 3 });
  });

  test('a command that runs ends with the domain', async () => {
    await using xend = await startXend();
    await xend.create({ name: 'guest' });
    using terminal = await xend.shell('guest');
    terminal.type('sleep 1000\r');
    await terminal.readUntil('sleep 1000');
    await xend.call('domain.shutdown', { domain: 'guest', reason: 'poweroff', wait: true });
    expect(await xend.info('guest')).toBeUndefined();
  });

  test('one that does not listen is destroyed when its time is over', async () => {
    await using xend = await startXend();
    await xend.create({ name: 'guest' });
    using terminal = await xend.shell('guest');
    terminal.type('hang\r');
    await terminal.readUntil('hang');
    await xend.call('domain.shutdown', { domain: 'guest', reason: 'poweroff', wait: true, timeout: 0.2 });
    expect(await xend.info('guest')).toBeUndefined();
    const { lines } = await xend.call('log.read', {});
    expect(lines.join('\n')).toMatch(/Domain guest did not end within 0.2 s: it is destroyed/);
  });
});

test('a reboot is a new domain with the same name and the same disks', async () => {
  await using xend = await startXend();
  const content = randomBytes(64 * 1024);
  const file = xend.file('disk.img', content);
  const before = await xend.create({ name: 'guest', args: 'hello', disks: [{ file, dev: 'xvda', mode: 'w' }] });
  using old = await xend.shell('guest');
  expect(await xend.call('domain.shutdown', { domain: 'guest', reason: 'reboot', wait: true })).toEqual({
    done: true,
    again: true,
  });
  await old.closed;

  // The call has waited for it.
  const after = await xend.info('guest');
  expect(after).toMatchObject({ memory: before.memory, name: 'guest', uuid: before.uuid });
  expect(after!.domid).toBeGreaterThan(before.domid);
  expect(after!.startTime).toBeGreaterThan(before.startTime);
  using terminal = await xend.shell('guest');
  expect(await terminal.run('sum xvda; args')).toBe(`${md5(content)}  xvda\nhello\n`);
  // Seconds since the kernel began, so less than since the first one was made.
  const [, uptime] = /^up ([\d.]+) s\n$/.exec(await terminal.run('uptime')) ?? [];
  expect(Number(uptime)).toBeLessThanOrEqual(Date.now() / 1000 - after!.startTime);
});

test('a reboot that fails says why, to who waits for it', async () => {
  await using xend = await startXend();
  const file = xend.file('disk.img', new Uint8Array(4096));
  await xend.create({ name: 'guest', disks: [{ file, dev: 'xvda' }] });
  // The image is no disk any more.
  xend.file('disk.img', new Uint8Array(1000));
  const rebooted = xend.call('domain.shutdown', { domain: 'guest', reason: 'reboot', wait: true });
  await expect(rebooted).rejects.toThrow('not a multiple of 512');
  expect(await xend.info('guest')).toBeUndefined();
  expect(xend.xend.hv.domids()).toEqual([0]);
});

describe('what follows an end is the configuration’s business', () => {
  const typed = { onPoweroff: 'exit', onReboot: 'reboot', onCrash: 'crash out of order' } as const;
  const reasons = { onPoweroff: 'poweroff', onReboot: 'reboot', onCrash: 'crash: out of order' } as const;
  const letters = { onPoweroff: '---s--', onReboot: '---s--', onCrash: '----c-' } as const;
  const kinds = ['onPoweroff', 'onReboot', 'onCrash'] as const;

  async function end(xend: TestXend, spec: VmSpec, command: string): Promise<number> {
    const { domid } = await xend.create(spec);
    using terminal = await xend.shell(spec.name);
    terminal.type(`${command}\r`);
    await terminal.closed;
    return domid;
  }

  test.each(kinds)('%s destroy', async (kind) => {
    await using xend = await startXend();
    await end(xend, { name: 'guest', [kind]: 'destroy' }, typed[kind]);
    await gone(xend, 'guest');
  });

  test.each(kinds)('%s restart', async (kind) => {
    await using xend = await startXend();
    const { domid } = await xend.create({ name: 'guest', [kind]: 'restart' });
    using terminal = await xend.shell('guest');
    terminal.type(`${typed[kind]}\r`);
    await terminal.closed;
    await later(xend, 'guest', domid);
    using again = await xend.shell('guest');
    expect(await again.run('echo back')).toBe('back\n');
  });

  test.each(kinds)('%s preserve', async (kind) => {
    await using xend = await startXend();
    const file = xend.file('disk.img', new Uint8Array(4096));
    const disks = [{ file, dev: 'xvda', mode: 'w' as const }];
    const domid = await end(xend, { name: 'guest', disks, [kind]: 'preserve' }, typed[kind]);
    const info = await eventually(async () => {
      const found = await xend.info('guest');
      return found?.state === letters[kind] ? found : undefined;
    });
    expect(info).toMatchObject({ domid, shutdownReason: reasons[kind] });
    // It is there to be looked at, not to be used; its name is taken and its disk is free.
    for (const method of ['domain.pause', 'domain.unpause', 'domain.console'] as const) {
      await expect(xend.call(method, { domain: 'guest' })).rejects.toThrow("Domain 'guest' is not running");
    }
    await expect(xend.call('domain.shutdown', { domain: 'guest', reason: 'reboot' })).rejects.toThrow('is not running');
    await expect(xend.attachDisk('guest', file, 'xvdb')).rejects.toThrow("Domain 'guest' is not running");
    await expect(xend.create({ name: 'guest' })).rejects.toThrow("Domain 'guest' already exists");
    // It is seen as ended a moment before its devices are.
    const heir = await eventually(() => xend.create({ name: 'heir', disks }));
    await xend.call('domain.records', { names: ['guest'] });
    await Promise.all([1, 2].map(() => xend.call('domain.destroy', { domain: String(domid) })));
    await gone(xend, 'guest');
    expect(xend.xend.hv.domids()).toEqual([0, heir.domid]);
    await xend.create({ name: 'guest' });
  });

  test.each(kinds)('%s rename-restart: it comes back, and who ended stays under another name', async (kind) => {
    await using xend = await startXend();
    const file = xend.file('disk.img', new Uint8Array(4096));
    const disks = [{ file, dev: 'xvda', mode: 'w' as const }];
    const before = await xend.create({ name: 'guest', disks, [kind]: 'rename-restart' });
    using terminal = await xend.shell('guest');
    terminal.type(`${typed[kind]}\r`);
    await terminal.closed;
    const after = await later(xend, 'guest', before.domid);
    expect(after.uuid).toBe(before.uuid);
    const kept = await xend.info(`guest-${before.domid}`);
    expect(kept).toMatchObject({ domid: before.domid, state: letters[kind], shutdownReason: reasons[kind] });
    expect(kept!.uuid).not.toBe(before.uuid);
    using again = await xend.shell('guest');
    expect(await again.run('echo back')).toBe('back\n');
    // Both are what the store says, and what the next xend would hear of.
    const { store } = xend.xend;
    const xs = store.connect(0, () => true);
    for (const { domid, name, uuid } of [kept!, after]) {
      const read = (path: string) => Buffer.from(xs.read(path)).toString();
      expect(read(`/local/domain/${domid}/name`)).toBe(name);
      expect(read(`/local/domain/${domid}/vm`)).toBe(`/vm/${uuid}`);
      expect(read(`/vm/${uuid}/name`)).toBe(name);
      expect(readFileSync(join(xend.paths.domainDir, `${uuid}.sxp`), 'utf8')).toContain(`(name ${name})`);
    }
    xs.close();
    await xend.call('domain.destroy', { domain: kept!.uuid });
    expect(xend.xend.hv.domids()).toEqual([0, after.domid]);
  });

  test('rename-restart finds a name that nobody has', async () => {
    await using xend = await startXend();
    await xend.create({ name: 'guest-2' });
    const domid = await end(xend, { name: 'guest', onPoweroff: 'rename-restart' }, 'exit');
    expect(domid).toBe(2);
    expect(await later(xend, 'guest', domid)).toMatchObject({ domid: 3 });
    expect(await xend.info('guest-2-2')).toMatchObject({ domid: 2, state: '---s--' });
  });

  test('rename-restart of the longest name: the one that is kept has a name that a domain may have', async () => {
    await using xend = await startXend();
    const domid = await end(xend, { name: 'n'.repeat(64), onPoweroff: 'rename-restart' }, 'exit');
    expect(await later(xend, 'n'.repeat(64), domid)).toMatchObject({ domid: domid + 1 });
    expect(await xend.info(`${'n'.repeat(52)}-${domid}`)).toMatchObject({ domid, state: '---s--' });
  });

  test('a crash is told on the console, after what the kernel printed', async () => {
    await using xend = await startXend();
    await xend.create({ name: 'guest' });
    using terminal = await xend.shell('guest');
    terminal.type('echo before\rcrash out of order\r');
    await terminal.closed;
    expect(terminal.output).toMatch(/before[\s\S]*Kernel crashed: out of order\r\n$/);
  });

  const tooFast = /VM guest restarting too fast \(after \d+\.\d s, 2 times in a row\): it stays down/;

  async function crashAgain(xend: TestXend, domid: number): Promise<void> {
    const again = await later(xend, 'guest', domid);
    using terminal = await xend.shell('guest');
    terminal.type('crash again\r');
    await terminal.closed;
    await eventually(async () => (await xend.call('log.read', {})).lines.some((line) => tooFast.test(line)));
    expect(again.domid).toBe(domid + 1);
  }

  test('a domain that crashes again as soon as it was restarted stays down', async () => {
    await using xend = await startXend();
    const domid = await end(xend, { name: 'guest', onCrash: 'restart' }, 'crash');
    await crashAgain(xend, domid);
    await gone(xend, 'guest');
    expect(xend.xend.hv.domids()).toEqual([0]);
    await xend.create({ name: 'guest' });
  });

  test('… and with rename-restart it stays to be looked at, as its former life', async () => {
    await using xend = await startXend();
    const domid = await end(xend, { name: 'guest', onCrash: 'rename-restart' }, 'crash');
    await crashAgain(xend, domid);
    expect(await xend.info('guest')).toMatchObject({ domid: domid + 1, shutdownReason: 'crash: again' });
    expect(await xend.info(`guest-${domid}`)).toMatchObject({ domid, state: '----c-' });
    expect(xend.xend.hv.domids()).toEqual([0, domid, domid + 1]);
  });
});

describe('a kernel that ends at once, in a domain that is restarted', () => {
  test.each(['poweroff', 'reboot'])('with %s: it is given up after some lives', async (reason) => {
    await using xend = await startXend();
    const kernel = xend.file('brief.ts', `export default () => '${reason}';`);
    await xend.create({ name: 'guest', kernel, onPoweroff: 'restart', onReboot: 'restart' });
    const logged = (pattern: RegExp) =>
      eventually(async () => (await xend.call('log.read', {})).lines.some((line) => pattern.test(line)));
    await logged(/VM guest restarting too fast \(after \d+\.\d s, 6 times in a row\): it stays down/);
    expect(xend.xend.hv.domids()).toEqual([0]);
    // Whoever creates it anew begins anew.
    const { domid } = await xend.create({ name: 'guest', kernel, onPoweroff: 'restart' });
    await logged(new RegExp(`Domain guest .id=${domid + 1}. is started`));
  });

  test('people may reboot it as often as they like', async () => {
    await using xend = await startXend();
    await xend.create({ name: 'guest', onPoweroff: 'restart' });
    for (let time = 0; time < 8; time++) {
      const reason = time % 2 === 0 ? 'reboot' : 'poweroff';
      await xend.call('domain.shutdown', { domain: 'guest', reason, wait: true });
    }
    expect(await xend.info('guest')).toMatchObject({ domid: 9 });
  });
});

describe('xm destroy', () => {
  const states = {
    running: { paused: false, typed: '' },
    paused: { paused: true, typed: '' },
    hung: { paused: false, typed: 'hang' },
    busy: { paused: false, typed: 'sum xvda; sum xvda; sum xvda; sum xvda' },
    asleep: { paused: false, typed: 'sleep 1000' },
  } as const;

  test.each(Object.keys(states) as (keyof typeof states)[])('of a domain that is %s', async (state) => {
    await using xend = await startXend();
    const file = xend.file('disk.img', new Uint8Array(8 * 1024 * 1024));
    // Nothing of this may happen: destroy is final.
    const actions = { onPoweroff: 'restart', onReboot: 'restart', onCrash: 'restart' } as const;
    const disks = [{ file, dev: 'xvda', mode: 'w' as const }];
    const { uuid } = await xend.create({ name: 'guest', disks, ...actions }, states[state].paused);
    using terminal = await xend.open('guest');
    if (states[state].typed !== '') {
      await terminal.readUntil('guest# ');
      terminal.type(`${states[state].typed}\r`);
      await terminal.readUntil(states[state].typed);
    }
    await xend.call('domain.destroy', { domain: uuid });
    expect(await xend.info('guest')).toBeUndefined();
    expect(xend.xend.hv.domids()).toEqual([0]);
    await terminal.closed;
    expect(xend.xend.hv.usage(0)).toMatchObject({ ports: 0, mappings: 0 });
    // Its name, its disk and its console are free at once.
    await xend.create({ name: 'guest', disks });
  });

  test('paused while it ran', async () => {
    await using xend = await startXend();
    await xend.create({ name: 'guest' });
    using terminal = await xend.shell('guest');
    await xend.call('domain.pause', { domain: 'guest' });
    await xend.call('domain.destroy', { domain: 'guest' });
    await terminal.closed;
    expect(xend.xend.hv.domids()).toEqual([0]);
  });

  test('while it is built: its maker hears why, and nothing stays', async () => {
    const gate = stepGate('vbd.backConnect');
    await using xend = await startXend({ onStep: gate.onStep });
    using _ = gate;
    const file = xend.file('disk.img', new Uint8Array(4096));
    const disks = [{ file, dev: 'xvda', mode: 'w' as const }];
    const created = expect(xend.create({ name: 'guest', disks })).rejects.toThrow(
      "Domain 'guest' ended while it was built: destroyed",
    );
    await gate.reached;
    const destroyed = xend.call('domain.destroy', { domain: 'guest' });
    gate.open();
    await Promise.all([created, destroyed]);
    expect(xend.xend.hv.domids()).toEqual([0]);
    expect(xend.xend.hv.usage(0)).toMatchObject({ ports: 0, mappings: 0 });
    await xend.create({ name: 'guest', disks });
  });

  test('several at a time, and while it shuts down', async () => {
    await using xend = await startXend();
    await xend.create({ name: 'guest' });
    using terminal = await xend.shell('guest');
    const shutdown = xend.call('domain.shutdown', { domain: 'guest', reason: 'poweroff', wait: true });
    const destroys = [1, 2, 3].map(() => xend.call('domain.destroy', { domain: 'guest' }));
    // Who comes too late finds nothing, which is what was wanted.
    const outcomes = await Promise.allSettled([shutdown, ...destroys]);
    for (const outcome of outcomes)
      if (outcome.status === 'rejected') expect(outcome.reason).toMatchObject({ exit: 3 });
    await terminal.closed;
    await gone(xend, 'guest');
    expect(xend.xend.hv.domids()).toEqual([0]);
  });

  test('pausing while it is destroyed brings nothing back', async () => {
    await using xend = await startXend();
    await xend.create({ name: 'guest', onPoweroff: 'restart', onCrash: 'restart' });
    const destroyed = xend.call('domain.destroy', { domain: 'guest' });
    const paused = xend.call('domain.pause', { domain: 'guest' }).catch((error: Error) => error.message);
    await destroyed;
    expect(await paused).toMatch(/is not running|does not exist/);
    expect(await xend.info('guest')).toBeUndefined();
    expect(xend.xend.hv.domids()).toEqual([0]);
  });
});

describe('xm rename', () => {
  test('a domain and its devices are known by the new name, and the old one is free', async () => {
    await using xend = await startXend();
    const file = xend.file('disk.img', new Uint8Array(4096));
    const disks = [{ file, dev: 'xvda', mode: 'w' as const }];
    const { domid, uuid } = await xend.create({ name: 'old', disks });
    await xend.call('domain.rename', { domain: 'old', name: 'new' });
    expect(await xend.info('old')).toBeUndefined();
    expect(await xend.info('new')).toMatchObject({ domid, uuid });
    await expect(xend.create({ name: 'heir', disks })).rejects.toThrow('in writable use by domain new (xvda)');
    // One with the old name has a disk of the same name: it is not the same disk's owner.
    const other = xend.file('other.img', new Uint8Array(4096));
    await xend.create({ name: 'old', disks: [{ file: other, dev: 'xvda', mode: 'w' }] });
    await xend.call('domain.destroy', { domain: 'old' });
    await expect(xend.create({ name: 'heir', disks })).rejects.toThrow('in writable use by domain new (xvda)');
    // It keeps its name when it is restarted, and its shell hears of it.
    await xend.call('domain.shutdown', { domain: 'new', reason: 'reboot', wait: true });
    using terminal = await xend.shell('new');
    expect(await terminal.run('echo here')).toBe('here\n');
  });

  test('what cannot be is refused with its reason', async () => {
    await using xend = await startXend();
    await xend.create({ name: 'guest' });
    await xend.create({ name: 'other' });
    const rename = (domain: string, name: string) => xend.call('domain.rename', { domain, name });
    await expect(rename('0', 'x')).rejects.toThrow('Cannot rename privileged domain Domain-0');
    await expect(rename('guest', 'other')).rejects.toThrow("Domain 'other' already exists with ID '2'");
    await expect(rename('guest', 'Domain-0')).rejects.toThrow("Domain 'Domain-0' already exists with ID '0'");
    await expect(rename('guest', 'a b')).rejects.toThrow(
      "Invalid VM Name: it may hold only letters, digits and _ - . : / +, not 'a b'",
    );
    await expect(rename('guest', '7')).rejects.toThrow('Invalid VM Name: it must not be a number');
    await expect(rename('nobody', 'x')).rejects.toMatchObject({ exit: 3 });
    expect((await xend.call('domain.list', {})).map(({ name }) => name)).toEqual(['Domain-0', 'guest', 'other']);
    // One that crashed and is kept makes room.
    await rename('guest', 'guest.old');
    await xend.create({ name: 'guest' });
  });
});
