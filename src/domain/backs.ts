// SPDX-License-Identifier: Apache-2.0
import type { DeviceConfig } from '../devices/contract.ts';
import { messageOf } from '../errors.ts';
import { HypercallError } from '../hv/contract.ts';
import { type ClassGuard, guardEnd } from './class-guard.ts';
import { type ClassModule, importEnd } from './class-modules.ts';
import type { BackContext, BackFactory, BackInterface } from './contract.ts';
import {
  CMSG_STATUS,
  type ControlAnswer,
  type ControlBody,
  type ControlChannel,
  DOWN_LIMIT,
  DRIVER,
  OKAY,
} from './control.ts';
import { createTurns, type Turns } from './turns.ts';

type State = 'created' | 'open' | 'connected' | 'disconnecting';

/** Fields of the BE messages (spec/xend.md 3.2, with one interface for each device). */
interface BackBody extends ControlBody {
  readonly domid: number;
  readonly handle: number;
  readonly domainName: string;
  readonly name: string;
  readonly config: DeviceConfig;
  readonly counters: Float64Array;
  readonly record: SharedArrayBuffer;
  readonly frames: readonly number[];
  readonly evtchn: number;
  /** Of DISCONNECT and DESTROY: the back end is given up. */
  readonly force?: boolean;
}

interface Back {
  readonly back: BackInterface;
  readonly guard: ClassGuard;
  state: State;
}

/** Where a device is, or will be when what xend asked for is done. */
interface Place {
  readonly turns: Turns;
  /** From CREATE to DESTROY. */
  back: Back | undefined;
  /** Ends what an end of a user's own class has in work; a built-in one comes to an end by itself. */
  giveUp(): void;
}

const NOTHING = (): void => {};

const answer = (status: number, reason?: string): ControlAnswer =>
  reason === undefined ? { status } : { status, reason };

/** The back ends that a domain serves. */
export interface Backs {
  /** Announces that this domain serves a class, when its module is imported. */
  announce(from: ClassModule): Promise<ControlAnswer>;
  /** Unloads a driver: answers when what was outstanding is done and no device of the class is left here. */
  retire(deviceClass: string): Promise<ControlAnswer>;
  /** Handles a BE message of xend. */
  handle(deviceClass: string, subtype: string, body: ControlBody): Promise<ControlAnswer>;
}

