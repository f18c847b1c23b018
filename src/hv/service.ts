// SPDX-License-Identifier: Apache-2.0
import type { EvtchnPort } from './contract.ts';
import type { EventChannels, EvtchnDomain } from './evtchn.ts';
import {
  announceSleep,
  createSharedInfo,
  hasWork,
  portState,
  type SharedInfo,
  setPending,
  sleep,
  takePending,
  wake,
} from './shared-info.ts';

/** An event channel between a domain and the thread of the hypervisor, seen from there. */
export interface ServiceChannel {
  /** The domain's port. */
  readonly port: EvtchnPort;
  /** Raises an event in the domain; nothing once it has closed the port. */
  notify(): void;
  /** Ends it; the domain's port is its own to close. */
  close(): void;
}

/** Our port of a service's page. */
const PORT = 1;

/**
 * Opens such a channel. Its page is shared with this one domain and holds nothing else: a hostile domain can raise events in
 * vain, which costs both the same, but not stop this thread or touch another's events.
 *
 * @param onEvent runs when the domain notified, perhaps in vain
 */
export function openService(events: EventChannels, domain: EvtchnDomain, onEvent: () => void): ServiceChannel {
  const info = createSharedInfo();
  const { port, state } = events.bindXen(domain, info, PORT);
  const stop = listen(info, (raised) => {
    if (raised === PORT) onEvent();
  });
  return {
    port,
    notify() {
      if (portState(domain.info, port) === state) setPending(domain.info, port);
    },
    close: stop,
  };
}

/** Rounds of events before the event loop gets a turn. */
const ROUNDS_PER_TURN = 16;

/** Handles the events of a page, until it is stopped. Does not spin, and cannot be paused. */
function listen(info: SharedInfo, handle: (port: number) => void): () => void {
  let stopped = false;

  function turn(): void {
    for (let rounds = 0; !stopped && takePending(info, handle); rounds++) {
      if (rounds < ROUNDS_PER_TURN) continue;
      setImmediate(turn);
      return;
    }
    if (stopped) return;
    const sequence = announceSleep(info);
    const woken = hasWork(info) ? undefined : sleep(info, sequence);
    if (woken === undefined) setImmediate(turn);
    else void woken.then(turn);
  }

  turn();
  return () => {
    stopped = true;
    // Who sleeps wakes up once more, and is gone.
    wake(info);
  };
}
