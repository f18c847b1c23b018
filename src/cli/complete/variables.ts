// SPDX-License-Identifier: Apache-2.0
import type { CrashAction, EndAction, XendStartAction, XendStopAction } from '../../config/contract.ts';
import type { Setting } from './contract.ts';

/** What the content of a disk begins with. */
export const DISK_PATHS = ['file:', 'phy:', 'cow:'] as const;

const END = ['destroy', 'restart', 'preserve', 'rename-restart'] as const satisfies readonly EndAction[];
const CRASH = [...END, 'coredump-destroy', 'coredump-restart'] as const satisfies readonly CrashAction[];
const START = ['ignore', 'start'] as const satisfies readonly XendStartAction[];
const STOP = ['ignore', 'destroy', 'shutdown', 'suspend'] as const satisfies readonly XendStopAction[];

/**
 * The variables of `xm create FILE NAME=VALUE` that mean something (spec/xend.md 2.4). They are said here once more because TAB
 * neither loads what reads configurations nor starts a xend; a test has them agree.
 */
export const VM_VARIABLES: readonly Setting[] = [
  { name: 'name', doc: 'Name of the domain.' },
  { name: 'memory', doc: 'Quota in MB.' },
  { name: 'maxmem', doc: 'Up to which the quota may be raised, MB.' },
  { name: 'uuid', doc: 'A uuid that no other domain has.' },
  { name: 'vcpus', doc: 'Number of virtual processors.' },
  { name: 'maxvcpus', doc: 'The same, and vcpus is how many are available at first.' },
  { name: 'vcpu_avail', doc: 'Bit mask of the virtual processors that are available at first.' },
  { name: 'cpus', doc: 'Processors that it runs on, such as 0,2-3 or 0-3,^1.' },
  { name: 'kernel', doc: 'What it runs: a module, or the name of a built-in kernel.', paths: [''] },
  { name: 'extra', doc: "The kernel's arguments." },
  { name: 'root', doc: 'An argument of the kernel: its root device.' },
  { name: 'ip', doc: 'An argument of the kernel: its address.' },
  { name: 'gateway', doc: 'Part of the argument ip.' },
  { name: 'netmask', doc: 'Part of the argument ip.' },
  { name: 'hostname', doc: 'Part of the argument ip.' },
  { name: 'interface', doc: 'Part of the argument ip.' },
  { name: 'dhcp', doc: 'Part of the argument ip.' },
  { name: 'disk', doc: 'A disk: CONTENT,NAME,MODE.', paths: DISK_PATHS, repeated: true },
  { name: 'vif', doc: 'A network interface: KEY=VALUE,...', repeated: true },
  { name: 'device', doc: 'A device of any class: CLASS,KEY=VALUE,...', repeated: true },
  { name: 'device_class', doc: "Module of a device class of one's own.", paths: [''], repeated: true },
  { name: 'idc', doc: 'An address at which it meets others.', repeated: true },
  { name: 'vsock', doc: 'A group whose domains have virtual sockets to each other.', repeated: true },
  { name: 'pool', doc: 'Where it lives: dedicated, or a pool of threads.', values: 'pools' },
  { name: 'blkif', doc: 'Whether it serves disks.', values: ['yes', 'no'] },
  { name: 'netif', doc: 'Whether it serves network interfaces.', values: ['yes', 'no'] },
  { name: 'on_poweroff', doc: 'What happens after it powered off.', values: END },
  { name: 'on_reboot', doc: 'What happens after it asked for a reboot.', values: END },
  { name: 'on_crash', doc: 'What happens after it crashed.', values: CRASH },
  { name: 'restart', doc: 'All three of them.', values: ['onreboot', 'always', 'never'] },
  { name: 'on_xend_start', doc: 'What xend does with it when it starts.', values: START },
  { name: 'on_xend_stop', doc: 'How it ends when xend stops.', values: STOP },
];

/** Those of `xm cpupool-create`. */
export const POOL_VARIABLES: readonly Setting[] = [
  { name: 'name', doc: 'Name of the pool.' },
  { name: 'cpus', doc: 'Numbers of its threads, such as 1,2.' },
  { name: 'sched', doc: 'How domains take turns.', values: ['loop'] },
];
