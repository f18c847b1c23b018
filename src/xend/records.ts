// SPDX-License-Identifier: Apache-2.0
import { deviceForm, domainForm } from '../config/domain-form.ts';
import type { Sxp } from '../sxp/contract.ts';
import type { XendContext } from './context.ts';
import { type Device, lastingConfig } from './device.ts';
import type { DomainPhase, XendDomain } from './domain.ts';
import { isThere, type Known } from './lookup.ts';
import { isSuspended } from './suspended-file.ts';
import { deviceInfo, domainInfo, listedInfo } from './views.ts';

/** A domain as `xm list -l` shows it. */
export interface DomainRecord {
  /** `(domain ...)` */
  readonly form: Sxp;
  readonly json: Readonly<Record<string, unknown>>;
}

/** Numbers of spec/xend.md 2.6 for how a domain stands. */
const STATUS = { halted: 0, paused: 1, running: 2, suspended: 3, shutdown: 4, crashed: 5, unknown: 6 } as const;

const STATUS_OF: Readonly<Record<DomainPhase, number>> = {
  building: STATUS.paused,
  paused: STATUS.paused,
  running: STATUS.running,
  shutdown: STATUS.shutdown,
  crashed: STATUS.crashed,
  dying: STATUS.unknown,
};

/** The record of one that is there or not. */
export function recordOfKnown(context: XendContext, known: Known): DomainRecord {
  if (isThere(known)) return recordOf(context, known);
  const { uuid, config } = known;
  const devices = config.devices.map((entry) => deviceForm({ name: entry.class, fields: {} }, entry.config));
  const status = isSuspended(context, uuid) ? STATUS.suspended : STATUS.halted;
  const form = domainForm(config, { uuid, times: [], state: [['status', status]], devices });
  return { form, json: { ...listedInfo(context, known), devices: [], config } };
}

/** The `(domain ...)` record (spec/xend.md 2.6): identity, configuration, state and devices as they are now. */
export function recordOf(context: XendContext, domain: XendDomain): DomainRecord {
  const { domid, config } = domain;
  const info = domainInfo(context, domain);
  const devices = [...domain.devices.values()];
  const form = domainForm(
    { ...config, memory: info.memory },
    {
      domid,
      uuid: info.uuid,
      times: [
        ['start_time', info.startTime.toFixed(3)],
        ['cpu_time', info.cpuTime.toFixed(3)],
        ['up_time', info.uptime.toFixed(3)],
        ['online_vcpus', info.vcpus],
      ],
      state: [
        ['status', STATUS_OF[domain.phase]],
        ['state', info.state],
        ...(info.shutdownReason === undefined ? [] : [['shutdown_reason', info.shutdownReason]]),
      ],
      devices: devices.map((device) => {
        const facts = { id: device.devid, state: deviceInfo(device).state };
        return deviceForm(device.class, lastingConfig(device), facts);
      }),
    },
  );
  return {
    form,
    json: { ...info, devices: devices.map(deviceInfo), ...(domid === 0 ? {} : { config }) },
  };
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
