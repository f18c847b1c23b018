// SPDX-License-Identifier: Apache-2.0
import { CMSG_STATUS, type ControlAnswer, type ControlBody, INTERFACE } from '../domain/control.ts';
import { XmError } from '../errors.ts';
import { type ControllerContext, type DeviceSpec, FRONT_GONE, type Unanswered } from './device.ts';
import type { DeviceState } from './device-table.ts';

/** How one device speaks with its two ends. */
export interface DeviceMessages {
  /** The last message that was sent, e.g. `BE CONNECT`: what a device that does not connect is waiting for. */
  readonly phase: string;
  /** The message that is not answered yet, with a number that no other one of the device has. */
  readonly unanswered: Unanswered | undefined;
  /**
   * Sends the back end a control message, with the device's own fields before those of `body`.
   *
   * @throws XmError that names the device, for any answer but OKAY
   */
  tellBack(subtype: string, body?: ControlBody): Promise<void>;
  /**
   * Sends the front end an INTERFACE_STATUS.
   *
   * @param lost ends the wait for the answer
   * @throws XmError that names the device, for any answer but OKAY
   */
  tellFront(status: number, body: ControlBody, lost?: Promise<ControlAnswer>): Promise<void>;
  /** Resolves when the back end's domain is gone and what it had mapped is undone: a front end may be waiting for it in vain. */
  readonly backLost: Promise<ControlAnswer>;
  /** Says that it is gone. */
  loseBack(): void;
}

/**
 * @param name the device's word for people
 * @param stateOf the device's state, for errors
 */
export function createDeviceMessages(
  { class: deviceClass, devid, front, back }: DeviceSpec,
  { log, answerLimit }: Pick<ControllerContext, 'log' | 'answerLimit'>,
  name: string,
  stateOf: () => DeviceState,
): DeviceMessages {
  const type = deviceClass.name.toUpperCase();
  const title = `Device ${devid} (${deviceClass.name})`;
  const backLost = Promise.withResolvers<ControlAnswer>();
  let phase = 'created';
  let unanswered: Unanswered | undefined;
  let sent = 0;

  async function send(end: 'FE' | 'BE', subtype: string, body: ControlBody, lost?: Promise<ControlAnswer>) {
    const to = end === 'FE' ? front : back;
    const shown = subtype.replace(/^DEVICE/, type);
    phase = `${end} ${shown}`;
    const peer = `${to.name} (${to.domid})`;
    log.write('DEBUG', `${type}_${end} ${shown}(${showFields(body)}) to ${peer}`);
    unanswered = { domid: to.domid, message: `${type}_${end} ${shown}`, number: ++sent };
    const answering = to.request(`${type}_${end}`, subtype, body, answerLimit);
    const answer = await (lost === undefined ? answering : Promise.race([answering, lost]));
    unanswered = undefined;
    const okay = answer.status === CMSG_STATUS.okay;
    const verdict = okay ? (answer.reason ?? 'OKAY') : `status ${answer.status}, ${answer.reason ?? 'no reason'}`;
    log.write(okay ? 'DEBUG' : 'WARNING', `${type}_${end} ${shown} answered by ${peer}: ${verdict}`);
    if (okay) return;
    // The front end takes back what it lent in a step that follows.
    if (answer.gone && to === back && back !== front) await backLost.promise;
    if (answer.late !== undefined) {
      const text = `${title}: domain '${to.name}' did not answer ${phase} within ${answer.late / 1000} s`;
      throw new XmError('ETIMEOUT', text, { hint: `${name} of domain ${front.name}, state ${stateOf()}` });
    }
    const why = answer.gone ? `Domain '${to.name}' is gone` : (answer.reason ?? `${phase} failed`);
    throw new XmError(answer.gone && to === front ? FRONT_GONE : 'EDEVICE', `${title} could not be connected. ${why}`, {
      hint: `${name} of domain ${front.name}: ${phase} was answered with status ${answer.status}`,
    });
  }

  return {
    get phase() {
      return phase;
    },
    get unanswered() {
      return unanswered;
    },
    tellBack: (subtype, body = {}) => send('BE', subtype, { domid: front.domid, handle: devid, ...body }),
    tellFront: (status, body, lost) => send('FE', 'INTERFACE_STATUS', { handle: devid, status, ...body }, lost),
    backLost: backLost.promise,
    loseBack: () => backLost.resolve({ status: CMSG_STATUS.error, reason: `Domain '${back.name}' is gone` }),
  };
}

const INTERFACE_NAMES: readonly string[] = Object.keys(INTERFACE).map((name) => name.toUpperCase());

/** The fields of a control message as the log shows them: numbers and names, no configuration, no memory. */
function showFields(body: ControlBody): string {
  return Object.entries(body)
    .filter(([, value]) => typeof value === 'number' || typeof value === 'string' || Array.isArray(value))
    .map(([key, value]) => `${key}=${key === 'status' ? INTERFACE_NAMES[Number(value)] : String(value)}`)
    .join(', ');
}
