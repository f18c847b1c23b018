// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from 'vitest';
import { processCensus, supervisorCensus } from '../support/census.ts';
import type { Terminal } from '../support/terminal.ts';
import { eventually } from '../support/until.ts';
import { startXend, type TestXend } from '../support/xend.ts';

/** Domains that share a thread; what holds for all domains alike is tested by the suites of the project `light`. */

/** Starts a supervisor whose pool has one thread, so that all domains share it. */
const startOne = (options: { readonly poolPatience?: number } = {}) =>
  startXend({ pool: 'shared', poolThreads: 1, ...options });

/** Boots a domain whose kernel is `body`. */
async function boot(xend: TestXend, name: string, body: string, fields = ''): Promise<Terminal> {
  const file = xend.file(`${name}.mjs`, `export default async (dom) => {\n${body}\n}\n`);
  const text = `(vm (name ${name}) (memory 4) (pool shared) ${fields} (image (js (kernel ${file}))))`;
  await xend.call('domain.create', { text, file: `${name}.sxp`, directory: xend.directory, paused: true });
  const terminal = await xend.open(name);
  await xend.call('domain.unpause', { domain: name });
  return terminal;
}

/** Why domains of that name ended, by the log. */
const reasons = (xend: TestXend, name: string): readonly string[] =>
  xend.xend.log
    .read({})
    .flatMap((line) => new RegExp(`Domain ${name} \\(id=\\d+\\) ended: (.*)`).exec(line)?.[1] ?? []);

const gone = (xend: TestXend, name: string) => eventually(async () => (await xend.info(name)) === undefined);

/** Threads that have a thread's own heap: those of the pool, and Domain-0's. */
const threads = (xend: TestXend): number =>
  xend.xend.log.read({}).filter((line) => / thread shared\/\d+ started$/.test(line)).length;

test('three hundred domains boot, answer and go', async () => {
  await using xend = await startXend({ pool: 'shared', poolThreads: 2 });
  await xend.create({ name: 'first' });
  await xend.create({ name: 'second' });
  await xend.call('domain.destroy', { domain: 'first' });
  await xend.call('domain.destroy', { domain: 'second' });
  const census = supervisorCensus(xend);
  const process = processCensus();
  const names = Array.from({ length: 300 }, (_, number) => `guest${number}`);

  for (let round = 0; round < 2; round++) {
    await Promise.all(names.map((name) => xend.create({ name, memory: 4 })));
    expect(await xend.call('domain.list', {})).toHaveLength(301);
    // As many threads as before: no domain has one of its own.
    expect(processCensus().threads).toBe(process.threads);
    for (const name of names.filter((_, number) => number % 30 === 0)) {
      using terminal = await xend.shell(name);
      expect(await terminal.run('store read name')).toBe(`${name}\n`);
    }
    await Promise.all(names.map((domain) => xend.call('domain.destroy', { domain })));
    expect(supervisorCensus(xend)).toEqual(census);
    await eventually(() => {
      expect(processCensus()).toEqual(process);
      return true;
    });
  }
  expect(threads(xend)).toBe(2);
});

