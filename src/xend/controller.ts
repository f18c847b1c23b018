// SPDX-License-Identifier: Apache-2.0
import type { ClaimTable } from '../devices/claims.ts';
import type { DeviceClass, DeviceConfig } from '../devices/contract.ts';
import { CMSG_STATUS, type ControlAnswer, type ControlBody, INTERFACE, OKAY } from '../domain/control.ts';
import { messageOf, XmError } from '../errors.ts';
import type { DomId, EvtchnPort } from '../hv/contract.ts';
import type { Hypervisor } from '../hv/hypervisor.ts';
import { DEVICE_TABLE, type DeviceEvent, type DeviceState, type DeviceStep } from './device-table.ts';
import type { Log } from './log.ts';

/** A domain as a device sees it: whom to send control messages to. */
export interface ControlPeer {
  readonly domid: DomId;
  readonly name: string;
  /** @param timeout milliseconds; 20 seconds unless said */
  request(type: string, subtype: string, body: ControlBody, timeout?: number): Promise<ControlAnswer>;
}

/** A device of a domain, in xend. */
export interface Device {
  readonly class: DeviceClass;
  readonly devid: number;
  /** A word for people, e.g. `xvda`. */
  readonly name: string;
  readonly config: DeviceConfig;
  readonly front: ControlPeer;
  readonly back: ControlPeer;
  readonly state: DeviceState;
  /** The connection, while there is one. */
  readonly connection:
    | { readonly evtchn: EvtchnPort; readonly backEvtchn: EvtchnPort; readonly frames: readonly number[] }
    | undefined;
  /** The back end's counters, in shared memory. */
  readonly counters: Float64Array;
  /** Lets an event happen after those before it. @throws XmError that names device, step and reason when a step fails */
  handle(event: DeviceEvent, body?: ControlBody): Promise<void>;
  /** Resolves when connected; rejects, naming device and phase, when it closes or fails first, or after `limit` milliseconds. */
  whenConnected(limit: number): Promise<void>;
}

/** What all devices share. */
export interface ControllerContext {
  readonly hv: Hypervisor;
  readonly log: Log;
  readonly claims: ClaimTable;
  /** Runs before each step, with `CLASS.STEP`: where tests end domains, at every labelled step. */
  readonly onStep?: ((label: string, device: Device) => Promise<void> | void) | undefined;
  /** Longest wait for an answer to one message, milliseconds; 20 seconds unless said. */
  readonly answerLimit?: number | undefined;
  /** Tells that a device changed, for the mirror in xenstore. */
  readonly onChange: (device: Device) => void;
}

/** What a device is made of. */
export interface DeviceSpec {
  readonly class: DeviceClass;
  readonly devid: number;
  readonly config: DeviceConfig;
  readonly front: ControlPeer;
  readonly back: ControlPeer;
}

/** Code of the error when a device failed because its own domain is gone. */
export const FRONT_GONE = 'EFRONTGONE';

/** Times that a device may break its protocol before it is closed. */
const MAX_BREAKS = 5;

/** Steps that clean up: they go on whatever is answered, because nobody is left who could do better. */
const CLEANING: ReadonlySet<DeviceStep> = new Set([
  'backDisconnect',
  'closeChannel',
  'tellClosed',
  'backDeviceDestroy',
  'backDestroy',
]);

