// SPDX-License-Identifier: Apache-2.0
import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { createMemoryDisk } from '../../../../support/memory-disk.ts';
import { bootShell, PROMPT, startShell } from './shell-domain.ts';

const BANNER = 'demo is domain 3. Type help for a list of commands.\r\n';
const MIB = 1024 * 1024;

describe('at the console', () => {
  test('shows its name, then the prompt, then what is typed and printed', async () => {
    const shell = await startShell();
    await shell.run('echo a; echo "b\\nc"');
    expect(shell.output).toBe(`${BANNER}demo# echo a; echo "b\\nc"\r\na\r\nb\r\nc\r\ndemo# `);
  });

  test('takes lines ended in any way, and several at once', async () => {
    const shell = await startShell();
    shell.type('echo 1\necho 2\r\n\r\necho 3\recho 4');
    await shell.readUntil('echo 4');
    expect(shell.output).toBe(
      `${BANNER}demo# echo 1\r\n1\r\ndemo# echo 2\r\n2\r\ndemo# \r\ndemo# echo 3\r\n3\r\ndemo# echo 4`,
    );
  });

  test('takes characters that come in pieces', async () => {
    const shell = await startShell();
    for (const byte of new TextEncoder().encode('echo grüße 😀\r\n')) shell.type(Uint8Array.of(byte));
    await shell.readUntil('\r\n');
    expect(await shell.readUntil(PROMPT)).toBe(`grüße 😀\r\n${PROMPT}`);
  });

  test('takes what was typed before it booted', async () => {
    const shell = bootShell({}, '', 'echo lost\r\x03echo early\r');
    await shell.readUntil('\r\nearly\r\n');
    expect(shell.output).toBe(`^C\r\n${BANNER}${PROMPT}echo early\r\nearly\r\n`);
  });

  test('completes commands and devices', async () => {
    const shell = await startShell({ xvda: createMemoryDisk(512), xvdb: createMemoryDisk(512) });
    shell.type('su\tx\t\t/\x15echo; rea\t/d\ta\r');
    await shell.readUntil('a\r\n');
    expect(shell.output.slice(BANNER.length)).toBe(
      'demo# sum xvd\r\nxvda  xvdb\r\ndemo# sum xvd/\b\b\b\b\b\b\b\b\x1b[Jecho; read /dev/xvda\r\n',
    );
  });

  test('runs nothing of a line with an open quote', async () => {
    expect(await (await startShell()).run('echo a; echo "b')).toBe('Error: A double quote is not closed.\n');
  });

  test('suggests a command', async () => {
    expect(await (await startShell()).run('ehco x')).toBe("Error: There is no command 'ehco'; did you mean 'echo'?\n");
  });

  test('loses nothing of a long script that is typed at once', async () => {
    const shell = await startShell();
    const numbers = Array.from({ length: 3000 }, (_, i) => i);
    shell.type(numbers.map((i) => `echo <${i}>\n`).join(''));
    shell.type('echo last\n');
    await shell.readUntil('\r\nlast\r\n');
    expect(shell.output.match(/^<\d+>/gm)).toEqual(numbers.map((i) => `<${i}>`));
  });
});

