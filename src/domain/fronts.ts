// SPDX-License-Identifier: Apache-2.0
import type { DeviceConfig } from '../devices/contract.ts';
import { messageOf } from '../errors.ts';
import type { DomainDevice, DomainDevices, FrontContext, FrontFactory, FrontInterface } from './contract.ts';
import { CMSG_STATUS, type ControlAnswer, type ControlBody, type ControlChannel, INTERFACE, OKAY } from './control.ts';

type State = 'closed' | 'disconnected' | 'connected';
type Step = 'offer' | 'drop' | 'connect' | 'change' | 'close' | 'unexpected';

/** What a front end does on INTERFACE_STATUS, by state and status (spec/xend.md 3.5, "Frontend rules"). */
const RULES: Readonly<Record<number, Readonly<Record<State, readonly Step[]>>>> = {
  [INTERFACE.closed]: { closed: [], disconnected: ['drop', 'close'], connected: ['drop', 'close'] },
  [INTERFACE.disconnected]: { closed: ['offer'], disconnected: ['drop', 'offer'], connected: ['drop', 'offer'] },
  [INTERFACE.connected]: { closed: ['unexpected'], disconnected: ['connect'], connected: ['unexpected'] },
  [INTERFACE.changed]: { closed: [], disconnected: [], connected: ['change'] },
};

/** An INTERFACE_STATUS message's fields; `config`, `name` and `backendId` come with DISCONNECTED. */
interface StatusBody extends ControlBody {
  readonly handle: number;
  readonly status: number;
  readonly name: string;
  readonly backendId: number;
  readonly config: DeviceConfig;
  readonly evtchn: number;
}

interface Front {
  readonly class: string;
  readonly handle: number;
  readonly front: FrontInterface;
  name: string;
  config: DeviceConfig;
  state: State;
  /** The front end is not yet done with `connected`. */
  connecting: boolean;
}

/** The front ends of a domain. */
export interface Fronts extends DomainDevices {
  /** Announces that this domain can drive a class; `module` is imported when xend shows the first device. */
  announce(deviceClass: string, module: string): Promise<ControlAnswer>;
  /** Handles a FE message of xend. */
  handle(deviceClass: string, subtype: string, body: ControlBody): Promise<ControlAnswer>;
}

/** @param control how front ends speak to xend; given late because it needs this object's `handle` */
export function createFronts(
  means: Pick<FrontContext, 'hypercalls' | 'buffers'>,
  control: () => ControlChannel,
): Fronts {
  const modules = new Map<string, string>();
  const fronts = new Map<string, Front>();
  /** Steps of one device run one after another, whatever order their messages are handled in. */
  const chains = new Map<string, Promise<unknown>>();
  const listeners = new Set<Parameters<DomainDevices['onChange']>[0]>();

  const keyOf = (deviceClass: string, handle: number): string => `${deviceClass}:${handle}`;

  function viewOf(entry: Front): DomainDevice {
    return {
      class: entry.class,
      name: entry.name,
      devid: entry.handle,
      config: entry.config,
      connected: entry.state === 'connected',
      driver: entry.front.driver,
    };
  }

  function changed(entry: Front, change: 'connected' | 'disconnected' | 'closed'): void {
    const view = viewOf(entry);
    for (const listener of [...listeners]) listener(view, change);
  }

  async function create(deviceClass: string, body: StatusBody): Promise<Front> {
    const { handle, name, config, backendId } = body;
    const module = modules.get(deviceClass);
    if (module === undefined) throw new Error(`no front end for class ${deviceClass}`);
    const factory = ((await import(module)) as { default: FrontFactory }).default;
    const broken = (reason: string): void => {
      void control().request(`${deviceClass.toUpperCase()}_FE`, 'INTERFACE_BROKEN', { handle, reason });
    };
    const front = factory({ class: deviceClass, handle, name, config, backendId, ...means, broken });
    const entry: Front = { class: deviceClass, handle, front, name, config, state: 'closed', connecting: false };
    fronts.set(keyOf(deviceClass, handle), entry);
    return entry;
  }

  const steps: Readonly<Record<Step, (entry: Front, body: StatusBody) => Promise<void>>> = {
    async offer(entry, body) {
      entry.config = body.config;
      entry.name = body.name;
      entry.state = 'disconnected';
      const frames = await entry.front.offer();
      // Answered at once; what comes of it arrives as INTERFACE_STATUS, which waits behind this step.
      void control().request(`${entry.class.toUpperCase()}_FE`, 'INTERFACE_CONNECT', { handle: entry.handle, frames });
    },
    async drop(entry) {
      const was = entry.state;
      entry.state = 'disconnected';
      await entry.front.disconnected();
      if (was === 'connected') changed(entry, 'disconnected');
    },
    async connect(entry, body) {
      entry.connecting = true;
      try {
        await entry.front.connected(body.evtchn);
      } finally {
        entry.connecting = false;
      }
      entry.state = 'connected';
      changed(entry, 'connected');
    },
    async change(entry, body) {
      entry.config = body.config;
      entry.front.changed?.(body.config);
    },
    async close(entry) {
      entry.state = 'closed';
      fronts.delete(keyOf(entry.class, entry.handle));
      changed(entry, 'closed');
    },
    async unexpected(entry, body) {
      throw new Error(`status ${body.status} was not expected in state ${entry.state}`);
    },
  };

  async function onStatus(deviceClass: string, body: StatusBody): Promise<ControlAnswer> {
    let entry = fronts.get(keyOf(deviceClass, body.handle));
    const plan = RULES[body.status]?.[entry?.state ?? 'closed'];
    if (plan === undefined) return { status: CMSG_STATUS.error, reason: `no interface status ${body.status}` };
    if (entry === undefined && plan.length === 0) return OKAY;
    try {
      entry ??= await create(deviceClass, body);
      for (const step of plan) await steps[step](entry, body);
      return OKAY;
    } catch (error) {
      return { status: CMSG_STATUS.error, reason: messageOf(error) };
    }
  }

  return {
    announce(deviceClass, module) {
      modules.set(deviceClass, module);
      return control().request(`${deviceClass.toUpperCase()}_FE`, 'DRIVER_STATUS', { status: 1 });
    },
    handle(deviceClass, subtype, body) {
      if (subtype !== 'INTERFACE_STATUS') {
        return Promise.resolve({ status: CMSG_STATUS.error, reason: `no message ${subtype}` });
      }
      const status = body as StatusBody;
      const key = keyOf(deviceClass, status.handle);
      const entry = fronts.get(key);
      // What it waits for may never come, and what xend says now would wait behind it.
      if (entry?.connecting) entry.front.disconnected().catch(() => {});
      const run = (chains.get(key) ?? Promise.resolve()).then(() => onStatus(deviceClass, status));
      chains.set(key, run);
      return run;
    },
    list: () =>
      [...fronts.values()]
        .sort((a, b) => (a.class < b.class ? -1 : a.class > b.class ? 1 : a.handle - b.handle))
        .map(viewOf),
    find(name) {
      const word = name.replace(/^\/dev\//, '');
      for (const entry of fronts.values())
        if (entry.name === word || String(entry.handle) === word) return viewOf(entry);
      return undefined;
    },
    onChange(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}
