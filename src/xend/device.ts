// SPDX-License-Identifier: Apache-2.0
import type { ClaimTable } from '../devices/claims.ts';
import type { DeviceClass, DeviceConfig } from '../devices/contract.ts';
import { CMSG_STATUS, type ControlAnswer, type ControlBody } from '../domain/control.ts';
import { XmError } from '../errors.ts';
import type { DomId, EvtchnPort } from '../hv/contract.ts';
import type { Hypervisor } from '../hv/hypervisor.ts';
import type { DeviceEvent, DeviceState } from './device-table.ts';
import type { LogWriter } from './log.ts';

/** A domain as a device sees it: whom to send control messages to. */
export interface ControlPeer {
  readonly domid: DomId;
  readonly name: string;
  /** Aborts when it is gone and what it had mapped is undone: nobody needs to wait for it any more. */
  readonly lost: AbortSignal;
  /** @param timeout milliseconds; 20 seconds unless said */
  request(type: string, subtype: string, body: ControlBody, timeout?: number): Promise<ControlAnswer>;
}

/** The answer for a domain that is gone. */
export const GONE: ControlAnswer = { status: CMSG_STATUS.error, reason: 'the domain is gone', gone: true };

/** What stays of a domain that is gone, for those that wait for its return: its number, and its name at that time. */
export function remainsOf({ domid, name, lost }: ControlPeer): ControlPeer {
  return { domid, name, lost, request: async () => GONE };
}

/** What an event says more. */
export interface DeviceEventBody {
  /** The front end's grants, of 'frontConnect'; as it says them. */
  readonly frames?: unknown;
  /** Which invitation that answers, of 'frontConnect'. */
  readonly invitation?: unknown;
  /** Why it failed or is broken. */
  readonly reason?: unknown;
  /** Of 'detach': the front end is told but not waited for. */
  readonly force?: boolean;
  /** Who is to serve it, of 'backUp', 'move' and 'seize'. */
  readonly back?: ControlPeer;
}

/** A control message that a domain has not answered. */
export interface Unanswered {
  readonly domid: DomId;
  /** E.g. `VBD_BE CONNECT`, for people. */
  readonly message: string;
  /** E.g. `DEVICE_CREATE`, whatever the class. */
  readonly subtype: string;
  /** No other message of the device has it. */
  readonly number: number;
}

/** A device of a domain, in xend. */
export interface Device {
  readonly class: DeviceClass;
  readonly devid: number;
  /** A word for people, e.g. `xvda`. */
  readonly name: string;
  /** Names who serves it now, if that is not who it was made with. */
  readonly config: DeviceConfig;
  readonly front: ControlPeer;
  /** Who serves it, or did until it was gone: what remains of that one then. */
  readonly back: ControlPeer;
  readonly state: DeviceState;
  /** Since when it has had no back end, if so: milliseconds since 1970. */
  readonly unservedSince: number | undefined;
  readonly unanswered: Unanswered | undefined;
  /** The connection, while there is one. */
  readonly connection:
    | { readonly evtchn: EvtchnPort; readonly backEvtchn: EvtchnPort; readonly frames: readonly number[] }
    | undefined;
  /** The last message that was sent about it, e.g. `BE CONNECT`: what a device that does not connect is waiting for. */
  readonly phase: string;
  /** The back end's counters, in shared memory. */
  readonly counters: Float64Array;
  /**
   * Lets an event happen after those before it.
   *
   * @returns what a domain that is there did not let go of as it should, if it was done all the same
   * @throws XmError that names device, step and reason when a step fails
   */
  handle(event: DeviceEvent, body?: DeviceEventBody): Promise<XmError | undefined>;
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
  /** The same for what has an end let go of a device. */
  readonly destroyLimit?: number | undefined;
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
  { class: { name: className }, devid, name, front, back, phase, state, unanswered }: Device,
  limit: number,
): XmError {
  const elapsed = (limit / 1000).toFixed(1);
  const debtor = [front, back].find(({ domid }) => domid === unanswered?.domid);
  const missing =
    debtor === undefined ? `Nothing came after ${phase}` : `Domain '${debtor.name}' did not answer ${phase}`;
  const text = `Device ${devid} (${className}) could not be connected. ${missing} within ${elapsed} s`;
  return new XmError('ETIMEOUT', text, { hint: `${name} of domain ${front.name}, state ${state}` });
}

/** The configuration of a device for a later life: the number of its back end then may be another one's, or nobody's. */
export function lastingConfig({ config, back }: Device): DeviceConfig {
  return config.backend === undefined || back.domid === 0 ? config : { ...config, backend: back.name };
}
