// SPDX-License-Identifier: Apache-2.0
import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { createMemoryDisk } from '../../../../support/memory-disk.ts';
import { bootShell, PROMPT, startShell } from './shell-domain.ts';

/** Boots a shell with what another one was saved with, up to its first prompt. */
async function restore(saved: unknown) {
  const shell = bootShell({}, "-c 'echo boot'", '', saved);
  await shell.readUntil(PROMPT);
  return shell;
}

describe('a shell that was saved', () => {
  test('has its variables, its history and the line that was being typed', async () => {
    const shell = await startShell();
    await shell.run('set a "x y"; nosuch');
    shell.type('echo $a $?\x1b[D\x1b[D');
    const again = await restore(await shell.save());
    expect(again.output).toBe(
      `demo is domain 3 now, restored. Type help for a list of commands.\r\n${PROMPT}echo $a $?\b\b`,
    );
    again.type('\r');
    expect(await again.readUntil(PROMPT)).toContain('x y 1\r\n');
    again.type('\x1b[A\x1b[A\r');
    expect(await again.readUntil(PROMPT)).toContain('set a "x y"; nosuch\r\n');
  });

  test('comes to rest when its command has ended; what follows that on the line it does after', async () => {
    const shell = await startShell();
    shell.type('sleep 0.05; echo later; echo last\r');
    await shell.readUntil('\r\n');
    const saved = await shell.save();
    for (let turns = 0; turns < 50; turns++) await nextTurn();
    expect(shell.output).not.toContain('\r\nlater');
    expect((await restore(saved)).output).toContain(`commands.\r\nlater\r\nlast\r\n${PROMPT}`);
    shell.resume();
    expect(await shell.readUntil(PROMPT)).toBe(`later\r\nlast\r\n${PROMPT}`);
  });

  test('goes on when it is given up before it came to rest', async () => {
    const shell = await startShell();
    shell.type('sleep 1000\r');
    await shell.readUntil('\r\n');
    const saving = shell.save();
    shell.resume();
    shell.type('\x03');
    await saving;
    await shell.readUntil(PROMPT);
    expect(await shell.run('echo a; echo b')).toBe('a\nb\n');
  });

  test('can be saved again and again', async () => {
    const shell = await startShell();
    for (let i = 0; i < 3; i++) {
      await shell.run(`set n ${i}`);
      await shell.save();
      shell.resume();
    }
    expect(await (await restore(await shell.save())).run('echo $n')).toBe('2\n');
  });

  test('does not take what is not of a shell', async () => {
    await expect(bootShell({}, '', '', { version: 2 }).ended).rejects.toThrow('is not of this shell');
  });
});

describe('interrupts', () => {
  test('s syncs disks while a command runs', async () => {
    const disk = createMemoryDisk(512);
    const shell = await startShell({ xvda: disk });
    shell.type('sleep 1000\r');
    await shell.readUntil('\r\n');
    shell.interrupt({ kind: 'sysrq', letter: 's' });
    expect(await shell.readUntil('sync is complete\r\n')).toBe(
      '\r\nsysrq: s, Sync\r\nsysrq: xvda is synced\r\nsysrq: sync is complete\r\n',
    );
  });

  test.each([
    ['b', 'reboot'],
    ['o', 'poweroff'],
  ])('%s ends the domain: %s', async (letter, reason) => {
    const shell = await startShell();
    shell.type('sleep 1000\r');
    shell.interrupt({ kind: 'sysrq', letter });
    expect(await shell.ended).toBe(reason);
  });

  test('c is a crash', async () => {
    const shell = await startShell();
    shell.interrupt({ kind: 'sysrq', letter: 'c' });
    await expect(shell.ended).rejects.toThrow('sysrq: c');
  });

  test('others are printed', async () => {
    const shell = await startShell();
    shell.interrupt({ kind: 'sysrq', letter: 'z' });
    shell.interrupt({ kind: 'nmi' });
    await shell.readUntil('sysrq: z is none of reBoot(b) Crash(c) powerOff(o) Sync(s)\r\n');
    await shell.readUntil('nmi: received\r\n');
    expect(await shell.run('echo on')).toContain('on\n');
  });
});
