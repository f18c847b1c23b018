// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from 'vitest';
import { readConfig } from '../../../src/config/read.ts';
import { renderDiagnostics } from '../../../src/sxp/render.ts';
import { options } from './classes.ts';

function read(text: string) {
  const source = { name: 'web.sxp', text };
  const { configs, diagnostics } = readConfig(source, options);
  return {
    config: configs?.[0],
    configs,
    /** The marked text and what is said about it. */
    findings: diagnostics.map(({ message, span }) => `${text.slice(span.start, span.end)} => ${message}`),
    hints: diagnostics.map(({ hint }) => hint),
    rendered: renderDiagnostics(source, diagnostics),
  };
}

/** A valid vm with something added. */
const vm = (more: string) => `(vm (name web) (image (js (kernel shell))) ${more})`;

describe('accepted', () => {
  test('the least one, with defaults', () => {
    expect(read('(vm (name web) (image (js (kernel shell))))')).toMatchObject({
      findings: [],
      config: {
        name: 'web',
        memory: 64,
        vcpus: 1,
        pool: 'dedicated',
        image: { kernel: 'shell', args: '' },
        onPoweroff: 'destroy',
        onReboot: 'restart',
        onCrash: 'destroy',
        onXendStart: 'ignore',
        onXendStop: 'ignore',
        backends: [],
        classPaths: [],
        addresses: [],
        devices: [],
      },
    });
  });

  test('everything, with comments', () => {
    const { config, findings } = read(`#!/usr/bin/env xm
# a web server
(vm
    (name web-1.example:a/b+c_d) # its name
    (memory 0x80) (vcpus 2)
    (on_poweroff preserve) (on_reboot destroy) (on_crash restart)
    (on_xend_start start) (on_xend_stop shutdown)
    (backend (vbd) (console))
    (device-class ./nic.ts) (device-class /opt/gpu.ts)
    (idc disks) (idc Net_0-1)
    (vsock web) (vsock db argo)
    (image (js (kernel ./web.ts) (args "root=/dev/xvda1 ro \\"quoted\\" 4")))
    (device (vbd (uname file:x.img) (dev xvda) (mode w!) (bootable yes) (backend disks)))
    (device (vif (mac 00:16:3E:00:00:01) (rate 0x10)))
    (device (vif))
)`);
    expect(findings).toEqual([]);
    expect(config).toEqual({
      name: 'web-1.example:a/b+c_d',
      memory: 128,
      maxMemory: 0,
      vcpus: 2,
      uuid: '',
      vcpuAvailable: '',
      cpus: [],
      pool: 'dedicated',
      image: { kernel: '/srv/vm/web.ts', args: 'root=/dev/xvda1 ro "quoted" 4' },
      onPoweroff: 'preserve',
      onReboot: 'destroy',
      onCrash: 'restart',
      onXendStart: 'start',
      onXendStop: 'shutdown',
      backends: ['vbd', 'console'],
      classPaths: ['/srv/vm/nic.ts', '/opt/gpu.ts'],
      addresses: ['disks', 'Net_0-1'],
      vsock: { web: 'ring', db: 'argo' },
      devices: [
        {
          class: 'vbd',
          config: { uname: 'file:/srv/vm/x.img', dev: 'xvda', mode: 'w!', bootable: true, backend: 'disks' },
        },
        { class: 'vif', config: { mac: '00:16:3e:00:00:01', rate: 16, backend: '0' } },
        { class: 'vif', config: { backend: '0' } },
      ],
    });
  });

  test('every value in quotes and on one line', () => {
    const text = `('vm' ('name' 'web') ('memory' '32') ('image' ('js' ('kernel' 'idle') ('args' ''))))`;
    expect(read(text)).toMatchObject({ findings: [], config: { memory: 32, image: { kernel: 'idle', args: '' } } });
  });

  test('a disk without medium', () => {
    const { config } = read(vm('(device (vbd (dev xvdc)))'));
    expect(config?.devices[0]?.config).toEqual({ dev: 'xvdc', mode: 'r', bootable: false, backend: '0' });
  });

  test('file names with blanks, signs and other letters', () => {
    const { config } = read(vm("(device (vbd (uname 'file:a & b/\u00e9\u65e5.img') (dev xvda)))"));
    expect(config?.devices[0]?.config.uname).toBe('file:/srv/vm/a & b/\u00e9\u65e5.img');
  });

  test('aliases of classes become their names', () => {
    const { config, findings } = read(vm('(backend (block)) (device (tap (dev xvda)))'));
    expect(findings).toEqual([]);
    expect(config).toMatchObject({ backends: ['vbd'], devices: [{ class: 'vbd' }] });
  });

  test.each([
    ['shell', 'shell'],
    ['idle', 'idle'],
    ['builtin:echo', 'builtin:echo'],
    ['web.ts', '/srv/vm/web.ts'],
    ['./shell', '/srv/vm/shell'],
    ['../k/web.ts', '/srv/k/web.ts'],
    ['/k/web.ts', '/k/web.ts'],
  ])('kernel %s is %s', (kernel, found) => {
    expect(read(`(vm (name web) (image (js (kernel ${kernel}))))`).config?.image.kernel).toBe(found);
  });

  test.each([
    ['(cpus 0)', ['0']],
    ["(cpus '0-3,^1')", ['0-3,^1']],
    ['(cpus (0-1 2))', ['0-1', '2']],
    ['(cpus ((0 1) (2)))', ['0,1', '2']],
    ['(cpus (()))', []],
    ["(cpus '')", []],
  ])('%s', (field, cpus) => {
    expect(read(vm(field)).config?.cpus).toEqual(cpus);
  });

  test.each(['0', 'no', 'false'])('%s is no', (word) => {
    expect(read(vm(`(device (vbd (dev xvda) (bootable ${word})))`)).config?.devices[0]?.config.bootable).toBe(false);
  });

  test.each(['1', 'yes', 'true'])('%s is yes', (word) => {
    expect(read(vm(`(device (vbd (dev xvda) (bootable ${word})))`)).config?.devices[0]?.config.bootable).toBe(true);
  });
});

