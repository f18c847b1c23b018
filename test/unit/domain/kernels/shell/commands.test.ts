// SPDX-License-Identifier: Apache-2.0
import { createHash } from 'node:crypto';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { runInThisContext } from 'node:vm';
import { describe, expect, test } from 'vitest';
import { COMMANDS, findCommand } from '../../../../../src/domain/kernels/shell/commands/index.ts';
import { createMemoryDisk } from '../../../../support/memory-disk.ts';
import { startShell } from './shell-domain.ts';

const ascii = (text: string) => new TextEncoder().encode(text);
const md5 = (bytes: Uint8Array) => createHash('md5').update(bytes).digest('hex');

/** A disk with bytes that tell where they are. */
function patternDisk(size: number) {
  return createMemoryDisk(Uint8Array.from({ length: size }, (_, i) => (i * 7 + (i >> 8) * 13) & 255));
}

describe('help', () => {
  test('names every command', async () => {
    const shell = await startShell();
    const lines = (await shell.run('help')).trimEnd().split('\n');
    expect(lines).toHaveLength(COMMANDS.length);
    for (const [i, command] of COMMANDS.entries()) expect(lines[i]).toMatch(command.help);
  });

  test('explains one', async () => {
    const shell = await startShell();
    expect(await shell.run('help sleep')).toBe('Usage: sleep SECONDS\nWait for a time; Ctrl-C ends it.\n');
    expect(await shell.run('help slep')).toBe("Error: There is no command 'slep'; did you mean 'sleep'?\n");
  });
});

describe('ls', () => {
  test('lists devices of every class', async () => {
    const shell = await startShell({
      xvda: createMemoryDisk(1024 * 1024),
      xvdb: createMemoryDisk(512, { readonly: true }),
    });
    shell.devices.add('vif0', {}, { class: 'vif', connected: false });
    expect(await shell.run('ls')).toBe(
      [
        'NAME  CLASS     SIZE  MODE  STATE',
        'xvda  vbd    1048576  w     connected',
        'xvdb  vbd        512  r     connected',
        'vif0  vif          -  -     disconnected',
        '',
      ].join('\n'),
    );
  });

  test('has only its heading without devices', async () => {
    expect(await (await startShell()).run('ls')).toBe('NAME  CLASS  SIZE  MODE  STATE\n');
  });
});

describe('wait', () => {
  test('is over at once for a connected device', async () => {
    expect(await (await startShell({ xvda: createMemoryDisk(512) })).run('wait xvda')).toBe('');
  });

  test('waits for its own device', async () => {
    const shell = await startShell({ xvda: createMemoryDisk(512) });
    shell.devices.add('xvdb', createMemoryDisk(512), { connected: false });
    const line = shell.run('wait xvdb; echo there');
    await nextTurn();
    shell.devices.change('xvda', 'connected');
    shell.devices.change('xvdb', 'disconnected');
    await nextTurn();
    expect(shell.output).not.toContain('\r\nthere');
    shell.devices.change('xvdb', 'connected');
    expect(await line).toBe('there\n');
  });

  test('ends when the device goes', async () => {
    const shell = await startShell();
    shell.devices.add('xvdb', createMemoryDisk(512), { connected: false });
    const line = shell.run('wait xvdb');
    await nextTurn();
    shell.devices.change('xvdb', 'closed');
    expect(await line).toBe("Error: Device 'xvdb' is gone.\n");
  });
});