describe('Ctrl-C', () => {
  test('gives up the line that is being typed', async () => {
    const shell = await startShell();
    shell.type('exit\x03');
    expect(await shell.readUntil(`\r\n${PROMPT}`)).toBe(`exit^C\r\n${PROMPT}`);
    expect(await shell.run('echo alive')).toBe('alive\n');
  });

  test.each(['sleep 1000; echo no', 'wait off; echo no', 'sleep 1000; sleep 1000; sleep 1000'])(
    'ends %s',
    async (line) => {
      const shell = await startShell();
      shell.devices.add('off', createMemoryDisk(512), { connected: false });
      shell.type(`${line}\r`);
      await shell.readUntil('\r\n');
      await nextTurn();
      shell.type('\x03');
      expect(await shell.readUntil(PROMPT)).toBe(`^C\r\n${PROMPT}`);
      expect(await shell.run('echo $?')).toBe('1\n');
    },
  );

  test.each(['sum xvda', 'copy xvda xvdb', 'fill xvda'])('ends %s and begins no more requests', async (line) => {
    const disks = { xvda: createMemoryDisk(4 * MIB), xvdb: createMemoryDisk(4 * MIB) };
    const shell = await startShell(disks);
    disks.xvda.stall(true);
    shell.type(`${line}\r`);
    await shell.readUntil('\r\n');
    await nextTurn();
    shell.type('\x03');
    disks.xvda.stall(false);
    expect(await shell.readUntil(PROMPT)).toBe(`^C\r\n${PROMPT}`);
    expect(disks.xvda.requests).toHaveLength(4);
    expect(disks.xvda.outstanding + disks.xvdb.outstanding).toBe(0);
  });

  test('leaves a disk behind that does not answer', async () => {
    const disk = createMemoryDisk(MIB);
    const shell = await startShell({ xvda: disk });
    disk.stall(true);
    shell.type('sum xvda\r');
    await shell.readUntil('\r\n');
    await nextTurn();
    shell.type('\x03');
    const printed = await shell.readUntil(PROMPT);
    expect(printed).toContain('Error: The command does not stop; requests that it has begun may still be carried out.');
    disk.stall(false);
    expect(await shell.run('sum xvda')).toMatch(/^[0-9a-f]{32} {2}xvda\n$/);
  });

  test('ends printing to a console that takes nothing', async () => {
    const shell = await startShell({ xvda: createMemoryDisk(MIB) });
    shell.stall(true);
    shell.type('read xvda 0 1M\r');
    await shell.readUntil('....');
    shell.type('\x03');
    await shell.readUntil(`^C\r\n${PROMPT}`);
    expect(shell.output.length).toBeLessThan(MIB / 2);
  });

  test('voids what was typed ahead', async () => {
    const shell = await startShell();
    shell.type('sleep 1000\recho ahead\r\x03echo after\r');
    expect(await shell.readUntil('\r\nafter\r\n')).not.toContain('ahead');
  });
});

describe('the end', () => {
  test.each(['poweroff', 'reboot', 'halt'] as const)('at the prompt, when xend asks for %s', async (reason) => {
    const shell = await startShell();
    shell.type('half a li');
    shell.stop(reason);
    expect(await shell.ended).toBe(reason);
    expect(shell.output).toBe(`${BANNER}${PROMPT}half a li\r\nxend asks for ${reason}.\r\n`);
    expect(shell.listening).toBe(false);
  });

  test('during a command, and the rest of its line is not run', async () => {
    const shell = await startShell();
    shell.type('sleep 1000; crash\r');
    await shell.readUntil('\r\n');
    shell.stop('reboot');
    expect(await shell.ended).toBe('reboot');
    expect(await shell.readUntil('\r\n')).toBe('\r\n');
  });

  test('comes when nobody takes what is written', async () => {
    const shell = await startShell();
    shell.stall(true);
    shell.type('exit\r');
    expect(await shell.ended).toBe('poweroff');
  });
});

describe('args', () => {
  test('are printed', async () => {
    const shell = bootShell({}, 'root=/dev/xvda  ro');
    await shell.readUntil(PROMPT);
    expect(await shell.run('args')).toBe('root=/dev/xvda  ro\n');
  });

  test('-c runs commands before the prompt', async () => {
    const shell = bootShell({ xvda: createMemoryDisk(512) }, "-c 'set d xvda; fill $d A; read $d 0 3'");
    await shell.readUntil(PROMPT);
    expect(shell.output).toMatch(/commands\.\r\n[0-9a-f]{32} {2}xvda\r\nAAA\r\ndemo# $/);
    expect(await shell.run('echo $d')).toBe('xvda\n');
  });

  test('-c goes on after an error', async () => {
    const shell = bootShell({}, '-c "sum none; echo on"');
    await shell.readUntil(PROMPT);
    expect(shell.output).toBe(`${BANNER}Error: There is no device 'none'.\r\non\r\n${PROMPT}`);
  });

  test('-c may end the domain', async () => {
    const shell = bootShell({}, '-c "echo done; exit"');
    expect(await shell.ended).toBe('poweroff');
    expect(shell.output).toBe(`${BANNER}done\r\n`);
  });

  test('-c is ended by Ctrl-C like any command', async () => {
    const shell = bootShell({}, '-c "sleep 1000; echo no"');
    await nextTurn();
    shell.type('\x03');
    await shell.readUntil(PROMPT);
    expect(shell.output).toBe(`${BANNER}^C\r\n${PROMPT}`);
  });

  test('that cannot be read are an error, and the prompt comes', async () => {
    const shell = bootShell({}, "-c 'ls");
    await shell.readUntil(PROMPT);
    expect(shell.output).toContain('Error: In the args of the image: A single quote is not closed.\r\n');
  });
});
