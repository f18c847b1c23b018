// SPDX-License-Identifier: Apache-2.0
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { serveXend } from '../../src/xend/http/server.ts';
import { findProgram, runProgram } from '../support/programs.ts';
import { startXend, type TestXend } from '../support/xend.ts';

const curl = findProgram('curl');
if (curl === undefined) console.log('interop with curl is skipped, not installed: apt-get install curl');

let xend: TestXend;
let stop: () => void;
beforeAll(async () => {
  xend = await startXend();
  const server = await serveXend(xend.xend, xend.paths.socket);
  stop = () => server.close();
  await xend.create({ name: 'web' });
  await xend.attachDisk('web', xend.file('disk.img', new Uint8Array(1 << 20)), 'xvda');
});
afterAll(async () => {
  stop();
  await xend[Symbol.asyncDispose]();
});

/** Status and type, and the body below them. */
async function ask(path: string, ...options: readonly string[]): Promise<string> {
  const args = ['-s', '--unix-socket', xend.paths.socket, '-w', '%{stderr}%{http_code} %{content_type}\n'];
  const { stdout, stderr } = await runProgram(curl!, [...args, ...options, `http://xend/xend${path}`], {});
  return stderr + stdout;
}

const state = async () => (await xend.info('web'))?.state;

describe.skipIf(curl === undefined)('curl reads', () => {
  test.each([
    ['', '(ls  node domain console)'],
    ['/', '(ls  node domain console)'],
    ['/domain', '(ls  Domain-0 web)'],
    ['/domain?detail=0', '(ls  Domain-0 web)'],
    ['/domain?state=paused', '(ls  )'],
    ['/domain?detail=1&state=paused', '()'],
    ['/domain/web/device', '(ls  console vbd)'],
    ['/domain/web/device/vbd', '(ls  51712)'],
    ['/console', '(ls  1)'],
  ])('%s', async (path, answer) => expect(await ask(path)).toBe(`200 application/sxp\n${answer}\n`));

  test('/domain?detail=1: the records of all, in one list', async () =>
    expect(await ask('/domain?detail=1')).toMatch(
      /^200 application\/sxp\n\(\(domain\n +\(domid 0\).*\n +\(name web\)\n.*\n\)\n$/s,
    ));

  test('/domain/NAME: its record, as xm list -l has it, by name, domid or uuid', async () => {
    const { uuid } = (await xend.info('web'))!;
    for (const word of ['web', '1', uuid]) {
      expect(await ask(`/domain/${word}`)).toMatch(/^200 application\/sxp\n\(domain\n {4}\(domid 1\)\n/);
    }
  });

  test('/domain/NAME/device/CLASS/ID', async () =>
    expect(await ask('/domain/web/device/vbd/51712')).toMatch(/^200 application\/sxp\n\(vbd\s+\(id 51712\)/));

  test('/console/N: where its bytes flow', async () =>
    expect(await ask('/console/1')).toBe(
      `200 application/sxp\n(console (id 1) (domain web) (path ${xend.paths.runDir}/console-1.sock))\n`,
    ));

  test('/node, its messages and its log', async () => {
    expect(await ask('/node')).toMatch(/^200 application\/sxp\n\(node\n {4}\(system \w+\)/);
    expect(await ask('/node/dmesg')).toMatch(/^200 text\/plain; charset=utf-8\n.* on Node v/);
    expect(await ask('/node/log')).toContain('Creating domain web');
  });
});

describe.skipIf(curl === undefined)('curl posts', () => {
  test('pause and unpause, URL-encoded or in parts: accepted', async () => {
    expect(await ask('/domain/web', '-d', 'op=pause')).toBe('202 application/sxp\n');
    expect(await state()).toBe('--p---');
    expect(await ask('/domain/web', '-F', 'op=unpause')).toBe('202 application/sxp\n');
    expect(await state()).not.toBe('--p---');
  });

  test('do_get_pauseflag, do_set_pauseflag, device', async () => {
    expect(await ask('/domain/web', '-d', 'op=pause')).toBe('202 application/sxp\n');
    expect(await ask('/domain/web', '-d', 'op=do_set_pauseflag&flag=1')).toBe('202 application/sxp\n');
    expect(await ask('/domain/web', '-d', 'op=do_get_pauseflag')).toBe('200 application/sxp\n1\n');
    expect(await ask('/domain/web', '-d', 'op=unpause')).toBe('202 application/sxp\n');
    expect(await ask('/domain/web', '-d', 'op=do_get_pauseflag')).toBe('200 application/sxp\n0\n');
    expect(await ask('/domain/web', '-d', 'op=device&type=vbd&dev=xvda')).toMatch(/^200 application\/sxp\n\(51712\s/);
    expect(await ask('/domain/web', '-d', 'op=device&type=vbd&dev=xvdz')).toMatch(/^406 .*not connected/s);
    expect(await ask('/domain/web', '-d', 'op=migrate')).toMatch(/^501 .*not implemented: migrate: a running domain/s);
  });

  test('create: 201, with the record of a paused domain; destroy', async () => {
    const config = xend.file('made.sxp', '(vm (name made) (memory 32) (image (js (kernel shell))))');
    const made = await ask('/domain', '-i', '-F', 'op=create', '-F', `config=<${config}`);
    expect(made).toMatch(
      /^201 application\/sxp\nHTTP\/1.1 201 Created.*\nlocation: \/xend\/domain\/made\r.*\(state --p---\)/s,
    );
    expect(await ask('/domain/made', '-d', 'op=destroy')).toBe('202 application/sxp\n');
    expect(await ask('/domain')).toContain('(ls  Domain-0 web)');
  });

  test('new, rename, start, vcpuinfo, pincpu, set_vcpus, delete', async () => {
    const config = xend.file('mine.sxp', '(vm (name mine) (memory 32) (image (js (kernel shell))))');
    expect(await ask('/domain', '-F', 'op=new', '-F', `config=<${config}`)).toBe('202 application/sxp\n');
    expect(await ask('/domain/mine', '-d', 'op=rename&name=yours')).toBe('202 application/sxp\n');
    expect(await ask('/domain/yours', '-d', 'op=start')).toBe('202 application/sxp\n');
    expect(await ask('/domain/yours')).toContain('(state --p---)');
    expect(await ask('/domain/yours', '-d', 'op=vcpuinfo')).toContain('(vcpu_count 1)');
    expect(await ask('/domain/yours', '-d', 'op=pincpu&vcpu=0&cpumap=0')).toBe('202 application/sxp\n');
    expect(await ask('/domain/yours', '-d', 'op=vcpuinfo')).toContain('(cpumap (0))');
    expect(await ask('/domain/yours', '-d', 'op=set_vcpus&vcpus=2')).toMatch(/^406 .*greater than max vcpus/s);
    expect(await ask('/domain/yours', '-d', 'op=delete')).toMatch(/^406 .*is not halted/s);
    expect(await ask('/domain/yours', '-d', 'op=destroy')).toBe('202 application/sxp\n');
    expect(await ask('/domain/yours', '-d', 'op=delete')).toBe('202 application/sxp\n');
    expect(await ask('/domain/yours')).toMatch(/^404 /);
  });

  test('maxmem_set, mem_target_set, save, restore', async () => {
    await xend.create({ name: 'kept' });
    expect(await ask('/domain/kept', '-d', 'op=maxmem_set&memory=80')).toBe('202 application/sxp\n');
    expect(await ask('/domain/kept', '-d', 'op=mem_target_set&target=80')).toBe('202 application/sxp\n');
    expect(await ask('/domain/kept', '-d', 'op=save&file=here')).toContain('file must be an absolute path');
    const file = `file=${join(xend.directory, 'kept.save')}`;
    expect(await ask('/domain/kept', '--data-urlencode', file, '-d', 'op=save')).toBe('202 application/sxp\n');
    expect(await ask('/domain', '--data-urlencode', file, '-d', 'op=restore')).toContain('(memory 80)');
    await xend.call('domain.destroy', { domain: 'kept' });
  });

  test('device_create, devices, device_destroy', async () => {
    const disk = xend.file('more.img', new Uint8Array(1 << 20));
    const vbd = `config=(device (vbd (uname 'file:${disk}') (dev xvdb) (mode w)))`;
    const made = await ask('/domain/web', '-d', 'op=device_create', '--data-urlencode', vbd);
    expect(made).toMatch(/^200 application\/sxp\n\(51728\n/);
    const listed = await ask('/domain/web', '-d', 'op=devices&type=vbd');
    expect(listed.match(/virtual-device \d+/g)).toEqual(['virtual-device 51712', 'virtual-device 51728']);
    const other = 'config=(vbd (dev xvdb) (mode r) (backend 0))';
    const refused = await ask('/domain/web', '-d', 'op=device_configure', '--data-urlencode', other);
    expect(refused).toContain('mode of xvdb cannot change while it is attached');
    expect(await ask('/domain/web', '-d', 'op=device_destroy&type=vbd&dev=xvdb')).toBe('202 application/sxp\n');
    expect(await ask('/domain/web/device/vbd')).toContain('(ls  51712)');
  });
});