describe('read', () => {
  const disk = () => {
    const bytes = new Uint8Array(2048);
    bytes.set(ascii('hello\nworld\x1b[2J\tgr\u00fc\u00dfe'), 510);
    return createMemoryDisk(bytes);
  };

  test.each<[line: string, printed: string]>([
    ['read xvda 510 5', 'hello\n'],
    ['read /dev/xvda 510 6', 'hello\n'],
    ['read xvda 0x1fe 11', 'hello\nworld\n'],
    ['read xvda 521 6', '.[2J\tg\n'],
    ['read xvda 526 7', 'gr\u00fc\u00dfe\n'],
    ['read xvda 526 3', 'gr.\n'],
    ['read xvda 0 4', '....\n'],
    ['read xvda 1k 0', ''],
    [
      'read -x xvda 510 18',
      '000001fe  68 65 6c 6c 6f 0a 77 6f  72 6c 64 1b 5b 32 4a 09  |hello.world.[2J.|\n' +
        '0000020e  67 72                                             |gr|\n',
    ],
    ['read xvda 2047 2', 'Error: The range ends at byte 2049, but the disk at byte 2048.\n'],
    ['read xvda x 2', "Error: 'x' is no offset in bytes.\n"],
    [
      'read xvda 0 -1',
      "Error: Unknown option '-1'; '--' goes before words that begin with '-'.\nUsage: read [-x] DEV OFFSET LENGTH\n",
    ],
    ['read xvda 0 9999999999999G', "Error: '9999999999999G' is no length in bytes.\n"],
    ['read xvda 0', 'Error: There is an argument missing.\nUsage: read [-x] DEV OFFSET LENGTH\n'],
    ['read xvda 0 1 2', "Error: There is an argument too many: '2'.\nUsage: read [-x] DEV OFFSET LENGTH\n"],
    ['read xvdb 0 1', "Error: There is no device 'xvdb'; did you mean 'xvda'?\n"],
  ])('%s', async (line, printed) => {
    expect(await (await startShell({ xvda: disk() })).run(line)).toBe(printed);
  });

  test('more than the console holds goes out as fast as it is taken', async () => {
    const text = 'abcdefg\u00e4\n'.repeat(1024);
    const bytes = new Uint8Array(10_240);
    bytes.set(ascii(text));
    const shell = await startShell({ xvda: createMemoryDisk(bytes) });
    shell.stall(true);
    const line = shell.run('read xvda 0 10240');
    await nextTurn();
    expect(shell.output).toContain('abcdefg');
    expect(shell.output.length).toBeLessThan(5000);
    shell.stall(false);
    expect(await line).toBe(text);
  });
});

describe('write', () => {
  test.each<[line: string, at: number, bytes: Uint8Array, requests: string[]]>([
    ['write xvda 0 hello', 0, ascii('hello'), ['read 0 512', 'write 0 512']],
    ['write xvda 510 hello', 510, ascii('hello'), ['read 0 512', 'read 512 512', 'write 0 1024']],
    ['write xvda 512 "a\\nb"', 512, ascii('a\nb'), ['read 512 512', 'write 512 512']],
    ['write xvda 1000 "\u00fc \u4f60"', 1000, ascii('\u00fc \u4f60'), ['read 512 512', 'write 512 512']],
    ['write -x xvda 3 "00 fF7f"', 3, Uint8Array.of(0, 255, 127), ['read 0 512', 'write 0 512']],
    ['write xvda 0 -- -x', 0, ascii('-x'), ['read 0 512', 'write 0 512']],
    [`write xvda 512 ${'y'.repeat(512)}`, 512, ascii('y'.repeat(512)), ['write 512 512']],
    [
      `write xvda 500 ${'z'.repeat(1200)}`,
      500,
      ascii('z'.repeat(1200)),
      ['read 0 512', 'read 1536 512', 'write 0 2048'],
    ],
    [`write xvda 512 ${'z'.repeat(600)}`, 512, ascii('z'.repeat(600)), ['read 1024 512', 'write 512 1024']],
  ])('%s', async (line, at, bytes, requests) => {
    const disk = patternDisk(2048);
    const expected = disk.bytes.slice();
    expected.set(bytes, at);
    const shell = await startShell({ xvda: disk });
    expect(await shell.run(line)).toBe(`${bytes.length} bytes written\n`);
    expect(disk.bytes).toEqual(expected);
    expect(disk.requests).toEqual([...requests, 'flush 0 0']);
  });

  test.each<[line: string, error: string]>([
    ['write xvda 510 abc', 'The range ends at byte 513, but the disk at byte 512.'],
    ['write -x xvda 0 abc', "'abc' is not made of pairs of hex digits."],
    ['write -x xvda 0 0g', "'0g' is not made of pairs of hex digits."],
    ['write ro 0 abc', 'the disk is read-only'],
  ])('%s is an error', async (line, error) => {
    const disks = { xvda: patternDisk(512), ro: createMemoryDisk(512, { readonly: true }) };
    const before = disks.xvda.bytes.slice();
    const shell = await startShell(disks);
    expect(await shell.run(line)).toBe(`Error: ${error}\n`);
    expect(disks.xvda.bytes).toEqual(before);
  });

  test('of nothing changes nothing', async () => {
    const disk = patternDisk(512);
    expect(await (await startShell({ xvda: disk })).run('write xvda 5 ""')).toBe('0 bytes written\n');
    expect(disk.requests).toEqual([]);
  });
});