describe('refused', () => {
  const forms: readonly (readonly [string, readonly string[]])[] = [
    ['', [' => no (vm ...) form']],
    ['# nothing', [' => no (vm ...) form']],
    ['web', ["web => expected (vm ...), found 'web'"]],
    ['()', ['() => expected (vm ...), found a list']],
    ['(domain (name web))', ["domain => missing field 'image'"]],
    ['(domain (domid 0) (name web))', ['domain => this is Domain-0, which xend makes']],
    [
      '(domain x ((y)) (vcpus (z)) (image (js (kernel idle))))',
      [
        "domain => missing field 'name'",
        "x => expected (NAME VALUE), found 'x'",
        '((y)) => expected (NAME VALUE), found a list of lists',
        '(z) => vcpus must be one value, found a list',
      ],
    ],
    [
      `${vm('(uuid 4A1D6E34-1df2-4f0c-8f3e-000000000002)')}\n${vm('(uuid 4a1d6e34-1df2-4f0c-8f3e-000000000002)').replace('web', 'two')}`,
      ['vm => another domain has the uuid 4a1d6e34-1df2-4f0c-8f3e-000000000002, the one on line 1'],
    ],
    ['((vm))', ['(vm) => expected (vm ...), found a list']],
    [`${vm('')} (x)`, ['x => expected (vm ...), found (x ...)']],
    [`${vm('')}\n${vm('')}`, ["vm => another domain is called 'web', the one on line 1"]],
    ['(vm (name 12) (image (js (kernel idle))))', ["12 => name must not be a number, which would be an id: '12'"]],
    ['(vm)', ["vm => missing field 'name'", "vm => missing field 'image'"]],
  ];
  test.each(forms)('%s', (text, findings) => {
    expect(read(text)).toMatchObject({ config: undefined, findings });
  });

  const fields: readonly (readonly [string, readonly string[]])[] = [
    ['(memmory 64)', ["memmory => unknown field 'memmory'"]],
    ['(@ (id x))', ["@ => unknown field '@'"]],
    ['(constructor x)', ["constructor => unknown field 'constructor'"]],
    ['(memory 16) (memory 32)', ['memory => memory is given twice, first on line 1']],
    ['stray', ["stray => expected (NAME VALUE), found 'stray'"]],
    ['()', ['() => expected (NAME VALUE), found ()']],
    ['((memory 64))', ['((memory 64)) => expected (NAME VALUE), found a list of lists']],
    ['(memory)', ['(memory) => memory has no value']],
    ['(memory (64))', ['(64) => memory must be one value, found a list']],
    ['(memory 64 MB)', ['MB => memory must be one value, found 2']],
    ['(memory lots)', ["lots => memory must be a whole number from 1 to 1048576, not 'lots'"]],
    ['(memory 0)', ["0 => memory must be a whole number from 1 to 1048576, not '0'"]],
    ['(memory 15)', ['memory => a domain with a thread of its own needs 16 MB of memory, not 15']],
    ['(memory 1.5)', ["1.5 => memory must be a whole number from 1 to 1048576, not '1.5'"]],
    ['(vcpus -1)', ["-1 => vcpus must be a whole number from 1 to 128, not '-1'"]],
    ["(vcpus '')", ["'' => vcpus must be a whole number from 1 to 128, not ''"]],
    ['(uuid 12)', ["12 => uuid must be a uuid like 4a1d6e34-1df2-4f0c-8f3e-000000000002, not '12'"]],
    [
      '(vcpu_avail 2)',
      ["2 => vcpu_avail must be a bit mask with the first virtual processor in it, such as 1 or 0x3, not '2'"],
    ],
    ['(cpus all)', ["all => cpus must be a list of processors, such as 0,2-3 or 0-3,^1, not 'all'"]],
    ['(cpus (0 ^1))', ["^1 => cpus must be a list of processors, such as 0,2-3 or 0-3,^1, not '^1'"]],
    ['(pool shared) (cpus 0)', ['cpus => a domain with (pool shared) has no cpus']],
    ['(pool shared) (memory 0)', ["0 => memory must be a whole number from 1 to 1048576, not '0'"]],
    ["(pool 'a b')", ["'a b' => pool may hold at most 32 letters, digits and _ - ., not 'a b'"]],
    ['(pool mine) (backend (vbd))', ['backend => a domain with (pool mine) serves no back ends']],
    ['(memory 64) (maxmem 32)', ['maxmem => maxmem 32 is less than memory 64']],
    ['(pool shared) (backend (vbd))', ['backend => a domain with (pool shared) serves no back ends']],
    [
      '(on_crash restrat)',
      [
        "restrat => on_crash must be one of destroy, restart, preserve, rename-restart, coredump-destroy, coredump-restart, not 'restrat'",
      ],
    ],
    ['(backend vbd)', ["vbd => backend: expected (CLASS), found 'vbd'"]],
    ['(backend (vdb))', ["vdb => unknown device class 'vdb'"]],
    ['(backend (vbd) (tap))', ['tap => backend: vbd is given twice, first on line 1']],
    ['(backend (vbd fast))', ['fast => backend: (vbd) holds nothing else']],
    ['(idc)', ['(idc) => idc has no value']],
    ['(vsock)', ['(vsock) => vsock has no value']],
    ['(vsock web fast)', ["fast => vsock must be one of ring, argo, not 'fast'"]],
    ['(vsock web) (vsock web argo)', ['(vsock web argo) => vsock: web is given twice, first on line 1']],
    ['(idc a/b)', ["a/b => idc may hold at most 64 letters, digits, _ and -, not 'a/b'"]],
    ['(idc pair) (idc pair)', ['(idc pair) => idc: pair is given twice, first on line 1']],
    ['(device)', ['(device) => device must hold one form: (device (CLASS (KEY VALUE)...))']],
    ['(device vif)', ["vif => device: expected (CLASS (KEY VALUE)...), found 'vif'"]],
    ['(device (vif) (vif))', ['(vif) => device must hold one form: (device (CLASS (KEY VALUE)...))']],
    ['(device (vfi))', ["vfi => unknown device class 'vfi'"]],
    ['(device (console))', ['console => console cannot be configured: every domain has one']],
    ['(device (vbd))', ["vbd => vbd: missing field 'dev'"]],
    ['(device (vbd (dve xvda)))', ["vbd => vbd: missing field 'dev'", "dve => vbd: unknown field 'dve'"]],
    ['(device (vbd (@ (id 1)) (dev xvda)))', ["@ => vbd: unknown field '@'"]],
    ['(device (vbd (dev xvda) (dev xvdb)))', ['dev => vbd: dev is given twice, first on line 1']],
    ['(device (vbd (dev (xvda))))', ['(xvda) => vbd: dev must be one value, found a list']],
    ['(device (vbd (dev sda)))', ["sda => vbd: dev 'sda': no such disk name"]],
    ['(device (vbd xvda (dev xvda)))', ["xvda => vbd: expected (NAME VALUE), found 'xvda'"]],
    ['(device (vbd (dev xvda) (mode rw)))', ["rw => vbd: mode must be one of r, w, w!, not 'rw'"]],
    ['(device (vbd (dev xvda) (bootable maybe)))', ["maybe => vbd: bootable must be yes or no, not 'maybe'"]],
    [
      "(device (vbd (dev xvda) (backend 'a b')))",
      ["'a b' => vbd: backend may hold only letters, digits and _ - . : / +, not 'a b'"],
    ],
    ['(device (vif (rate fast)))', ["fast => vif: rate must be a whole number, not 'fast'"]],
    [
      '(device (vif (rate 99999999999999999)))',
      ["99999999999999999 => vif: rate must be a whole number, not '99999999999999999'"],
    ],
    [
      '(device (vif (mac 00:16:3e)))',
      ["00:16:3e => vif: mac must be an address like 00:16:3e:00:00:01, not '00:16:3e'"],
    ],
  ];
  test.each(fields)('%s', (text, findings) => {
    expect(read(vm(text))).toMatchObject({ config: undefined, findings });
  });

  const images: readonly (readonly [string, readonly string[]])[] = [
    ['(image)', ['(image) => image must hold one form: (image (js (kernel K) (args A)))']],
    ['(image js)', ["js => image: expected (js ...), found 'js'"]],
    ['(image (linux (kernel /boot/x)))', ["linux => unknown image type 'linux'"]],
    ['(image (js))', ["js => image: missing field 'kernel'"]],
    ["(image (js (kernel '')))", ["'' => image: kernel must not be empty"]],
    ['(image (js (kernal x)))', ["js => image: missing field 'kernel'", "kernal => image: unknown field 'kernal'"]],
    ['(image (js (kernel x) (args a b)))', ['b => image: args must be one value, found 2']],
  ];
  test.each(images)('%s', (text, findings) => {
    expect(read(`(vm (name web) ${text})`)).toMatchObject({ config: undefined, findings });
  });

  test.each(["''", "'my vm'", 'a,b', "'\\xe9'"])('the name %s', (name) => {
    const { findings } = read(`(vm (name ${name}) (image (js (kernel shell))))`);
    expect(findings).toEqual([expect.stringContaining(' => name may hold only letters, digits and _ - . : / +')]);
  });
});