/** @param domain its name */
export function createBacks(
  domain: string,
  means: Pick<BackContext, 'hypercalls' | 'buffers'>,
  runDir: string,
  control: () => ControlChannel,
): Backs {
  const { domid: here } = means.hypercalls;
  const drivers = new Map<string, { readonly from: ClassModule; readonly factory: BackFactory }>();
  const places = new Map<string, Place>();

  const keyOf = (deviceClass: string, body: BackBody): string => `${deviceClass}:${body.domid}:${body.handle}`;

  /** The rules of spec/xend.md 3.5, "Backend rules". Without an entry only CREATE is legal. Those of one device run in turn. */
  const messages: Readonly<Record<string, (entry: Back, body: BackBody, place: Place) => Promise<ControlAnswer>>> = {
    async DEVICE_CREATE(entry) {
      if (entry.state !== 'created') return answer(CMSG_STATUS.deviceExists, 'the device exists');
      try {
        await entry.guard.run('open', () => entry.back.open());
      } catch (error) {
        return answer(CMSG_STATUS.physdevNotFound, messageOf(error));
      }
      entry.state = 'open';
      return OKAY;
    },
    async CONNECT(entry, body) {
      if (entry.state === 'connected') return answer(CMSG_STATUS.interfaceConnected, 'the interface is connected');
      if (entry.state !== 'open') return answer(CMSG_STATUS.deviceNotFound, 'the device does not exist');
      try {
        await entry.guard.run('connect', () => entry.back.connect(body.frames, body.evtchn));
      } catch (error) {
        // What it mapped before that is the front end's.
        await entry.guard.run('disconnect', () => entry.back.disconnect()).catch(() => {});
        const memory = error instanceof HypercallError && error.code === 'ENOMEM';
        return answer(memory ? CMSG_STATUS.outOfMemory : CMSG_STATUS.mappingError, messageOf(error));
      }
      entry.state = 'connected';
      return OKAY;
    },
    async DISCONNECT(entry) {
      if (entry.state === 'created' || entry.state === 'open') return OKAY;
      entry.state = 'disconnecting';
      await entry.guard.run('disconnect', () => entry.back.disconnect());
      entry.state = 'open';
      return OKAY;
    },
    async DEVICE_DESTROY(entry) {
      if (entry.state === 'created') return answer(CMSG_STATUS.deviceNotFound, 'the device does not exist');
      if (entry.state !== 'open') return answer(CMSG_STATUS.interfaceConnected, 'the interface is still connected');
      await entry.guard.run('close', () => entry.back.close());
      entry.state = 'created';
      return OKAY;
    },
    async DESTROY(entry, _body, place) {
      if (entry.state !== 'created') return answer(CMSG_STATUS.interfaceConnected, 'the device still exists');
      place.back = undefined;
      return OKAY;
    },
  };

  /** Has a back end let go, for which nobody waits. */
  async function letGo({ back: entry }: Place): Promise<void> {
    if (entry === undefined || entry.state === 'created') return;
    const { back, guard } = entry;
    await guard.run('disconnect', () => back.disconnect()).catch(() => {});
    await guard.run('close', () => back.close()).catch(() => {});
  }

  async function create(deviceClass: string, body: BackBody, place: Place): Promise<ControlAnswer> {
    const driver = drivers.get(deviceClass);
    if (driver === undefined) return answer(CMSG_STATUS.error, `this domain does not serve ${deviceClass}`);
    const { domid, handle, domainName, name, config, counters, record } = body;
    const tell = (subtype: string) => (reason: string) => {
      void control().request(`${deviceClass.toUpperCase()}_BE`, subtype, { domid, handle, reason });
    };
    const guard = guardEnd(driver.from, 'back', domain, means.hypercalls, tell('INTERFACE_FAILED'));
    const { hypercalls, signal } = guard;
    place.giveUp = driver.from.own === undefined ? NOTHING : guard.giveUp;
    const device = { class: deviceClass, domid, domainName, handle, name, config, counters, record, runDir };
    const back = await guard.run('create', () =>
      driver.factory({ ...means, ...device, hypercalls, signal, broken: tell('INTERFACE_BROKEN') }),
    );
    place.back = { back, guard, state: 'created' };
    return OKAY;
  }

  async function act(deviceClass: string, subtype: string, body: BackBody, place: Place): Promise<ControlAnswer> {
    const { back } = place;
    if (subtype === 'CREATE') {
      return back === undefined
        ? create(deviceClass, body, place)
        : answer(CMSG_STATUS.interfaceExists, 'the interface exists');
    }
    if (back === undefined) return answer(CMSG_STATUS.interfaceNotFound, 'no such interface');
    const handler = messages[subtype];
    return handler === undefined ? answer(CMSG_STATUS.error, `no message ${subtype}`) : handler(back, body, place);
  }

  function placeOf(key: string): Place {
    const place = places.get(key) ?? { turns: createTurns(), back: undefined, giveUp: NOTHING };
    places.set(key, place);
    return place;
  }

  return {
    async announce(from) {
      const type = `${from.name.toUpperCase()}_BE`;
      const lost = (reason: string) => void control().request(type, 'DRIVER_FAILED', { reason });
      const guard = guardEnd(from, 'back', domain, means.hypercalls, lost);
      const factory = await guard.run('load', () => importEnd(from, 'back', here));
      const known = drivers.has(from.name);
      drivers.set(from.name, { from, factory });
      return known ? OKAY : control().request(type, 'DRIVER_STATUS', { status: DRIVER.up });
    },
    retire(deviceClass) {
      drivers.delete(deviceClass);
      return control().request(`${deviceClass.toUpperCase()}_BE`, 'DRIVER_STATUS', { status: DRIVER.down }, DOWN_LIMIT);
    },
    async handle(deviceClass, subtype, message) {
      const body = message as BackBody;
      const key = keyOf(deviceClass, body);
      const place = placeOf(key);
      const { turns } = place;
      if (body.force) place.giveUp();
      if (body.force && subtype === 'DESTROY') {
        // What it has in work may never end: the next device of this number does not wait for that.
        places.delete(key);
        void turns.run(() => letGo(place));
        return OKAY;
      }
      try {
        return await turns.run(() => act(deviceClass, subtype, body, place));
      } finally {
        if (place.back === undefined && turns.idle && places.get(key) === place) places.delete(key);
      }
    },
  };
}
