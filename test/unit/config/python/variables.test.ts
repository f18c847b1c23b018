// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from 'vitest';
import { vmFields } from '../../../../src/config/fields.ts';
import { readConfig } from '../../../../src/config/read.ts';
import { options } from '../classes.ts';
import { readPythonText } from './read.ts';

const SHELL = "kernel = 'shell'\n";

describe('variables become fields', () => {
  test('the least one, with the defaults of xm', () => {
    const { config, findings } = readPythonText(SHELL);
    expect(findings).toEqual([]);
    expect(config).toMatchObject({ name: 'web', memory: 128, vcpus: 1, onPoweroff: 'destroy', onReboot: 'restart' });
    expect(config).toMatchObject({ image: { kernel: 'shell', args: '' }, devices: [], backends: [], addresses: [] });
  });

  test.each([
    ["name = 'x'", { name: 'x' }],
    ['memory = 64', { memory: 64 }],
    ["memory = '64'", { memory: 64 }],
    ['memory = None', { memory: 128 }],
    ['vcpus = 2', { vcpus: 2 }],
    ['cpus = "0-3,^1"', { cpus: ['0-3,^1'] }],
    ['cpus = 1', { cpus: ['1'] }],
    ['cpus = ["0", "1-2"]', { cpus: ['0', '1-2'] }],
    ['cpus = ""', { cpus: [] }],
    ['vcpu_avail = 1', { vcpus: 1, vcpuAvailable: '1' }],
    ['maxvcpus = 4', { vcpus: 4, vcpuAvailable: '1' }],
    ['maxvcpus = 4\nvcpus = 3', { vcpus: 4, vcpuAvailable: '7' }],
    [
      "on_crash = 'preserve'; on_reboot = 'destroy'; on_poweroff = 'restart'",
      { onCrash: 'preserve', onReboot: 'destroy', onPoweroff: 'restart' },
    ],
    ["restart = 'onreboot'", { onPoweroff: 'destroy', onReboot: 'restart', onCrash: 'destroy' }],
    ["restart = 'always'", { onPoweroff: 'restart', onReboot: 'restart', onCrash: 'restart' }],
    ["restart = 'never'", { onPoweroff: 'destroy', onReboot: 'destroy', onCrash: 'destroy' }],
    ["idc = ['a', 'b']", { addresses: ['a', 'b'] }],
    ["idc = 'a'", { addresses: ['a'] }],
    ['blkif = 1; netif = True', { backends: ['vbd', 'vif'] }],
    ['blkif = 0; netif = None', { backends: [] }],
    ["kernel = './web.ts'", { image: { kernel: '/srv/vm/web.ts', args: '' } }],
    ["extra = '4 a=b'", { image: { args: '4 a=b' } }],
    ["root = '/dev/hda1 ro'; extra = '4'", { image: { args: 'root=/dev/hda1 ro 4' } }],
    ["dhcp = 'dhcp'; hostname = 'vm1'", { image: { args: 'ip=:127.0.255.255:::vm1:eth0:dhcp' } }],
    [
      "ip = '10.0.0.3'; gateway = '10.0.0.1'; netmask = '255.0.0.0'; interface = 'eth1'; root = 'r'",
      { image: { args: 'ip=10.0.0.3:127.0.255.255:10.0.0.1:255.0.0.0::eth1:off root=r' } },
    ],
    ["hostname = 'vm1'", { image: { args: '' } }],
    [
      "disk = ['file:a.img,xvda,w']",
      { devices: [{ class: 'vbd', config: { uname: 'file:/srv/vm/a.img', dev: 'xvda', mode: 'w' } }] },
    ],
    [
      "disk = ['phy:a b, xvda, r, 1', 'tap:aio:x,xvdb,r']",
      { devices: [{ config: { uname: 'phy:a b', backend: '1' } }, { class: 'vbd', config: { uname: 'tap:aio:x' } }] },
    ],
    [
      "vif = ['', 'mac=00:16:3e:00:00:01']",
      {
        devices: [
          { class: 'vif', config: {} },
          { class: 'vif', config: { mac: '00:16:3e:00:00:01' } },
        ],
      },
    ],
    ['disk = []; vif = []; device = []', { devices: [] }],
    [
      "device_class = 'nic.ts'; device = ['vif', 'vif, mac=00:16:3e:00:00:01']",
      { classPaths: ['/srv/vm/nic.ts'], devices: [{ config: {} }, { config: { mac: '00:16:3e:00:00:01' } }] },
    ],
  ])('%s', (text, expected) => {
    const { config, findings } = readPythonText(`${SHELL}${text}\n`);
    expect(findings).toEqual([]);
    expect(config).toMatchObject(expected);
  });

  test.each(vmFields.map(({ name }) => name))('the field %s can be said', (name) => {
    const said: Readonly<Record<string, string>> = {
      backend: 'blkif',
      image: 'kernel',
      'device-class': 'device_class',
    };
    const { findings } = readPythonText(`${SHELL}${said[name] ?? name} = function_that_is_missing`);
    expect(findings).toEqual(["function_that_is_missing => unknown name 'function_that_is_missing'"]);
    // A value of a wrong kind is noticed, so the variable is looked at.
    expect(readPythonText(`def f(): pass\n${said[name] ?? name} = f`).findings.join()).toContain('not a function');
  });

  test('what a configuration keeps for itself is no field', () => {
    const { findings } = readPythonText(`${SHELL}import os\ndef f(): pass\narch = os\nnumbers = [1, [2]]\nx = 'y'\n`);
    expect(findings).toEqual([]);
  });
});

