// SPDX-License-Identifier: Apache-2.0
import type { DeviceInfo, DomainInfo, IdcEndpointInfo } from '../xend/contract.ts';

/** xenbus state of a device that is connected. */
export const CONNECTED = 4;

/** The phase in which a life ended, and why. */
export interface DomainEnd {
  readonly phase: string;
  readonly reason: string;
}

/** What is known of a domain when something has happened to it. */
export interface WaitView {
  /** Absent: there is none of that name now. */
  readonly now?: DomainInfo | undefined;
  /** As it was when the wait began, or when it came. */
  readonly first?: DomainInfo | undefined;
  /** How that life ended, if it has. */
  readonly ended?: DomainEnd | undefined;
  /** Devices of `now`. */
  readonly devices: readonly DeviceInfo[];
  /** Its endpoints of the IDC API that are meant; of those that its kernel has made. */
  readonly endpoints: readonly IdcEndpointInfo[];
}

/** Whether what is waited for is there, cannot come any more (with the reason), or may come. */
export type Verdict = 'met' | 'open' | { readonly never: string };

/** What can be waited for. */
export const CONDITIONS: Readonly<Record<string, (view: WaitView) => Verdict>> = {
  /** Its kernel runs, and all its devices are connected. */
  connected: (view) =>
    running(view) && view.devices.every(({ state }) => state === CONNECTED) ? 'met' : whileItMayRun(view),
  running: (view) => (running(view) ? 'met' : whileItMayRun(view)),
  paused: (view) => (view.now?.phase === 'paused' ? 'met' : whileItMayRun(view)),
  /** It has endpoints, and all of them are connected. */
  endpoint: (view) =>
    view.endpoints.length > 0 && view.endpoints.every(({ state }) => state === 'connected')
      ? 'met'
      : whileItMayRun(view),
  /** Its kernel ended, however; also if it was restarted or nothing is left. */
  shutdown: ({ ended }) => (ended === undefined ? 'open' : 'met'),
  crashed({ ended }) {
    if (ended === undefined) return 'open';
    return ended.phase === 'crashed' ? 'met' : { never: `it ended: ${ended.reason}` };
  },
  /** Nothing of it is left. */
  gone: ({ now, first }) => (now === undefined || now.domid !== first?.domid ? 'met' : 'open'),
};

/** The same for people, e.g. `connected at pair`: ends `Domain 'x' was not ...`. */
export function goalOf(condition: string, address = 'its endpoints'): string {
  return condition === 'endpoint' ? `connected at ${address}` : condition;
}

/** Conditions that a domain may meet which nobody has created yet. */
export const MAY_COME: ReadonlySet<string> = new Set(['connected', 'running', 'paused', 'endpoint']);

function running({ now }: WaitView): boolean {
  return now?.phase === 'running';
}

/** A domain that has gone without coming again, or that stays only to be looked at, will not run. */
function whileItMayRun({ now, ended }: WaitView): Verdict {
  return ended !== undefined && (now === undefined || now.preserved) ? { never: `it ended: ${ended.reason}` } : 'open';
}
