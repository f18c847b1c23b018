// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import { xmHome } from '../support/xm.ts';

/** Sends back what comes, and says of each stream how it ended. */
const ECHO = `export default async (dom) => {
  for await (const stream of dom.argo.listen(80, { signal: dom.signal })) {
    stream.on('error', ({ code }) => dom.console.write('lost a stream: ' + code + '\\n'))
    stream.pipe(stream)
  }
}`;

/** Connects for each line that is typed, and says what happens. */
const CALLER = `export default async (dom) => {
  const say = (words) => dom.console.write(words + '\\n')
  say('rules: ' + await dom.argo.viptables.list().catch(({ code }) => code))
  dom.console.onData(async (line) => {
    const name = String(Buffer.from(line)).trim()
    const stream = await dom.argo.connect({ domid: 1, aport: 80 }, { wait: true }).catch((error) => error)
    if (stream instanceof Error) return say(name + ' was refused: ' + stream.code)
    stream.on('data', () => say(name + ' works')).on('error', ({ message }) => say(name + ' ended: ' + message))
    stream.write('hello')
  })
  await new Promise((done) => dom.signal.addEventListener('abort', done))
}`;

test('a rule cuts a running stream with a reason, holds for new ones, and can be taken away; it lasts as long as xend', async () => {
  await using home = xmHome();
  const kernel = (name: string, text: string) =>
    home.file(`${name}.sxp`, `(vm (name ${name}) (memory 32) (image (js (kernel ${home.file(`${name}.mjs`, text)}))))`);
  await home.ok(['create', kernel('echo', ECHO)]);
  await home.ok(['create', kernel('caller', CALLER)]);
  const heard = (name: string, words: string) => home.ok(['console', name, '--until', `^${words}`]);
  const type = (name: string, words: string) =>
    home.ok(['console', 'caller', '--until', `^${name} ${words}`], { input: `${name}\n` });
  expect(await type('first', 'works')).toContain('rules: EPERM');
  const rule = await home.json(['viptables', 'add', 'reject', 'caller', 'echo']);
  const from = { domid: 2, domain: 'caller' };
  expect(rule).toEqual({ position: 1, accept: false, from, to: { domid: 1, domain: 'echo' } });
  await heard('caller', 'first ended: a rule of viptables forbids messages to domain 1');
  await heard('echo', 'lost a stream: ECONNRESET');
  await type('second', 'was refused: EPERM');
  // It may ask now. But the other end may make no ring that nobody could send to.
  expect(await home.ok(['viptables', 'add', 'accept', 'caller', 'echo:80', '--at', '1'])).toContain('echo (1):80');
  await type('third', 'was refused: ECONNREFUSED');
  expect(await home.json(['viptables', 'list'])).toHaveLength(2);
  expect(await home.run(['viptables', 'del', '3'])).toMatchObject({
    status: 1,
    stderr: expect.stringContaining('position 3'),
  });
  for (const position of ['2', '1']) await home.ok(['viptables', 'del', position]);
  await type('fourth', 'works');
  expect(await home.run(['viptables', 'add', 'reject', 'nobody', '*'])).toMatchObject({ status: 3 });
  await home.ok(['viptables', 'add', 'accept', '*', '*']);
  await home.ok(['xend', 'restart']);
  expect(await home.json(['viptables', 'list'])).toEqual([]);
});
