// SPDX-License-Identifier: Apache-2.0
import { createHash, randomBytes } from 'node:crypto';
import { symlinkSync } from 'node:fs';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { expectClear, failureOf } from '../support/clear-error.ts';
import { type Footprint, footprint, untilAsBefore } from '../support/footprint.ts';
import type { Terminal } from '../support/terminal.ts';
import { eventually } from '../support/until.ts';
import { startXend, type TestXend } from '../support/xend.ts';

/** Whatever a device class of a user's own does wrong: an error says which end, where and when, and all else works on. */

const content = randomBytes(64 * 1024);
const sum = createHash('md5').update(content).digest('hex');
let xend: TestXend;
let web: Terminal;
let witness: Terminal;
let before: Footprint;

/** Pings its device with what is typed, and says what becomes of it. */
const KERNEL = `
  export default (dom) => new Promise(() => {
    dom.devices.onChange(({ class: name }, change) => dom.console.write(\`\${name} \${change}\\n\`));
    dom.console.onData(() => dom.devices.find('odd')?.driver.ping().then((verdict) => dom.console.write(\`\${verdict}\\n\`)));
  });
`;

beforeAll(async () => {
  xend = await startXend({ answerLimit: 1500, connectLimit: 4000 });
  const file = xend.file('witness.img', content);
  await xend.create({ name: 'witness', disks: [{ file, dev: 'xvda' }] });
  witness = await xend.shell('witness');
  await bootWeb();
});

/** The domain that has the odd devices. */
async function bootWeb(): Promise<void> {
  await xend.create({ name: 'web', kernel: xend.file('kernel.mjs', KERNEL) });
  web = await xend.open('web');
  // The first device of a class makes directories in the store that stay.
  await attach({});
  await detach();
  await web.readUntil('odd closed\n');
  before = footprint(xend);
}

afterAll(async () => {
  web.close();
  witness.close();
  await xend[Symbol.asyncDispose]();
});

/** What a class does at each of its places; nothing unless said. */
interface Behaviour {
  readonly top?: string;
  readonly front?: string;
  readonly frontConnect?: string;
  readonly start?: string;
  readonly ping?: string;
  readonly back?: string;
  readonly open?: string;
  readonly connect?: string;
  readonly message?: string;
  readonly disconnect?: string;
  readonly close?: string;
}

let made = 0;

function classFile(does: Behaviour): string {
  return xend.file(
    `odd${++made}.mjs`,
    `import { defineDevice, idcBack, idcFront } from 'xenidc';
     const hang = () => new Promise(() => {});
     const oops = (what) => { throw new Error(what); };
     ${does.top ?? ''}
     export default defineDevice({
       name: 'odd', doc: 'An odd device.', fields: {},
       front: idcFront({ inFlight: 4, bodyBytes: 16, registrations: 1 }, (endpoint) => {
         ${does.front ?? ''}
         return {
           driver: { ping() { ${does.ping ?? ''} return endpoint.send(new Uint8Array(1)); } },
           handlers: { onConnect() { ${does.frontConnect ?? ''} } },
           async start() { ${does.start ?? ''} },
         };
       }),
       back: idcBack({ inFlight: 4, bodyBytes: 16, registrations: 1 }, () => {
         ${does.back ?? ''}
         return {
           async open() { ${does.open ?? ''} },
           async close() { ${does.close ?? ''} },
           handlers: {
             onConnect() { ${does.connect ?? ''} },
             onMessage(message) { ${does.message ?? 'message.complete();'} },
             onDisconnect(done) { ${does.disconnect ?? 'done();'} },
           },
         };
       }),
     });`,
  );
}

const attachFile = (path: string) =>
  xend.call('device.attach', { domain: 'web', class: 'odd', path, config: {}, directory: xend.directory });
const attach = (does: Behaviour) => attachFile(classFile(does));
const detach = () => xend.call('device.detach', { domain: 'web', class: 'odd', device: 'odd' });
const logged = () => xend.xend.log.read({}).join('\n');

/** Nothing is left, others work, and a class that is in order is attached as ever. */
async function allIsWell(): Promise<void> {
  await untilAsBefore(xend, before);
  expect(await witness.run('sum xvda')).toBe(`${sum}  xvda\n`);
  await attach({});
  await web.readUntil('odd connected\n');
  web.type('x');
  await web.readUntil('0\n');
  expect(await detach()).toEqual({});
  await web.readUntil('odd closed\n');
  await untilAsBefore(xend, before);
}

