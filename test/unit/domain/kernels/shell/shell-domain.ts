// SPDX-License-Identifier: Apache-2.0
import { createHash } from 'node:crypto';
import { namedArgs } from '../../../../../src/domain/args.ts';
import type {
  Domain,
  DomainDevice,
  DomainDevices,
  Interrupt,
  SaveHooks,
  ShutdownReason,
} from '../../../../../src/domain/contract.ts';
import shell from '../../../../../src/domain/kernels/shell/index.ts';
import { localClient } from '../../../../../src/xenstore/local.ts';
import { createStore } from '../../../../../src/xenstore/store.ts';
import { createTestConsole, type TestConsole } from '../../../../support/console.ts';

type Change = Parameters<Parameters<DomainDevices['onChange']>[0]>[1];

/** Devices that a test adds, connects and takes away. */
export interface TestDevices extends DomainDevices {
  add(name: string, driver: unknown, options?: { class?: string; connected?: boolean }): void;
  change(name: string, change: Change): void;
}

function createDevices(): TestDevices {
  const all = new Map<string, DomainDevice>();
  const listeners = new Set<(device: DomainDevice, change: Change) => void>();
  return {
    list: () => [...all.values()],
    find: (name) => all.get(name.replace(/^\/dev\//, '')),
    onChange(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    add(name, driver, options = {}) {
      const { class: className = 'vbd', connected = true } = options;
      all.set(name, { class: className, name, devid: all.size, config: {}, connected, driver });
    },
    change(name, change) {
      const device = { ...all.get(name)!, connected: change === 'connected' };
      if (change === 'closed') all.delete(name);
      else all.set(name, device);
      for (const listener of listeners) listener(device, change);
    },
  };
}

/** A shell in a domain `demo` with the domid 3 that has a console, devices and a store, but no thread of its own. */
export interface ShellDomain extends TestConsole {
  readonly domain: Domain;
  readonly devices: TestDevices;
  /** What the kernel returned, or the crash. */
  readonly ended: Promise<unknown>;
  /** What it is to be saved with, as it comes back. */
  save(): Promise<unknown>;
  resume(): void;
  interrupt(interrupt: Interrupt): void;
  /** Asks the domain to end. */
  stop(reason?: ShutdownReason): void;
  /** Types a line and waits for the next prompt. @returns what was printed between, lines ended by `\n` */
  run(line: string): Promise<string>;
}

/** The prompt. */
export const PROMPT = 'demo# ';

/** Boots a shell with these disks, by name; `typed` is at the console before it; `restored` is what another was saved with. */
export function bootShell(
  disks: Readonly<Record<string, unknown>> = {},
  args = '',
  typed = '',
  restored?: unknown,
): ShellDomain {
  const terminal = createTestConsole();
  terminal.type(typed);
  const devices = createDevices();
  for (const [name, disk] of Object.entries(disks)) devices.add(name, disk);
  const store = createStore();
  store.introduceDomain(3);
  const dom0 = store.connect(0, () => true);
  dom0.mkdir('/local/domain/3');
  dom0.setPerms('/local/domain/3', ['n3']);
  dom0.write('/local/domain/3/name', 'demo');
  const controller = new AbortController();
  let hooks: SaveHooks | undefined;
  let listener: ((interrupt: Interrupt) => void) | undefined;
  const domain: Domain = {
    domid: 3,
    name: 'demo',
    args: namedArgs(args),
    commandLine: args,
    console: terminal.console,
    devices,
    xenstore: localClient(store, 3),
    // The shell makes no hypercalls, no endpoints and no channels: it has what the devices offer.
    storePage: undefined,
    hypercalls: undefined as never,
    idc: undefined as never,
    vchan: undefined as never,
    argo: undefined as never,
    vsock: undefined as never,
    signal: controller.signal,
    restored,
    onSave(offered) {
      hooks = offered;
    },
    onInterrupt(to) {
      listener = to;
    },
    digest(algorithm) {
      if (!['md5', 'sha256'].includes(algorithm)) return undefined;
      const hash = createHash(algorithm);
      return { update: (bytes) => void hash.update(bytes), hex: () => hash.digest('hex') };
    },
  };
  const ended = Promise.resolve(shell(domain));
  ended.catch(() => {});
  return Object.assign(Object.create(terminal) as TestConsole, {
    domain,
    devices,
    ended,
    save: async () => structuredClone(await hooks!.save()),
    resume: () => hooks!.resume!(),
    interrupt: (interrupt: Interrupt) => listener!(interrupt),
    stop: (reason?: ShutdownReason) => controller.abort(reason),
    async run(line: string) {
      terminal.type(`${line}\r`);
      await terminal.readUntil('\r\n');
      const printed = await terminal.readUntil(PROMPT);
      return printed.slice(0, -PROMPT.length).replaceAll('\r\n', '\n');
    },
  });
}

/** Boots a shell and waits for its first prompt. */
export async function startShell(disks: Readonly<Record<string, unknown>> = {}): Promise<ShellDomain> {
  const shellDomain = bootShell(disks);
  await shellDomain.readUntil(PROMPT);
  return shellDomain;
}
