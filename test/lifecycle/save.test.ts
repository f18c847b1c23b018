// SPDX-License-Identifier: Apache-2.0
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { expectClear, failureOf } from '../support/clear-error.ts';
import { eventually } from '../support/until.ts';
import { startXend, type TestXend } from '../support/xend.ts';

const MIB = 2 ** 20;
const md5 = (bytes: Uint8Array) => createHash('md5').update(bytes).digest('hex');

let xend: TestXend;
beforeAll(async () => {
  xend = await startXend({ connectLimit: 5000 });
});
afterAll(() => xend[Symbol.asyncDispose]());

let number = 0;
/** Names of a domain and of its file, new for each test. */
function names() {
  const name = `dom${++number}`;
  return { name, path: join(xend.directory, `${name}.save`) };
}

const save = (domain: string, path: string, more: { checkpoint?: boolean; timeout?: number } = {}) =>
  xend.call('domain.save', { domain, path, ...more });
const restore = (path: string, paused = false) => xend.call('domain.restore', { path, paused });
const destroy = (domain: string) => xend.call('domain.destroy', { domain });

function expectRefused(error: unknown, text: string): void {
  expectClear(error);
  expect(String(error)).toContain(text);
}

const devices = async (domain: string) =>
  (await xend.call('device.list', { domain })).devices.map(({ name, devid, state }) => ({ name, devid, state }));

/** Nothing was left behind by what failed. */
const expectNoFile = (path: string) =>
  expect(readdirSync(xend.directory).filter((f) => path.endsWith(f.slice(0, 9)))).toEqual([]);

describe('a shell', () => {
  test('goes on in another life: same name and uuid, variables, history, disks', async () => {
    const { name, path } = names();
    const image = xend.file(`${name}.img`, new Uint8Array(MIB));
    const first = await xend.create({ name, disks: [{ file: image, dev: 'xvda', mode: 'w' }] });
    const other = xend.file(`${name}-b.img`, new Uint8Array(MIB).fill(65));
    await xend.attachDisk(name, other, 'xvdc');
    using terminal = await xend.shell(name);
    await terminal.run('set a "1 2"; write xvda 0 kept');
    terminal.type('echo $a');
    await terminal.readUntil('echo $a');
    const before = await devices(name);
    await save(name, path);
    await terminal.closed;
    expect(await xend.info(name)).toBeUndefined();
    expect(statSync(path).mode & 0o777).toBe(0o600);

    const again = await restore(path);
    expect({ name: again.name, uuid: again.uuid }).toEqual({ name, uuid: first.uuid });
    expect(again.domid).not.toBe(first.domid);
    expect(await devices(name)).toEqual(before);
    using next = await xend.open(name);
    await next.readUntil(`${name}# echo $a`);
    expect(await next.run('')).toBe('1 2\n');
    expect(await next.run('read xvda 0 4; read xvdc 0 2')).toBe('kept\nAA\n');
    await destroy(name);
  });

  test('goes on by itself after a checkpoint, and from it again', async () => {
    const { name, path } = names();
    const image = xend.file(`${name}.img`, new Uint8Array(MIB));
    await xend.create({ name, disks: [{ file: image, dev: 'xvda', mode: 'w' }] });
    using terminal = await xend.shell(name);
    for (let i = 1; i <= 3; i++) {
      await terminal.run(`set n ${i}`);
      await save(name, path, { checkpoint: true });
      expect(await terminal.run('write xvda 0 $n; read xvda 0 1')).toContain(`${i}\n`);
    }
    await terminal.run('set n 9');
    expectRefused(await failureOf(restore(path)), `Domain '${name}' already exists with ID`);
    await xend.call('domain.rename', { domain: name, name: `${name}-b` });
    expectRefused(await failureOf(restore(path)), `The domain is there: it is called '${name}-b' now`);
    await xend.call('domain.rename', { domain: `${name}-b`, name });
    await destroy(name);
    await restore(path, true);
    expect((await xend.info(name))?.state).toBe('--p---');
    await xend.call('domain.unpause', { domain: name });
    using next = await xend.shell(name);
    expect(await next.run('echo $n')).toBe('3\n');
    await destroy(name);
  });

  test('is not saved while its command does not end, and goes on', async () => {
    const { name, path } = names();
    await xend.create({ name });
    using terminal = await xend.shell(name);
    terminal.type('sleep 1000; echo later\r');
    await terminal.readUntil('later\r\n');
    const error = await failureOf(save(name, path, { timeout: 0.2 }));
    expectRefused(
      error,
      `Cannot save domain '${name}': its kernel did not give its state within 0.2 s; the domain goes on`,
    );
    expectNoFile(path);
    terminal.type('\x03');
    await terminal.readUntil(`${name}# `);
    expect(await terminal.run('echo on')).toBe('on\n');
    await save(name, path);
  });

  test('is not saved paused, in another place than a file, or twice at once', async () => {
    const { name, path } = names();
    await xend.create({ name }, true);
    expectRefused(await failureOf(save(name, path)), `Domain '${name}' is paused`);
    await xend.call('domain.unpause', { domain: name });
    expectRefused(await failureOf(save(name, '/dev/full')), 'there is something that is no file');
    expectRefused(await failureOf(save(name, '/nowhere/x')), 'no such file or directory');
    expectRefused(await failureOf(save('Domain-0', path)), 'Cannot save privileged domain Domain-0');
    const [one, two] = await Promise.allSettled([save(name, path), save(name, path)]);
    expect([one!.status, two!.status]).toEqual(['fulfilled', 'rejected']);
    expect(await xend.info(name)).toBeUndefined();
  });
});