describe('what cannot be is refused', () => {
  test.each([
    [
      "builder = 'hvm'",
      'builder => builder is not supported: a domain runs a module, which kernel names; no machine boots',
    ],
    [
      "ramdisk = '/boot/initrd'",
      'ramdisk => ramdisk is not supported: a domain runs a module, which kernel names; no machine boots',
    ],
    ['maxvcpus = 2\nvcpus = 3', '3 => vcpus 3 are more than maxvcpus 2'],
    ['maxvcpus = 2\nvcpus = "x"', '"x" => vcpus must be a whole number from 1 to 128, not \'x\''],
    ['cpus = "^0"', '"^0" => cpus must be a list of processors, such as 0,2-3 or 0-3,^1, not \'^0\''],
    ['cpu = 1', 'cpu => cpu is not supported: cpus says on which processors a domain runs'],
    ["pci = ['01:00.0']", 'pci => pci is not supported: there is no hardware to hand out'],
    ["vfb = ['type=vnc']", 'vfb => vfb is not supported: there is no display'],
    [
      'cpu_weight = 1.5',
      'cpu_weight => cpu_weight is not supported: the operating system schedules threads, on processors as they are',
    ],
    ['nics = 2', 'nics => nics is not supported: each interface is an entry of vif'],
    ["disk = ['a,b']", "'a,b' => invalid disk specifier 'a,b'"],
    ["disk = ['a,b,c,d,e,f']", "'a,b,c,d,e,f' => invalid disk specifier 'a,b,c,d,e,f'"],
    ["disk = [',xvda,r,,native']", "',xvda,r,,native' => vbd: unknown field 'protocol'"],
    ["vif = ['mac']", "'mac' => invalid vif specifier 'mac'"],
    ["restart = 'maybe'", "'maybe' => restart must be one of onreboot, always, never"],
    ["restart = 'always'; on_crash = 'destroy'", "'always' => on_crash is given twice, first on line 2"],
    ['memory = [1, 2]', '2 => memory must be one value, found 2'],
    ['memory = 64.5', "64.5 => memory must be a whole number from 1 to 1048576, not '64.5'"],
    ['disk = [[1]]', '[1] => disk must be texts or numbers, not a list'],
    ["args = 'x'", "args => args is not supported: the kernel's arguments are extra"],
  ])('%s', (text, finding) => {
    expect(readPythonText(`${SHELL}${text}\n`).findings).toEqual([finding]);
  });

  test('but not what asks for nothing', () => {
    const text = "builder = 'linux'; acpi = 1; vnc = 0; pci = []; vfb = []; ramdisk = ''; usb = None; description = ''";
    expect(readPythonText(SHELL + text).findings).toEqual([]);
  });

  test('a name that is near to a variable is a warning', () => {
    const { config, findings, hints, severities } = readPythonText(`${SHELL}memroy = 64\n`);
    expect(config?.memory).toBe(128);
    expect({ findings, hints, severities }).toEqual({
      findings: ['memroy => memroy means nothing'],
      hints: ["did you mean 'memory'?"],
      severities: ['warning'],
    });
    expect(readPythonText(`${SHELL}memroy = 64\nmemory = memroy\n`).findings).toEqual([]);
  });

  test('without a kernel there is nothing to run, and stdin gives no name', () => {
    expect(readPythonText('').findings).toEqual([" => image: missing field 'kernel'"]);
    expect(readPythonText(SHELL, [], '<stdin>').findings).toEqual([" => missing field 'name'"]);
  });

  test('XML', () => {
    expect(readPythonText('<?xml version="1.0"?>').findings).toEqual([
      '< => not supported: XML, the configurations of the Xen-API',
    ]);
  });
});

