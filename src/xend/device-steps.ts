// SPDX-License-Identifier: Apache-2.0
import type { ClaimOwner } from '../devices/claims.ts';
import { type ControlAnswer, type ControlBody, INTERFACE, OKAY } from '../domain/control.ts';
import type { ControllerContext, Device, DeviceSpec } from './device.ts';
import type { DeviceMessages } from './device-messages.ts';
import type { DeviceStep } from './device-table.ts';

/** What one device does in the steps of the table, and what it has by them. */
export interface DeviceSteps {
  readonly steps: Readonly<Record<DeviceStep, (body: ControlBody) => Promise<void> | void>>;
  /** The connection, while there is one. */
  readonly connection: Device['connection'];
}

/** What a device is for its own steps. */
export interface StepSubject extends DeviceSpec {
  /** Its word for people. */
  readonly name: string;
  /** In whose name its resources are claimed. */
  readonly owner: ClaimOwner;
  /** The back end's counters, in shared memory. */
  readonly counters: Float64Array;
}

/** @param messages how it speaks with its ends */
export function createDeviceSteps(
  { class: deviceClass, config, front, back, record, name, owner, counters }: StepSubject,
  { hv, claims }: Pick<ControllerContext, 'hv' | 'claims'>,
  { tellBack, tellFront, backLost }: DeviceMessages,
): DeviceSteps {
  let connection: Device['connection'];
  let offered: readonly number[] = [];
  let claimed = false;

  const steps: DeviceSteps['steps'] = {
    async backCreate() {
      // Its own while it exists: a back end that is loaded again finds it.
      const claim = claimed ? undefined : deviceClass.claim?.(config);
      if (claim !== undefined) claims.take(claim, owner);
      claimed = true;
      await tellBack('CREATE', { domainName: front.name, name, config, counters, record });
    },
    backDeviceCreate: () => tellBack('DEVICE_CREATE'),
    // Without a back end there is nobody to offer memory to, and nobody who waits for the front end to let go.
    tellDisconnected: ({ unserved }) =>
      tellFront(
        INTERFACE.disconnected,
        { name, config, backendId: back.domid, unserved },
        unserved === true ? NOT_WAITED_FOR : backLost,
      ),
    bindChannel(body) {
      offered = Array.isArray(body.frames) ? body.frames.filter(Number.isSafeInteger) : [];
      const { near, far } = hv.bindPair(front.domid, back.domid);
      connection = { evtchn: near, backEvtchn: far, frames: offered };
    },
    backConnect: () => tellBack('CONNECT', { frames: offered, evtchn: connection?.backEvtchn }),
    tellConnected: () => tellFront(INTERFACE.connected, { evtchn: connection?.evtchn }, backLost),
    async backDisconnect() {
      try {
        await tellBack('DISCONNECT');
      } catch (error) {
        // Of a class of a user's own nothing is expected, but that the front end has its memory back.
        if (deviceClass.own !== undefined) await tellBack('DISCONNECT', { force: true });
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
    backDeviceDestroy: () => tellBack('DEVICE_DESTROY'),
    // What did not answer before would still be there when the next device of this number comes.
    backDestroy: ({ force }) => tellBack('DESTROY', { force }),
  };
  return {
    steps,
    get connection() {
      return connection;
    },
  };
}

const NOT_WAITED_FOR = Promise.resolve<ControlAnswer>({ ...OKAY, reason: 'not waited for' });
