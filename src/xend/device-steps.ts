// SPDX-License-Identifier: Apache-2.0
import type { ClaimOwner } from '../devices/claims.ts';
import type { DeviceConfig } from '../devices/contract.ts';
import { INTERFACE } from '../domain/control.ts';
import type { ControllerContext, ControlPeer, Device, DeviceEventBody, DeviceSpec } from './device.ts';
import type { DeviceEnds, DeviceMessages } from './device-messages.ts';
import type { DeviceStep } from './device-table.ts';

/** Longest wait for each answer of a back end that may hang, milliseconds. */
const FORSAKE_LIMIT = 2000;

/** What one device does in the steps of the table, and what it has by them. */
export interface DeviceSteps {
  readonly steps: Readonly<Record<DeviceStep, (body: DeviceEventBody) => Promise<void> | void>>;
  /** The connection, while there is one. */
  readonly connection: Device['connection'];
  /** Number of the last invitation to offer memory: what is offered for an earlier one is taken back already. */
  readonly invitation: number;
  /** That which the device was made with, or with the name of who serves it now. */
  readonly config: DeviceConfig;
  /** It has another back end from now on. */
  serveBy(back: ControlPeer): void;
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
  { class: deviceClass, config: made, front, back: maker, record, name, owner, counters }: StepSubject,
  ends: DeviceEnds,
  { hv, claims }: Pick<ControllerContext, 'hv' | 'claims'>,
  { tellBack, leaveBack, tellFront }: DeviceMessages,
): DeviceSteps {
  let connection: Device['connection'];
  let offered: readonly number[] = [];
  let claimed = false;
  let invitation = 0;
  let config = made;

  function serveBy(back: ControlPeer): void {
    ends.back = back;
    config = back === maker ? made : { ...made, backend: back.name };
  }

  const steps: DeviceSteps['steps'] = {
    async backCreate() {
      // Its own while it exists: a back end that is loaded again finds it.
      const claim = claimed ? undefined : deviceClass.claim?.(config);
      if (claim !== undefined) claims.take(claim, owner);
      claimed = true;
      await tellBack('CREATE', { domainName: front.name, name, config, counters, record });
    },
    backDeviceCreate: () => tellBack('DEVICE_CREATE'),
    tellDisconnected: () =>
      tellFront(
        INTERFACE.disconnected,
        { name, config, backendId: ends.back.domid, invitation: ++invitation },
        'while served',
      ),
    // Without a back end there is nobody to offer memory to, and nobody who waits for the front end to let go.
    tellUnserved: () =>
      tellFront(INTERFACE.disconnected, { name, config, backendId: ends.back.domid, unserved: true }, 'none'),
    bindChannel({ frames }) {
      offered = Array.isArray(frames) ? frames.filter(Number.isSafeInteger) : [];
      const { near, far } = hv.bindPair(front.domid, ends.back.domid);
      connection = { evtchn: near, backEvtchn: far, frames: offered };
    },
    backConnect: () => tellBack('CONNECT', { frames: offered, evtchn: connection?.backEvtchn }),
    tellConnected: () => tellFront(INTERFACE.connected, { evtchn: connection?.evtchn }, 'while served'),
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
      hv.closePort(ends.back.domid, connection.backEvtchn);
      connection = undefined;
    },
    // By force: a front end that is paused or hangs hears it when it goes on.
    tellClosed: ({ force }) => tellFront(INTERFACE.closed, {}, force === true ? 'none' : 'answer'),
    async backDeviceDestroy() {
      if (!ends.back.lost.aborted) await tellBack('DEVICE_DESTROY');
    },
    // What did not answer before would still be there when the next device of this number comes.
    async backDestroy({ force }) {
      if (!ends.back.lost.aborted) await tellBack('DESTROY', { force });
    },
    async backForsake() {
      if (ends.back.lost.aborted) return;
      try {
        for (const subtype of ['DISCONNECT', 'DEVICE_DESTROY', 'DESTROY']) await tellBack(subtype, {}, FORSAKE_LIMIT);
      } catch {
        // Whenever it comes to itself, it lets go.
        leaveBack('DESTROY', { force: true });
      }
    },
    changeBack({ back }) {
      if (back !== undefined) serveBy(back);
    },
  };
  return {
    steps,
    get connection() {
      return connection;
    },
    get invitation() {
      return invitation;
    },
    get config() {
      return config;
    },
    serveBy,
  };
}
