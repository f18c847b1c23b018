// SPDX-License-Identifier: Apache-2.0
import type { ClaimOwner } from '../devices/claims.ts';
import { messageOf, XmError } from '../errors.ts';
import {
  type ControllerContext,
  type ControlPeer,
  type Device,
  type DeviceEventBody,
  type DeviceSpec,
  notConnected,
  remainsOf,
} from './device.ts';
import { createDeviceMessages } from './device-messages.ts';
import { createDeviceSteps } from './device-steps.ts';
import {
  DEVICE_TABLE,
  type DeviceEvent,
  type DeviceState,
  type DeviceStep,
  type Transition,
  UNDO,
  UNDO_HELD,
  UNDO_OTHERS,
} from './device-table.ts';
import { createDeviceWaiters } from './device-waiters.ts';

/** Times that a device may break its protocol before it is closed. */
const MAX_BREAKS = 5;

/** Steps that clean up: they go on whatever is answered, because nobody is left who could do better. */
const CLEANING: ReadonlySet<DeviceStep> = new Set([
  'backDisconnect',
  'closeChannel',
  'tellClosed',
  'backDeviceDestroy',
  'backDestroy',
  'backForsake',
]);

/** With these a back end says that it has let go; one that has not may still do what it has in work. */
const LETTING_GO: ReadonlySet<DeviceStep> = new Set(['backDisconnect', 'backDestroy']);

/** With these somebody is to have it, be it the same one again. */
const TAKING: ReadonlySet<DeviceEvent> = new Set(['move', 'backUp']);

const FORSAKE: readonly DeviceStep[] = ['backForsake'];

/** Who unloads a driver or saves a domain waits for just that: the connection ended in an orderly way. */
const CLEAN: ReadonlySet<DeviceEvent> = new Set(['frontDown', 'backDown', 'suspend']);

/** With these a device begins anew, whatever failed before. */
const FRESH: ReadonlySet<DeviceEvent> = new Set(['frontUp', 'show', 'backUp', 'move', 'seize']);

/** A front end that did not hear in time that there is a back end connects when it does. */
const SHOWING: ReadonlySet<DeviceEvent> = new Set(['frontUp', 'show']);
const STILL_OFFERED: Transition = { steps: [], to: 'offered' };