describe('what one throws ends it alone', () => {
  test.each([
    ['at once', "throw new Error('mine')", 'crash: mine'],
    ['later', "await null; throw new Error('mine')", 'crash: mine'],
    ['nothing', 'await null; throw undefined', /^crash: /],
    ['from a timer', "setTimeout(() => { throw new Error('mine') }, 1); await new Promise(() => {})", 'crash: mine'],
    [
      'from an immediate',
      "setImmediate(() => { throw new Error('mine') }); await new Promise(() => {})",
      'crash: mine',
    ],
    ['in a promise', "Promise.reject(new Error('mine')); await new Promise(() => {})", 'crash: mine'],
    [
      'in an event',
      `const port = await dom.hypercalls.evtchn.allocUnbound(0)
       dom.hypercalls.evtchn.listen(port, () => { throw new Error('mine') })
       await new Promise(() => {})`,
      'crash: mine',
    ],
    [
      'from a timer that an event started',
      `const port = await dom.hypercalls.evtchn.allocUnbound(0)
       dom.hypercalls.evtchn.listen(port, () => setTimeout(() => { throw new Error('mine') }))
       await new Promise(() => {})`,
      'crash: mine',
    ],
    [
      'in a watch',
      `const watch = await dom.xenstore.watch('name')
       for await (const _ of watch) throw new Error('mine')`,
      'crash: mine',
    ],
    ['by leaving', 'process.exit(5)', 'crash: exit status 5'],
    ['by leaving from a timer', 'setTimeout(() => process.exit(0)); await new Promise(() => {})', 'poweroff'],
    ['in too many calls', 'const f = () => f() + 1; f()', 'crash: Maximum call stack size exceeded'],
  ])('%s', async (_how, body, reason) => {
    await using xend = await startOne();
    await xend.create({ name: 'other' });
    using other = await xend.shell('other');
    using _ = await boot(xend, 'rogue', body);
    await gone(xend, 'rogue');
    expect(reasons(xend, 'rogue')).toEqual([reason instanceof RegExp ? expect.stringMatching(reason) : reason]);
    expect(await other.run('echo here')).toBe('here\n');
    expect(threads(xend)).toBe(1);
  });

  test('when it is told to end, from a listener', async () => {
    await using xend = await startOne();
    await xend.create({ name: 'other' });
    using terminal = await boot(
      xend,
      'rogue',
      `dom.signal.addEventListener('abort', () => { throw new Error('mine') })
       dom.console.write('ready')
       await new Promise(() => {})`,
    );
    await terminal.readUntil('ready');
    await xend.call('domain.shutdown', { domain: 'rogue', reason: 'poweroff', wait: true });
    expect(reasons(xend, 'rogue')).toEqual(['crash: mine']);
    expect((await xend.info('other'))?.state).toBe('-b----');
  });
});

describe('the end of a thread of the pool', () => {
  const LOOP = "dom.console.write('x'); await dom.console.drained(); for (;;);";
  const FILL = 'const all = []; for (;;) { all.push(new Array(1e5).fill({})); await new Promise(setImmediate); }';

  test.each([
    ['a loop', LOOP, /^crash: thread shared\/1 of its pool ended: one of its domains held it up for 0.5 s$/],
    [
      'a full heap',
      FILL,
      /^crash: thread shared\/1 of its pool ended: out of memory: \d+ MB of heap, \d+ MB of buffers$/,
    ],
  ])('by %s: all its domains end and hear why, and there is another thread', async (_how, body, reason) => {
    await using xend = await startOne({ poolPatience: 500 });
    await xend.create({ name: 'dedicated', pool: 'dedicated' });
    await xend.create({ name: 'simple' });
    await xend.create({ name: 'kept', onCrash: 'preserve' });
    const before = (await xend.create({ name: 'again', onCrash: 'restart' })).domid;
    const { domains } = await xend.call('stats', {});
    expect(domains).toHaveLength(5);
    using _ = await boot(xend, 'rogue', body);
    for (const name of ['simple', 'rogue']) await gone(xend, name);
    await eventually(async () => ((await xend.info('again'))?.domid ?? 0) > before);
    for (const name of ['simple', 'rogue', 'kept', 'again']) {
      expect(reasons(xend, name)).toEqual([expect.stringMatching(reason)]);
    }
    expect(await xend.info('kept')).toMatchObject({ state: '----c-', shutdownReason: expect.stringMatching(reason) });
    using dedicated = await xend.shell('dedicated');
    expect(await dedicated.run('echo here')).toBe('here\n');
    await xend.create({ name: 'next' });
    using next = await xend.shell('next');
    expect(await next.run('echo here too')).toBe('here too\n');
    expect(threads(xend)).toBe(2);
  });

  test('by a domain that does not let go when it is destroyed', async () => {
    await using xend = await startOne({ poolPatience: 500 });
    await xend.create({ name: 'other' });
    using terminal = await boot(xend, 'rogue', LOOP);
    await terminal.readUntil('x');
    await xend.call('domain.destroy', { domain: 'rogue' });
    await gone(xend, 'other');
    expect(reasons(xend, 'other')[0]).toMatch(/^crash: thread shared\/1 of its pool ended: /);
  });

  test('by what no domain can be blamed for', async () => {
    await using xend = await startOne();
    await xend.create({ name: 'other' });
    // The handler that knows whose error it is, taken away: a domain is as trusted as its pool.
    using _ = await boot(xend, 'rogue', "process.removeAllListeners('uncaughtException'); throw new Error('mine')");
    await gone(xend, 'rogue');
    expect(reasons(xend, 'rogue')).toEqual(['crash: mine']);
    using _again = await boot(
      xend,
      'rogue',
      "setTimeout(() => { throw new Error('mine') }); await new Promise(() => {})",
    );
    await gone(xend, 'rogue');
    await gone(xend, 'other');
    expect(reasons(xend, 'other')).toEqual(['crash: thread shared/1 of its pool ended: mine']);
  });
});