describe('sum', () => {
  const SIZE = 3 * 1024 * 1024 + 512;

  test('is the md5 of the disk, with several reads in flight', async () => {
    const disk = patternDisk(SIZE);
    const shell = await startShell({ xvda: disk });
    expect(await shell.run('sum /dev/xvda')).toBe(`${md5(disk.bytes)}  /dev/xvda\n`);
    expect(disk.deepest).toBe(4);
  });

  test.each([
    [0, 0],
    [0, 512],
    [1, 1],
    [511, 2],
    [262_143, 2],
    [100, 1_000_000],
    [SIZE - 700, 700],
  ])('of the range at %i of %i bytes', async (offset, length) => {
    const disk = patternDisk(SIZE);
    const shell = await startShell({ xvda: disk });
    const expected = md5(disk.bytes.subarray(offset, offset + length));
    expect(await shell.run(`sum xvda ${offset} ${length}`)).toBe(`${expected}  xvda\n`);
  });

  test('with another algorithm', async () => {
    const disk = patternDisk(512);
    const expected = createHash('sha256').update(disk.bytes).digest('hex');
    const shell = await startShell({ xvda: disk });
    expect(await shell.run('sum -a sha256 xvda')).toBe(`${expected}  xvda\n`);
    expect(await shell.run('sum -a none xvda')).toMatch("Error: There is no checksum 'none'");
  });

  test.each<[line: string, error: string]>([
    ['sum', 'There is an argument missing.'],
    ['sum xvda 0', "There is an argument too many: '0'."],
    ['sum -a', "Option '-a' needs a value."],
    ['sum -q xvda', "Unknown option '-q'; '--' goes before words that begin with '-'."],
  ])('%s is an error', async (line, error) => {
    const shell = await startShell({ xvda: patternDisk(512) });
    expect(await shell.run(line)).toBe(`Error: ${error}\nUsage: sum [-a ALGORITHM] DEV [OFFSET LENGTH]\n`);
  });
});

describe('copy', () => {
  test('makes the second disk begin with the first', async () => {
    const [from, to] = [patternDisk(1024 * 1024 + 1024), createMemoryDisk(2 * 1024 * 1024)];
    const shell = await startShell({ xvda: from, xvdb: to });
    expect(await shell.run('copy xvda xvdb')).toBe(`${from.size} bytes copied\n`);
    expect(md5(to.bytes.subarray(0, from.size))).toBe(md5(from.bytes));
    expect(to.bytes.subarray(from.size).every((byte) => byte === 0)).toBe(true);
    expect(to.requests.at(-1)).toBe('flush 0 0');
  });

  test('to a smaller disk, and to itself, is an error before anything is written', async () => {
    const [from, to] = [patternDisk(1024), createMemoryDisk(512)];
    const shell = await startShell({ xvda: from, xvdb: to });
    expect(await shell.run('copy xvda xvdb')).toBe("Error: 'xvdb' is smaller: 512 bytes instead of 1024.\n");
    expect(await shell.run('copy xvda /dev/xvda')).toBe('Error: A disk cannot be copied to itself.\n');
    expect(to.requests).toEqual([]);
  });
});

