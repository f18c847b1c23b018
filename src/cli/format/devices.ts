// SPDX-License-Identifier: Apache-2.0
import type { DeviceInfo } from '../../xend/contract.ts';
import type { Columns } from './columns.ts';

/** What `-c` knows of the lists of devices. */
export const DEVICE_COLUMNS: Columns<DeviceInfo> = {
  name: { doc: 'Name for people, such as xvda.', of: ({ name }) => name },
  devid: { doc: 'Number.', of: ({ devid }) => devid },
  class: { doc: 'Class.', of: (device) => device.class },
  backend: { doc: 'Id of the domain that serves it.', of: ({ backendId }) => backendId },
  handle: { doc: 'Number in control messages.', of: ({ handle }) => handle },
  state: {
    doc: "The front end's state: 1 initialising ... 4 connected, 5 closing, 6 closed.",
    of: ({ state }) => state,
  },
  evtchn: { doc: 'Event channel, -1 while not connected.', of: ({ evtchn }) => evtchn },
  ring: { doc: 'Grant reference of the ring, -1 while not connected.', of: ({ ringRef }) => ringRef },
  waits: { doc: 'Domain that it waits for, while it has no back end.', of: ({ waits }) => waits?.domain ?? '' },
  'back-path': { doc: 'Back end in xenstore.', of: ({ backPath }) => backPath },
  'front-path': { doc: 'Front end in xenstore.', of: ({ frontPath }) => frontPath },
};

/** The columns that all device lists end with (spec/xend.md 4.3), trailing blanks included. */
const tail = (device: DeviceInfo): string =>
  [
    `${pad(device.backendId, 3)}  ${pad(device.handle, 3)}   ${pad(device.state, 3)}    `,
    `${pad(device.evtchn, 3)}    ${pad(device.ringRef, 5)} ${device.backPath.padEnd(30)}  ${waiting(device)}\n`,
  ].join('');

/** Nothing for a device that has a back end, as in xend's lists. */
function waiting({ waits }: DeviceInfo): string {
  if (waits === undefined) return '';
  const what = waits.gone ? `domain ${waits.domain}, which is gone` : `the driver of domain ${waits.domain}`;
  return `waits for ${what}, for ${Math.round(waits.age / 1000)} s`;
}

function pad(value: number | string, width: number): string {
  return String(value).padEnd(width);
}

/** `xm block-list`: nothing at all, not even the header, for a domain without disks. */
export function blockTable(devices: readonly DeviceInfo[]): string {
  if (devices.length === 0) return '';
  const line = (device: DeviceInfo) => `${pad(device.devid, 5)}  ${tail(device)}`;
  return `Vdev  BE handle state evt-ch ring-ref BE-path\n${devices.map(line).join('')}`;
}

/** `xm device-list`: devices of any class, so the class and the name for people come first. */
export function deviceTable(devices: readonly DeviceInfo[]): string {
  if (devices.length === 0) return '';
  const line = (device: DeviceInfo) =>
    `${pad(device.class, 10)} ${pad(device.name, 10)} ${pad(device.devid, 5)}  ${tail(device)}`;
  return `Class      Name       Vdev  BE handle state evt-ch ring-ref BE-path\n${devices.map(line).join('')}`;
}
