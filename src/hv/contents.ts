// SPDX-License-Identifier: Apache-2.0
import { type DomId, EVTCHN_STATUS, type EvtchnPort, type Extent, type GrantRef } from './contract.ts';
import type { EvtchnDomain } from './evtchn.ts';
import type { GrantDomain } from './grants.ts';

/** An entry of a domain's grant table. */
export interface GrantContents {
  readonly gref: GrantRef;
  readonly domid: DomId;
  readonly kind: 'access' | 'transfer';
  readonly readonly: boolean;
  /** Absent in an offer for which nothing arrived. */
  readonly extent: number | undefined;
  /** Mappings of it that exist now. */
  readonly mapped: number;
}

/** An event channel's end; `remote` and what follows are -1 where they mean nothing. */
export interface ChannelContents {
  readonly port: EvtchnPort;
  readonly status: keyof typeof EVTCHN_STATUS;
  readonly remote: DomId;
  readonly remotePort: EvtchnPort;
  readonly virq: number;
}

/** What a domain has, as the hypervisor knows it. */
export interface DomainContents {
  readonly usedPages: number;
  readonly quotaPages: number;
  /** Their buffers are the domain's own: whoever reads there sees it work. */
  readonly extents: readonly Extent[];
  readonly grants: readonly GrantContents[];
  readonly channels: readonly ChannelContents[];
}

const STATUS_NAMES = Object.entries(EVTCHN_STATUS) as readonly (readonly [keyof typeof EVTCHN_STATUS, number])[];

export function contentsOf({ memory, grants, channels }: GrantDomain & EvtchnDomain): DomainContents {
  return {
    usedPages: memory.usedPages(),
    quotaPages: memory.quotaPages,
    extents: memory.list(),
    grants: [...grants].map(([gref, { grantee, kind, readonly, extent, pins }]) => ({
      gref,
      domid: grantee,
      kind,
      readonly,
      extent: extent?.id,
      mapped: pins,
    })),
    channels: [...channels].map(([port, { status, remote, remotePort, virq }]) => {
      const bound = status === EVTCHN_STATUS.interdomain;
      return {
        port,
        status: STATUS_NAMES.find(([, number]) => number === status)?.[0] ?? 'closed',
        remote: bound || status === EVTCHN_STATUS.unbound ? remote : -1,
        remotePort: bound ? remotePort : -1,
        virq: status === EVTCHN_STATUS.virq ? virq : -1,
      };
    }),
  };
}
