// SPDX-License-Identifier: Apache-2.0
import type { DeviceInfo } from '../../xend/contract.ts';

/** The columns that all device lists end with (spec/xend.md 4.3), trailing blanks included. */
const tail = (device: DeviceInfo): string =>
  [
    `${pad(device.backendId, 3)}  ${pad(device.handle, 3)}   ${pad(device.state, 3)}    `,
    `${pad(device.evtchn, 3)}    ${pad(device.ringRef, 5)} ${device.backPath.padEnd(30)}  \n`,
  ].join('');

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
