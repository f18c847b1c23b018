// SPDX-License-Identifier: Apache-2.0
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { eventually } from '../support/until.ts';
import { startXend, type TestXend } from '../support/xend.ts';

/** Boots a kernel with a client at its console from the first byte. @returns the client, when the kernel may run */
async function boot(xend: TestXend, kernel: string, args = '') {
  await xend.create({ name: 'own', kernel, args, onCrash: 'preserve' }, true);
  const terminal = await xend.open('own');
  await xend.call('domain.unpause', { domain: 'own' });
  return terminal;
}

/** The reason why a preserved domain crashed. */
const crashOf = (xend: TestXend) =>
  eventually(async () => {
    const info = await xend.info('own');
    return info?.state === '----c-' ? info.shutdownReason : undefined;
  });

afterEach(() => {
  vi.useRealTimers();
});

describe('a user’s own kernel', () => {
  test('runs as it is: TypeScript, with a module of its own beside it', async () => {
    await using xend = await startXend();
    mkdirSync(join(xend.directory, 'lib'));
    xend.file(
      'lib/greeting.ts',
      `export interface Greeting { readonly text: string }
       export const greet = (who: string): Greeting => ({ text: \`Hello \${who}\` });`,
    );
    const kernel = xend.file(
      'own.ts',
      `import { defineKernel, type Domain } from 'xenidc';
       import { EventEmitter } from 'node:events';
       import { greet, type Greeting } from './lib/greeting.ts';

       export default defineKernel(async (dom: Domain) => {
         const { text }: Greeting = greet(dom.commandLine);
         dom.console.write(\`\${text}, \${typeof EventEmitter}, \${dom.name} \${dom.domid}\\n\`);
         return 'poweroff';
       });`,
    );
    using terminal = await boot(xend, kernel, 'world');
    await terminal.closed;
    expect(terminal.output).toBe('Hello world, function, own 1\n');
    await eventually(async () => (await xend.info('own')) === undefined);
  });

  test.each([
    [
      'own.js',
      "import { defineKernel } from 'xenidc';\nexport default defineKernel((dom) => dom.console.write('here\\n'));",
    ],
    ['own.mjs', "export default (dom) => dom.console.write('here\\n');"],
    [
      'own.mts',
      "import { defineKernel } from 'xenidc';\nexport default defineKernel((dom): void => dom.console.write('here\\n'));",
    ],
  ])('%s', async (name, text) => {
    await using xend = await startXend();
    using terminal = await boot(xend, xend.file(name, text));
    await terminal.closed;
    expect(terminal.output).toBe('here\n');
  });

  test('beside its configuration', async () => {
    await using xend = await startXend();
    xend.file(
      'own.ts',
      "export default (dom: { console: { write(text: string): void } }) => dom.console.write('here');",
    );
    const text = '(vm (name own) (memory 32) (image (js (kernel ./own.ts))))';
    await xend.call('domain.create', { text, file: 'own.sxp', directory: xend.directory });
    await eventually(async () => (await xend.info('own')) === undefined);
  });

  test('uses the disk as the built-in ones do', async () => {
    await using xend = await startXend();
    const file = xend.file('disk.img', 'sector of text'.padEnd(512, '.'));
    const kernel = xend.file(
      'own.ts',
      `import { defineKernel } from 'xenidc';
       export default defineKernel(async (dom) => {
         const disk = dom.devices.find('xvda')!.driver as { read(offset: number, length: number): Promise<Uint8Array> };
         dom.console.write((await disk.read(0, 512)).subarray(0, 14));
       });`,
    );
    await xend.create({ name: 'own', kernel, disks: [{ file, dev: 'xvda' }] }, true);
    using terminal = await xend.open('own');
    await xend.call('domain.unpause', { domain: 'own' });
    await terminal.closed;
    expect(terminal.output).toBe('sector of text');
  });
});