describe('a module that cannot be loaded', () => {
  test.each([
    ['broken', 'const = 1;', /Unexpected token.*\(odd\d+\.mjs:5\)|Unexpected.*odd\d+\.mjs/],
    ['throws', "throw new Error('not today');", /: not today \(odd\d+\.mjs:\d+\)$/],
    ['imports what is not there', "import './nothing.mjs';", /nothing\.mjs/],
    ['imports what its domain may not', "import 'node:fs';", /a class may not import node:fs.*import\(\.\.\.\)/],
    ['loops', 'for (;;);', /it was not loaded within 5 s$/],
    ['waits for ever', 'await hang();', /: it never finished loading: a top-level await in it does not end$/],
    ['exits', 'process.exit(3);', /its thread ended before, status 3$/],
    ['exits as if all were well', 'process.exit(0);', /its thread ended before, status 0$/],
    ['fills the heap', 'const all = []; for (;;) all.push(new Array(1e5).fill(1));', /memory/],
  ])('%s', async (_how, top, expected) => {
    const error = await failureOf(attach({ top }));
    expectClear(error);
    expect(String(error)).toMatch(/Cannot load the device class "\/tmp\/.*odd\d+\.mjs": /);
    expect(String(error)).toMatch(expected);
    await allIsWell();
  });

  test('is missing, is a directory, is no class, is another class', async () => {
    const missing = await failureOf(attachFile(`${xend.directory}/none.mjs`));
    expectClear(missing);
    expect(String(missing)).toMatch(/Cannot find the device class "\/tmp\/.*none\.mjs"/);
    expect(String(await failureOf(attachFile(xend.directory)))).toMatch(/Cannot find the device class/);
    const loop = `${xend.directory}/loop.mjs`;
    symlinkSync(loop, loop);
    const looped = await failureOf(attachFile(loop));
    expectClear(looped);
    expect(String(looped)).toContain(`Cannot find the device class "${loop}": too many symbolic links encountered`);
    const texts = {
      'export default 1;': 'it has no default export made by defineDevice',
      "export default { name: 'Odd Name' };": 'its name is no word of lower-case letters',
      "export default { name: 'odd' };": 'it has no doc',
      "export default { name: 'odd', doc: '\\u001b[2Jx', front() {}, back() {}, fields: {} };": 'it has no doc',
      "export default { name: 'odd', doc: 'x', front() {}, back() {}, fields: { a: { type: 'string', doc: 'x\\ny' } } };":
        'its field "a" has no doc, a sentence for users in one line',
      "export default { name: 'odd', doc: 'x', front() {} };": 'its back is no function',
      "export default { name: 'odd', doc: 'x', front() {}, back() {}, fields: { a: { type: 'int', doc: 'x' } } };":
        'its field "a" is of no type: string, integer',
      "export default { name: 'odd', doc: 'x', front() {}, back() {}, fields: { a: { type: 'string', doc: 'x', check() {} } } };":
        'its field "a" has check, which fields have not',
      "export default { name: 'vbd', doc: 'x', front() {}, back() {}, fields: {} };": 'is called vbd, as is a built-in',
      "export default { name: 'even', doc: 'x', front() {}, back() {}, fields: {} };": 'holds the device class even',
    };
    for (const [text, expected] of Object.entries(texts)) {
      const error = await failureOf(attachFile(xend.file('no.mjs', text)));
      expectClear(error);
      expect(String(error)).toContain(expected);
    }
    await allIsWell();
  });
});

const UNCLEAN = 'Device 0 (odd) did not close as it should';
const BACK = "The back end of odd in domain 'driver:odd' failed";
const FRONT = "The front end of odd in domain 'web' failed";