/** Boots a kernel of these lines, which may use `dom`. */
async function boot(lines: string, memory = 32) {
  const made = names();
  const kernel = xend.file(
    `${made.name}.mjs`,
    `export default async (dom) => {
       const say = (text) => dom.console.write(text + '\\n');
       ${lines}
       say('ready');
       await new Promise((end) => dom.signal.addEventListener('abort', end));
     };`,
  );
  await xend.create({ name: made.name, kernel, memory });
  const terminal = await xend.open(made.name);
  await terminal.readUntil('ready\n');
  return { ...made, terminal };
}

describe('a kernel', () => {
  test.each<[string, string, string]>([
    ['offers nothing', '', 'its kernel does not offer its state'],
    [
      'throws',
      "dom.onSave({ save() { throw new Error('not now') } });",
      'its kernel failed to give its state: not now',
    ],
    ['gives what cannot be kept', 'dom.onSave({ save: () => ({ f() {} }) });', 'could not be cloned'],
    ['gives too much', 'dom.onSave({ save: () => new Uint8Array(65 * 2 ** 20) });', '67108864 are the most'],
    ['never answers', 'dom.onSave({ save: () => new Promise(() => {}) });', 'did not give its state within 0.3 s'],
    [
      'loops for a while',
      'dom.onSave({ save() { const end = Date.now() + 600; while (Date.now() < end); } });',
      '0.3 s',
    ],
  ])('that %s is not saved, and runs on', async (_what, lines, message) => {
    const { name, path, terminal } = await boot(
      `${lines} dom.console.onData((data) => say('got ' + String.fromCharCode(...data)));`,
      256,
    );
    expectRefused(await failureOf(save(name, path, message.includes('0.3 s') ? { timeout: 0.3 } : {})), message);
    expectNoFile(path);
    terminal.type('x');
    await terminal.readUntil('got x\n');
    expect((await devices(name)).map(({ state }) => state)).toEqual([4]);
    terminal.close();
    await destroy(name);
  });

  test('is told to go on, once for each time it was asked', async () => {
    const { name, path, terminal } = await boot("dom.onSave({ save: () => 1, resume: () => say('resumed') });");
    await save(name, path, { checkpoint: true });
    await terminal.readUntil('resumed\n');
    await save(name, path, { checkpoint: true });
    await terminal.readUntil('resumed\n');
    terminal.close();
    await destroy(name);
  });

  test.each<[string, string]>([
    ['ends', 'setTimeout(() => process.exit(0), 1); return new Promise(() => {});'],
    ['crashes', "setTimeout(() => { throw new Error('boom'); }, 1); return new Promise(() => {});"],
  ])('that %s while it is saved leaves no file', async (_what, lines) => {
    const { name, path, terminal } = await boot(`dom.onSave({ save() { ${lines} } });`);
    expectRefused(await failureOf(save(name, path)), `Domain '${name}' ended while it was saved`);
    expectNoFile(path);
    await eventually(async () => (await xend.info(name)) === undefined);
    terminal.close();
  });

  test('that gives its state and crashes was saved, or was not', async () => {
    const { name, path, terminal } = await boot(
      "dom.onSave({ save() { setImmediate(() => { throw new Error('boom'); }); return 1; } });",
    );
    const error = await failureOf(save(name, path));
    if (error === undefined) await destroy((await restore(path)).name);
    else expectNoFile(path);
    await eventually(async () => (await xend.info(name)) === undefined);
    terminal.close();
  });

  test('that is destroyed while it is saved leaves no file', async () => {
    const { name, path, terminal } = await boot(
      "dom.onSave({ save() { say('asked'); return new Promise(() => {}); } });",
    );
    const saving = failureOf(save(name, path));
    await terminal.readUntil('asked\n');
    for (const method of ['domain.pause', 'domain.unpause', 'domain.reset'] as const) {
      expectRefused(await failureOf(xend.call(method, { domain: name })), `Domain '${name}' is being saved`);
    }
    await destroy(name);
    expectRefused(await saving, `Domain '${name}' ended while it was saved`);
    expectNoFile(path);
    terminal.close();
  });

  test('that refuses what it was saved with crashes as any other', async () => {
    const { name, path, terminal } = await boot(
      "if (dom.restored) throw new Error('no, ' + dom.restored.why); dom.onSave({ save: () => ({ why: 'not me' }) });",
    );
    terminal.close();
    await save(name, path);
    await restore(path);
    await eventually(async () => (await xend.info(name)) === undefined);
    const { lines } = await xend.call('log.read', { lines: 20 });
    expect(lines.join('\n')).toContain('ended: crash: no, not me');
  });
});

