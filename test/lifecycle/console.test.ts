// SPDX-License-Identifier: Apache-2.0
import { readdirSync, statSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { processCensus } from '../support/census.ts';
import { stepGate } from '../support/step-gate.ts';
import { eventually } from '../support/until.ts';
import { startXend, type TestXend } from '../support/xend.ts';

/** Bytes of output that a console keeps. */
const KEPT = 256 * 1024;

/** Boots a kernel that prints `count` numbered lines of 50 bytes as fast as its console takes them, and then waits. */
async function bootPrinter(xend: TestXend, name: string, count: number): Promise<void> {
  const kernel = xend.file(
    `${name}.ts`,
    `export default async (dom) => {
       for (let line = 0; line < ${count}; line++) {
         dom.console.write(String(line).padStart(49, '.') + '\\n');
         if (line % 100 === 0) await dom.console.drained();
       }
       await dom.console.drained();
       await new Promise((resolve) => dom.signal.addEventListener('abort', resolve));
     };`,
  );
  await xend.create({ name, kernel });
}

/** Bytes that a domain has printed, and its back end taken. */
async function printed(xend: TestXend, name: string): Promise<number> {
  const { domains } = await xend.call('stats', {});
  return domains.find((domain) => domain.name === name)?.devices.console?.out ?? 0;
}

describe('output', () => {
  test('is kept until somebody attaches', async () => {
    await using xend = await startXend();
    await bootPrinter(xend, 'early', 100);
    await eventually(async () => (await printed(xend, 'early')) === 5000);
    using terminal = await xend.open('early');
    expect((await terminal.readUntil('.99\n')).length).toBe(5000);
  });

  test('that nobody reads is kept up to a limit, and the reader is told what is missing', async () => {
    await using xend = await startXend();
    const total = 8000 * 50;
    await bootPrinter(xend, 'chatty', 8000);
    await eventually(async () => (await printed(xend, 'chatty')) === total);
    using terminal = await xend.open('chatty');
    await terminal.readUntil('.7999\n');
    const note = `\r\n[${total - KEPT} bytes were lost]\r\n`;
    expect(terminal.output.startsWith(note)).toBe(true);
    expect(terminal.received).toBe(KEPT + note.length);
  });

  test('goes on while the reader does not read, and it is told what it missed', async () => {
    await using xend = await startXend();
    const total = 40_000 * 50;
    await xend.create({ name: 'other' });
    await bootPrinter(xend, 'chatty', 40_000);
    using terminal = await xend.open('chatty');
    terminal.stall(true);
    await eventually(async () => (await printed(xend, 'chatty')) === total);
    terminal.stall(false);
    await terminal.readUntil('.39999\n');
    const [note, lost] = /\r\n\[(\d+) bytes were lost\]\r\n/.exec(terminal.output) ?? [''];
    expect(terminal.received + Number(lost) - note.length).toBe(total);
    // The rest is what it was: whole lines, in order, beyond the gap.
    const tail = terminal.output
      .slice(terminal.output.indexOf(note) + note.length)
      .split('\n')
      .slice(1, -1);
    const numbers = tail.map((line) => Number(/\d+$/.exec(line)![0]));
    expect(numbers).toEqual(Array.from(numbers, (_, at) => 40_000 - numbers.length + at));
  });

  test('goes on where the last reader stopped', async () => {
    await using xend = await startXend();
    await xend.create({ name: 'guest' });
    const first = await xend.shell('guest');
    expect(await first.run('set x kept; echo one')).toBe('one\n');
    first.type('sleep 0.05; echo two; sleep 0.05; echo $x\r');
    await first.readUntil('echo $x\r\n');
    first.close();
    await first.closed;
    using second = await xend.open('guest');
    await second.readUntil('guest# ');
    expect(second.output).toBe('two\r\nkept\r\nguest# ');
    expect(await second.run('echo three')).toBe('three\n');
  });
});

describe('clients', () => {
  test('come one at a time; who comes second is told so and costs nothing', async () => {
    await using xend = await startXend();
    await xend.create({ name: 'guest' });
    const first = await xend.shell('guest');
    const { descriptors } = processCensus();
    for (let attempt = 0; attempt < 10; attempt++) {
      using second = await xend.open('guest');
      second.type('crash\r');
      await second.closed;
      expect(second.output).toBe('Cannot connect to console 0 on domain guest: it is in use\r\n');
    }
    await eventually(() => processCensus().descriptors === descriptors);
    expect(await first.run('echo first')).toBe('first\n');
    // Whoever comes after one that hung up is let in, at once.
    first.close();
    await first.closed;
    using third = await xend.open('guest');
    expect(await third.run('echo well')).toBe('well\n');
  });

  test('of several domains do not meet', async () => {
    await using xend = await startXend();
    await Promise.all(['one', 'two'].map((name) => xend.create({ name })));
    using one = await xend.shell('one');
    using two = await xend.shell('two');
    const [first, second] = await Promise.all([one.run('echo $? one'), two.run('echo $? two')]);
    expect([first, second]).toEqual([' one\n', ' two\n']);
    await xend.call('domain.destroy', { domain: 'one' });
    await one.closed;
    expect(await two.run('echo still')).toBe('still\n');
  });

  test('reach the console by a socket of this user alone, which goes with the domain', async () => {
    await using xend = await startXend();
    const { domid } = await xend.create({ name: 'guest' });
    const { path, ...rest } = await xend.call('domain.console', { domain: 'guest' });
    expect(rest).toEqual({ domid, name: 'guest' });
    expect(statSync(path).mode & 0o177).toBe(0);
    await xend.call('domain.destroy', { domain: 'guest' });
    expect(readdirSync(xend.paths.runDir)).toEqual(['xenstored']);
  });
});

describe('what is typed', () => {
  /** A kernel that says nothing before it has counted and summed so many bytes. */
  const counter = (xend: TestXend, count: number) =>
    xend.file(
      'counter.ts',
      `export default (dom) => new Promise((resolve) => {
         let count = 0, sum = 0;
         dom.console.onData((data) => {
           for (const byte of data) sum = (sum * 31 + byte) >>> 0;
           count += data.length;
           if (count < ${count}) return;
           dom.console.write('counted ' + count + ' ' + sum + '\\n');
           resolve(undefined);
         });
       });`,
    );
  const sumOf = (text: string) => Buffer.from(text).reduce((sum, byte) => (sum * 31 + byte) >>> 0, 0);

  test('arrives, however much it is', async () => {
    await using xend = await startXend();
    const text = Array.from({ length: 20_000 }, (_, line) => `line ${line} äöü`).join('\n');
    const { length } = Buffer.from(text);
    await xend.create({ name: 'counter', kernel: counter(xend, length) });
    using terminal = await xend.open('counter');
    terminal.type(text);
    await terminal.closed;
    expect(terminal.output).toBe(`counted ${length} ${sumOf(text)}\n`);
  });

  test('before the console is connected, and while the domain is paused, arrives when it can', async () => {
    const gate = stepGate('console.backConnect');
    await using xend = await startXend({ onStep: gate.onStep });
    using _ = gate;
    const created = xend.create({ name: 'counter', kernel: counter(xend, 12) }, true);
    await gate.reached;
    using terminal = await xend.open('counter');
    terminal.type('too soon');
    gate.open();
    await created;
    terminal.type('soon');
    expect(terminal.output).toBe('');
    await xend.call('domain.unpause', { domain: 'counter' });
    await terminal.closed;
    expect(terminal.output).toBe(`counted 12 ${sumOf('too soonsoon')}\n`);
  });

  test('reaches a domain that is paused in its work when it goes on', async () => {
    await using xend = await startXend();
    await xend.create({ name: 'guest' });
    using terminal = await xend.shell('guest');
    await xend.call('domain.pause', { domain: 'guest' });
    const answer = terminal.run('echo late');
    await xend.call('domain.unpause', { domain: 'guest' });
    expect(await answer).toBe('late\n');
  });

  test('to a domain that hangs does not hang the others', async () => {
    await using xend = await startXend();
    await Promise.all(['hung', 'well'].map((name) => xend.create({ name })));
    using hung = await xend.shell('hung');
    using well = await xend.shell('well');
    hung.type('hang\r');
    await hung.readUntil('hang');
    hung.type('x'.repeat(1024 * 1024));
    expect(await well.run('echo well')).toBe('well\n');
    await xend.call('domain.destroy', { domain: 'hung' });
    await hung.closed;
  });
});
