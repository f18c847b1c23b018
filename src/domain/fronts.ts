// SPDX-License-Identifier: Apache-2.0
import type { DeviceConfig } from '../devices/contract.ts';
import { messageOf } from '../errors.ts';
import { type ClassGuard, guardEnd } from './class-guard.ts';
import { type ClassModule, importEnd } from './class-modules.ts';
import type { DomainDevice, DomainDevices, FrontContext, FrontInterface } from './contract.ts';
import {
  CMSG_STATUS,
  type ControlAnswer,
  type ControlBody,
  type ControlChannel,
  DOWN_LIMIT,
  DRIVER,
  INTERFACE,
  OKAY,
} from './control.ts';
import { createTurns, type Turns } from './turns.ts';

/** How long a front end that is closed may take to let go of its connection, milliseconds. */
const DROP_LIMIT = 5000;

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
  /** Of DISCONNECTED: its number, which INTERFACE_CONNECT repeats. */
  readonly invitation?: number;
  /** Of DISCONNECTED: there is no back end now, so that there is nobody to offer memory to. */
  readonly unserved?: boolean;
}

interface Front {
  readonly class: string;
  readonly handle: number;
  readonly front: FrontInterface;
  readonly guard: ClassGuard;
  name: string;
  config: DeviceConfig;
  state: State;
  /** The front end is not yet done with `connected`. */
  connecting: boolean;
}

/** The front ends of a domain. */
export interface Fronts extends DomainDevices {
  /**
   * Announces that this domain can drive a class. Its module is imported when xend shows the first device, a user's own now.
   * Of one that is announced already, another version is for the devices to come.
   */
  announce(from: ClassModule): Promise<ControlAnswer>;
  /**
   * Unloads a driver: answers when back ends have answered what was outstanding. Devices of a user's own class are gone, others
   * keep what kernels want of them until the driver is loaded again.
   */
  retire(deviceClass: string): Promise<ControlAnswer>;
  /** Handles a FE message of xend. */
  handle(deviceClass: string, subtype: string, body: ControlBody): Promise<ControlAnswer>;
}

/**
 * @param domain its name
 * @param control how front ends speak to xend; given late because it needs this object's `handle`
 */