test('under load no write is lost that was answered: a kernel that never rests', async () => {
  const { name, path } = names();
  const SIZE = 4 * MIB;
  const image = xend.file(`${name}.img`, new Uint8Array(SIZE));
  const kernel = xend.file(
    `${name}.mjs`,
    `export default async (dom) => {
       const disk = () => dom.devices.find('xvda').driver;
       let written = dom.restored ?? 0;
       // What is answered is told before anything else is asked.
       dom.onSave({ save: () => written });
       const BLOCK = 65536;
       const write = async (lane) => {
         for (let n = 1; !dom.signal.aborted; n++) {
           await disk().write(lane * BLOCK, new Uint8Array(BLOCK).fill(n & 255));
           written++;
           dom.console.write(lane + ':' + (n & 255) + '\\n');
         }
       };
       if (dom.restored === undefined) await Promise.all([0, 1, 2, 3].map(write));
       dom.console.write('restored ' + dom.restored + '\\n');
       await new Promise((end) => dom.signal.addEventListener('abort', end));
     };`,
  );
  await xend.create({ name, kernel, disks: [{ file: image, dev: 'xvda', mode: 'w' }] });
  using terminal = await xend.open(name);
  for (let round = 0; round < 5; round++) {
    await save(name, path, { checkpoint: true });
    await terminal.readUntil('3:');
  }
  await save(name, path);
  await terminal.closed;
  const content = readFileSync(image);
  // The last write of each lane that the kernel was told of, or the one behind it: that was done and not yet answered.
  for (const lane of [0, 1, 2, 3]) {
    const told = [...terminal.output.matchAll(new RegExp(`^${lane}:(\\d+)$`, 'gm'))].map(([, n]) => Number(n));
    const block = content.subarray(lane * 65536, (lane + 1) * 65536);
    const found = block[0]!;
    expect(md5(block)).toBe(md5(new Uint8Array(65536).fill(found)));
    expect([told.at(-1)!, (told.at(-1)! + 1) & 255]).toContain(found);
  }
  await restore(path);
  using next = await xend.open(name);
  await next.readUntil('restored ');
  await destroy(name);
});

