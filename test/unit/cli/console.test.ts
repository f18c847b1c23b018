// SPDX-License-Identifier: Apache-2.0
import { PassThrough } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { type ConsoleInput, runConsole } from '../../../src/cli/console.ts';
import { readPattern } from '../../../src/cli/pattern.ts';
import { listen } from './peer.ts';

/** Everything that has been written to a stream. */
function text(stream: PassThrough): string {
  let all = '';
  for (let chunk = stream.read(); chunk !== null; chunk = stream.read()) all += chunk;
  return all;
}

/** A terminal's stdin: it remembers each change of its mode. */
function terminal() {
  const modes: boolean[] = [];
  const input = Object.assign(new PassThrough(), { isTTY: true, setRawMode: (raw: boolean) => modes.push(raw) });
  return { input: input as ConsoleInput & PassThrough, modes };
}

describe('from a terminal', () => {
  test('CTRL-] leaves: what was typed before it is sent, what follows is not, and the mode is restored', async () => {
    let received = '';
    await using server = await listen((socket) => {
      socket.on('data', (bytes) => {
        received += bytes;
      });
      socket.write('login: ');
    });
    const { input, modes } = terminal();
    const output = new PassThrough();
    output.once('data', () => input.write('root\r\x1dnever'));
    const end = await runConsole({ path: server.path, input, output, quiet: 1 });
    expect(end).toBe('left');
    expect(modes).toEqual([true, false]);
    await expect.poll(() => received).toBe('root\r');
  });

  test('the domain closes the console', async () => {
    await using server = await listen((socket) => socket.end('bye\r\n'));
    const { input, modes } = terminal();
    const output = new PassThrough();
    await expect(runConsole({ path: server.path, input, output, quiet: 1 })).resolves.toBe('closed');
    expect(text(output)).toBe('bye\r\n');
    expect(modes.at(-1)).toBe(false);
  });
});

describe('from a pipe', () => {
  test('input is typed, and the end of input does not cut the answer', async () => {
    await using server = await listen((socket) => {
      socket.once('data', (bytes) => setTimeout(() => socket.end(`you typed ${bytes}`), 20));
    });
    const input = new PassThrough();
    const output = new PassThrough();
    input.end('help\n');
    await expect(runConsole({ path: server.path, input, output, quiet: 60 })).resolves.toBe('closed');
    expect(text(output)).toBe('you typed help\n');
  });

  test('silence after the end of input ends the session', async () => {
    await using server = await listen((socket) => socket.write('> '));
    const input = new PassThrough();
    input.end();
    await expect(runConsole({ path: server.path, input, output: new PassThrough(), quiet: 0.01 })).resolves.toBe(
      'quiet',
    );
  });

  test('CTRL-] is a byte like others', async () => {
    await using server = await listen((socket) => socket.once('data', (bytes) => socket.end(bytes)));
    const input = new PassThrough();
    const output = new PassThrough();
    input.end('a\x1db');
    await runConsole({ path: server.path, input, output, quiet: 60 });
    expect(text(output)).toBe('a\x1db');
  });

  test('until: ^ is the start of a line, the match may come in pieces, and quiet does not matter', async () => {
    await using server = await listen((socket) => {
      socket.write('$ echo done\r\n');
      socket.once('data', () => {
        socket.write('working\ndo');
        setTimeout(() => socket.write('ne\n'), 20);
      });
    });
    const input = new PassThrough();
    input.end('go\n');
    const output = new PassThrough();
    const session = { path: server.path, input, output, quiet: 0, until: readPattern('^done') };
    await expect(runConsole(session)).resolves.toBe('matched');
    expect(text(output)).toBe('$ echo done\r\nworking\ndone\n');
  });

  test('a console that closes before the match is an error', async () => {
    await using server = await listen((socket) => socket.end('panic\n'));
    const session = { path: server.path, input: new PassThrough(), output: new PassThrough(), quiet: 1 };
    await expect(runConsole({ ...session, until: /^ready/m })).rejects.toMatchObject({
      code: 'ETIMEOUT',
      message: 'The console closed before the output matched /^ready/m.',
    });
  });

  test('a time limit is an error too', async () => {
    await using server = await listen(() => {});
    const session = { path: server.path, input: new PassThrough(), output: new PassThrough(), quiet: 1, timeout: 0.01 };
    await expect(runConsole(session)).rejects.toMatchObject({ code: 'ETIMEOUT' });
    await expect(runConsole({ ...session, input: new PassThrough(), until: /x/ })).rejects.toMatchObject({
      message: '0.01 seconds passed before the output matched /x/.',
    });
  });

  test('no console there', async () => {
    const session = { path: '/nonexistent/console', input: new PassThrough(), output: new PassThrough(), quiet: 1 };
    await expect(runConsole(session)).rejects.toMatchObject({ code: 'ECONSOLE' });
  });
});

test('a pattern that is none', () => {
  expect(() => readPattern('(')).toThrow(/'\(' is not a regular expression/);
});
