// SPDX-License-Identifier: Apache-2.0
import { once } from 'node:events';
import { CMSG_STATUS, type ControlAnswer, type ControlBody, INTERFACE, OKAY } from '../domain/control.ts';
import { XmError } from '../errors.ts';
import type { DomId } from '../hv/contract.ts';
import {
  type ControllerContext,
  type ControlPeer,
  type DeviceSpec,
  FRONT_GONE,
  GONE,
  type Unanswered,
} from './device.ts';
import type { DeviceState } from './device-table.ts';

/** How long an answer is waited for: as long as it takes, as long as there is a back end, or not at all. */
export type Patience = 'answer' | 'while served' | 'none';

/** The two domains of a device. Its back end may become another one's. */
export interface DeviceEnds {
  readonly front: ControlPeer;
  back: ControlPeer;
}

/** How one device speaks with its two ends. */
export interface DeviceMessages {
  /** The last message that was sent, e.g. `BE CONNECT`: what a device that does not connect is waiting for. */
  readonly phase: string;
  /** The message that is not answered yet, with a number that no other one of the device has. */
  readonly unanswered: Unanswered | undefined;
  /**
   * Sends the back end a control message, with the device's own fields before those of `body`.
   *
   * @param limit milliseconds to wait for the answer, if not as long as for others
   * @throws XmError that names the device, for any answer but OKAY
   */
  tellBack(subtype: string, body?: ControlBody, limit?: number): Promise<void>;
  /** The same without an answer: of one that hangs none is expected. */
  leaveBack(subtype: string, body: ControlBody): void;
  /**
   * Sends the front end an INTERFACE_STATUS.
   *
   * @throws XmError that names the device, for any answer but OKAY
   */
  tellFront(status: number, body: ControlBody, patience: Patience): Promise<void>;
}

/**
 * @param ends whom it speaks with, at any time
 * @param name the device's word for people
 * @param stateOf the device's state, for errors
 */
export function createDeviceMessages(
  { class: deviceClass, devid }: Pick<DeviceSpec, 'class' | 'devid'>,
  ends: DeviceEnds,
  { log, answerLimit, destroyLimit }: Pick<ControllerContext, 'log' | 'answerLimit' | 'destroyLimit'>,
  name: string,
  stateOf: () => DeviceState,
): DeviceMessages {
  const { front } = ends;
  const type = deviceClass.name.toUpperCase();
  const title = `Device ${devid} (${deviceClass.name})`;
  let phase = 'created';
  let unanswered: Unanswered | undefined;
  let sent = 0;
  /** Ends that did not answer their last message in time. */
  const late = new Set<DomId>();

  async function send(
    end: 'FE' | 'BE',
    subtype: string,
    body: ControlBody,
    patience: Patience,
    given?: number,
  ): Promise<void> {
    const { back } = ends;
    const to = end === 'FE' ? front : back;
    const shown = subtype.replace(/^DEVICE/, type);
    phase = `${end} ${shown}`;
    const peer = `${to.name} (${to.domid})`;
    log.write('DEBUG', `${type}_${end} ${shown}(${showFields(body)}) to ${peer}`);
    unanswered = { domid: to.domid, message: `${type}_${end} ${shown}`, subtype, number: ++sent };
    const leaves = LEAVING.has(subtype) || body.status === INTERFACE.closed;
    const usual = leaves ? destroyLimit : answerLimit;
    const limit = given ?? (leaves && late.has(to.domid) ? Math.min(AGAIN, usual ?? AGAIN) : usual);
    const answering = to.request(`${type}_${end}`, subtype, body, limit);
    const answer = await wait[patience](answering, back);
    unanswered = undefined;
    if (answer.late !== undefined) late.add(to.domid);
    else if (patience !== 'none') late.delete(to.domid);
    const okay =
      answer.status === CMSG_STATUS.okay || (answer.status === CMSG_STATUS.interfaceNotFound && LEAVING.has(subtype));
    const verdict = okay ? (answer.reason ?? 'OKAY') : `status ${answer.status}, ${answer.reason ?? 'no reason'}`;
    log.write(okay ? 'DEBUG' : 'WARNING', `${type}_${end} ${shown} answered by ${peer}: ${verdict}`);
    if (okay) return;
    // The front end takes back what it lent in a step that follows.
    if (answer.gone && to === back && back !== front && !back.lost.aborted) await once(back.lost, 'abort');
    if (answer.late !== undefined) {
      const text = `${title}: domain '${to.name}' did not answer ${phase} within ${answer.late / 1000} s`;
      throw new XmError('ETIMEOUT', text, { hint: `${name} of domain ${front.name}, state ${stateOf()}` });
    }
    const why = answer.gone ? goneText(to) : (answer.reason ?? `${phase} failed`);
    const what = leaves ? 'did not close as it should' : 'could not be connected';
    throw new XmError(answer.gone && to === front ? FRONT_GONE : 'EDEVICE', `${title} ${what}. ${why}`, {
      hint: `${name} of domain ${front.name}: ${phase} was answered with status ${answer.status}`,
    });
  }

  const withNames = (body: ControlBody): ControlBody => ({ domid: front.domid, handle: devid, ...body });

  return {
    get phase() {
      return phase;
    },
    get unanswered() {
      return unanswered;
    },
    tellBack: (subtype, body = {}, limit) => send('BE', subtype, withNames(body), 'answer', limit),
    leaveBack: (subtype, body) => void send('BE', subtype, withNames(body), 'none'),
    tellFront: (status, body, patience) => send('FE', 'INTERFACE_STATUS', { handle: devid, status, ...body }, patience),
  };
}

/** Messages to a back end that has to let go of a device. It has done so if it knows nothing of that. */
const LEAVING: ReadonlySet<string> = new Set(['DISCONNECT', 'DEVICE_DESTROY', 'DESTROY']);

const NOT_WAITED_FOR = Promise.resolve<ControlAnswer>({ ...OKAY, reason: 'not waited for' });

/** How long an end that was late is waited for when it is to let go, milliseconds: whatever it is told, it is not more likely to hear it. */
const AGAIN = 1000;

/** Of one that crashed, why. */
function goneText({ name, lost: { reason } }: ControlPeer): string {
  const [, why] = /^crash: (.*)$/.exec(String(reason)) ?? [];
  return why === undefined ? `Domain '${name}' is gone` : `Domain '${name}' is gone: ${why}`;
}

/** Waits for an answer, or until it does not matter any more. */
const wait: Readonly<
  Record<Patience, (answering: Promise<ControlAnswer>, back: ControlPeer) => Promise<ControlAnswer>>
> = {
  answer: (answering) => answering,
  none: () => NOT_WAITED_FOR,
  async 'while served'(answering, { lost, name }) {
    const { promise, resolve } = Promise.withResolvers<ControlAnswer>();
    const gone = (): void => resolve({ ...GONE, reason: `Domain '${name}' is gone`, gone: false });
    if (lost.aborted) gone();
    lost.addEventListener('abort', gone, { once: true });
    return Promise.race([answering, promise]).finally(() => lost.removeEventListener('abort', gone));
  },
};

const INTERFACE_NAMES: readonly string[] = Object.keys(INTERFACE).map((name) => name.toUpperCase());

/** The fields of a control message as the log shows them: numbers and names, no configuration, no memory. */
function showFields(body: ControlBody): string {
  return Object.entries(body)
    .filter(([, value]) => typeof value === 'number' || typeof value === 'string' || Array.isArray(value))
    .map(([key, value]) => `${key}=${key === 'status' ? INTERFACE_NAMES[Number(value)] : String(value)}`)
    .join(', ');
}
