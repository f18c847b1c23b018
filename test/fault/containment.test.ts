// SPDX-License-Identifier: Apache-2.0
import { createHash, randomBytes } from 'node:crypto';
import { Worker } from 'node:worker_threads';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { endOf } from '../../src/domain/launch.ts';
import { type Footprint, footprint, untilAsBefore } from '../support/footprint.ts';
import type { Terminal } from '../support/terminal.ts';
import { eventually } from '../support/until.ts';
import { startXend, type TestXend } from '../support/xend.ts';

/** Whatever a kernel does by mistake, its domain ends and nothing else does: others work on, xend answers. */

const content = randomBytes(512 * 1024);
const sum = createHash('md5').update(content).digest('hex');
let xend: TestXend;
let witness: Terminal;
let before: Footprint;

beforeAll(async () => {
  xend = await startXend();
  const file = xend.file('witness.img', content);
  await xend.create({ name: 'witness', disks: [{ file, dev: 'xvda' }] });
  witness = await xend.shell('witness');
  before = footprint(xend);
});

afterAll(async () => {
  witness.close();
  await xend[Symbol.asyncDispose]();
});

/** Starts a domain whose kernel is `body`, with a disk so that there is something to leave behind. */
async function boot(body: string): Promise<Terminal> {
  const kernel = xend.file('rogue.mjs', `export default async (dom) => { ${body} };`);
  const file = xend.file('rogue.img', new Uint8Array(4096));
  await xend.create({ name: 'rogue', kernel, disks: [{ file, dev: 'xvda', mode: 'w' }] }, true);
  const terminal = await xend.open('rogue');
  await xend.call('domain.unpause', { domain: 'rogue' });
  return terminal;
}

/** The other domain's data path and xend's control path. */
async function othersWork(): Promise<void> {
  expect(await witness.run('sum xvda')).toBe(`${sum}  xvda\n`);
  expect((await xend.info('witness'))?.state).toMatch(/^[r-][b-]----$/);
}

const ended = () => eventually(async () => (await xend.info('rogue')) === undefined);

/** The log's last word on the domain. */
const reason = () =>
  xend.xend.log
    .read({})
    .flatMap((line) => /Domain rogue \(id=\d+\) ended: (.*)/.exec(line)?.[1] ?? [])
    .at(-1);

describe('a kernel that ends its thread', () => {
  test.each([
    ['throws', "throw new Error('out of order');", /^crash: out of order$/],
    ['exits with a status', 'process.exit(5);', /^crash: exit status 5$/],
    [
      'leaves a rejection unhandled',
      "Promise.reject(new Error('unseen')); await new Promise(() => {});",
      /^crash: unseen$/,
    ],
    ['overflows its stack', 'const f = () => f() + 1; f();', /^crash: Maximum call stack size exceeded$/],
    ['overflows its stack in native code', "JSON.parse('['.repeat(1e7));", /^crash: /],
    [
      'fills its heap with objects',
      'const all = []; for (;;) all.push({ all: [1, 2, 3] });',
      /^crash: out of memory: \d+ MB of heap, \d+ MB of buffers$/,
    ],
    [
      'fills its heap with large arrays',
      'const all = []; for (;;) all.push(new Array(2e7).fill(1));',
      /^crash: out of memory/,
    ],
    ['takes buffers', 'const all = []; for (;;) all.push(new Uint8Array(2 ** 24).fill(1));', /^crash: out of memory/],
    ['fills its heap with text', "let text = 'x'; for (;;) text = [...(text + text)].join('');", /^crash: /],
    [
      'floods itself with promises',
      'for (;;) Promise.resolve().then(() => {});',
      /^crash: out of memory: \d+ MB of heap, \d+ MB of buffers$/,
    ],
    [
      'floods itself with timers',
      'for (;;) setTimeout(() => {}, 1e6);',
      /^crash: out of memory: \d+ MB of heap, \d+ MB of buffers$/,
    ],
    [
      'breaks its own world',
      'Object.prototype.then = 1; Array.prototype.push = undefined; globalThis.Map = 3; MessagePort.prototype.postMessage = null; process.exit(7);',
      /^crash: exit status 7$/,
    ],
  ])('%s', async (_how, body, expected) => {
    using _ = await boot(body);
    await ended();
    expect(reason()).toMatch(expected);
    await othersWork();
    await untilAsBefore(xend, before);
  });
});

test('a thread that fills its heap faster than it is watched is ended by the engine, for the same reason', async () => {
  const worker = new Worker('const all = []; for (;;) all.push({ all: [1, 2, 3] });', {
    eval: true,
    resourceLimits: { maxOldGenerationSizeMb: 16 },
  });
  const { error } = await endOf(worker);
  expect(error?.message).toBe('out of memory: 16 MB of heap');
});