describe('domains of one thread', () => {
  const CALLS = `
    const endpoint = dom.idc.endpoint('pair', {
      onTransaction: (one) => one.complete(0, one.status.set(one.parameters.subarray(0, 1)) ?? 1),
    })`;

  test('answer each other, thousands of times, and who does not yield too', async () => {
    await using xend = await startOne();
    using _ = await boot(xend, 'right', `${CALLS}\nawait new Promise(() => {})`, '(idc pair)');
    using left = await boot(
      xend,
      'left',
      `${CALLS}
       await endpoint.connected()
       for (let count = 0; count < 5000; count++) {
         const { status } = await endpoint.call(Uint8Array.of(count))
         if (status[0] !== (count & 255)) throw new Error('answer ' + status[0] + ' to ' + count)
       }
       const transaction = endpoint.transaction()
       for (let count = 0; count < 1000; count++) {
         transaction.parameters[0] = count
         transaction.parametersLength = 1
         const transport = endpoint.callPolled(transaction, 5000)
         const { status } = transaction
         if (transport !== 0 || status[0] !== (count & 255)) throw new Error('polled: answer ' + status[0] + ' to ' + count)
       }
       dom.console.write('all answered')`,
      '(idc pair)',
    );
    await left.closed;
    expect(left.output).toContain('all answered');
  });

  test('answer one that may not yield: it polls, and they get their turn', async () => {
    await using xend = await startOne();
    const port = `const { evtchn } = dom.hypercalls`;
    using _ = await boot(
      xend,
      'right',
      `${port}
       const offered = await evtchn.allocUnbound(2)
       evtchn.listen(offered, () => evtchn.notify(offered))
       globalThis.offered = offered
       await new Promise(() => {})`,
    );
    using left = await boot(
      xend,
      'left',
      `${port}
       const near = await evtchn.bindInterdomain(1, globalThis.offered)
       let heard = 0
       evtchn.listen(near, () => heard++)
       while (evtchn.poll());
       // Once its partner knows of the binding, what that sends comes at once.
       while (heard === 0) {
         evtchn.notify(near)
         await new Promise((next) => setTimeout(next))
       }
       while (evtchn.poll());
       heard = 0
       for (let count = 1; count <= 1000; count++) {
         evtchn.notify(near)
         while (heard < count) if (!evtchn.poll()) throw new Error('nothing came, after ' + heard)
       }
       dom.console.write('heard ' + heard)`,
    );
    await left.closed;
    expect(left.output).toContain('heard 1000');
  });

  test('have modules of their own', async () => {
    await using xend = await startOne();
    xend.file('beside.mjs', 'export const lives = { count: 0 }');
    xend.file(
      'own.mjs',
      `import { lives } from './beside.mjs'
       let count = 0
       export default async (dom) => {
         count++
         lives.count++
         dom.console.write(count + ' ' + lives.count)
       }`,
    );
    for (let life = 0; life < 3; life++) {
      const text = '(vm (name own) (pool shared) (image (js (kernel ./own.mjs))))';
      await xend.call('domain.create', { text, file: 'own.sxp', directory: xend.directory, paused: true });
      using terminal = await xend.open('own');
      await xend.call('domain.unpause', { domain: 'own' });
      await terminal.closed;
      expect(terminal.output).toBe('1 1');
      await gone(xend, 'own');
    }
  });

  test('pause and go on one by one', async () => {
    await using xend = await startOne();
    await xend.create({ name: 'still' });
    await xend.create({ name: 'awake' });
    using still = await xend.shell('still');
    using awake = await xend.shell('awake');
    await xend.call('domain.pause', { domain: 'still' });
    const answer = still.run('echo later');
    for (let turn = 0; turn < 20; turn++) expect(await awake.run('echo here')).toBe('here\n');
    expect((await xend.info('still'))?.state).toBe('--p---');
    await xend.call('domain.unpause', { domain: 'still' });
    expect(await answer).toBe('later\n');
  });
});