/** A device that drives itself through {@link DEVICE_TABLE}. Its resources are claimed here and released when it closes. */
export function createDevice(spec: DeviceSpec, context: ControllerContext): Device {
  const { class: deviceClass, devid, front } = spec;
  const { log } = context;
  const name = deviceClass.names(spec.config)[0] ?? String(devid);
  const ends = { front, back: spec.back };
  // Its domain may be renamed.
  const owner: ClaimOwner = { toString: () => `domain ${front.name} (${name})` };
  const counters = new Float64Array(new SharedArrayBuffer(8 * Math.max(1, deviceClass.counters.length)));
  const title = `Device ${devid} (${deviceClass.name})`;
  const messages = createDeviceMessages(spec, ends, context, name, () => state);
  const doing = createDeviceSteps({ ...spec, name, owner, counters }, ends, context, messages);
  const waiters = createDeviceWaiters();
  let state: DeviceState = 'new';
  let unservedSince: number | undefined;
  /** Of the domain that served it and is gone; until there is another one. */
  let remains: ControlPeer | undefined;
  let failure: XmError | undefined;
  let breaks = 0;
  /** The back end has not let go, which what was done last would have needed. */
  let held = false;
  let chain: Promise<unknown> = Promise.resolve();

  const asError = (thrown: unknown): XmError =>
    thrown instanceof XmError ? thrown : new XmError('EDEVICE', `${title}: ${messageOf(thrown)}`);

  /** @returns the first failure of a step that cleans up */
  async function run(
    event: DeviceEvent,
    list: readonly DeviceStep[],
    body: DeviceEventBody,
  ): Promise<XmError | undefined> {
    let failed: XmError | undefined;
    held = false;
    for (const step of list) {
      await context.onStep?.(`${deviceClass.name}.${step}`, device);
      try {
        await doing.steps[step](
          step === 'backDestroy' && failed !== undefined ? { force: deviceClass.own !== undefined } : body,
        );
      } catch (error) {
        held = TAKING.has(event) && LETTING_GO.has(step) && !ends.back.lost.aborted;
        if (held || !CLEANING.has(step)) throw error;
        failed ??= asError(error);
      }
    }
    return failed;
  }

  function enter(next: DeviceState): void {
    state = next;
    if (unservedSince !== undefined && next === 'waiting') {
      const seconds = ((Date.now() - unservedSince) / 1000).toFixed(1);
      log.write(
        'INFO',
        `${front.name} ${name}: domain '${ends.back.name}' (${ends.back.domid}) serves it after ${seconds} s`,
      );
    }
    unservedSince = next === 'unserved' ? (unservedSince ?? Date.now()) : undefined;
    if (next === 'connected') {
      failure = undefined;
      waiters.resolve();
    }
    if (next === 'closed') {
      context.claims.release(owner);
      fail(failure ?? new XmError('EDEVICE', `${title} was closed`));
    }
    context.onChange(device);
  }

  function fail(error: XmError): void {
    failure = error;
    waiters.reject(error);
  }

  async function transition(event: DeviceEvent, body: DeviceEventBody): Promise<XmError | undefined> {
    const found = DEVICE_TABLE[state][event];
    // An offer for a back end that died meanwhile may come when there is another one.
    const stale = event === 'frontConnect' && body.invitation !== doing.invitation;
    if (found === undefined || stale) {
      log.write('DEBUG', `${front.name} ${name}: ${event} in state ${state} changes nothing`);
      return undefined;
    }
    if (event === 'broken') breaks++;
    if (event === 'failed') {
      failure = new XmError('EDEVICE', `${title} failed. ${String(body.reason)}`);
      log.write('ERROR', `${front.name} ${name}: ${failure.message}`);
    }
    if (FRESH.has(event)) failure = undefined;
    let unclean: XmError | undefined;
    try {
      unclean = await run(event, found.steps, body);
      enter(found.to);
      if (breaks > MAX_BREAKS && state !== 'closed') {
        log.write('WARNING', `${front.name} ${name}: it broke the protocol ${breaks} times and is closed`);
        await transition('detach', {});
      }
    } catch (error) {
      await undo(event, error, body);
    }
    // The dead use nothing any more; only who is saved needs to have its answers.
    const harmless = event !== 'suspend' && ends.back.lost.aborted;
    if (unclean !== undefined && CLEAN.has(event) && !harmless) throw unclean;
    return harmless || front.lost.aborted ? undefined : unclean;
  }

  /** A step failed: nothing half-made stays. One whose back end died waits for what comes. */
  async function undo(event: DeviceEvent, error: unknown, { back }: DeviceEventBody): Promise<never> {
    const cause = error instanceof XmError ? error : new XmError('EDEVICE', `${title}: ${messageOf(error)}`);
    log.write('ERROR', `${front.name} ${name}: ${event} failed: ${cause.message}`);
    if (ends.back.lost.aborted && event !== 'attach') {
      fail(cause);
      throw cause;
    }
    const late = SHOWING.has(event) && cause.code === 'ETIMEOUT';
    const { steps, to } = held ? UNDO_HELD : late ? STILL_OFFERED : (UNDO[event] ?? UNDO_OTHERS);
    // One that was to serve it has nothing of it.
    const forsaken = back === ends.back && !held;
    await run(event, [...steps, ...(forsaken ? FORSAKE : [])], { force: true });
    fail(cause);
    enter(to);
    throw cause;
  }

  /** Its back end's domain is gone: it waits for another one of that name, unless what was written went with it. */
  async function loseBack(): Promise<void> {
    const { back } = ends;
    if (!back.lost.aborted || state === 'closed' || back === remains) return;
    const gone = `domain '${back.name}' (${back.domid}), which served it, is gone`;
    if (deviceClass.volatile?.(doing.config)) {
      await transition('failed', { reason: `${gone}, and what was written to it` });
      return;
    }
    log.write('WARNING', `${front.name} ${name}: ${gone}; it waits for a domain of that name`);
    await transition('backGone', {});
    remains = remainsOf(back);
    doing.serveBy(remains);
    fail(new XmError('EDEVICE', `${title} could not be connected. Domain '${back.name}' is gone`));
  }

  const device: Device = {
    class: deviceClass,
    devid,
    name,
    front,
    counters,
    get config() {
      return doing.config;
    },
    get back() {
      return ends.back;
    },
    get state() {
      return state;
    },
    get unservedSince() {
      return unservedSince;
    },
    get phase() {
      return messages.phase;
    },
    get unanswered() {
      return messages.unanswered;
    },
    get connection() {
      return doing.connection;
    },
    handle(event, body = {}) {
      // However a transition ends: the back end may have died meanwhile, be it one that nobody knew of as its own.
      const run = chain.then(() => (event === 'backGone' ? undefined : transition(event, body))).finally(loseBack);
      chain = run.catch(() => {});
      return run;
    },
    whenConnected(limit) {
      if (state === 'connected') return Promise.resolve();
      if (failure !== undefined) return Promise.reject(failure);
      return waiters.wait(limit, () => notConnected(device, limit));
    },
  };
  return device;
}