describe('what cannot be restored is told, and nothing is made', () => {
  test('a name that is taken, memory that is short, a disk or a kernel that is gone', async () => {
    const { name, path } = names();
    const image = xend.file(`${name}.img`, new Uint8Array(MIB));
    const kernel = xend.file(
      `${name}.mjs`,
      `export default (dom) => { dom.onSave({ save: () => 1 }); return new Promise((end) => dom.signal.addEventListener('abort', end)); };`,
    );
    await xend.create({ name, kernel, disks: [{ file: image, dev: 'xvda' }] });
    await save(name, path);
    const domains = async () => (await xend.call('domain.list', {})).length;
    const before = await domains();

    await xend.create({ name });
    expectRefused(await failureOf(restore(path)), `Domain '${name}' already exists`);
    await destroy(name);
    writeFileSync(
      `${path}.big`,
      withConfig(path, (text) => text.replace(/\(memory \d+\)/, '(memory 1000000)')),
    );
    await expect(restore(`${path}.big`)).rejects.toThrow('1000000 MB of memory are more than');
    writeFileSync(
      `${path}.odd`,
      withConfig(path, (text) => text.replace('(memory', '(memmory')),
    );
    await expect(restore(`${path}.odd`)).rejects.toThrow("unknown field 'memmory'");
    xend.file(`${name}.gone`, readFileSync(image));
    const { renameSync } = await import('node:fs');
    renameSync(image, `${image}.away`);
    await expect(restore(path)).rejects.toThrow(`vbd: Segment not found: uname=file:${image}`);
    renameSync(`${image}.away`, image);
    renameSync(kernel, `${kernel}.away`);
    expectRefused(await failureOf(restore(path)), `Cannot find kernel "${kernel}"`);
    renameSync(`${kernel}.away`, kernel);
    expect(await domains()).toBe(before);
    await restore(path);
    await destroy(name);
  });

  test('a file that is cut, damaged or none', async () => {
    const { name, path } = names();
    await xend.create({ name });
    await save(name, path);
    const whole = readFileSync(path);
    writeFileSync(path, whole.subarray(0, whole.length - 40));
    expectRefused(await failureOf(restore(path)), 'the file ends here, within section state');
    const damaged = Buffer.from(whole);
    damaged[whole.length - 40]! ^= 1;
    writeFileSync(path, damaged);
    expectRefused(await failureOf(restore(path)), 'it is damaged');
    expectRefused(await failureOf(restore('/etc/passwd')), 'byte 0: there is no signature');
    expectRefused(await failureOf(restore('/nowhere')), 'no such file or directory');
    expect(await xend.info(name)).toBeUndefined();
    expect(existsSync(path)).toBe(true);
  });
});

/** A file with another configuration, and a checksum that fits. */
function withConfig(path: string, change: (text: string) => string): Uint8Array {
  const whole = readFileSync(path);
  const lengths = [0, 1, 2].map((index) => Number(whole.readBigUInt64BE(28 + 16 * index)));
  const [saved = 0, config = 0, state = 0] = lengths;
  const start = 20 + 48 + saved;
  const text = Buffer.from(change(whole.toString('utf8', start, start + config)));
  const head = Buffer.from(whole.subarray(0, start));
  head.writeBigUInt64BE(BigInt(text.length), 28 + 16);
  const body = Buffer.concat([head, text, whole.subarray(start + config, start + config + state)]);
  return Buffer.concat([body, createHash('sha256').update(body).digest()]);
}

test('a domain that serves others, or whose disk is in memory, is not saved', async () => {
  const { name, path } = names();
  const { domid } = await xend.create({ name: `${name}-drv`, backends: ['vbd'], memory: 64 });
  const image = xend.file(`${name}.img`, new Uint8Array(MIB));
  await xend.create({ name });
  await xend.attachDisk(name, image, 'xvda', 'r', String(domid));
  expectRefused(await failureOf(save(`${name}-drv`, path)), `it serves xvda of domain '${name}'`);
  await xend.attachDisk(name, image, 'xvdb', 'r', String(domid));
  await expect(save(name, path)).rejects.toThrow('could not be made again:\nits configuration:');
  await xend.detachDisk(name, 'xvdb');
  await save(name, path);
  // Its disk's domain has to be there, by whatever number.
  await destroy(`${name}-drv`);
  expectRefused(await failureOf(restore(path)), `${name}-drv`);
  await xend.create({ name: `${name}-drv`, backends: ['vbd'], memory: 64 });
  await restore(path);
  expect((await devices(name)).map(({ state }) => state)).toEqual([4, 4]);
  await destroy(name);
  await xend.create({ name });
  await xend.attach(name, 'vbd', { uname: `cow:${image}`, dev: 'xvda', mode: 'w' });
  expectRefused(await failureOf(save(name, path)), 'xvda would lose what was written to it');
  await destroy(name);
});
