// SPDX-License-Identifier: Apache-2.0
import type { DeviceState } from '../device-table.ts';
import type { DomainSample, RingSample, StallRule, StallSample, Suspect } from './contract.ts';

/** Milliseconds after which what takes no time otherwise has stalled. */
const SOON = 3000;
/** The same for what may have to wait for a slow disk. */
const LATER = 10_000;
/** Domains of a thread that are named. */
const NAMED = 3;

/** Who has to do the next step of a device that is not connected, while no control message is outstanding; and which. */
const NEXT_STEP: Partial<Record<DeviceState, readonly [end: 'front' | 'back', text: string]>> = {
  new: ['back', 'has not made the device'],
  waiting: ['front', 'has not loaded its driver'],
  offered: ['front', 'has not offered memory'],
  unserved: ['back', 'does not serve it'],
};

/** Of a device that waits for a domain. */
const IS_GONE = ['back', 'is gone, and no domain of that name has come'] as const;

/** All rules; what may be the cause of others comes first. */
export const STALL_RULES: readonly StallRule[] = [
  {
    name: 'loop',
    limit: SOON,
    *suspects({ threads, domains }) {
      const known = new Map(domains.map((domain) => [domain.domid, domain]));
      for (const { name, domids, turns, waits } of threads) {
        const holders = domids
          .flatMap((domid) => known.get(domid) ?? [])
          .filter(({ paused, building }) => !paused && !building);
        const [first] = holders;
        if (first === undefined || waits) continue;
        const { domid } = first;
        const text = `does not come back to its event loop${domids.length > 1 ? `, or another of ${namesOf(holders)}` : ''}`;
        yield { key: name, mark: String(turns), domid, what: `thread ${name}`, owes: { domid, end: 'domain' }, text };
      }
    },
  },
  {
    name: 'channel-masked',
    limit: SOON,
    suspects: (sample) => channels(sample, true, 'has masked it, with an event pending'),
  },
  {
    name: 'channel-pending',
    limit: SOON,
    suspects: (sample) => channels(sample, false, 'has not handled the event that is pending'),
  },
  {
    name: 'device',
    limit: SOON,
    *suspects({ devices }) {
      for (const { domid, backId, class: name, device, state, asked, gone } of devices) {
        const next = gone === undefined ? NEXT_STEP[state] : IS_GONE;
        if (asked === undefined && next === undefined) continue;
        const [end, text] =
          asked === undefined
            ? next!
            : ([asked.domid === backId ? 'back' : 'front', `has not answered ${asked.message}`] as const);
        const owes = { domid: asked?.domid ?? (end === 'front' ? domid : backId), end, gone };
        const mark = `${state} ${asked?.number ?? ''}`;
        yield { key: `${domid} ${name} ${device}`, mark, domid, what: `${name} ${device}, ${state}`, owes, text };
      }
    },
  },
  {
    name: 'ring-requests',
    limit: SOON,
    *suspects({ rings }) {
      for (const ring of rings) {
        const count = (ring.reqProd - ring.reqCons) >>> 0;
        if (count > 0) yield ringSuspect(ring, 'answering', `has not taken ${count} of what is there`);
      }
    },
  },
  {
    name: 'ring-answers',
    limit: SOON,
    *suspects({ rings }) {
      for (const ring of rings) {
        const count = (ring.rspProd - ring.rspCons) >>> 0;
        if (count > 0) yield ringSuspect(ring, 'asking', `has not taken ${count} answers`);
      }
    },
  },
  {
    name: 'ring-work',
    limit: LATER,
    *suspects({ rings }) {
      for (const ring of rings) {
        const count = (ring.reqCons - ring.rspProd) >>> 0;
        // Kernels may hold a transaction as long as they like.
        if (count > 0 && ring.class !== 'idc')
          yield ringSuspect(ring, 'answering', `has not answered ${count} requests`);
      }
    },
  },
];

/** The first few of them. */
function namesOf(domains: readonly DomainSample[]): string {
  const more = domains.length - NAMED;
  return [...domains.slice(0, NAMED).map(({ name }) => name), ...(more > 0 ? [`${more} more`] : [])].join(', ');
}

function* channels({ channels }: StallSample, wanted: boolean, text: string): Generator<Suspect> {
  for (const { domid, port, masked, received } of channels) {
    if (masked !== wanted) continue;
    const owes = { domid, end: 'domain' } as const;
    yield { key: `${domid} ${port}`, mark: String(received), domid, what: `event channel ${port}`, owes, text };
  }
}

/** Which end of a ring answers what is put there. */
const ANSWERS: Readonly<Record<string, 'front' | 'back'>> = { 'front>back': 'back', out: 'back' };

function ringSuspect(ring: RingSample, side: 'asking' | 'answering', text: string): Suspect {
  const { domid, backId, evtchn, class: name, device, direction } = ring;
  const answering = ANSWERS[direction] ?? 'front';
  const end = side === 'answering' ? answering : answering === 'back' ? 'front' : 'back';
  return {
    key: `${domid} ${backId} ${evtchn} ${name} ${device} ${direction}`,
    mark: [ring.reqCons, ring.rspProd, ring.rspCons].join(' '),
    domid,
    what: `${name} ${device} ${direction}`,
    owes: { domid: end === 'back' ? backId : domid, end },
    text,
  };
}