test('a name of 64 characters is one, a longer one is not', () => {
  const named = (length: number) => read(`(vm (name ${'n'.repeat(length)}) (image (js (kernel shell))))`).findings;
  expect(named(64)).toEqual([]);
  expect(named(300)).toEqual([expect.stringMatching(/ => name may have at most 64 characters, not 300$/)]);
});

describe('two devices', () => {
  test('may not have the same number', () => {
    const { rendered } = read(`(vm (name web) (image (js (kernel shell)))
  (device (vbd (uname file:a) (dev xvda)))
  (device (vbd (uname file:b) (dev xvda))))`);
    expect(rendered).toBe(`web.sxp:3:36: error: device 'xvda' is defined twice, first on line 2
  (device (vbd (uname file:b) (dev xvda))))
                                   ^~~~`);
  });

  test('may not share what is unique, however it is spelt', () => {
    const { findings } = read(vm('(device (vif (mac 00:16:3e:00:00:0a))) (device (vif (mac 00:16:3E:00:00:0A)))'));
    expect(findings).toEqual(["00:16:3E:00:00:0A => vif: mac '00:16:3E:00:00:0A' is used twice, first on line 1"]);
  });

  test('may share the rest', () => {
    expect(read(vm('(device (vbd (uname a) (dev xvda))) (device (vbd (uname a) (dev xvdb)))')).findings).toEqual([]);
  });
});