describe('how a kernel ends', () => {
  test('at once', async () => {
    await using xend = await startXend();
    const kernel = xend.file('own.ts', 'export default () => {};');
    await xend.create({ name: 'own', kernel });
    await eventually(async () => (await xend.info('own')) === undefined);
    expect((await xend.call('log.read', {})).lines.join('\n')).toContain('Domain own (id=1) ended: poweroff');
  });

  test('with a reboot, a second time with none', async () => {
    await using xend = await startXend();
    const kernel = xend.file(
      'own.ts',
      "export default (dom: { domid: number }) => (dom.domid < 3 ? 'reboot' : 'poweroff');",
    );
    await xend.create({ name: 'own', kernel });
    await eventually(async () => (await xend.info('own')) === undefined && xend.xend.hv.domids().length === 1);
    const ends = (await xend.call('log.read', {})).lines.flatMap((line) => /Domain own .* ended: .*/.exec(line) ?? []);
    expect(ends).toEqual([1, 2, 3].map((id) => `Domain own (id=${id}) ended: ${id < 3 ? 'reboot' : 'poweroff'}`));
  });

  test('not when it is asked to: it is destroyed when its time is over', async () => {
    await using xend = await startXend();
    const kernel = xend.file(
      'own.ts',
      `export default (dom) => new Promise(() => {
         dom.signal.addEventListener('abort', () => dom.console.write('asked for ' + dom.signal.reason));
       });`,
    );
    using terminal = await boot(xend, kernel);
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const ended = xend.call('domain.shutdown', { domain: 'own', reason: 'poweroff', wait: true });
    await terminal.readUntil('asked for poweroff');
    vi.advanceTimersByTime(29_000);
    expect((await xend.info('own'))?.domid).toBe(1);
    vi.advanceTimersByTime(1000);
    expect(await ended).toEqual({ done: true, again: false, forced: 30 });
    expect(await xend.info('own')).toBeUndefined();
  });

  test.each([
    ['throws', "throw new Error('out of order');", 'crash: out of order'],
    ['rejects', "return Promise.reject(new TypeError('nothing there'));", 'crash: nothing there'],
    ['throws no error', "throw 'a word';", 'crash: a word'],
    [
      'throws later',
      "setTimeout(() => { throw new Error('later'); }, 1); return new Promise(() => {});",
      'crash: later',
    ],
    ['rejects unseen', "void Promise.reject(new Error('unseen')); return new Promise(() => {});", 'crash: unseen'],
    ['exits', 'process.exit(3);', 'crash: exit status 3'],
  ])('it %s', async (_how, body, reason) => {
    await using xend = await startXend();
    const kernel = xend.file('own.ts', `export default (dom) => { ${body} };`);
    using terminal = await boot(xend, kernel);
    expect(await crashOf(xend)).toBe(reason);
    await terminal.closed;
    // Others are none the wiser.
    await xend.create({ name: 'other' });
    using other = await xend.shell('other');
    expect(await other.run('echo well')).toBe('well\n');
  });

  test('it eats all of its heap', async () => {
    await using xend = await startXend();
    const kernel = xend.file(
      'own.ts',
      'export default () => { const all = []; for (;;) all.push(new Array(10_000).fill({})); };',
    );
    using terminal = await boot(xend, kernel);
    expect(await crashOf(xend)).toMatch(/^crash: .*memory/);
    await terminal.closed;
    expect((await xend.info('Domain-0'))?.state).toBe('r-----');
  });
});

