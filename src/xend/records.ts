// SPDX-License-Identifier: Apache-2.0
import { configToSxp } from '../config/print.ts';
import type { Sxp } from '../sxp/contract.ts';
import type { XendContext } from './context.ts';
import type { Device } from './device.ts';
import type { XendDomain } from './domain.ts';
import { isThere, type Known } from './lookup.ts';
import { deviceInfo, domainInfo, listedInfo } from './views.ts';

/** A domain as `xm list -l` shows it. */
export interface DomainRecord {
  /** `(domain ...)` */
  readonly form: Sxp;
  readonly json: Readonly<Record<string, unknown>>;
}

/** The record of one that is there or not. */
export function recordOfKnown(context: XendContext, known: Known): DomainRecord {
  if (isThere(known)) return recordOf(context, known);
  const { uuid, config } = known;
  const form: Sxp = [
    'domain',
    ['uuid', uuid],
    ['name', config.name],
    ['memory', config.memory],
    ['vcpus', config.vcpus],
    ['config', configToSxp(config)],
  ];
  return { form, json: { ...listedInfo(context, known), devices: [], config } };
}

/** The `(domain ...)` record: identity, state, devices, and the configuration it was made from. */
export function recordOf(context: XendContext, domain: XendDomain): DomainRecord {
  const info = domainInfo(context, domain);
  const devices = [...domain.devices.values()];
  const form: Sxp = [
    'domain',
    ['domid', info.domid],
    ['uuid', info.uuid],
    ['name', info.name],
    ['memory', info.memory],
    ['maxmem', Math.max(info.memory, domain.config.maxMemory)],
    ['vcpus', domain.config.vcpus],
    ['online_vcpus', info.vcpus],
    ['state', info.state],
    ...(info.shutdownReason === undefined ? [] : [['shutdown_reason', info.shutdownReason]]),
    ['cpu_time', info.cpuTime.toFixed(3)],
    ['up_time', info.uptime.toFixed(3)],
    ['start_time', info.startTime.toFixed(3)],
    ...devices.map((device): Sxp => ['device', deviceForm(device)]),
    ...(domain.domid === 0 ? [] : [['config', configToSxp(domain.config)]]),
  ];
  return {
    form,
    json: { ...info, devices: devices.map(deviceInfo), ...(domain.domid === 0 ? {} : { config: domain.config }) },
  };
}

function deviceForm(device: Device): Sxp {
  const keys = Object.entries(device.config).map(([key, value]): Sxp => [key, String(value)]);
  return [device.class.name, ['id', device.devid], ...keys, ['state', deviceInfo(device).state]];
}

/** One line of `xm block-list -l`: `(ID ((key value) ...))` (spec/xend.md 4.3). */
export function deviceListForm(device: Device): Sxp {
  const info = deviceInfo(device);
  return [
    device.devid,
    [
      ['backend-id', info.backendId],
      ['virtual-device', info.devid],
      ['device-type', device.class.deviceType ?? info.class],
      ['state', info.state],
      ['backend', info.backPath],
      ['ring-ref', info.ringRef],
      ['event-channel', info.evtchn],
    ],
  ];
}
