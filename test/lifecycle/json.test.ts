// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';
import { vmText } from '../support/vm.ts';
import { type XmHome, xmHome } from '../support/xm.ts';

const root = resolve(import.meta.dirname, '../..');
const pair = join(root, 'configs/idc-pair.sxp');

/** They pass on what others say, and answer nothing of their own. */
const ELSEWHERE = ['serve', 'shell', 'vchan:node', 'vchan:proxy', 'vsock:accept', 'vsock:connect', 'vsock:forward'];

/** Command lines in an order in which all of them succeed. */
function commandLines(home: XmHome): readonly (readonly string[])[] {
  const file = home.file('disk.img', new Uint8Array(4096));
  const other = home.file('other.img', new Uint8Array(4096));
  const guest = home.file('guest.sxp', vmText({ name: 'guest', disks: [{ file, dev: 'xvda' }] }));
  const kept = home.file('kept.sxp', vmText({ name: 'kept' }));
  const [saved, core, trace] = ['saved', 'core', 'trace'].map((name) => join(home.directory, name)) as [
    string,
    string,
    string,
  ];
  return [
    ['xend', 'start'],
    ['xend', 'status'],
    ['completion', 'bash'],
    ['validate', guest],
    ['create', '-n', guest],
    ['create', guest],
    ['wait', 'guest', '--for', 'connected'],
    ['list'],
    ['list', '-l'],
    ['list', 'guest'],
    ['domid', 'guest'],
    ['domname', '1'],
    ['domstate', 'guest'],
    ['uptime'],
    ['info'],
    ['inspect', 'guest'],
    ['dmesg'],
    ['log', '-n', '3'],
    ['events', '--filter', 'domain=guest'],
    ['metrics'],
    ['doctor'],
    ['vcpu-list'],
    ['vcpu-set', 'guest', '1'],
    ['vcpu-pin', 'guest', '0', 'all'],
    ['mem-max', 'guest', '128'],
    ['mem-set', 'guest', '96'],
    ['trace', 'start'],
    ['trace', 'stop'],
    ['trace', 'dump', '-o', trace],
    ['block-list', 'guest'],
    ['device-list', 'guest'],
    ['block-attach', 'guest', `file:${other}`, 'xvdb'],
    ['block-detach', 'guest', 'xvdb'],
    ['device-attach', 'guest', 'vbd', `uname=file:${other}`, 'dev=xvdc', 'mode=w'],
    ['create', join(root, 'configs/driver.sxp')],
    ['device-move', 'guest', 'vbd', 'xvdc', 'driver'],
    ['device-detach', 'guest', 'vbd', 'xvdc'],
    ['destroy', 'driver'],
    ['device-classes'],
    ['driver-unload', 'guest', 'vbd'],
    ['driver-load', 'guest', 'vbd', 'front'],
    ['console', 'guest', '--until', 'guest#'],
    ['pause', 'guest'],
    ['unpause', 'guest'],
    ['sysrq', 'guest', 'h'],
    ['trigger', 'guest', 'nmi'],
    ['reset', 'guest'],
    ['wait', 'guest'],
    ['rename', 'guest', 'other'],
    ['rename', 'other', 'guest'],
    ['dump-core', '--live', 'guest', core],
    ['save', 'guest', saved],
    ['restore', saved],
    ['reboot', '-w', 'guest'],
    ['shutdown', '-w', 'guest'],
    ['create', '-q', guest],
    ['cpupool-migrate', 'guest', 'dedicated'],
    ['destroy', 'guest'],
    ['new', kept],
    ['start', 'kept'],
    ['suspend', 'kept'],
    ['resume', 'kept'],
    ['destroy', 'kept'],
    ['delete', 'kept'],
    ['cpupool-list'],
    ['cpupool-create', 'name=one', 'cpus=2'],
    ['cpupool-cpu-add', 'one', '3'],
    ['cpupool-cpu-remove', 'one', '3'],
    ['cpupool-destroy', 'one'],
    ['cpupool-new', 'name=two', 'cpus=2'],
    ['cpupool-start', 'two'],
    ['cpupool-destroy', 'two'],
    ['cpupool-delete', 'two'],
    ['top', '-i', '1'],
    ['create', pair],
    ['idc-list'],
    ['idc-ping', 'left', 'pair', '-c', '2'],
    ['idc-cycle', 'pair'],
    ['idc-setup', 'left', 'right'],
    ['vsock', 'list'],
    ['viptables', 'add', 'reject', '*', 'left:9'],
    ['viptables', 'list'],
    ['viptables', 'del', '1'],
    ['xenstore', 'write', '/tool/a', '1'],
    ['xenstore', 'read', '/tool/a'],
    ['xenstore', 'chmod', '/tool/a', 'n0'],
    ['xenstore', 'exists', '/tool/a'],
    ['xenstore', 'list', '/tool'],
    ['xenstore', 'ls'],
    ['xenstore', 'watch', '-n', '1', '/tool'],
    ['xenstore', 'rm', '/tool/a'],
    ['xend', 'restart'],
    ['xend', 'stop'],
  ];
}

/** One document, or for what may have no end a line each. */
const documents = ([first]: readonly string[], stdout: string): readonly string[] =>
  first === 'events' ? stdout.trimEnd().split('\n') : [stdout];

/** `trace:start` is the command of `xm trace start`. */
const commandOf = ([first, second]: readonly string[], known: readonly string[]): string =>
  known.includes(`${first}:${second}`) ? `${first}:${second}` : first!;

test('every command answers in JSON', { timeout: 180_000 }, async () => {
  await using home = xmHome();
  const lines = commandLines(home);
  const known = Object.keys(JSON.parse(readFileSync(join(root, 'oclif.manifest.json'), 'utf8')).commands);
  const used = new Set(lines.map((line) => commandOf(line, known)));
  expect([...used, ...ELSEWHERE].sort()).toEqual(known.sort());
  for (const line of lines) {
    const { status, stdout, stderr } = await home.run([...line, '--json']);
    expect([line.join(' '), status, stderr, stdout]).toEqual([line.join(' '), 0, '', expect.anything()]);
    for (const text of documents(line, stdout))
      expect(() => JSON.parse(text), `${line.join(' ')}: ${text}`).not.toThrow();
  }
  const failed = await home.run(['pause', 'nobody', '--json'], { env: { XM_NO_AUTOSTART: '1' } });
  expect(failed).toMatchObject({ status: 1, stderr: '' });
  expect(JSON.parse(failed.stdout)).toHaveProperty('error');
});
