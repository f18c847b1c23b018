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
  /** A driver is up that may serve it: that one again, or that of another domain of the same name. */
  | 'backUp'
  /** It has a back end again, and its front end was up all the time. */
  | 'show'
  /** Another domain is to serve it; what was asked for is done before. */
  | 'move'
  /** The same, and who serves it may hang: it is given up if it does not answer. */
  | 'seize'
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
  | 'tellUnserved'
  | 'bindChannel'
  | 'backConnect'
  | 'tellConnected'
  | 'backDisconnect'
  | 'closeChannel'
  | 'tellClosed'
  | 'backDeviceDestroy'
  | 'backDestroy'
  | 'backForsake'
  | 'changeBack';

/** From a state by an event: the steps, then the state. A step that fails ends the transition; see `controller.ts`. */
export interface Transition {
  readonly steps: readonly DeviceStep[];
  readonly to: DeviceState;
}

const CREATE: readonly DeviceStep[] = ['backCreate', 'backDeviceCreate'];
const CONNECT: readonly DeviceStep[] = ['bindChannel', 'backConnect', 'tellConnected'];
const DISCONNECT: readonly DeviceStep[] = ['backDisconnect', 'closeChannel'];
const DESTROY: readonly DeviceStep[] = ['backDeviceDestroy', 'backDestroy'];
const CHANGE: readonly DeviceStep[] = ['changeBack', ...CREATE];

/**
 * The connection flow of spec/xend.md 3.5 for every class, with one interface for each device. An event that has no entry is
 * ignored and logged: it came too late or too early to matter.
 */
export const DEVICE_TABLE: Readonly<Record<DeviceState, Readonly<Partial<Record<DeviceEvent, Transition>>>>> = {
  new: {
    attach: { steps: CREATE, to: 'waiting' },
    frontGone: { steps: [], to: 'closed' },
    backGone: { steps: [], to: 'closed' },
  },
  waiting: {
    frontUp: { steps: ['tellDisconnected'], to: 'offered' },
    show: { steps: ['tellDisconnected'], to: 'offered' },
    suspend: { steps: [], to: 'waiting' },
    backDown: { steps: DESTROY, to: 'unserved' },
    move: { steps: [...DESTROY, ...CHANGE], to: 'waiting' },
    seize: { steps: ['backForsake', ...CHANGE], to: 'waiting' },
    // The front end knows the device if a connection failed before.
    detach: { steps: ['tellClosed', ...DESTROY], to: 'closed' },
    failed: { steps: ['tellClosed', ...DESTROY], to: 'closed' },
    frontGone: { steps: DESTROY, to: 'closed' },
    backGone: { steps: [], to: 'unserved' },
  },
  offered: {
    frontConnect: { steps: CONNECT, to: 'connected' },
    frontUp: { steps: ['tellDisconnected'], to: 'offered' },
    frontDown: { steps: [], to: 'waiting' },
    suspend: { steps: ['tellUnserved'], to: 'waiting' },
    backDown: { steps: DESTROY, to: 'unserved' },
    move: { steps: ['tellUnserved', ...DESTROY, ...CHANGE], to: 'waiting' },
    seize: { steps: ['tellUnserved', 'backForsake', ...CHANGE], to: 'waiting' },
    detach: { steps: ['tellClosed', ...DESTROY], to: 'closed' },
    failed: { steps: ['tellClosed', ...DESTROY], to: 'closed' },
    frontGone: { steps: [...DISCONNECT, ...DESTROY], to: 'closed' },
    // It may have died while it was connected.
    backGone: { steps: ['closeChannel', 'tellUnserved'], to: 'unserved' },
  },
  connected: {
    frontConnect: { steps: [...DISCONNECT, ...CONNECT], to: 'connected' },
    frontUp: { steps: [...DISCONNECT, 'tellDisconnected'], to: 'offered' },
    frontDown: { steps: DISCONNECT, to: 'waiting' },
    suspend: { steps: [...DISCONNECT, 'tellUnserved'], to: 'waiting' },
    backDown: { steps: [...DISCONNECT, 'tellUnserved', ...DESTROY], to: 'unserved' },
    move: { steps: [...DISCONNECT, 'tellUnserved', ...DESTROY, ...CHANGE], to: 'waiting' },
    seize: { steps: ['backForsake', 'closeChannel', 'tellUnserved', ...CHANGE], to: 'waiting' },
    broken: { steps: [...DISCONNECT, 'tellDisconnected'], to: 'offered' },
    detach: { steps: [...DISCONNECT, 'tellClosed', ...DESTROY], to: 'closed' },
    failed: { steps: [...DISCONNECT, 'tellClosed', ...DESTROY], to: 'closed' },
    frontGone: { steps: [...DISCONNECT, ...DESTROY], to: 'closed' },
    backGone: { steps: ['closeChannel', 'tellUnserved'], to: 'unserved' },
  },
  unserved: {
    // One that it could not be taken from in time may still have it, or may have let go since.
    backUp: { steps: [...DESTROY, ...CHANGE], to: 'waiting' },
    backDown: { steps: DESTROY, to: 'unserved' },
    move: { steps: [...DESTROY, ...CHANGE], to: 'waiting' },
    seize: { steps: ['backForsake', ...CHANGE], to: 'waiting' },
    detach: { steps: ['tellClosed', 'backForsake'], to: 'closed' },
    failed: { steps: ['tellClosed', 'backForsake'], to: 'closed' },
    frontGone: { steps: ['backForsake'], to: 'closed' },
    backGone: { steps: [], to: 'unserved' },
  },
  closed: {},
};

/** The same when a back end has not let go: it keeps what it has, and nobody else is given that. */
export const UNDO_HELD: Transition = { steps: ['closeChannel', 'tellUnserved'], to: 'unserved' };

/** The same when another step of an event has failed: nothing half-made stays. */
export const UNDO: Readonly<Partial<Record<DeviceEvent, Transition>>> = {
  attach: { steps: DESTROY, to: 'closed' },
  backUp: { steps: ['tellClosed'], to: 'closed' },
  move: UNDO_HELD,
  seize: UNDO_HELD,
};

/** Of all other events: the device keeps its back end, and its front end hears that nothing comes any more. */
export const UNDO_OTHERS: Transition = { steps: [...DISCONNECT, 'tellClosed'], to: 'waiting' };
