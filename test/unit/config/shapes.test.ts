// SPDX-License-Identifier: Apache-2.0
import { readdirSync, readFileSync } from 'node:fs';
import { machine } from 'node:os';
import { join, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { readConfig } from '../../../src/config/read.ts';
import { builtinClasses } from '../../../src/devices/registry.ts';
import { toSxp } from '../../../src/sxp/access.ts';
import { parse } from '../../../src/sxp/parse.ts';
import { card } from './classes.ts';

/**
 * The shapes that configurations had in the real world (spec/xend.md 9), by their numbers there: each is read with the right
 * result, or refused with the right reasons and nothing else.
 */

const directory = resolve(import.meta.dirname, '../../fixtures/configs');
const classes = builtinClasses;
const used = new Set<string>();

function read(file: string, variables: readonly string[] = [], known = classes) {
  used.add(file);
  const text = readFileSync(join(directory, file), 'utf8');
  const { configs, diagnostics } = readConfig({ name: file, text }, { directory: '/srv', classes: known, variables });
  const marked = ({ start, end, source }: (typeof diagnostics)[number]['span']) =>
    (source?.text ?? text).slice(start, end).replace(/\s+/g, ' ');
  return {
    configs,
    config: configs?.[0],
    findings: diagnostics.map(({ message, span }) => `${marked(span)} => ${message}`),
  };
}

const NO_MACHINE = 'is not supported: a domain runs a module, which kernel names; no machine boots';
const NOT_EMULATED = 'is not supported: no machine is emulated';
const NO_DISPLAY = 'is not supported: there is no display';
const disk = (dev: string, uname: string, mode: string) => ({
  class: 'vbd',
  config: { uname, dev, mode, backend: '0' },
});

test('1: a minimal guest; its one card is what there is none of', () => {
  expect(read('01-minimal-pv.cfg').findings).toEqual(["'' => unknown device class 'vif'"]);
  const { config, findings } = read('01-minimal-pv.cfg', [], [...classes, card]);
  expect(findings).toEqual([]);
  expect(config).toMatchObject({
    name: 'FirstGuest',
    memory: 64,
    image: { kernel: '/boot/vmlinuz-guest', args: 'root=/dev/hda1 ro 4' },
    devices: [disk('hda1', 'phy:/dev/vg/first', 'w'), { class: 'vif' }],
  });
});

test('2: parameters, checked', () => {
  expect(read('02-parameterised.cfg', ['vmid=3'])).toMatchObject({
    findings: [],
    config: {
      name: 'VM3',
      image: { args: 'root=/dev/sda1 ro 4 VMID=3 usr=/dev/sda6' },
      onReboot: 'restart',
      devices: [disk('sda1', 'phy:/dev/sda10', 'w'), disk('sda6', 'phy:/dev/sda6', 'r')],
    },
  });
  expect(read('02-parameterised.cfg').findings).toEqual(["'vmid' => the variable 'vmid' is missing"]);
  expect(read('02-parameterised.cfg', ['vmid=-1']).findings).toEqual(["-1 => wrong value for 'vmid': ValueError"]);
  expect(read('02-parameterised.cfg', ['vmid=a']).findings).toEqual([
    "a => wrong value for 'vmid': 'a' is no whole number",
  ]);
});

test('3: a routed network, computed', () => {
  const { config, findings } = read('03-routed.cfg', ['vmid=4', 'vif=']);
  expect(findings).toEqual([" => unknown device class 'vif'"]);
  expect(config).toBeUndefined();
  expect(read('03-routed.cfg', ['vmid=4']).findings).toEqual(["'ip=' + address => unknown device class 'vif'"]);
  expect(read('03-routed.cfg', ['vmid=251']).findings).toEqual(["251 => wrong value for 'vmid': from 1 to 250"]);
  const routed = { ...card, fields: { ip: { type: 'string', doc: 'Address.' } } } as const;
  expect(read('03-routed.cfg', ['vmid=4'], [...classes, routed])).toMatchObject({
    findings: [],
    config: {
      name: 'VM4',
      image: {
        args: 'ip=192.168.7.5:127.0.255.255:192.168.7.1:255.255.255.0:guest4.example:eth0:off root=/dev/sda1 ro',
      },
      devices: [disk('sda1', 'file:/images/guest4.img', 'w'), { class: 'vif', config: { ip: '192.168.7.5' } }],
    },
  });
});

test('4: a whole machine is more than there is', () => {
  expect(read('04-hvm.cfg').findings).toEqual([
    `builder => builder ${NO_MACHINE}`,
    'shadow_memory => shadow_memory is not supported: the memory of a domain is the quota of a thread: heap and pages',
    "'type=ioemu, bridge=xenbr0' => unknown device class 'vif'",
    "'file:/images/machine.img,ioemu:hda,w' => vbd: dev 'ioemu:hda': Device not found: names are like xvda",
    "',hdc:cdrom,r' => vbd: missing field 'uname'",
    `device_model => device_model ${NOT_EMULATED}`,
    `boot => boot ${NOT_EMULATED}`,
    `vnc => vnc ${NO_DISPLAY}`,
    `serial => serial ${NOT_EMULATED}`,
    'usb => usb is not supported: there is no hardware to hand out',
    'usbdevice => usbdevice is not supported: there is no hardware to hand out',
  ]);
});

test('5: the machine decides', () => {
  const libdir = machine().includes('64') ? 'lib64' : 'lib';
  expect(read('05-uname.cfg')).toMatchObject({
    findings: [],
    config: { image: { kernel: `/usr/${libdir}/guests/kernel.ts` } },
  });
});

test('6: a network block device keeps its blank, and has no back end', () => {
  expect(read('06-nbd.cfg').findings).toEqual([
    "'nbd:10.0.0.9 6789,sda1,w' => vbd: uname 'nbd:10.0.0.9 6789': must be file:PATH, phy:PATH or cow:PATH",
  ]);
});

test('7: no boot loader; the arguments of one keep their parentheses', () => {
  expect(read('07-bootloader.cfg').findings).toEqual([
    " => image: missing field 'kernel'",
    `bootloader => bootloader ${NO_MACHINE}`,
    `bootargs => bootargs ${NO_MACHINE}`,
  ]);
  expect(read('07-pv-grub.cfg')).toMatchObject({
    findings: [],
    config: { image: { kernel: '/usr/lib/xen/boot/pv-grub.ts', args: '(hd0,0)/boot/grub/menu.lst' } },
  });
});

test('8: everything on the command line', () => {
  const words = [
    'name=typed',
    'kernel=shell',
    'memory=32',
    'extra=a=b c',
    'disk=file:a.img,xvda,w',
    'disk=file:b.img,xvdb,r',
  ];
  expect(read('08-empty.cfg', words)).toMatchObject({
    findings: [],
    config: {
      name: 'typed',
      memory: 32,
      image: { kernel: 'shell', args: 'a=b c' },
      devices: [disk('xvda', 'file:/srv/a.img', 'w'), disk('xvdb', 'file:/srv/b.img', 'r')],
    },
  });
});

test('9: attributes and networks are not for a domain', () => {
  expect(read('09-attributes.sxp').findings).toEqual([
    "linux => unknown image type 'linux'",
    '(vbd (uname phy:hda1) (dev hda1) (mode w)) => device must hold one form: (device (CLASS (KEY VALUE)...))',
    "vif => unknown device class 'vif'",
    'vnet => expected (vm ...), found (vnet ...)',
  ]);
});

test('10: quotes within quotes are read; what has no meaning is named', () => {
  expect(read('10-escapes.sxp').findings).toEqual([
    "bootloader => unknown field 'bootloader'",
    "bootloader_args => unknown field 'bootloader_args'",
    "linux => unknown image type 'linux'",
    "vif => unknown device class 'vif'",
    "vif => unknown device class 'vif'",
  ]);
  expect(fieldOf('10-escapes.sxp', 'bootloader_args')).toEqual([`--disk "sda 1" --append='root=/dev/sda1 ro'`]);
});

/** The values of a field of the first form. */
function fieldOf(file: string, name: string) {
  const { forms } = parse({ name: file, text: readFileSync(join(directory, file), 'utf8') });
  const [first] = forms.map(toSxp);
  const field = Array.isArray(first) ? first.find((item) => Array.isArray(item) && item[0] === name) : undefined;
  return Array.isArray(field) ? field.slice(1) : undefined;
}

test('11: a listing of a running domain is read, empty values too; what was its machine is refused', () => {
  expect(read('11-running.sxp').findings).toEqual([
    "linux => unknown image type 'linux'",
    "driver => vbd: unknown field 'driver'",
    "bootable => vbd: unknown field 'bootable'",
    "bootable => vbd: unknown field 'bootable'",
  ]);
  expect(fieldOf('11-running.sxp', 'cpus')).toEqual([[[]]]);
  expect(fieldOf('11-running.sxp', 'bootloader_args')).toEqual([]);
});

test('12: quoted values are the same texts', () => {
  expect(read('12-one-line.sxp').findings).toEqual(["hvm => unknown image type 'hvm'"]);
  expect(fieldOf('12-one-line.sxp', 'start_time')).toEqual(['1163511000.25']);
});

test('13: lists in a device, and lines that go on', () => {
  const { findings } = read('13-pci-rate.sxp');
  expect(findings.map((finding) => finding.replace(/^.*?=> /, ''))).toEqual([
    "unknown image type 'linux'",
    'unknown escape: backslash and code 10',
    'unknown escape: backslash and code 10',
    "unknown device class 'pci'",
    "unknown device class 'vif'",
  ]);
});

test('14: a drive without a medium', () => {
  expect(read('14-no-medium.sxp').findings).toEqual(["vbd => vbd: missing field 'uname'"]);
});

test('15: a display, in both spellings', () => {
  expect(read('15-vfb-list.cfg').findings).toEqual([`vfb => vfb ${NO_DISPLAY}`]);
  expect(read('15-vfb-old.cfg').findings).toEqual(
    ['vnc', 'vncdisplay', 'vnclisten', 'keymap'].map((name) => `${name} => ${name} ${NO_DISPLAY}`),
  );
});

test('16: names of files with all kinds of characters', () => {
  expect(read('16-names.cfg')).toMatchObject({
    findings: [],
    config: {
      image: { kernel: '/srv/kernels/b & c <d>.ts' },
      devices: [disk('xvda', 'file:/images/a & b/größe.img', 'w'), disk('xvdb', "file:/images/it's.img", 'r')],
    },
  });
});

test.each(['0', '1', '3', '6', '7', '8', '9'])('17: serial port, way %s', (which) => {
  expect(read('17-serial.cfg', [`which=${which}`]).findings).toEqual([`serial => serial ${NOT_EMULATED}`]);
});

test('18: processors', () => {
  const { config, findings } = read('18-cpus.cfg');
  expect(findings).toEqual([]);
  expect(config).toMatchObject({ vcpus: 4, vcpuAvailable: '3', cpus: ['0-3,^1', '2'] });
});

test('19: a pool is no domain', () => {
  expect(read('19-pool.cfg').findings).toEqual([" => image: missing field 'kernel'"]);
});

describe('20: the configuration of xend', () => {
  test('is read, comments and quoted patterns too', () => {
    const { forms, diagnostics } = parse({
      name: 'xend-config.sxp',
      text: readFileSync(join(directory, '20-xend-config.sxp'), 'utf8'),
    });
    expect(diagnostics).toEqual([]);
    expect(forms.map(toSxp)).toEqual([
      ['xend-unix-server', 'yes'],
      ['xend-relocation-server', 'no'],
      ['xend-relocation-hosts-allow', '^localhost$ ^localhost\\.localdomain$ ^host[0-9]+\\.example\\.org$'],
      [
        'xen-api-server',
        [
          ['9363', 'pam', '^localhost$ ^host\\.example$'],
          ['unix', 'none'],
        ],
      ],
      ['network-script', 'network-dummy'],
      ['dom0-min-mem', '196'],
    ]);
  });

  test('is not that of a domain', () => {
    const { findings } = read('20-xend-config.sxp');
    expect(findings).toHaveLength(6);
    expect(findings[0]).toBe('xend-unix-server => expected (vm ...), found (xend-unix-server ...)');
  });
});

test('21: a network', () => {
  expect(read('21-vnet.sxp').findings).toEqual(['vnet => expected (vm ...), found (vnet ...)']);
  expect(fieldOf('21-vnet.sxp', 'bridge')).toEqual(['vnet97']);
});

test('no shape is left out', () => {
  expect(new Set(readdirSync(directory))).toEqual(used);
  expect(new Set([...used].map((file) => Number.parseInt(file, 10))).size).toBe(21);
});