describe('fill', () => {
  test('prints the sum of what it wrote', async () => {
    const disk = createMemoryDisk(1024 * 1024 + 512);
    const shell = await startShell({ xvda: disk });
    expect(await shell.run('fill xvda')).toBe(`${md5(disk.bytes)}  xvda\n`);
    expect(disk.requests.at(-1)).toBe('flush 0 0');
    expect(disk.deepest).toBe(4);
  });

  test('the stream depends on the seed alone', async () => {
    const disks = { a: createMemoryDisk(4096), b: createMemoryDisk(8192) };
    const shell = await startShell(disks);
    await shell.run('fill a -s 7; fill -s 7 b');
    expect(disks.a.bytes).toEqual(disks.b.bytes.subarray(0, 4096));
    await shell.run('fill b -s 8');
    expect(disks.a.bytes).not.toEqual(disks.b.bytes.subarray(0, 4096));
  });

  test('the sum is of the stream, whatever the disk makes of it', async () => {
    const disk = createMemoryDisk(4096);
    const shell = await startShell({ xvda: { ...disk, size: 4096, write: async () => {} } });
    expect(await shell.run('fill xvda abc')).toBe(`${md5(ascii('abc'.repeat(2000)).subarray(0, 4096))}  xvda\n`);
  });

  test('with a text repeats it over the boundaries of requests', async () => {
    const disk = createMemoryDisk(512 * 1024);
    await (await startShell({ xvda: disk })).run('fill xvda "seven b"');
    expect(md5(disk.bytes)).toBe(md5(ascii('seven b'.repeat(80_000)).subarray(0, disk.size)));
  });

  test.each<[line: string, error: string]>([
    ['fill xvda ""', 'The text is empty.'],
    ['fill xvda -s 1 text', 'There is either a seed or a text.'],
    ['fill xvda -s x', "'x' is no seed: a whole number below 4294967296."],
    ['fill ro', 'the disk is read-only'],
  ])('%s is an error', async (line, error) => {
    const shell = await startShell({ xvda: createMemoryDisk(512), ro: createMemoryDisk(512, { readonly: true }) });
    expect((await shell.run(line)).split('\n')[0]).toBe(`Error: ${error}`);
  });
});

describe('devices that are no use', () => {
  test.each<[line: string, error: string]>([
    ['sum off', "Device 'off' is not connected."],
    ['sum net', "Device 'net' is no disk."],
    ['sum zzz', "There is no device 'zzz'."],
  ])('%s', async (line, error) => {
    const shell = await startShell();
    shell.devices.add('off', createMemoryDisk(512), { connected: false });
    shell.devices.add('net', undefined, { class: 'vif' });
    expect(await shell.run(line)).toBe(`Error: ${error}\n`);
  });

  test.each(['read xvda 0 512', 'write xvda 3 x', 'sum xvda', 'copy xvda xvdb', 'copy xvdb xvda', 'fill xvda'])(
    'a disk that disconnects during %s',
    async (line) => {
      const disk = createMemoryDisk(4 * 1024 * 1024);
      disk.stall(true);
      const shell = await startShell({ xvda: disk, xvdb: createMemoryDisk(4 * 1024 * 1024) });
      const printed = shell.run(line);
      await nextTurn();
      expect(disk.outstanding).toBeGreaterThan(0);
      disk.disconnect();
      expect(await printed).toBe('Error: the connection to the disk ended\n');
      expect(disk.outstanding).toBe(0);
    },
  );
});

