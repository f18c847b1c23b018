// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from 'vitest';
import { printConfig } from '../../src/config/print.ts';
import { readConfig } from '../../src/config/read.ts';
import { builtinClasses } from '../../src/devices/registry.ts';

/**
 * Dry runs of `xm create -n` that are recorded (spec/xend.md 2.2 and 2.4) beside ours. A line without more is the same byte
 * for byte; of the others it is said what is there instead, if anything, and why.
 */
type Row = string | { readonly old: string; readonly now: string; readonly why: string };

const DEFAULTS = 'what happens at which end is always shown';
const HOST_OPTION = 'an option of machines and hypervisors, which mean nothing here';
const ON_XEND = '    (on_xend_start ignore)\n    (on_xend_stop ignore)\n';
const JS = 'the image is a module of JavaScript; address and root are part of its arguments';
const DISK = 'paths and the back end are shown as they were understood';
const NO_CLASS = 'there is no such device class; asking for it is refused';
const POOL = 'where a domain lives is always shown';

const withImage = (kernel: string, args: string) => `    (image
        (js
            (kernel ${kernel})
            (args
                '${args}'
            )
        )
    )
`;

const refuse = (old: string, why: string): Row => ({ old, now: '', why });

const ON_ENDS = '    (on_poweroff destroy)\n    (on_reboot restart)\n';

/** What both files of the recordings say. */
const EXAMPLE = `
name = "ExampleDomain"
memory = 64
root = "/dev/hda1 ro"
extra = "4 foo=bar"
dhcp = "dhcp"
hostname = "vm1"
`;