export function createFronts(
  domain: string,
  means: Pick<FrontContext, 'hypercalls' | 'buffers'>,
  control: () => ControlChannel,
): Fronts {
  const { domid } = means.hypercalls;
  const modules = new Map<string, ClassModule>();
  const fronts = new Map<string, Front>();
  /** Steps of one device run one after another, whatever order their messages are handled in. */
  const turns = new Map<string, Turns>();
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
    const { handle, name, config } = body;
    const from = modules.get(deviceClass);
    if (from === undefined) throw new Error(`no front end for class ${deviceClass}`);
    const tell = (subtype: string) => (reason: string) => {
      void control().request(`${deviceClass.toUpperCase()}_FE`, subtype, { handle, reason });
    };
    const guard = guardEnd(from, 'front', domain, means.hypercalls, tell('INTERFACE_FAILED'));
    const { hypercalls, signal } = guard;
    const factory = await importEnd(from, 'front', domid);
    const context = { class: deviceClass, handle, name, config, ...means, hypercalls, signal };
    const front = await guard.run('create', () => factory({ ...context, broken: tell('INTERFACE_BROKEN') }));
    const entry: Front = { class: deviceClass, handle, front, guard, name, config, state: 'closed', connecting: false };
    fronts.set(keyOf(deviceClass, handle), entry);
    return entry;
  }

  const steps: Readonly<Record<Step, (entry: Front, body: StatusBody) => Promise<void>>> = {
    async offer(entry, body) {
      entry.config = body.config;
      entry.name = body.name;
      entry.state = 'disconnected';
      if (body.unserved) return;
      const frames = await entry.guard.run('offer', () => entry.front.offer(body.backendId));
      // Answered at once; what comes of it arrives as INTERFACE_STATUS, which waits behind this step.
      void control().request(`${entry.class.toUpperCase()}_FE`, 'INTERFACE_CONNECT', {
        handle: entry.handle,
        frames,
        invitation: body.invitation,
      });
    },
    drop: (entry, { status }) => drop(entry, status === INTERFACE.closed),
    async connect(entry, body) {
      entry.connecting = true;
      try {
        await entry.guard.run('connect', () => entry.front.connected(body.evtchn));
      } finally {
        entry.connecting = false;
      }
      entry.state = 'connected';
      changed(entry, 'connected');
    },
    async change(entry, body) {
      entry.config = body.config;
      await entry.guard.run('change', () => entry.front.changed?.(body.config));
    },
    close,
    async unexpected(entry, body) {
      throw new Error(`status ${body.status} was not expected in state ${entry.state}`);
    },
  };

  /** @param forever what is dropped goes away: it must not take for ever, nor fail */
  async function drop(entry: Front, forever: boolean): Promise<void> {
    const was = entry.state;
    entry.state = 'disconnected';
    const dropped = entry.guard.run('disconnect', () => entry.front.disconnected());
    await (forever ? inTime(dropped, entry.guard) : dropped);
    if (was === 'connected') changed(entry, 'disconnected');
  }

  async function close(entry: Front): Promise<void> {
    entry.state = 'closed';
    await entry.guard.run('close', () => entry.front.closed?.()).catch(() => {});
    fronts.delete(keyOf(entry.class, entry.handle));
    changed(entry, 'closed');
  }

  function inTurn<T>(key: string, run: () => Promise<T>): Promise<T> {
    const mine = turns.get(key) ?? createTurns();
    turns.set(key, mine);
    return mine.run(run);
  }

  /** Of what goes away nothing is expected: what it throws, or does not answer, is lost with it. */
  async function inTime(dropped: Promise<void>, guard: ClassGuard): Promise<void> {
    const late = setTimeout(() => guard.giveUp(), DROP_LIMIT);
    await dropped.catch(() => {}).finally(() => clearTimeout(late));
  }

  /** Has `connected` fail, since what it waits for may never come. @param forever gives up what fails not even then */
  async function letGo({ front, guard }: Front, forever: boolean): Promise<void> {
    await guard.run('disconnect', () => front.disconnected()).catch(() => {});
    if (forever) guard.giveUp();
  }

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
    async announce(from) {
      const type = `${from.name.toUpperCase()}_FE`;
      if (from.own !== undefined) {
        const lost = (reason: string) => void control().request(type, 'DRIVER_FAILED', { reason });
        await guardEnd(from, 'front', domain, means.hypercalls, lost).run('load', () =>
          importEnd(from, 'front', domid),
        );
      }
      const known = modules.has(from.name);
      modules.set(from.name, from);
      return known ? OKAY : control().request(type, 'DRIVER_STATUS', { status: DRIVER.up });
    },
    async retire(deviceClass) {
      const type = `${deviceClass.toUpperCase()}_FE`;
      const own = modules.get(deviceClass)?.own !== undefined;
      modules.delete(deviceClass);
      const answer = await control().request(type, 'DRIVER_STATUS', { status: DRIVER.down }, DOWN_LIMIT);
      // A back end that did not answer may use what was lent to it.
      if (answer.status !== CMSG_STATUS.okay) return answer;
      const entries = [...fronts].filter(([, entry]) => entry.class === deviceClass);
      for (const [key, entry] of entries) {
        await inTurn(key, async () => {
          await drop(entry, true);
          if (own) await close(entry);
        });
      }
      return OKAY;
    },
    handle(deviceClass, subtype, body) {
      if (subtype !== 'INTERFACE_STATUS') {
        return Promise.resolve({ status: CMSG_STATUS.error, reason: `no message ${subtype}` });
      }
      const status = body as StatusBody;
      const key = keyOf(deviceClass, status.handle);
      const entry = fronts.get(key);
      // Or else what xend says now would wait behind it.
      if (entry?.connecting) void letGo(entry, status.status === INTERFACE.closed);
      return inTurn(key, () => onStatus(deviceClass, status));
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