describe('what is no kernel', () => {
  test('is refused before anything is made', async () => {
    await using xend = await startXend();
    const wrong = xend.file('wrong.ts', 'export default (dom: => {');
    const cases = [
      [join(xend.directory, 'none.ts'), /Cannot find kernel ".*none.ts"/],
      [xend.directory, /Cannot find kernel/],
      ['builtin:nonsense', /Cannot find kernel "builtin:nonsense"/],
      [wrong, /Cannot load kernel ".*wrong.ts": .* \(wrong.ts:1\)/],
    ] as const;
    for (const [kernel, message] of cases) await expect(xend.create({ name: 'own', kernel })).rejects.toThrow(message);
    expect((await xend.call('log.read', {})).lines.join('\n')).not.toContain('Creating domain');
  });

  test.each([
    ['has no default export', 'export const kernel = 1;', 'it has no default export made by defineKernel'],
    ['has a mistake', '\nexport default () => {', 'Unexpected end of input (own.mjs:2)'],
    ['imports what is not there', "import './none.js';\nexport default () => {};", /Cannot find module '.*none\.js'/],
    ['imports what it may not', "import 'node:fs';\nexport default () => {};", 'a kernel may not import node:fs'],
    ['fails while it is loaded', "throw new Error('at once');", 'at once (own.mjs:1)'],
    ['throws no error while it is loaded', "throw 'a word';", 'a word'],
    ['exits while it is loaded', 'process.exit(3);', 'exit status 3'],
  ])('%s: there is no domain, and it says why', async (_what, text, reason) => {
    await using xend = await startXend();
    const kernel = xend.file('own.mjs', text);
    const created = xend.create({ name: 'own', kernel, onCrash: 'preserve' });
    await expect(created).rejects.toThrow("Domain 'own' ended while it was built: ");
    await expect(created).rejects.toThrow(reason);
    expect(xend.xend.hv.domids()).toEqual([0]);
    expect(await xend.info('own')).toBeUndefined();
  });

  test('is not waited for without end', async () => {
    await using xend = await startXend({ connectLimit: 1500 });
    for (const text of ['await new Promise(() => {});', 'for (;;);']) {
      await expect(xend.create({ name: 'own', kernel: xend.file('own.mjs', text) })).rejects.toMatchObject({
        code: 'ETIMEOUT',
      });
      expect(xend.xend.hv.domids()).toEqual([0]);
    }
  });
});

describe('last words', () => {
  const lines = 4000;
  // More than ring, socket and all buffers between hold; less than the console keeps.
  const text = `for (let line = 0; line < ${lines}; line++) dom.console.write(String(line).padStart(50, '.') + '\\n');`;

  test.each([
    ['return;', ''],
    ["throw new Error('the end');", '\r\nKernel crashed: the end\r\n'],
    ['process.exit(0);', ''],
  ])('reach the console before %s', async (end, epitaph) => {
    await using xend = await startXend();
    const kernel = xend.file(
      'own.ts',
      `export default async (dom) => { ${text} await dom.console.drained(); ${end} };`,
    );
    using terminal = await boot(xend, kernel);
    await terminal.closed;
    expect(terminal.received).toBe(lines * 51 + epitaph.length);
    expect(terminal.output.endsWith(`.${lines - 1}\n${epitaph}`)).toBe(true);
  });

  test('reach the console of a kernel that does not wait for them', async () => {
    await using xend = await startXend();
    const kernel = xend.file('own.ts', `export default (dom) => { ${text} };`);
    using terminal = await boot(xend, kernel);
    await terminal.closed;
    expect(terminal.output.endsWith(`.${lines - 1}\n`)).toBe(true);
    expect(terminal.received).toBe(lines * 51);
  });

  test('reach a client that reads when the domain is gone', async () => {
    await using xend = await startXend();
    const kernel = xend.file('own.ts', `export default (dom) => { ${text} };`);
    await xend.create({ name: 'own', kernel }, true);
    using terminal = await xend.open('own');
    terminal.stall(true);
    await xend.call('domain.unpause', { domain: 'own' });
    await eventually(async () => (await xend.info('own')) === undefined);
    terminal.stall(false);
    await terminal.closed;
    expect(terminal.output.endsWith(`.${lines - 1}\n`)).toBe(true);
    expect(terminal.received).toBe(lines * 51);
  });

  test('a client that does not read holds up neither the end nor the next domain', async () => {
    await using xend = await startXend();
    const kernel = xend.file('own.ts', `export default (dom) => { ${text} };`);
    await xend.create({ name: 'own', kernel }, true);
    using terminal = await xend.open('own');
    terminal.stall(true);
    await xend.call('domain.unpause', { domain: 'own' });
    await eventually(async () => (await xend.info('own')) === undefined);
    await xend.create({ name: 'own' });
    using next = await xend.shell('own');
    expect(await next.run('echo next')).toBe('next\n');
  });
});