const recordings: readonly {
  readonly name: string;
  readonly text: string;
  /** What the recorded file held too, and what is said about it. */
  readonly refused: string;
  readonly findings: readonly string[];
  readonly rows: readonly Row[];
}[] = [
  {
    name: '2005',
    text: `${EXAMPLE}
kernel = "/boot/vmlinuz-2.6.11-xenU"
disk = [ 'phy:hda1,hda1,w', 'file:/tmp/a b.img,hda2,r,1' ]
restart = 'onreboot'
`,
    refused: "usb = [ '1-2' ]\npci = [ 'c0,2,1a' ]\nvif = [ 'mac=aa:00:00:00:00:11, bridge=xen-br0' ]\n",
    findings: [
      'usb is not supported: there is no hardware to hand out',
      'pci is not supported: there is no hardware to hand out',
      "unknown device class 'vif'",
    ],
    rows: [
      '(vm\n    (name ExampleDomain)\n    (memory 64)\n',
      {
        old: '    (restart onreboot)\n',
        now: `${ON_ENDS}    (on_crash destroy)\n${ON_XEND}`,
        why: 'restart is the three ends of the later xend; what it does when xend starts and stops is always shown',
      },
      {
        old: '',
        now: '    (vcpus 1)\n    (pool dedicated)\n',
        why: `vcpus are those of the domain, not of its image; ${POOL}`,
      },
      {
        old: `    (image
        (linux
            (kernel /boot/vmlinuz-2.6.11-xenU)
            (ip :1.2.3.4:::vm1:eth0:dhcp)
            (root '/dev/hda1 ro')
            (args '4 foo=bar')
            (vcpus 1)
        )
    )
`,
        now: withImage('/boot/vmlinuz-2.6.11-xenU', 'ip=:127.0.255.255:::vm1:eth0:dhcp root=/dev/hda1 ro 4 foo=bar'),
        why: `${JS}; the address that stands for no NFS server is that of the later xm`,
      },
      {
        old: '    (device (vbd (uname phy:hda1) (dev hda1) (mode w)))\n',
        now: '    (device (vbd (uname phy:/dev/hda1) (dev hda1) (mode w) (backend 0)))\n',
        why: DISK,
      },
      "    (device (vbd (uname 'file:/tmp/a b.img') (dev hda2) (mode r) (backend 1)))\n",
      refuse('    (device (pci (bus 0xc0) (dev 0x02) (func 0x1a)))\n', NO_CLASS),
      refuse('    (device (vif (mac aa:00:00:00:00:11) (bridge xen-br0)))\n', NO_CLASS),
      refuse('    (device (usb (path 1-2)))\n', NO_CLASS),
      refuse('    (memmap )\n    (device_model )\n    (device_config )\n', HOST_OPTION),
      ')\n',
    ],
  },
  {
    name: '2013, a name alone',
    text: 'name = "x"\nkernel = "shell"\n',
    refused: 'kernel = None\n',
    findings: ["image: missing field 'kernel'"],
    rows: [
      '(vm\n    (name x)\n    (memory 128)\n',
      { old: '', now: `${ON_ENDS}    (on_crash destroy)\n`, why: DEFAULTS },
      ON_XEND,
      '    (vcpus 1)\n',
      { old: '    (oos 1)\n', now: '    (pool dedicated)\n', why: `${HOST_OPTION}; ${POOL}` },
      {
        old: '    (image (linux (videoram 4) (tsc_mode 0) (nomigrate 0)))\n',
        now: "    (image (js (kernel shell) (args '')))\n",
        why: 'nothing runs without a kernel',
      },
      refuse('    (s3_integrity 1)\n', HOST_OPTION),
      ')\n',
    ],
  },
  {
    name: '2013, with more',
    text: `${EXAMPLE}
kernel = "/etc/hostname"
disk = [ 'phy:hda1,hda1,w', 'file:/tmp/a b.img,hda2,r,1' ]
on_crash = 'restart'
vcpus = 2
cpus = "0-3,^1"
`,
    refused: `
disk += [ 'tap:aio:/x.img,xvda,w' ]
vif = [ 'bridge=xen-br0, mac=aa:00:00:00:00:11', '' ]
vfb = [ "type=vnc,vncunused=1" ]
ioports = [ '2f8-2ff' ]
irq = [ 7 ]
`,
    findings: [
      "vbd: uname 'tap:aio:/x.img': must be file:PATH, phy:PATH or cow:PATH",
      "unknown device class 'vif'",
      "unknown device class 'vif'",
      'vfb is not supported: there is no display',
      'ioports is not supported: there is no hardware to hand out',
      'irq is not supported: there is no hardware to hand out',
    ],
    rows: [
      '(vm\n    (name ExampleDomain)\n    (memory 64)\n',
      { old: '', now: ON_ENDS, why: DEFAULTS },
      '    (on_crash restart)\n',
      ON_XEND,
      '    (vcpus 2)\n',
      "    (cpus '0-3,^1')\n",
      { old: '    (oos 1)\n', now: '    (pool dedicated)\n', why: `${HOST_OPTION}; ${POOL}` },
      {
        old: `    (image
        (linux
            (kernel /etc/hostname)
            (ip :127.0.255.255:::vm1:eth0:dhcp)
            (root '/dev/hda1 ro')
            (videoram 4)
            (args '4 foo=bar')
            (tsc_mode 0)
            (nomigrate 0)
        )
    )
`,
        now: withImage('/etc/hostname', 'ip=:127.0.255.255:::vm1:eth0:dhcp root=/dev/hda1 ro 4 foo=bar'),
        why: JS,
      },
      refuse('    (s3_integrity 1)\n', HOST_OPTION),
      {
        old: '    (device (vbd (uname phy:hda1) (dev hda1) (mode w)))\n',
        now: '    (device (vbd (uname phy:/dev/hda1) (dev hda1) (mode w) (backend 0)))\n',
        why: DISK,
      },
      "    (device (vbd (uname 'file:/tmp/a b.img') (dev hda2) (mode r) (backend 1)))\n",
      refuse('    (device (tap (uname tap:aio:/x.img) (dev xvda) (mode w)))\n', NO_CLASS),
      refuse('    (device (ioports (from 0x02f8) (to 0x02ff)))\n    (device (irq (irq 7)))\n', NO_CLASS),
      refuse('    (device (vif (bridge xen-br0) (mac aa:00:00:00:00:11)))\n    (device (vif))\n', NO_CLASS),
      refuse(
        '    (device (vkbd))\n    (device (vfb (vncunused 1) (vnc 1) (xauthority /root/.Xauthority)))\n',
        NO_CLASS,
      ),
      ')\n',
    ],
  },
];

const options = { directory: '/srv', classes: builtinClasses };

describe.each(recordings)('$name', ({ text, refused, findings, rows }) => {
  test('what can be is printed as it was; the rest is as listed', () => {
    const { configs = [], diagnostics } = readConfig({ name: 'example', text }, options);
    expect(diagnostics).toEqual([]);
    const printed = configs.map(printConfig).join('');
    expect(printed).toBe(rows.map((row) => (typeof row === 'string' ? row : row.now)).join(''));
    expect(readConfig({ name: 'printed', text: printed }, options).configs).toEqual(configs);
  });

  test('what cannot be is refused by name', () => {
    const { diagnostics } = readConfig({ name: 'example', text: text + refused }, options);
    expect(diagnostics.map(({ message }) => message)).toEqual(findings);
  });
});