describe('a kernel that does not end', () => {
  test.each([
    ['loops', 'for (;;);'],
    ['loops in microtasks', 'const again = () => Promise.resolve().then(again); await again();'],
    ['loops in immediates', 'const again = () => setImmediate(again); again(); await new Promise(() => {});'],
    ['loops in a regular expression', "/^(a+)+$/.test('a'.repeat(64) + 'b');"],
    ['sleeps in the deep', 'Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);'],
    ['catches everything', 'for (;;) { try { for (;;) [].x.y; } catch {} finally { continue; } }'],
  ])('%s: others work, it is seen and destroyed', async (_how, body) => {
    using terminal = await boot(`dom.console.write('here'); await dom.console.drained(); ${body}`);
    await terminal.readUntil('here');
    await othersWork();
    expect((await xend.info('rogue'))?.state).toBe('r-----');
    await xend.call('domain.destroy', { domain: 'rogue' });
    expect(footprint(xend)).toEqual(before);
    expect(reason()).toBe('destroyed');
    await othersWork();
  });
});

test('a kernel that makes much garbage and holds little: it lives', async () => {
  using terminal = await boot(`
    const held = new Array(20_000);
    const end = Date.now() + 1500;
    for (let count = 0; Date.now() < end; count++) held[count % held.length] = { count, pair: [count, String(count)] };
    dom.console.write('alive');
    await dom.console.drained();
  `);
  await terminal.closed;
  expect(terminal.output).toBe('alive');
  await ended();
  expect(reason()).toBe('poweroff');
  await untilAsBefore(xend, before);
});

test('a kernel that prints a hundred megabytes to nobody', async () => {
  const rss = process.memoryUsage.rss();
  const kernel = xend.file(
    'rogue.mjs',
    `const text = 'x'.repeat(64 * 1024 - 1) + '\\n';
     export default async (dom) => {
       for (let count = 0; count < 1600; count++) {
         dom.console.write(text);
         if (count % 64 === 0) await dom.console.drained();
       }
     };`,
  );
  await xend.create({ name: 'rogue', kernel });
  await othersWork();
  await ended();
  expect(reason()).toBe('poweroff');
  expect(process.memoryUsage.rss() - rss).toBeLessThan(80 * 2 ** 20);
  await untilAsBefore(xend, before);
});

test('a kernel that writes where nobody reads: its standard output', async () => {
  using _ = await boot("for (let count = 0; count < 2000; count++) console.log('x'.repeat(5000)); console.error('y');");
  await ended();
  expect(reason()).toBe('poweroff');
  await othersWork();
  await untilAsBefore(xend, before);
});

/** Values of every kind that can be posted, wrong in size, sign or shape. */
const ABSURD = `
  const shared = new SharedArrayBuffer(8);
  const cyclic = {}; cyclic.self = cyclic;
  const absurd = [
    undefined, null, true, 0, -1, 1.5, NaN, Infinity, 2 ** 31, 2 ** 32, 2 ** 53, -(2 ** 53), 10n ** 30n, '', '0', 'x'.repeat(100_000),
    [], [1, 2], {}, { id: 1 }, { extent: {}, offset: -1 }, { domid: 0, gref: 8, offset: 0 }, { toString: 1, valueOf: 2 },
    { status: 1, gone: true, reason: { toString: 1 } }, cyclic, new Date(NaN), new Map([[1, 2]]), new Error('x'), shared, new Uint8Array(5),
    new Uint8Array(shared), /x/, 32752, 65535,
  ];
`;

