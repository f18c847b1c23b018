// SPDX-License-Identifier: Apache-2.0
import type { ClaimTable } from '../devices/claims.ts';
import type { DeviceClass, DeviceConfig } from '../devices/contract.ts';
import type { ControlAnswer, ControlBody } from '../domain/control.ts';
import { XmError } from '../errors.ts';
import type { DomId, EvtchnPort } from '../hv/contract.ts';
import type { Hypervisor } from '../hv/hypervisor.ts';
import type { DeviceEvent, DeviceState } from './device-table.ts';
import type { LogWriter } from './log.ts';

/** A domain as a device sees it: whom to send control messages to. */
export interface ControlPeer {
  readonly domid: DomId;
  readonly name: string;
  /** @param timeout milliseconds; 20 seconds unless said */
  request(type: string, subtype: string, body: ControlBody, timeout?: number): Promise<ControlAnswer>;
}

/** A control message that a domain has not answered. */
export interface Unanswered {
  readonly domid: DomId;
  /** E.g. `VBD_BE CONNECT`. */
  readonly message: string;
  /** No other message of the device has it. */
  readonly number: number;
}

/** A device of a domain, in xend. */
export interface Device {
  readonly class: DeviceClass;
  readonly devid: number;
  /** A word for people, e.g. `xvda`. */
  readonly name: string;
  readonly config: DeviceConfig;
  readonly front: ControlPeer;
  readonly back: ControlPeer;
  readonly state: DeviceState;
  readonly unanswered: Unanswered | undefined;
  /** The connection, while there is one. */
  readonly connection:
    | { readonly evtchn: EvtchnPort; readonly backEvtchn: EvtchnPort; readonly frames: readonly number[] }
    | undefined;
  /** The last message that was sent about it, e.g. `BE CONNECT`: what a device that does not connect is waiting for. */
  readonly phase: string;
  /** The back end's counters, in shared memory. */
  readonly counters: Float64Array;
  /** Lets an event happen after those before it. @throws XmError that names device, step and reason when a step fails */
  handle(event: DeviceEvent, body?: ControlBody): Promise<void>;
  /** Resolves when connected; rejects, naming device and phase, when it closes or fails first, or after `limit` milliseconds. */
  whenConnected(limit: number): Promise<void>;
}

/** What all devices share. */
export interface ControllerContext {
  readonly hv: Hypervisor;
  /** Of the domain that has the device. */
  readonly log: LogWriter;
  readonly claims: ClaimTable;
  /** Runs before each step, with `CLASS.STEP`: where tests end domains, at every labelled step. */
  readonly onStep?: ((label: string, device: Device) => Promise<void> | void) | undefined;
  /** Longest wait for an answer to one message, milliseconds; 20 seconds unless said. */
  readonly answerLimit?: number | undefined;
  /** Tells that a device changed, for the mirror in xenstore. */
  readonly onChange: (device: Device) => void;
}

/** What a device is made of. */
export interface DeviceSpec {
  readonly class: DeviceClass;
  readonly devid: number;
  readonly config: DeviceConfig;
  readonly front: ControlPeer;
  readonly back: ControlPeer;
  /** What outlives the device, in shared memory. */
  readonly record: SharedArrayBuffer;
}

/** Code of the error when a device failed because its own domain is gone. */
export const FRONT_GONE = 'EFRONTGONE';

/** The error of a device that did not connect in time. @param limit milliseconds */
export function notConnected(
  { class: { name: className }, devid, name, front, phase, state }: Device,
  limit: number,
): XmError {
  const elapsed = (limit / 1000).toFixed(1);
  const text = `Device ${devid} (${className}) could not be connected. Nothing came after ${phase} within ${elapsed} s`;
  return new XmError('ETIMEOUT', text, { hint: `${name} of domain ${front.name}, state ${state}` });
}
