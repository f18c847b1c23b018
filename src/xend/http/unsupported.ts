// SPDX-License-Identifier: Apache-2.0

/**
 * Methods of spec/xend.md 5.4 that have no meaning here, and why: what they are called behind `xend.`, with `*` for what begins so. The
 * operations of forms of 5.1 are called like those of `xend.domain`.
 */
export const UNSUPPORTED_METHODS: readonly { readonly why: string; readonly methods: readonly string[] }[] = [
  {
    why: "a running domain cannot be moved between two machines; 'save' and 'restore' do",
    methods: ['domain.migrate'],
  },
  { why: 'a file descriptor cannot be handed over a socket; restore takes a path', methods: ['domain.restore_fd'] },
  {
    why: 'the configuration of a domain is one (vm ...) form, which create and new take',
    methods: ['domain.configure', 'domain.create_from_dict', 'domain.delete_by_dominfo'],
  },
  {
    why: 'the operating system schedules the threads of domains; pincpu binds one to processors',
    methods: ['domain.cpu_*', 'domain.sched_*', 'domain.domain_sched_*'],
  },
  { why: 'the memory of a domain is a quota, without page tables', methods: ['domain.shadow_*'] },
  { why: 'domains have no ports of the machine', methods: ['domain.ioport_*'] },
  { why: 'domains have no USB', methods: ['domain.usb_*'] },
  { why: 'there is no class of network devices', methods: ['domain.vif_*'] },
  { why: 'devices tell of their changes by themselves', methods: ['domain.device_refresh'] },
  { why: 'domains have no PCI bus', methods: ['node.pciinfo'] },
  { why: 'there is no hypervisor that listens to keys', methods: ['node.send_debug_keys'] },
  { why: 'there is no transcendent memory', methods: ['node.tmem_*'] },
  { why: 'there are no security policies and labels', methods: ['security.*'] },
];

/** Why there is no such method, if that is known. */
export function whyNoMethod(name: string): string | undefined {
  const matches = (known: string): boolean =>
    known.endsWith('*') ? name.startsWith(known.slice(0, -1)) : name === known;
  return UNSUPPORTED_METHODS.find(({ methods }) => methods.some(matches))?.why;
}