/** A device that drives itself through {@link DEVICE_TABLE}. Its resources are claimed here and released when it closes. */
export function createDevice(spec: DeviceSpec, context: ControllerContext): Device {
  const { class: deviceClass, devid, config, front, back } = spec;
  const { hv, log } = context;
  const type = deviceClass.name.toUpperCase();
  const name = deviceClass.names(config)[0] ?? String(devid);
  const owner = `domain ${front.name} (${name})`;
  const counters = new Float64Array(new SharedArrayBuffer(8 * Math.max(1, deviceClass.counters.length)));
  const title = `Device ${devid} (${deviceClass.name})`;
  const waiting = new Set<{ resolve(): void; reject(error: Error): void }>();
  let state: DeviceState = 'new';
  let connection: Device['connection'];
  let offered: readonly number[] = [];
  let phase: string = 'created';
  let failure: XmError | undefined;
  let breaks = 0;
  let claimed = false;
  let chain: Promise<unknown> = Promise.resolve();

  /** Resolves when the back end's domain is gone and what it had mapped is undone: a front end may be waiting for it in vain. */
  const backLost = Promise.withResolvers<ControlAnswer>();

  const backBody = (body: ControlBody = {}): ControlBody => ({ domid: front.domid, handle: devid, ...body });

  /** Sends a control message; anything but OKAY is an error that names the device. @param lost ends the wait for the answer */
  async function send(
    to: ControlPeer,
    end: 'FE' | 'BE',
    subtype: string,
    body: ControlBody,
    lost?: Promise<ControlAnswer>,
  ): Promise<void> {
    const shown = subtype.replace(/^DEVICE/, type);
    phase = `${end} ${shown}`;
    const peer = `${to.name} (${to.domid})`;
    log.write('DEBUG', `${type}_${end} ${shown}(${showFields(body)}) to ${peer}`);
    const answering = to.request(`${type}_${end}`, subtype, body, context.answerLimit);
    const answer = await (lost === undefined ? answering : Promise.race([answering, lost]));
    const okay = answer.status === CMSG_STATUS.okay;
    const verdict = okay ? (answer.reason ?? 'OKAY') : `status ${answer.status}, ${answer.reason ?? 'no reason'}`;
    log.write(okay ? 'DEBUG' : 'WARNING', `${type}_${end} ${shown} answered by ${peer}: ${verdict}`);
    if (okay) return;
    // The front end takes back what it lent in a step that follows.
    if (answer.gone && to === back && back !== front) await backLost.promise;
    if (answer.late !== undefined) {
      const text = `${title}: domain '${to.name}' did not answer ${phase} within ${answer.late / 1000} s`;
      throw new XmError('ETIMEOUT', text, { hint: `${name} of domain ${front.name}, state ${state}` });
    }
    const why = answer.gone ? `Domain '${to.name}' is gone` : (answer.reason ?? `${phase} failed`);
    throw new XmError(answer.gone && to === front ? FRONT_GONE : 'EDEVICE', `${title} could not be connected. ${why}`, {
      hint: `${name} of domain ${front.name}: ${phase} was answered with status ${answer.status}`,
    });
  }

  function tellFront(status: number, body: ControlBody, lost?: Promise<ControlAnswer>): Promise<void> {
    return send(front, 'FE', 'INTERFACE_STATUS', { handle: devid, status, ...body }, lost);
  }

  const steps: Readonly<Record<DeviceStep, (body: ControlBody) => Promise<void> | void>> = {
    async backCreate() {
      // Its own while it exists: a back end that is loaded again finds it.
      const claim = claimed ? undefined : deviceClass.claim?.(config);
      if (claim !== undefined) context.claims.take(claim, owner);
      claimed = true;
      const fields = { domainName: front.name, name, config, counters };
      await send(back, 'BE', 'CREATE', backBody(fields));
    },
    backDeviceCreate: () => send(back, 'BE', 'DEVICE_CREATE', backBody()),
    // Without a back end there is nobody to offer memory to, and nobody who waits for the front end to let go.
    tellDisconnected: ({ unserved }) =>
      tellFront(
        INTERFACE.disconnected,
        { name, config, backendId: back.domid, unserved },
        unserved === true ? NOT_WAITED_FOR : backLost.promise,
      ),
    bindChannel(body) {
      offered = Array.isArray(body.frames) ? body.frames.filter(Number.isSafeInteger) : [];
      const { near, far } = hv.bindPair(front.domid, back.domid);
      connection = { evtchn: near, backEvtchn: far, frames: offered };
    },
    backConnect: () => send(back, 'BE', 'CONNECT', backBody({ frames: offered, evtchn: connection?.backEvtchn })),
    tellConnected: () => tellFront(INTERFACE.connected, { evtchn: connection?.evtchn }, backLost.promise),
    async backDisconnect() {
      try {
        await send(back, 'BE', 'DISCONNECT', backBody());
      } catch (error) {
        // Of a class of a user's own nothing is expected, but that the front end has its memory back.
        if (deviceClass.own !== undefined) await send(back, 'BE', 'DISCONNECT', backBody({ force: true }));
        throw error;
      }
    },
    closeChannel() {
      if (connection === undefined) return;
      hv.closePort(front.domid, connection.evtchn);
      hv.closePort(back.domid, connection.backEvtchn);
      connection = undefined;
    },
    // By force: a front end that is paused or hangs hears it when it goes on.
    tellClosed: ({ force }) => tellFront(INTERFACE.closed, {}, force === true ? NOT_WAITED_FOR : undefined),
    backDeviceDestroy: () => send(back, 'BE', 'DEVICE_DESTROY', backBody()),
    // What did not answer before would still be there when the next device of this number comes.
    backDestroy: ({ force }) => send(back, 'BE', 'DESTROY', backBody({ force })),
  };

  /** @returns the first failure of a step that cleans up */
  async function run(list: readonly DeviceStep[], body: ControlBody): Promise<unknown> {
    let failed: unknown;
    for (const step of list) {
      await context.onStep?.(`${deviceClass.name}.${step}`, device);
      try {
        await steps[step](
          step === 'backDestroy' && failed !== undefined ? { force: deviceClass.own !== undefined } : body,
        );
      } catch (error) {
        if (!CLEANING.has(step)) throw error;
        failed ??= error;
      }
    }
    return failed;
  }

  function enter(next: DeviceState): void {
    state = next;
    if (next === 'connected') {
      failure = undefined;
      for (const waiter of waiting) waiter.resolve();
      waiting.clear();
    }
    if (next === 'closed') {
      context.claims.release(owner);
      fail(failure ?? new XmError('EDEVICE', `${title} was closed`));
    }
    context.onChange(device);
  }

  function fail(error: XmError): void {
    failure = error;
    for (const waiter of waiting) waiter.reject(error);
    waiting.clear();
  }

  async function transition(event: DeviceEvent, body: ControlBody): Promise<void> {
    const found = DEVICE_TABLE[state][event];
    if (found === undefined) {
      log.write('DEBUG', `${front.name} ${name}: ${event} in state ${state} changes nothing`);
      return;
    }
    if (event === 'broken') breaks++;
    if (event === 'failed') {
      failure = new XmError('EDEVICE', `${title} failed. ${String(body.reason)}`);
      log.write('ERROR', `${front.name} ${name}: ${failure.message}`);
    }
    if (event === 'frontUp' || event === 'backUp') failure = undefined;
    let unclean: unknown;
    try {
      unclean = await run(found.steps, body);
      enter(found.to);
      if (breaks > MAX_BREAKS && state !== 'closed') {
        log.write('WARNING', `${front.name} ${name}: it broke the protocol ${breaks} times and is closed`);
        await transition('detach', {});
      }
    } catch (error) {
      await undo(event, error);
    }
    // Who unloads a driver waits for just that.
    if (unclean !== undefined && (event === 'frontDown' || event === 'backDown')) throw unclean;
  }

  /**
   * A step failed: nothing half-made stays. A device that has no back end is gone; one that has keeps it, and its front end hears
   * that nothing comes any more.
   */
  async function undo(event: DeviceEvent, error: unknown): Promise<never> {
    const cause = error instanceof XmError ? error : new XmError('EDEVICE', `${title}: ${messageOf(error)}`);
    log.write('ERROR', `${front.name} ${name}: ${event} failed: ${cause.message}`);
    if (event === 'attach' || event === 'backUp') {
      if (event === 'backUp') await run(['tellClosed'], { force: true });
      await run(['backDeviceDestroy', 'backDestroy'], {});
      failure = cause;
      enter('closed');
    } else {
      await run(['backDisconnect', 'closeChannel', 'tellClosed'], { force: true });
      fail(cause);
      enter('waiting');
    }
    throw cause;
  }

  const device: Device = {
    class: deviceClass,
    devid,
    name,
    config,
    front,
    back,
    counters,
    get state() {
      return state;
    },
    get connection() {
      return connection;
    },
    handle(event, body = {}) {
      if (event === 'backGone') {
        backLost.resolve({ status: CMSG_STATUS.error, reason: `Domain '${back.name}' is gone` });
      }
      const run = chain.then(() => transition(event, body));
      chain = run.catch(() => {});
      return run;
    },
    whenConnected(limit) {
      if (state === 'connected') return Promise.resolve();
      if (failure !== undefined) return Promise.reject(failure);
      const started = performance.now();
      return new Promise((resolve, reject) => {
        const timer = setTimeout(() => {
          waiting.delete(waiter);
          const elapsed = ((performance.now() - started) / 1000).toFixed(1);
          const text = `${title} could not be connected. Nothing came after ${phase} within ${elapsed} s`;
          reject(new XmError('ETIMEOUT', text, { hint: `${name} of domain ${front.name}, state ${state}` }));
        }, limit);
        const waiter = {
          resolve() {
            clearTimeout(timer);
            resolve();
          },
          reject(error: Error) {
            clearTimeout(timer);
            reject(error);
          },
        };
        waiting.add(waiter);
      });
    },
  };
  return device;
}

const NOT_WAITED_FOR = Promise.resolve<ControlAnswer>({ ...OKAY, reason: 'not waited for' });

const INTERFACE_NAMES: readonly string[] = Object.keys(INTERFACE).map((name) => name.toUpperCase());

/** The fields of a control message as the log shows them: numbers and names, no configuration, no memory. */
function showFields(body: ControlBody): string {
  return Object.entries(body)
    .filter(([, value]) => typeof value === 'number' || typeof value === 'string' || Array.isArray(value))
    .map(([key, value]) => `${key}=${key === 'status' ? INTERFACE_NAMES[Number(value)] : String(value)}`)
    .join(', ');
}
