// SPDX-License-Identifier: Apache-2.0

/** Why variables of xm (spec/xend.md 2.4) have no meaning here, and the value of each that asks for nothing. */
const REASONS: readonly { readonly reason: string; readonly variables: Readonly<Record<string, string>> }[] = [
  {
    reason: 'a domain runs a module, which kernel names; no machine boots',
    variables: {
      bootargs: '',
      bootentry: '',
      bootloader: '',
      builder: 'linux',
      loader: '',
      nfs_root: '',
      nfs_server: '',
      ramdisk: '',
    },
  },
  {
    reason: 'no machine is emulated',
    variables: {
      acpi: '1',
      apic: '1',
      boot: 'c',
      device_config: '',
      device_model: '',
      fda: '',
      fdb: '',
      guest_os_type: 'default',
      hap: '1',
      hpet: '0',
      isa: '0',
      localtime: '0',
      memmap: '',
      monitor: '0',
      monitor_path: '',
      nestedhvm: '0',
      nographic: '0',
      oos: '1',
      pae: '1',
      parallel: '',
      rtc_timeoffset: '0',
      s3_integrity: '1',
      serial: '',
      soundhw: '',
      timer_mode: '1',
      tsc_mode: '0',
      vhpt: '0',
      viridian: '0',
      vpt_align: '1',
      xen_platform_pci: '1',
    },
  },
  {
    reason: 'the memory of a domain is the quota of a thread: heap and pages',
    variables: { machine_address_size: '', memory_sharing: '0', shadow_memory: '0', superpages: '0' },
  },
  {
    reason: 'the operating system schedules threads, on processors as they are',
    variables: {
      cpu_cap: '',
      cpu_weight: '',
      cpuid: '',
      cpuid_check: '',
      features: '',
      suppress_spurious_page_faults: '0',
    },
  },
  {
    reason: 'there is no display',
    variables: {
      display: '',
      gfx_passthru: '0',
      keymap: '',
      opengl: '1',
      sdl: '0',
      stdvga: '0',
      vfb: '',
      videoram: '4',
      vnc: '0',
      vncconsole: '0',
      vncdisplay: '',
      vnclisten: '',
      vncpasswd: '',
      vncunused: '1',
      vncviewer: '0',
      xauthority: '',
    },
  },
  {
    reason: 'there is no hardware to hand out',
    variables: {
      ioports: '',
      irq: '',
      pci: '',
      pci_msitranslate: '1',
      pci_power_mgmt: '0',
      usb: '0',
      usbdevice: '',
      usbif: '0',
      vscsi: '',
      vusb: '',
    },
  },
  { reason: 'cpus says on which processors a domain runs', variables: { cpu: '-1' } },
  { reason: 'each interface is an entry of vif', variables: { nics: '-1', vif2: '' } },
  { reason: 'there is no access control', variables: { access_control: '' } },
  { reason: 'domains stay where they are', variables: { nomigrate: '0' } },
  {
    reason: 'xend keeps no such thing about a domain',
    variables: { description: '', target: '0' },
  },
  { reason: "the kernel's arguments are extra", variables: { args: '' } },
];

/** A variable that is refused when it asks for something. */
export interface UnsupportedVariable {
  readonly reason: string;
  /** The text of the value that asks for nothing. */
  readonly nothing: string;
}

/** The variables of xm that are known and have no meaning here. */
export const unsupportedVariables: ReadonlyMap<string, UnsupportedVariable> = new Map(
  REASONS.flatMap(({ reason, variables }) =>
    Object.entries(variables).map(([name, nothing]): [string, UnsupportedVariable] => [name, { reason, nothing }]),
  ),
);
