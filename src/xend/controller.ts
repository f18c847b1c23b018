// SPDX-License-Identifier: Apache-2.0
import type { ClaimOwner } from '../devices/claims.ts';
import type { ControlBody } from '../domain/control.ts';
import { messageOf, XmError } from '../errors.ts';
import { type ControllerContext, type Device, type DeviceSpec, notConnected } from './device.ts';
import { createDeviceMessages } from './device-messages.ts';
import { createDeviceSteps } from './device-steps.ts';
import { DEVICE_TABLE, type DeviceEvent, type DeviceState, type DeviceStep } from './device-table.ts';
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
]);

/** Who unloads a driver or saves a domain waits for just that: the connection ended in an orderly way. */
const CLEAN: ReadonlySet<DeviceEvent> = new Set(['frontDown', 'backDown', 'suspend']);

/** A device that drives itself through {@link DEVICE_TABLE}. Its resources are claimed here and released when it closes. */
export function createDevice(spec: DeviceSpec, context: ControllerContext): Device {
  const { class: deviceClass, devid, config, front, back } = spec;
  const { log } = context;
  const name = deviceClass.names(config)[0] ?? String(devid);
  // Its domain may be renamed.
  const owner: ClaimOwner = { toString: () => `domain ${front.name} (${name})` };
  const counters = new Float64Array(new SharedArrayBuffer(8 * Math.max(1, deviceClass.counters.length)));
  const title = `Device ${devid} (${deviceClass.name})`;
  const messages = createDeviceMessages(spec, context, name, () => state);
  const doing = createDeviceSteps({ ...spec, name, owner, counters }, context, messages);
  const waiters = createDeviceWaiters();
  let state: DeviceState = 'new';
  let failure: XmError | undefined;
  let breaks = 0;
  let chain: Promise<unknown> = Promise.resolve();

  /** @returns the first failure of a step that cleans up */
  async function run(list: readonly DeviceStep[], body: ControlBody): Promise<unknown> {
    let failed: unknown;
    for (const step of list) {
      await context.onStep?.(`${deviceClass.name}.${step}`, device);
      try {
        await doing.steps[step](
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
    if (unclean !== undefined && CLEAN.has(event)) throw unclean;
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
      if (event === 'backGone') messages.loseBack();
      const run = chain.then(() => transition(event, body));
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