test('a supervisor stops at once although a domain holds a thread up', async () => {
  const xend = await startXend({ pool: 'shared', poolThreads: 1 });
  await xend.create({ name: 'other' });
  using terminal = await boot(xend, 'rogue', "dom.console.write('x'); await dom.console.drained(); for (;;);");
  await terminal.readUntil('x');
  const started = performance.now();
  await xend.xend.stop();
  // Not after the ten seconds for which it is waited else.
  expect(performance.now() - started).toBeLessThan(9000);
  expect(xend.xend.hv.domids()).toEqual([]);
  await xend[Symbol.asyncDispose]();
});

test('what a domain leaves running when it is destroyed reaches nobody', async () => {
  await using xend = await startOne();
  await xend.create({ name: 'witness' });
  using witness = await xend.shell('witness');
  using terminal = await boot(
    xend,
    'ghost',
    `globalThis.told = undefined
     dom.signal.addEventListener('abort', () => { globalThis.told = dom.signal.reason })
     setInterval(async () => {
       globalThis.refused = await dom.hypercalls.memory.alloc(0).catch((error) => error.code)
       globalThis.unheard = await dom.xenstore.write('data/ghost', 'boo').catch((error) => error.errno)
     }, 1)
     dom.console.write('ready')
     await new Promise(() => {})`,
  );
  await terminal.readUntil('ready');
  await xend.call('domain.destroy', { domain: 'ghost' });
  // Its timer goes on in the thread of the others, and finds every door shut.
  using medium = await boot(
    xend,
    'medium',
    `while (globalThis.refused !== 'ENODEV' || globalThis.unheard === undefined) await new Promise((next) => setTimeout(next, 1))
     dom.console.write(globalThis.told + ' ' + globalThis.refused + ' ' + globalThis.unheard)`,
  );
  await medium.closed;
  expect(medium.output).toBe('halt ENODEV EIO');
  expect(await witness.run('echo here')).toBe('here\n');
});

test('a domain that is given too little memory, or serves others, is refused', async () => {
  await using xend = await startXend();
  await expect(xend.create({ name: 'small', pool: 'shared', backends: ['vbd'] })).rejects.toThrow(
    'a domain with (pool shared) serves no back ends',
  );
  await xend.create({ name: 'small', pool: 'shared', memory: 1 });
  expect(await xend.info('small')).toMatchObject({ memory: 1 });
  const { sxp } = await xend.call('domain.records', { names: ['small'] });
  expect(sxp).toContain('(pool_name shared)');
});