describe('the command line', () => {
  test('wins over the text, for fields that there are', () => {
    expect(
      readPythonText("memory = 32\nkernel = 'idle'\n", ['memory=64', 'kernel=shell', 'extra=a=b']).config,
    ).toMatchObject({
      memory: 64,
      image: { kernel: 'shell', args: 'a=b' },
    });
  });

  test('is there before the text, as texts, for all others', () => {
    expect(readPythonText("kernel = kind + '!'\nname = 'x'", ['kind=y']).config?.image.kernel).toBe('/srv/vm/y!');
    expect(readPythonText("name = 'a'\nkernel = name", ['name=b']).config).toMatchObject({
      name: 'b',
      image: { kernel: '/srv/vm/a' },
    });
  });

  test('gives a list by naming it more than once', () => {
    const { config } = readPythonText("disk = ['file:a,xvda,r']", [
      'kernel=shell',
      'disk=file:b,xvdb,r',
      'disk=file:c,xvdc,r',
    ]);
    expect(config?.devices.map((device) => device.config.dev)).toEqual(['xvdb', 'xvdc']);
  });

  test.each([
    [['memory=x'], "x => memory must be a whole number from 1 to 1048576, not 'x'"],
    [['memory=1', 'memory=2'], 'memory => memory is given twice'],
    [['=x'], "=x => '=x' is not NAME=VALUE"],
    [['a-b=x'], "a-b=x => 'a-b=x' is not NAME=VALUE"],
    [['vnc=1'], 'vnc => vnc is not supported: there is no display'],
    [['unused=1'], 'unused => unused means nothing, and the configuration does not ask for it'],
    [['disk=a'], "a => invalid disk specifier 'a'"],
  ])('%j', (words, finding) => {
    expect(readPythonText(SHELL, words).findings).toEqual([finding]);
  });

  test('its own mistakes are shown as it was typed', () => {
    expect(readPythonText(SHELL, ['vcpus=2', 'memory=64q']).rendered).toBe(
      "<command line>:2:8: error: memory must be a whole number from 1 to 1048576, not '64q'\nmemory=64q\n       ^~~",
    );
  });

  test('has nothing to say to SXP', () => {
    const { findings } = readPythonText('(vm (name a) (image (js (kernel shell))))', ['memory=64']);
    expect(findings).toEqual(['memory => this configuration is SXP and takes no NAME=VALUE']);
  });
});

describe('xm_vars', () => {
  const text = `
def positive(name, value):
    value = int(value)
    if value <= 0:
        raise ValueError
    return value
xm_vars.var('vmid', use='A number.', check=positive)
xm_vars.check()
name = 'VM%d' % (vmid + 1)
${SHELL}`;

  test('the checked value takes the place of the text', () => {
    expect(readPythonText(text, ['vmid=2'])).toMatchObject({ findings: [], config: { name: 'VM3' } });
  });

  test.each([
    [[], "'vmid' => the variable 'vmid' is missing", 'write vmid=VALUE on the command line: A number.'],
    [['vmid=0'], "0 => wrong value for 'vmid': ValueError", 'A number.'],
    [['vmid=x'], "x => wrong value for 'vmid': 'x' is no whole number", 'A number.'],
  ])('%j', (words, finding, hint) => {
    const { findings, hints } = readPythonText(text, words);
    expect({ findings, hints }).toEqual({ findings: [finding], hints: [hint] });
  });

  test('a parameter without check is a text, and one that is never checked may be missing', () => {
    expect(readPythonText(`xm_vars.var('x')\nxm_vars.check()\nname = x\n${SHELL}`, ['x=y']).config?.name).toBe('y');
    expect(readPythonText(`xm_vars.var('x')\n${SHELL}`).findings).toEqual([]);
    expect(readPythonText(`xm_vars.var('x')\nxm_vars.check()\n${SHELL}`, ['x=y']).findings).toEqual([]);
  });

  test('what a check may not do stays what it is', () => {
    const { findings } = readPythonText(
      "def f(n, v): return os.system(v)\nxm_vars.var('x', check=f)\nxm_vars.check()",
      ['x=y'],
    );
    expect(findings).toEqual(['os.system => not supported in a configuration: os.system']);
  });
});

describe('which language a text is in', () => {
  test.each([
    ['a.sxp', '', 'no (vm ...) form'],
    ['a.sxp', 'x = 1', "expected (vm ...), found 'x'"],
    ['a', '# c\n\n (x)', 'expected (vm ...), found (x ...)'],
    ['a', ')', "syntax error: ')' closes no list"],
    ['a', '# c\n', "image: missing field 'kernel'"],
    ['a', 'x', "unknown name 'x'"],
  ])('%s: %j', (name, text, message) => {
    expect(readPythonText(text, [], name).findings[0]).toMatch(new RegExp(`=> ${message.replace(/[()]/g, '\\$&')}$`));
  });

  test('as SXP nothing else is taken', () => {
    const { diagnostics } = readConfig({ name: 'a', text: SHELL }, { ...options, format: 'sxp' });
    expect(diagnostics.map(({ message }) => message)).toEqual(['this is no SXP, which begins with a parenthesis']);
  });
});
