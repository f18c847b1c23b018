// SPDX-License-Identifier: Apache-2.0
import { createHash, randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { expectClear, failureOf } from '../support/clear-error.ts';
import type { Terminal } from '../support/terminal.ts';
import { eventually } from '../support/until.ts';
import { startXend, type TestXend } from '../support/xend.ts';

/** A back end of a user's own class that never comes back to its loop: it is named and ended, and Domain-0 is not held up. */

const content = randomBytes(64 * 1024);
const sum = createHash('md5').update(content).digest('hex');
/** Milliseconds: a machine with much to do loads a module within them. */
const PATIENCE = 2500;
let xend: TestXend;
let witness: Terminal;

/** Pings its device with what is typed. */
const KERNEL = `
  export default (dom) => new Promise(() => {
    dom.devices.onChange(({ class: name }, change) => dom.console.write(\`\${name} \${change}\\n\`));
    dom.console.onData(() => dom.devices.find('NAME')?.driver.ping());
  });
`;

beforeAll(async () => {
  xend = await startXend({ poolPatience: PATIENCE });
  await xend.create({ name: 'witness', disks: [{ file: xend.file('witness.img', content), dev: 'xvda' }] });
  witness = await xend.shell('witness');
});

afterAll(async () => {
  witness.close();
  await xend[Symbol.asyncDispose]();
});

/** Where it loops; nowhere unless said. */
type Place = 'top' | 'back' | 'open' | 'connect' | 'message' | 'timer' | 'disconnect';

/** A class that loops there, and a domain for it. */
async function prepare(place: Place, more = '') {
  const name = `loops-${place}${more}`;
  const domain = `web-${place}${more}`;
  await xend.create({ name: domain, kernel: xend.file(`${domain}.mjs`, KERNEL.replace('NAME', name)) });
  const attach = (loops: boolean) =>
    xend.call('device.attach', {
      ...{ domain, class: name, path: classFile(name, loops ? place : undefined), config: {}, directory: '/' },
    });
  return { name, domain, attach };
}

function classFile(name: string, place: Place | undefined): string {
  const at = (where: Place): string => (where === place ? 'for (;;);' : '');
  return xend.file(
    `${name}.mjs`,
    `import { defineDevice, idcBack, idcFront } from 'xenidc';
     const quotas = { inFlight: 4, bodyBytes: 16, registrations: 1 };
     // Where it is read there are permissions.
     if (!process.permission) { ${at('top')} }
     export default defineDevice({
       name: '${name}', doc: 'A device that does not come back.', fields: {},
       front: idcFront(quotas, (endpoint) => ({
         driver: { ping: () => endpoint.send(new Uint8Array(1)) },
         handlers: {},
       })),
       back: idcBack(quotas, () => {
         ${at('back')}
         return {
           async open() { ${at('open')} },
           handlers: {
             onConnect() { ${at('connect')} },
             onMessage(message) { message.complete(); ${at('message')} setTimeout(() => { ${at('timer')} }, 10); },
             onDisconnect(done) { ${at('disconnect')} done(); },
           },
         };
       }),
     });`,
  );
}

const LATE = 'it did not come back within 2.5 s';
/** Of one that is being loaded more is allowed for. */
const LATE_LOAD = 'it did not come back within 10 s';
const backOf = (name: string) => `The back end of ${name} in domain 'driver:${name}' failed`;

let turn: Promise<unknown> = Promise.resolve();

/** Domain-0's own devices work. Its shell is asked one thing at a time. */
function controlGoesOn(): Promise<void> {
  const asked = turn.then(async () => expect(await witness.run('sum xvda')).toBe(`${sum}  xvda\n`));
  turn = asked.catch(() => {});
  return asked;
}

const over = (name: string) => eventually(async () => (await xend.info(`driver:${name}`)) === undefined);

describe.concurrent('an endless loop', () => {
  test.each<[Place, string, string?]>([
    ['top', 'at load', LATE_LOAD],
    ['back', 'at create'],
    ['open', 'at open'],
    ['connect', 'at connect'],
  ])('while it is attached: %s', async (place, phase, late = LATE) => {
    const { name, attach } = await prepare(place);
    const attaching = failureOf(attach(true));
    await controlGoesOn();
    const error = await attaching;
    expectClear(error);
    expect(String(error)).toContain(`${backOf(name)} ${phase}: ${late}`);
    await over(name);
    expect(await attach(false)).toMatchObject({ state: 4 });
    await controlGoesOn();
  });

  test.each<Place>(['message', 'timer'])('later: %s', async (place) => {
    const { name, attach, domain } = await prepare(place);
    await attach(true);
    const console = await xend.open(domain);
    await console.readUntil(`${name} connected\n`);
    console.type('x');
    await controlGoesOn();
    await console.readUntil(`${name} closed\n`);
    console.close();
    const logged = xend.xend.log.read({ level: 'ERROR' });
    expect(
      logged.some((line) =>
        line.endsWith(
          `Device 0 (${name}) failed. Domain 'driver:${name}' is gone: ${backOf(name)} after connect: ${LATE}`,
        ),
      ),
    ).toBe(true);
    await over(name);
    expect(await attach(false)).toMatchObject({ state: 4 });
  });

  test('at disconnect, by detach: it is done all the same', async () => {
    const { name, attach, domain } = await prepare('disconnect');
    await attach(true);
    await xend.call('device.detach', { domain, class: name, device: name });
    await over(name);
    await controlGoesOn();
  });

  test('at disconnect, by destroy: it is done all the same', async () => {
    const { name, attach, domain } = await prepare('disconnect', '-destroy');
    await attach(true);
    await xend.call('domain.destroy', { domain });
    await over(name);
    await controlGoesOn();
  });

  test('a domain whose device never comes about is destroyed like any other', async () => {
    const { name, attach, domain } = await prepare('open', '-destroy');
    const attaching = failureOf(attach(true));
    await eventually(async () => (await xend.info(`driver:${name}`))?.phase === 'running');
    await xend.call('domain.destroy', { domain });
    expectClear(await attaching);
    await over(name);
  });
});
