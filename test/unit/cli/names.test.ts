// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { DEPRECATED, findName, READING, RENAMED } from '../../../src/cli/names.ts';
import { UNSUPPORTED } from '../../../src/cli/unsupported.ts';
import { runXm } from './run-xm.ts';

const commands: readonly string[] = Object.keys(JSON.parse(readFileSync('oclif.manifest.json', 'utf8')).commands);

/** All subcommands of the last `xm` (spec/xend.md 4.2), without its deprecated names. */
const XM = `
  console vncviewer create new start delete suspend resume destroy pause unpause reset domid domname domstate dump-core list
  mem-max mem-set migrate reboot shutdown rename save restore sysrq trigger top uptime usb-add usb-del vcpu-list vcpu-pin
  vcpu-set debug-keys dmesg info log serve sched-credit sched-credit2 sched-sedf block-attach block-configure block-detach
  network-detach network2-detach block-list network-list network2-list scsi-list network-attach network2-attach pci-attach
  pci-detach pci-list pci-list-assignable-devices scsi-attach scsi-detach usb-hc-create usb-hc-destroy usb-attach usb-detach
  usb-list usb-list-assignable-devices vtpm-list vnet-list vnet-create vnet-delete cpupool-create cpupool-new cpupool-start
  cpupool-list cpupool-destroy cpupool-delete cpupool-cpu-add cpupool-cpu-remove cpupool-migrate tmem-list tmem-thaw
  tmem-freeze tmem-destroy tmem-set tmem-shared-auth tmem-flush tmem-freeable labels addlabel rmlabel getlabel dry-run
  resources dumppolicy setpolicy resetpolicy getpolicy getenforce setenforce shell event-monitor help network-new network-del
  network-show`
  .trim()
  .split(/\s+/);

/** Those of 2005 (4.1) that were called otherwise then. */
const OLD =
  'call pincpu maxmem balloon bvt bvt_ctxallow sedf consoles vbd-list vbd-create vbd-refresh vbd-destroy vif-limit vif-list'.split(
    ' ',
  );

const exists = (name: string) => name === 'help' || commands.includes(RENAMED.get(name) ?? name);

describe('every subcommand of Xen', () => {
  test.each(XM)('%s does something, or says why it does not', (name) => {
    expect({ exists: exists(name), unsupported: UNSUPPORTED.has(name) }).toEqual({
      exists: !UNSUPPORTED.has(name),
      unsupported: UNSUPPORTED.has(name),
    });
  });

  test('xm help --long lists all that do something', () => {
    const { stdout } = runXm(['help', '--long']);
    const listed = [...stdout.matchAll(/^ (\S+) /gm)].map(([, name]) => name!);
    const doing = XM.filter((name) => name !== 'help' && !UNSUPPORTED.has(name));
    expect(doing.filter((name) => !listed.includes(RENAMED.get(name) ?? name))).toEqual([]);
    expect(XM.filter((name) => UNSUPPORTED.has(name) && listed.includes(name))).toEqual([]);
  });

  test.each(OLD)('%s, of 2005, leads somewhere', (name) => {
    expect(findName(name, commands).kind).not.toBe('unknown');
  });

  test('and no other is said to be missing', () => {
    expect([...UNSUPPORTED.keys()].filter((name) => ![...XM, ...OLD].includes(name))).toEqual([]);
  });

  test('former names lead somewhere', () => {
    expect([...DEPRECATED.values()].filter((name) => !exists(name) && !UNSUPPORTED.has(name))).toEqual([]);
  });

  test('commands that may be shortened exist', () => {
    expect([...READING].filter((name) => !exists(name))).toEqual([]);
  });

  test.each([...UNSUPPORTED])('%s: why', (name, { why, hint }) => {
    expect(why).toMatch(/^[a-z].*[^.]$/);
    for (const [, named] of hint?.matchAll(/'xm ([^']+)'/g) ?? []) expect(commands).toContain(named);
    expect(findName(name, commands)).toMatchObject({ kind: 'unsupported', name });
  });
});

describe('findName', () => {
  const known = ['create', 'destroy', 'list', 'log', 'block-list', 'domid', 'domname', 'block-attach', 'xend start'];

  test.each([
    ['li', { kind: 'command', name: 'list' }],
    ['lis', { kind: 'command', name: 'list' }],
    ['block-l', { kind: 'command', name: 'block-list' }],
    ['l', { kind: 'unknown', hint: "'xm help' lists all subcommands" }],
    ['dom', { kind: 'unknown', hint: 'it may stand for domid, domname' }],
    ['dest', { kind: 'unknown', hint: "did you mean 'destroy'? 'xm help' lists all subcommands" }],
    ['destory', { kind: 'unknown', hint: "did you mean 'destroy'? 'xm help' lists all subcommands" }],
    ['xe', { kind: 'unknown', hint: "did you mean 'xend start'? 'xm help' lists all subcommands" }],
    ['qqq', { kind: 'unknown', hint: "'xm help' lists all subcommands" }],
    ['', { kind: 'unknown', hint: "'xm help' lists all subcommands" }],
    ['constructor', { kind: 'unknown', hint: "'xm help' lists all subcommands" }],
    [
      'vbd-list',
      {
        kind: 'command',
        name: 'block-list',
        note: 'Command vbd-list is deprecated.  Please use xm block-list instead.',
      },
    ],
    [
      'vif-list',
      {
        kind: 'unsupported',
        name: 'network-list',
        reason: UNSUPPORTED.get('network-list'),
        note: 'Command vif-list is deprecated.  Please use xm network-list instead.',
      },
    ],
  ])('%j', (typed, found) => {
    expect(findName(typed, known)).toEqual(found);
  });
});
