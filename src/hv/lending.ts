// SPDX-License-Identifier: Apache-2.0
import { type DomId, HypercallError } from './contract.ts';
import type { Frames } from './frames.ts';
import { MAX_REGISTRATIONS } from './lending-contract.ts';
import { tellFilled } from './lending-fill.ts';
import { clearRow, createHazards, hazardTarget } from './lending-hazards.ts';
import type { LendingDoor, LendingNews, Opened } from './lending-messages.ts';
import { type Reference, shareOf } from './lending-reference.ts';
import {
  createLendingTable,
  ENTRY_KIND,
  isLive,
  killTable,
  MAX_DOMAINS,
  readEntry,
  readNonce,
  setOpener,
  someOpener,
  usedEntries,
} from './lending-table.ts';
import type { DomainMemory } from './memory.ts';

/** What the lending operations know of a domain. */
export interface LendingDomain {
  readonly domid: DomId;
  readonly memory: DomainMemory;
  readonly lending: LendingDoor;
  /** Tells the domain's hypercall client. */
  readonly tellLending: (news: LendingNews) => void;
}

/**
 * The authority over lent memory: it gives a domain's hypercall layer the table and the extents of an owner, once, for a
 * reference that is good. All else is between those who lend and those who use.
 *
 * @param domains all there are
 * @param frames whose hidden pages are lent too
 */
export function createLending(domains: ReadonlyMap<DomId, LendingDomain>, frames: Frames) {
  const hazards = createHazards();
  /** Places of the dead. */
  const free: number[] = [];
  let used = 0;

  function at(place: number): LendingDomain | undefined {
    for (const domain of domains.values()) if (domain.lending.place === place) return domain;
    return undefined;
  }

  function eachOpener({ lending }: LendingDomain, visit: (opener: LendingDomain) => void): void {
    someOpener(lending.table, (place) => {
      const opener = at(place);
      if (opener !== undefined) visit(opener);
      return false;
    });
  }

  /** Clears what a domain whose thread has ended was touching. Where it was counting arrivals, they are looked at. */
  function settle({ lending }: LendingDomain): void {
    for (const hazard of clearRow(hazards, lending.place)) {
      const { place, index } = hazardTarget(hazard);
      const owner = at(place);
      if (owner !== undefined) tellFilled(owner.lending.table, index);
    }
  }

  return {
    /** The door of a domain that begins its life. @throws HypercallError `ENOSPC` when the machine is full */
    begin(): LendingDoor {
      const place = free.shift() ?? used++;
      if (place >= MAX_DOMAINS) {
        used--;
        throw new HypercallError('ENOSPC', `the machine has ${MAX_DOMAINS} domains`);
      }
      return { place, table: createLendingTable(), hazards };
    },
    /** Gives what a reference needs; undefined if it names nothing. */
    open(caller: LendingDomain, reference: Reference): Opened | undefined {
      const owner = domains.get(reference.domid);
      const { index } = reference;
      if (owner === undefined || index < 0 || index >= MAX_REGISTRATIONS) return undefined;
      const { place, table } = owner.lending;
      const nonce = readNonce(table, index);
      const entry = readEntry(table, index);
      // It may end at any time; who asks looks once more, protected.
      if (!isLive(table, index, nonce) || shareOf(reference, entry, nonce) === undefined) return undefined;
      const paged = entry.kind === ENTRY_KIND.frames;
      const pool = paged ? frames.open(caller.domid, owner.domid, -entry.source) : undefined;
      if (paged && pool === undefined) return undefined;
      const wanted = [...(paged ? [] : [entry.source]), ...(entry.fillSource === 0 ? [] : [entry.fillSource])];
      const extents = wanted.map((id) => owner.memory.find(id)).filter((extent) => extent !== undefined);
      if (extents.length < wanted.length) return undefined;
      // Before it can touch anything: the owner's fence looks at those who are written down.
      setOpener(table, caller.lending.place, true);
      return { place, table, extents: extents.map(({ id, buffer }) => ({ id, buffer })), ...(pool && { pool }) };
    },
    /** An extent is going to be another's or nobody's. @throws HypercallError `EBUSY` while some of it is lent */
    drop(owner: LendingDomain, extent: number): void {
      const { table } = owner.lending;
      for (const index of usedEntries(table)) {
        const { source, fillSource } = readEntry(table, index);
        if (source === extent || fillSource === extent) throw new HypercallError('EBUSY', `extent ${extent} is lent`);
      }
      eachOpener(owner, (opener) => opener.tellLending({ kind: 'drop', domid: owner.domid, extent }));
    },
    settle,
    /** Undoes all that a dead domain lent and borrowed. */
    release(domain: LendingDomain): void {
      const { place, table } = domain.lending;
      settle(domain);
      killTable(table);
      eachOpener(domain, (opener) => opener.tellLending({ kind: 'gone', domid: domain.domid }));
      for (const other of domains.values()) setOpener(other.lending.table, place, false);
      free.push(place);
    },
  };
}

export type LendingAuthority = ReturnType<typeof createLending>;
