// SPDX-License-Identifier: Apache-2.0

/** Why a command of Xen's `xm` does nothing here, and what does something of the kind. */
export interface Unsupported {
  readonly why: string;
  readonly hint?: string;
}

const CLASSES = "'xm device-classes' lists the classes of devices that there are";

/** What has no meaning without a hypervisor, or not here, and all commands that are about it. */
const GROUPS: readonly (Unsupported & { readonly commands: readonly string[] })[] = [
  {
    why: 'a console is no port of a machine',
    hint: "'xm list' lists the domains, 'xm console' attaches to the console of one",
    commands: ['consoles'],
  },
  { why: 'requests have no form of their own', hint: "'xm serve' takes XML-RPC on its input", commands: ['call'] },
  {
    why: 'domains have consoles and no graphics',
    hint: "'xm console' attaches to a domain's console",
    commands: ['vncviewer'],
  },
  {
    why: 'a running domain cannot be moved between two machines',
    hint: "'xm save' and 'xm restore' move it to another xend",
    commands: ['migrate'],
  },
  {
    why: 'the image of a disk cannot be exchanged while it is attached',
    hint: "'xm block-detach' and 'xm block-attach' work while the domain runs",
    commands: ['block-configure', 'vbd-refresh'],
  },
  {
    why: 'there is no hypervisor that listens to keys',
    hint: "'xm dmesg' and 'xm log' say what happened, 'xm top' what happens",
    commands: ['debug-keys'],
  },
  {
    why: 'the operating system schedules the threads of domains',
    hint: "'xm vcpu-pin' binds a domain's thread to processors",
    commands: ['bvt', 'bvt_ctxallow', 'sched-credit', 'sched-credit2', 'sched-sedf'],
  },
  {
    why: 'there is no class of network devices',
    hint: CLASSES,
    commands: [
      ...['network-attach', 'network-detach', 'network-list', 'network2-attach', 'network2-detach', 'network2-list'],
      ...['network-new', 'network-del', 'network-show', 'vif-limit', 'vnet-create', 'vnet-delete', 'vnet-list'],
    ],
  },
  {
    why: 'domains have no PCI bus',
    hint: CLASSES,
    commands: ['pci-attach', 'pci-detach', 'pci-list', 'pci-list-assignable-devices'],
  },
  { why: 'there is no class of SCSI devices', hint: CLASSES, commands: ['scsi-attach', 'scsi-detach', 'scsi-list'] },
  {
    why: 'there is no class of USB devices',
    hint: CLASSES,
    commands: [
      ...['usb-add', 'usb-attach', 'usb-del', 'usb-detach', 'usb-hc-create', 'usb-hc-destroy', 'usb-list'],
      'usb-list-assignable-devices',
    ],
  },
  { why: 'domains have no TPM', commands: ['vtpm-list'] },
  {
    why: 'there is no transcendent memory; hidden pages are shared without being asked for',
    hint: "'xm info' says how many pages are shared",
    commands: [
      ...['tmem-destroy', 'tmem-flush', 'tmem-freeable', 'tmem-freeze', 'tmem-list', 'tmem-set', 'tmem-shared-auth'],
      'tmem-thaw',
    ],
  },
  {
    why: 'there are no security labels: a domain is a fault domain, not a security boundary',
    commands: [
      ...['addlabel', 'dry-run', 'dumppolicy', 'getenforce', 'getlabel', 'getpolicy', 'labels', 'resetpolicy'],
      ...['resources', 'rmlabel', 'setenforce', 'setpolicy'],
    ],
  },
];

/** Commands of Xen's `xm` (spec/xend.md 4.1 and 4.2) that have no meaning here, by name. */
export const UNSUPPORTED: ReadonlyMap<string, Unsupported> = new Map(
  GROUPS.flatMap(({ commands, ...group }) => commands.map((name) => [name, group])),
);