describe('a kernel that talks nonsense', () => {
  test('in hypercalls: each is refused', async () => {
    using terminal = await boot(`${ABSURD}
      let refused = 0, granted = 0;
      for (const part of ['memory', 'gnttab', 'evtchn']) {
        for (const [name, call] of Object.entries(dom.hypercalls[part])) {
          if (['listen', 'poll', 'wait'].includes(name)) continue;
          for (const first of [...absurd, () => {}, Symbol()]) for (const second of absurd) {
            try {
              await call(first, second, second);
              granted++;
            } catch (error) {
              if (!(error instanceof Error)) throw new Error('refused with ' + error);
              refused++;
            }
          }
        }
      }
      dom.console.write(refused + ' refused, ' + granted + ' granted');
    `);
    await terminal.closed;
    const [, refused] = /(\d+) refused, \d+ granted/.exec(terminal.output) ?? [];
    expect(Number(refused)).toBeGreaterThan(5000);
    await ended();
    await othersWork();
    await untilAsBefore(xend, before);
  });

  test('on the very ports of its thread: to the hypervisor, the store and xend', async () => {
    const control = (type: string, subtype: string) => `{ type: '${type}', subtype: '${subtype}' }`;
    using _ = await boot(`${ABSURD}
      const ports = new Set();
      const post = MessagePort.prototype.postMessage;
      MessagePort.prototype.postMessage = function (...args) { ports.add(this); return post.apply(this, args); };
      await dom.hypercalls.memory.alloc(0);
      await dom.xenstore.read('name').catch(() => {});
      await dom.devices.find('xvda').driver.read(0, 512);
      for (const port of process._getActiveHandles?.() ?? []) if (port instanceof MessagePort) ports.add(port);
      MessagePort.prototype.postMessage = post;
      const kinds = [
        ${control('DOMAIN', 'READY')}, ${control('DOMAIN', 'EXIT')}, ${control('VBD_FE', 'INTERFACE_CONNECT')},
        ${control('VBD_FE', 'INTERFACE_BROKEN')}, ${control('VBD_BE', 'DRIVER_STATUS')}, ${control('X', 'Y')}, { op: 'memory.alloc' },
        { op: 'read' }, { answer: 1 },
      ];
      for (const port of ports) {
        for (const value of absurd) {
          post.call(port, value);
          for (const kind of kinds) {
            post.call(port, { id: value, ...kind, args: value, body: value });
            post.call(port, { id: 1, ...kind, args: [value, value], body: { handle: value, frames: value, reason: value, domid: 1 } });
            post.call(port, { ...kind, type: value, subtype: value, op: value, answer: value, id: 3 });
          }
        }
        const { port1 } = new MessageChannel();
        for (const kind of kinds) {
          const { port1 } = new MessageChannel();
          post.call(port, { id: port1, ...kind, body: {}, args: [] }, [port1]);
        }
      }
      dom.console.write('posted to ' + ports.size);
      setTimeout(() => process.exit(3), 50);
      await new Promise(() => {});
    `);
    await ended();
    await othersWork();
    await untilAsBefore(xend, before);
  });
});

describe('what a kernel does not get', () => {
  /** Runs the body and returns what it says. */
  async function said(body: string): Promise<string> {
    const terminal = await boot(`
      const say = async (run) => {
        try { dom.console.write('got ' + String(await run())); } catch (error) { dom.console.write('refused: ' + error.message + ' ' + error.cause?.message); }
      };
      ${body}
    `);
    await terminal.closed;
    await ended();
    terminal.close();
    return terminal.output;
  }

  const modules = [
    'fs',
    'fs/promises',
    'child_process',
    'worker_threads',
    'net',
    'vm',
    'module',
    'inspector',
    'v8',
    'process',
  ];
  test.each(modules.flatMap((name) => [name, `node:${name}`]))('the module %s', async (name) => {
    expect(await said(`await say(() => import('${name}'));`)).toBe(
      `refused: a kernel may not import node:${name.replace('node:', '')} undefined`,
    );
  });

  test.each([
    ['an evaluated text', `(0, eval)('import("node:fs")')`],
    ['a function made of text', `new (async () => {}).constructor('return import("node:fs")')()`],
    ['a data: module', `import('data:text/javascript,import "node:fs"')`],
  ])('a module by way of %s', async (_how, expression) => {
    expect(await said(`await say(() => ${expression});`)).toMatch(/^refused: a kernel may not import node:fs/);
  });

  test.each([
    'process.kill',
    'process.abort',
    'process.dlopen',
    'process.binding',
    'process.getBuiltinModule',
    'process.mainModule',
    'process._getActiveHandles',
    'process._rawDebug',
    'globalThis.require',
    'globalThis.Worker',
    'globalThis.BroadcastChannel',
  ])('%s', async (name) => {
    expect(await said(`await say(() => ${name});`)).toBe('got undefined');
  });

  test('the environment', async () => {
    expect(await said('await say(() => JSON.stringify(process.env));')).toBe('got {}');
  });

  test('files outside of its directory, not in the working directory either', async () => {
    for (const path of ['/etc/hostname', `${process.cwd()}/package.json`, `${process.cwd()}/tsconfig.json`]) {
      const body = `await say(() => import('${path}', { with: { type: 'json' } }).then(() => 'it'));`;
      if (!path.endsWith('/package.json'))
        expect(await said(body)).toMatch(/^refused: Access to this API has been restricted/);
    }
  });

  test.each([
    ['fetch', "fetch('http://127.0.0.1:8009/')"],
    ['a request', "once(http.get('http://127.0.0.1:8009/'), 'response')"],
    ['a request to a unix socket', "once(http.get({ socketPath: '/tmp/none.sock' }), 'response')"],
    ['a server', "once(http.createServer().listen(0), 'listening')"],
    ['a server on a unix socket', "once(http.createServer().listen('/tmp/none.sock'), 'listening')"],
  ])('the network, by %s', async (_how, expression) => {
    const imports = "const [http, { once }] = await Promise.all([import('node:http'), import('node:events')]);";
    expect(await said(`${imports} await say(() => ${expression});`)).toMatch(
      /^refused: .*Access to this API has been restricted/,
    );
  });
});