describe('variables', () => {
  test.each<[line: string, printed: string]>([
    ['echo', '\n'],
    ['echo a  "b  c"', 'a b  c\n'],
    // biome-ignore lint/suspicious/noTemplateCurlyInString: the syntax of the shell
    ['set x 1; set y "2 3"; echo $x $y ${x}4', '1 2 3 14\n'],
    ['set b 2; set a 1; set', 'a=1\nb=2\n'],
    ['set', ''],
    ['nonsense; echo $?; echo $?', "Error: There is no command 'nonsense'; type help for a list.\n1\n0\n"],
    ['set x', 'Error: There is no value.\nUsage: set [NAME VALUE]\n'],
    ['set x 1 2', 'Error: There is more than one value; quotes keep words together.\nUsage: set [NAME VALUE]\n'],
    ['set 1x 1', "Error: '1x' is no name of a variable.\n"],
  ])('%s', async (line, printed) => {
    expect(await (await startShell()).run(line)).toBe(printed);
  });

  test('stay from line to line', async () => {
    const shell = await startShell({ xvda: createMemoryDisk(512) });
    await shell.run('set disk xvda');
    expect(await shell.run('write $disk 0 "$disk!"; read $disk 0 5')).toBe('5 bytes written\nxvda!\n');
  });
});

describe('store', () => {
  test.each<[line: string, printed: string]>([
    ['store read name', 'demo\n'],
    ['store read /local/domain/3/name', 'demo\n'],
    ['store write data/x "a b"; store read data/x; store ls data', 'a b\nx\n'],
    ['store write data/x 1; store rm data; store ls data', 'Error: data: no such node\n'],
    ['store write data "a\\0b"; store read data', 'a.b\n'],
    ['store read nothing', 'Error: nothing: no such node\n'],
    ['store write /local/domain/0/x 1', 'Error: /local/domain/0/x: permission denied\n'],
    ['store', 'Error: There is nothing to do.\nUsage: store read|ls|write|rm PATH [VALUE]\n'],
    ['store toString x', "Error: 'toString' is nothing to do.\nUsage: store read|ls|write|rm PATH [VALUE]\n"],
    ['store write x', 'Error: There is an argument missing.\nUsage: store read|ls|write|rm PATH [VALUE]\n'],
  ])('%s', async (line, printed) => {
    expect(await (await startShell()).run(line)).toBe(printed);
  });
});

describe('the domain itself', () => {
  test('uptime', async () => {
    expect(await (await startShell()).run('uptime')).toMatch(/^up \d\.\d{3} s\n$/);
  });

  test('sleep', async () => {
    const shell = await startShell();
    expect(await shell.run('sleep 0.001; sleep 0; echo awake')).toBe('awake\n');
    expect(await shell.run('sleep soon')).toBe("Error: 'soon' is no number of seconds up to 1000000.\n");
    expect(await shell.run('sleep 2000000')).toMatch('Error');
  });

  test.each([
    ['exit', 'poweroff'],
    ['reboot', 'reboot'],
  ])('%s ends the domain', async (line, reason) => {
    const shell = await startShell();
    shell.type(`${line}; echo more\r`);
    expect(await shell.ended).toBe(reason);
    expect(shell.output.endsWith(`${line}; echo more\r\n`)).toBe(true);
    expect(shell.listening).toBe(false);
  });

  test.each([
    ['crash', 'crash was asked for'],
    ['crash "all is" lost', 'all is lost'],
  ])('%s', async (line, message) => {
    const shell = await startShell();
    shell.type(`${line}\r`);
    await expect(shell.ended).rejects.toThrow(message);
  });

  test('hang never comes back', () => {
    const spin = () => findCommand('hang').run(undefined as never, []);
    Object.assign(globalThis, { spin });
    expect(() => runInThisContext('spin()', { timeout: 20 })).toThrow(/timed out/);
    Reflect.deleteProperty(globalThis, 'spin');
  });

  test('exit, reboot and hang take no arguments', async () => {
    const shell = await startShell();
    for (const word of ['exit', 'reboot', 'hang', 'uptime', 'args', 'ls'])
      expect(await shell.run(`${word} now`)).toBe(`Error: There is an argument too many: 'now'.\nUsage: ${word}\n`);
  });
});
