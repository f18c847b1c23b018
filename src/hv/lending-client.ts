// SPDX-License-Identifier: Apache-2.0
import type { Ask } from './argo-client.ts';
import type { DomId } from './contract.ts';
import type { Lending } from './lending-contract.ts';
import type { LendingDoor, LendingNews, Opened } from './lending-messages.ts';
import { createLendingOwner } from './lending-owner.ts';
import { createLendingUser } from './lending-user.ts';

/** Lending's hypercalls and what the hypervisor tells them. */
export interface LendingClient {
  readonly lending: Lending;
  onNews(news: LendingNews): void;
  /** Lets go of the hidden pages of others: the domain has ended. */
  close(): void;
}

/** The domain's side of lending: in the domain's thread, and the only holder there of other domains' memory. */
export function createLendingClient(domid: DomId, door: LendingDoor, ask: Ask): LendingClient {
  const user = createLendingUser(door, ({ domid: to, index, form, rights, offset, length, tag }, answer) =>
    ask('lending.open', [to, index, form, rights, offset, length, ...tag], {
      resolve: (result) => answer(result as Opened | undefined),
      reject: () => answer(undefined),
    }),
  );
  return {
    lending: { ...createLendingOwner(domid, door), open: user.open, pin: user.pin },
    onNews: user.onNews,
    close: user.close,
  };
}