describe('hints', () => {
  test.each([
    ['(memmory 64)', "did you mean 'memory'?"],
    ['(vif (mac x))', 'devices are written (device (vif ...))'],
    ['(kernel x)', 'it belongs into (image (js (kernel ...)))'],
    [
      '(bootloader x)',
      'known fields: name, memory, maxmem, on_poweroff, on_reboot, on_crash, on_xend_start, on_xend_stop, vcpus, vcpu_avail, uuid, cpus, pool, device-class, backend, idc, vsock, image, device',
    ],
    ['(device (vdb))', "did you mean 'vbd'?"],
    ['(device (usb))', 'known classes: vbd, vif, console'],
    ['(on_crash restrat)', "did you mean 'restart'?"],
    ['(device (vif (mca x)))', "did you mean 'mac'?"],
    ['(device (vif (rate)))', "write '' for the empty text"],
    ['(vcpus a b)', "one value with blanks is quoted: 'a b'"],
  ])('%s', (text, hint) => {
    expect(read(vm(text)).hints).toEqual([hint]);
  });
});

describe('all at once', () => {
  test('findings of all parts, in the order of the text', () => {
    expect(read('(vm (memory x)\n(vcpus 0) (foo)\n(device (vbd (mode q)))\n(device (vfb)))').findings).toEqual([
      "vm => missing field 'name'",
      "vm => missing field 'image'",
      "x => memory must be a whole number from 1 to 1048576, not 'x'",
      "0 => vcpus must be a whole number from 1 to 128, not '0'",
      "foo => unknown field 'foo'",
      "vbd => vbd: missing field 'dev'",
      "q => vbd: mode must be one of r, w, w!, not 'q'",
      "vfb => unknown device class 'vfb'",
    ]);
  });

  test('with syntax errors what is there is checked, and nothing is called missing', () => {
    expect(read('(vm (memory x) (device (vbd (mode "\\q" ) (name web)').findings).toEqual([
      '( => unexpected end of input: this list is not closed',
      "x => memory must be a whole number from 1 to 1048576, not 'x'",
      '( => unexpected end of input: this list is not closed',
      '( => unexpected end of input: this list is not closed',
      '"\\q" => vbd: mode must be one of r, w, w!, not \'q\'',
      '\\q => unknown escape: \\q',
      "name => vbd: unknown field 'name'",
    ]);
  });

  test('a file cut short is not full of missing fields', () => {
    expect(read('(vm (name web').findings).toEqual([
      '( => unexpected end of input: this list is not closed',
      '( => unexpected end of input: this list is not closed',
    ]);
    expect(read("'vm").findings).toHaveLength(2);
    expect(read(')').findings).toEqual([") => syntax error: ')' closes no list"]);
  });
});
