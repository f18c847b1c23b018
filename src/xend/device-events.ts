// SPDX-License-Identifier: Apache-2.0
import type { ControlPeer, Device } from './device.ts';
import type { EventOf } from './event.ts';
import type { Events } from './events.ts';

/** @returns to be told of each change of one device: publishes its states, and the comings and goings of its connection */
export function deviceEvents(events: Events): (device: Device) => void {
  let connection: Device['connection'];
  return (device) => {
    const { class: deviceClass, name, devid, front, back, state } = device;
    const which = { class: deviceClass.name, device: name, devid, backend: back.domid };
    if (device.connection !== connection) {
      const publish = (event: EventOf<'ring'>, { evtchn, backEvtchn }: NonNullable<Device['connection']>): void =>
        events.publish('ring', event, front, { ...which, port: evtchn, backPort: backEvtchn });
      if (connection !== undefined) publish('disconnected', connection);
      connection = device.connection;
      if (connection !== undefined) publish('connected', connection);
    }
    const reason = state === 'unserved' && back.lost.aborted ? { reason: `domain ${back.name} is gone` } : {};
    events.publish('device', state, front, { ...which, ...reason });
  };
}

/** @returns to be told what becomes of the driver of a class's end in a domain, and when it failed, why */
export function driverEvents(events: Events) {
  return (domain: ControlPeer, event: EventOf<'driver'>, className: string, end: string, reason?: string): void => {
    const which = { class: className, end: end === 'FE' ? 'front' : 'back' };
    events.publish('driver', event, domain, { ...which, ...(reason === undefined ? {} : { reason }) });
  };
}
