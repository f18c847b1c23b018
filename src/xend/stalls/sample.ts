// SPDX-License-Identifier: Apache-2.0
import type { XendContext } from '../context.ts';
import type { XendDomain } from '../domain.ts';
import { ringStats } from '../rings.ts';
import type { ChannelSample, DeviceSample, StallSample, ThreadSample } from './contract.ts';
import { createLoopWatch, type LoopWatch } from './loops.ts';

/** How long a thread that does not rest may take to answer before it is asked again, milliseconds. */
const PATIENCE = 20_000;

/** Most milliseconds that count between two samples: where the second comes late, others may not have had their turn either. */
const LATE = 1500;

/** Makes what takes samples of a supervisor. */
export function stallSampler(context: XendContext): () => StallSample {
  const loops = createLoopWatch();
  let time = 0;
  let last = performance.now();
  return () => {
    const now = performance.now();
    time += Math.min(LATE, now - last);
    last = now;
    const domains = [...context.domains.values()];
    return {
      time,
      domains: domains.map(({ domid, name, phase }) => ({
        domid,
        name,
        paused: phase === 'paused',
        building: phase === 'building',
      })),
      threads: [...ownThreads(context, domains, loops), ...pooledThreads(context, loops)],
      channels: domains.flatMap((domain) => channelsOf(context, domain)),
      rings: ringStats(context),
      devices: domains.flatMap(devicesOf),
    };
  };
}

function* ownThreads({ hv }: XendContext, domains: readonly XendDomain[], loops: LoopWatch): Generator<ThreadSample> {
  for (const { domid, name, thread, control } of domains) {
    if (thread === undefined || thread.shared || control === undefined) continue;
    // Whatever it is asked: it answers, be it that it does not know what that is.
    const ask = async (): Promise<boolean> => {
      const { gone, late } = await control.request('PING', 'PING', {}, PATIENCE);
      return gone !== true && late === undefined;
    };
    const turns = loops.turnsOf(thread.worker, ask);
    yield { name, domids: [domid], turns, waits: hv.isWaiting(domid) };
  }
}

function* pooledThreads({ hv, pools }: XendContext, loops: LoopWatch): Generator<ThreadSample> {
  for (const { name, worker, domids, answers } of pools.active().flatMap((pool) => pool.threads())) {
    const turns = loops.turnsOf(worker, () => answers(PATIENCE));
    yield { name, domids: [...domids], turns, waits: [...domids].some((domid) => hv.isWaiting(domid)) };
  }
}

function channelsOf({ hv }: XendContext, { domid }: XendDomain): readonly ChannelSample[] {
  return hv.pendingPorts(domid).map((port) => ({ domid, ...port }));
}

function devicesOf({ devices }: XendDomain): readonly DeviceSample[] {
  return [...devices.values()].map(({ class: deviceClass, name, front, back, state, unanswered }) => ({
    domid: front.domid,
    backId: back.domid,
    class: deviceClass.name,
    device: name,
    state,
    gone: back.lost.aborted ? back.name : undefined,
    asked: unanswered,
  }));
}
