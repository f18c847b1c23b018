// SPDX-License-Identifier: Apache-2.0
import type { DomId, EvtchnPort, Extent, Hypercalls } from '../../src/hv/contract.ts';
import { PAGE_SIZE } from '../../src/hv/contract.ts';
import { bindArgoBell } from '../../src/idc/argo-bell.ts';
import { createArgoChannel } from '../../src/idc/argo-channel.ts';
import { type ArgoLine, openLine } from '../../src/idc/argo-line.ts';
import type { Channel, Quotas } from '../../src/idc/contract.ts';
import { initControl, layoutOf } from '../../src/idc/layout.ts';
import { createLoopback } from '../../src/idc/loopback-channel.ts';
import { createRingChannel, type Doorbell } from '../../src/idc/ring-channel.ts';
import { evtchnBell } from '../../src/idc/shared-memory.ts';
import { type Machine, startMachine } from './hv-machine.ts';

/** Both ends of a connection, and the end of everything that was made for it. */
export interface ChannelPair {
  readonly front: Channel;
  readonly back: Channel;
  /** Ends the back end's side, as its domain's death does. */
  killBack(): void;
  end(): Promise<void>;
}

/** Makes a pair that has these quotas. */
export type MakePair = (quotas: Quotas) => Promise<ChannelPair>;

/** A pair over granted memory, with its wake-ups counted. */
export interface RingPair extends ChannelPair {
  /** Notifications that the front end has sent. */
  frontSent(): number;
  /** The shared control area. */
  readonly control: SharedArrayBuffer;
  readonly domains: { readonly front: Hypercalls; readonly back: Hypercalls };
  readonly ports: { readonly front: EvtchnPort; readonly back: EvtchnPort };
}

/** A pair over Argo. */
export interface ArgoPair extends ChannelPair {
  readonly machine: Machine;
  readonly lines: { readonly front: ArgoLine; readonly back: ArgoLine };
}

export const FRONT: DomId = 1;
export const BACK: DomId = 2;

export const loopbackPair: MakePair = async (quotas) => {
  const { front, back } = createLoopback(quotas);
  return {
    front,
    back,
    killBack: back.close,
    async end() {
      front.close();
      back.close();
    },
  };
};

/** A doorbell that nobody hears: only `poll` makes its end look. */
export const SILENT_BELL: Doorbell = { notify() {}, listen() {}, isBound: () => true, wait() {} };

/** Takes an extent for `bytes` and grants it. */
export async function lend(dom: Hypercalls, to: DomId, bytes: number): Promise<{ extent: Extent; gref: number }> {
  const extent = await dom.memory.alloc(Math.max(0, Math.ceil(Math.log2(bytes / PAGE_SIZE))));
  return { extent, gref: await dom.gnttab.grantAccess(to, extent) };
}

/** Two domains of a hypervisor of their own: memory is granted and mapped, the bell is an event channel. */
export async function ringPair(quotas: Quotas): Promise<RingPair> {
  const machine = startMachine([FRONT, BACK], 4096);
  const [front, back] = [machine.dom(FRONT), machine.dom(BACK)];
  const layout = layoutOf(quotas);
  const control = await lend(front, BACK, layout.controlBytes);
  initControl(control.extent.buffer, quotas);
  const mapped = await back.gnttab.map(FRONT, control.gref);
  const ports = machine.hv.bindPair(FRONT, BACK);
  return {
    front: createRingChannel(
      { control: control.extent.buffer, quotas, side: 'front' },
      evtchnBell(front.evtchn, ports.near),
    ),
    back: createRingChannel({ control: mapped.buffer, quotas, side: 'back' }, evtchnBell(back.evtchn, ports.far)),
    control: control.extent.buffer,
    domains: { front, back },
    ports: { front: ports.near, back: ports.far },
    frontSent: () => machine.hv.counters(FRONT, ports.near).sent,
    killBack: () => machine.hv.destroyDomain(BACK),
    async end() {
      machine[Symbol.dispose]();
    },
  };
}

/** Argo's port of {@link argoPair}. */
export const APORT = 40;

/** Makes this end's half of a connection over Argo, and finds the other one, which has to be there already. */
export async function argoChannel(dom: Hypercalls, line: ArgoLine, quotas: Quotas): Promise<Channel> {
  const refused = await dom.argo.resolve(line.to);
  if (refused !== undefined) throw new Error(refused);
  return createArgoChannel(dom.argo, await bindArgoBell(dom), line, quotas);
}

/** Two domains of a hypervisor of their own, which copies what they say. */
export async function argoPair(quotas: Quotas): Promise<ArgoPair> {
  const machine = startMachine([FRONT, BACK], 4096);
  const [front, back] = [machine.dom(FRONT), machine.dom(BACK)];
  const lines = {
    front: await openLine(front, { domid: BACK, aport: APORT, quotas, side: 'front' }),
    back: await openLine(back, { domid: FRONT, aport: APORT, quotas, side: 'back' }),
  };
  return {
    front: await argoChannel(front, lines.front, quotas),
    back: await argoChannel(back, lines.back, quotas),
    machine,
    lines,
    killBack: () => machine.hv.destroyDomain(BACK),
    async end() {
      machine[Symbol.dispose]();
    },
  };
}
