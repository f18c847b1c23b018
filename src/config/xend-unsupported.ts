// SPDX-License-Identifier: Apache-2.0
import type { Sxp } from '../sxp/contract.ts';
import { show } from '../sxp/show.ts';
import { boolean } from './values.ts';

/** Any value: of what is off. */
const ANY = '*';

/** Why keys of spec/xend.md 5.6 have no meaning here, and the values of each that ask for nothing, as they are written. */
const REASONS: readonly { readonly reason: string; readonly keys: Readonly<Record<string, readonly string[]>> }[] = [
  {
    reason: 'its unix socket speaks all of its protocols, and a port is opened by xend-tcp-xmlrpc-server',
    keys: {
      'xend-address': [ANY],
      'xend-event-port': [ANY],
      'xend-http-server': ['no'],
      'xend-port': [ANY],
      'xend-udev-event-server': ['no'],
      'xend-unix-server': ['yes'],
      'xend-unix-xmlrpc-server': ['yes'],
    },
  },
  { reason: 'there is no Xen-API', keys: { 'xen-api-server': ['((unix))', '((unix none))'] } },
  {
    reason: 'XEND_RUNDIR and XEND_STATEDIR say where xend keeps its things',
    keys: {
      dbroot: [],
      'xend-domains-path': [],
      'xend-security-path': [ANY],
      'xend-state-path': [],
      'xend-storage-path': [ANY],
      'xend-unix-path': [],
    },
  },
  {
    reason: 'domains stay where they are',
    keys: {
      'external-migration-tool': ["''"],
      'xend-relocation-address': [ANY],
      'xend-relocation-hosts-allow': [ANY],
      'xend-relocation-port': [ANY],
      'xend-relocation-server': ['no'],
      'xend-relocation-server-ssl-cert-file': [ANY],
      'xend-relocation-server-ssl-key-file': [ANY],
      'xend-relocation-ssl': ['no'],
      'xend-relocation-ssl-port': [ANY],
      'xend-relocation-ssl-server': ['no'],
    },
  },
  {
    reason: 'no script is run, and nothing of the machine is changed',
    keys: {
      'network-script': ["''", 'network-dummy'],
      'resource-label-change-script': ["''"],
      'vif-antispoof': ['no'],
      'vif-bridge': [ANY],
      'vif-script': [ANY],
    },
  },
  {
    reason: 'Domain-0 is a thread like others',
    keys: { 'dom0-cpus': ['0'], 'enable-dom0-ballooning': ['yes', 'no'] },
  },
  {
    reason: 'no machine is emulated',
    keys: {
      keymap: [ANY],
      'qemu-dm-logrotate-count': [ANY],
      'vnc-listen': [ANY],
      'vnc-tls': ['0'],
      'vnc-x509-cert-dir': [ANY],
      'vnc-x509-verify': ['0'],
      vncpasswd: ["''"],
    },
  },
  { reason: 'consoles are unix sockets', keys: { 'console-address': [ANY], 'console-port-base': [ANY] } },
  {
    reason: 'no device of the machine is passed through',
    keys: { 'pci-passthrough-strict-check': [ANY], 'pscsi-device-mask': [ANY] },
  },
  { reason: 'there is no access control', keys: { xsm_module_name: ['dummy'] } },
];

const known = new Map(
  REASONS.flatMap(({ reason, keys }) =>
    Object.entries(keys).map(([key, nothing]) => [key, { reason, nothing }] as const),
  ),
);

/** Whether a key is one of those. */
export const isUnsupported = (key: string): boolean => known.has(key);

/** Why what a key asks for cannot be had; undefined if that is nothing. */
export function whyUnsupported(key: string, values: readonly Sxp[]): string | undefined {
  const { reason, nothing = [] } = known.get(key) ?? {};
  const text = values.map(show).join(' ');
  const flag = boolean(text);
  const same = 'value' in flag ? [text, flag.value ? 'yes' : 'no'] : [text];
  return [ANY, ...same].some((word) => nothing.includes(word)) ? undefined : reason;
}