describe('an end that fails while it is attached', () => {
  test.each<[string, Behaviour, string]>([
    ['back, when made', { back: "oops('bad');" }, `${BACK} at create: bad`],
    ['back, at open', { open: "oops('bad');" }, `${BACK} at open: bad`],
    ['back, at open, from a timer', { open: "setTimeout(() => oops('bad')); await hang();" }, `${BACK} at open: bad`],
    ['back, at connect', { connect: "oops('bad');" }, `${BACK} at connect: bad`],
    ['back, exits', { open: 'process.exit(1);' }, `${BACK} at open: it called process.exit`],
    ['front, when made', { front: "oops('bad');" }, `${FRONT} at create: bad`],
    ['front, at connect', { frontConnect: "oops('bad');" }, `${FRONT} at connect: bad`],
    ['front, before it is connected', { start: "oops('bad');" }, `${FRONT} at connect: bad`],
    ['front, from a promise', { start: "Promise.reject(new Error('bad')); await hang();" }, `${FRONT} at connect: bad`],
  ])('%s', async (_how, does, expected) => {
    const error = await failureOf(attach(does));
    expectClear(error);
    expect(String(error)).toContain(`Device 0 (odd) could not be connected. ${expected}`);
    expect(String(error)).toMatch(/\(odd\d+\.mjs:\d+\)$/);
    await allIsWell();
  });

  test('a module that loads here and not there', async () => {
    const error = await failureOf(attach({ top: "if (!process.env.HOME && !process.permission) oops('bad');" }));
    expectClear(error);
    expect(String(error)).toMatch(
      /The back end of odd in domain 'driver:odd' failed at load: bad \(odd\d+\.mjs:\d+\)$/,
    );
    await allIsWell();
  });

  test.each<[string, Behaviour, string]>([
    ['back, at open', { open: 'await hang();' }, "domain 'driver:odd' did not answer BE ODD_CREATE within 1.5 s"],
    ['front, at connect', { start: 'await hang();' }, "domain 'web' did not answer FE INTERFACE_STATUS within 1.5 s"],
  ])('hangs: %s', async (_how, does, expected) => {
    const error = await failureOf(attach(does));
    expectClear(error);
    expect(String(error)).toContain(`Device 0 (odd): ${expected}`);
    await allIsWell();
  });
});

describe('an end that fails later', () => {
  // The log tells of it, and takes only so many lines about one domain within some seconds.
  beforeEach(async () => {
    web.close();
    await xend.call('domain.destroy', { domain: 'web' });
    await bootWeb();
  });

  /** A timer of the front end's own, that runs out when the kernel has said something. */
  const timed: Behaviour = {
    front: "const pinged = Promise.withResolvers(); pinged.promise.then(() => setTimeout(() => oops('bad')));",
    ping: 'pinged.resolve();',
  };

  test.each<[string, Behaviour, string]>([
    ['back, at a message', { message: "oops('bad');" }, `${BACK} after connect: bad`],
    ['back, after a message', { message: "setTimeout(() => oops('bad'));" }, `${BACK} after connect: bad`],
    ['back, in a promise', { message: "Promise.reject(new Error('bad'));" }, `${BACK} after connect: bad`],
    ['back, exits', { message: 'process.exit(1);' }, `${BACK} after connect: it called process.exit`],
    ['front, from a timer', timed, `${FRONT} after connect: bad`],
  ])('%s: the device is closed', async (_how, does, expected) => {
    await attach(does);
    await web.readUntil('odd connected\n');
    web.type('x');
    await web.readUntil('odd closed\n');
    await eventually(() => logged().includes(`Device 0 (odd) failed. ${expected}`));
    await allIsWell();
  });

  test('a module by itself: all its devices are closed', async () => {
    await attach({ top: "if (!process.permission) setTimeout(() => oops('bad'), 300);" });
    await web.readUntil('odd closed\n');
    await eventually(() => logged().includes(`Device 0 (odd) failed. ${BACK} after load: bad`));
    await allIsWell();
  });

  const NO_ANSWER = "Device 0 (odd): domain 'driver:odd' did not answer BE";

  test.each<[string, Behaviour, string]>([
    ['throws at disconnect', { disconnect: "oops('bad');" }, `${UNCLEAN}. ${BACK} at disconnect: bad`],
    ['never ends to disconnect', { disconnect: '' }, `${NO_ANSWER} DISCONNECT within 1.5 s`],
    ['throws at close', { close: "oops('bad');" }, `${UNCLEAN}. ${BACK} at close: bad`],
    ['never closes', { close: 'await hang();' }, `${NO_ANSWER} ODD_DESTROY within 1.5 s`],
  ])('%s: it is detached all the same, with a warning', async (_how, does, expected) => {
    await attach(does);
    await web.readUntil('odd connected\n');
    expect((await detach()).warning).toContain(expected);
    await web.readUntil('odd closed\n');
    await allIsWell();
  });
});
