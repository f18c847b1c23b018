// SPDX-License-Identifier: Apache-2.0

/** Where a device stands, as xend knows it. */
export type DeviceState = 'new' | 'waiting' | 'offered' | 'connected' | 'unserved' | 'closed';

/** What happens to a device. */
export type DeviceEvent =
  /** xend wants it (creation, hot add). */
  | 'attach'
  /** The front end's driver is up: DRIVER_STATUS(UP), or a new device while it is up. */
  | 'frontUp'
  /** The front end sent INTERFACE_CONNECT. */
  | 'frontConnect'
  /** The front end lets go: INTERFACE_DISCONNECT or DRIVER_STATUS(DOWN). */
  | 'frontDown'
  /** The back end's driver is down: DRIVER_STATUS(DOWN), before it is unloaded. */
  | 'backDown'
  /** It is up again. */
  | 'backUp'
  /** Either end says that the other broke the protocol. */
  | 'broken'
  /** Either end threw what nobody caught. */
  | 'failed'
  /** xend wants it at rest, with all that was asked of it done: its domain is saved. 'frontUp' ends that. */
  | 'suspend'
  /** xend wants it away (hot remove). */
  | 'detach'
  /** The front end's domain is dead. */
  | 'frontGone'
  /** The back end's domain is dead. */
  | 'backGone';

/** One step of a transition; each is a control message with its answer, and a line of xend.log. */
export type DeviceStep =
  | 'backCreate'
  | 'backDeviceCreate'
  | 'tellDisconnected'
  | 'bindChannel'
  | 'backConnect'
  | 'tellConnected'
  | 'backDisconnect'
  | 'closeChannel'
  | 'tellClosed'
  | 'backDeviceDestroy'
  | 'backDestroy';

/** From a state by an event: the steps, then the state. A step that fails ends the transition; see `controller.ts`. */
export interface Transition {
  readonly steps: readonly DeviceStep[];
  readonly to: DeviceState;
}

const CONNECT: readonly DeviceStep[] = ['bindChannel', 'backConnect', 'tellConnected'];
const DISCONNECT: readonly DeviceStep[] = ['backDisconnect', 'closeChannel'];
const DESTROY: readonly DeviceStep[] = ['backDeviceDestroy', 'backDestroy'];

/**
 * The connection flow of spec/xend.md 3.5 for every class, with one interface for each device. An event that has no entry is
 * ignored and logged: it came too late or too early to matter.
 */
export const DEVICE_TABLE: Readonly<Record<DeviceState, Readonly<Partial<Record<DeviceEvent, Transition>>>>> = {
  new: {
    attach: { steps: ['backCreate', 'backDeviceCreate'], to: 'waiting' },
    frontGone: { steps: [], to: 'closed' },
    backGone: { steps: [], to: 'closed' },
  },
  waiting: {
    frontUp: { steps: ['tellDisconnected'], to: 'offered' },
    suspend: { steps: [], to: 'waiting' },
    backDown: { steps: DESTROY, to: 'unserved' },
    // The front end knows the device if a connection failed before.
    detach: { steps: ['tellClosed', ...DESTROY], to: 'closed' },
    failed: { steps: ['tellClosed', ...DESTROY], to: 'closed' },
    frontGone: { steps: DESTROY, to: 'closed' },
    backGone: { steps: ['tellClosed'], to: 'closed' },
  },
  offered: {
    frontConnect: { steps: CONNECT, to: 'connected' },
    frontUp: { steps: ['tellDisconnected'], to: 'offered' },
    frontDown: { steps: [], to: 'waiting' },
    suspend: { steps: ['tellDisconnected'], to: 'waiting' },
    backDown: { steps: DESTROY, to: 'unserved' },
    detach: { steps: ['tellClosed', ...DESTROY], to: 'closed' },
    failed: { steps: ['tellClosed', ...DESTROY], to: 'closed' },
    frontGone: { steps: [...DISCONNECT, ...DESTROY], to: 'closed' },
    backGone: { steps: ['tellClosed'], to: 'closed' },
  },
  connected: {
    frontConnect: { steps: [...DISCONNECT, ...CONNECT], to: 'connected' },
    frontUp: { steps: [...DISCONNECT, 'tellDisconnected'], to: 'offered' },
    frontDown: { steps: DISCONNECT, to: 'waiting' },
    suspend: { steps: [...DISCONNECT, 'tellDisconnected'], to: 'waiting' },
    backDown: { steps: [...DISCONNECT, 'tellDisconnected', ...DESTROY], to: 'unserved' },
    broken: { steps: [...DISCONNECT, 'tellDisconnected'], to: 'offered' },
    detach: { steps: [...DISCONNECT, 'tellClosed', ...DESTROY], to: 'closed' },
    failed: { steps: [...DISCONNECT, 'tellClosed', ...DESTROY], to: 'closed' },
    frontGone: { steps: [...DISCONNECT, ...DESTROY], to: 'closed' },
    backGone: { steps: ['closeChannel', 'tellClosed'], to: 'closed' },
  },
  unserved: {
    backUp: { steps: ['backCreate', 'backDeviceCreate'], to: 'waiting' },
    detach: { steps: ['tellClosed'], to: 'closed' },
    failed: { steps: ['tellClosed'], to: 'closed' },
    frontGone: { steps: [], to: 'closed' },
    backGone: { steps: ['tellClosed'], to: 'closed' },
  },
  closed: {},
};
