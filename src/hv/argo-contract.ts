// SPDX-License-Identifier: Apache-2.0
import type { DomId } from './contract.ts';

/** Partner of a ring that takes messages from every domain. */
export const ARGO_DOMID_ANY: DomId = 0x7ff4;

/** Byte offsets in a ring's memory, and of a message's header in its data (spec/primitives.md 7.3). */
export const ARGO_LAYOUT = {
  rxPtr: 0,
  txPtr: 4,
  data: 64,
  message: { length: 0, aport: 4, domid: 8, pad: 10, type: 12, payload: 16 },
} as const;

/** Limits of spec/primitives.md 7.3. */
export const ARGO_LIMITS = {
  /** Bytes of a ring's data: a multiple of 16 in this range. */
  minRing: 48,
  maxRing: 16 * 1024 * 1024,
  /** Bytes of payload that the largest ring takes. */
  maxMessage: 16 * 1024 * 1024 - 32,
  /** Bytes of a message's header, and what its payload is rounded up to. */
  slot: 16,
  /** Pieces of one message. */
  iovs: 8,
  rings: 128,
  /** Entries of one notify. */
  entries: 256,
  /** Domains that wait for space in one ring. */
  waiting: 32,
} as const;

/** What notify says of a ring. */
export const ARGO_FLAG = { exists: 1, shared: 2, empty: 4, sufficient: 8, emsgsize: 16, ebusy: 32 } as const;

/**
 * Why a message was not sent (spec/primitives.md 7.3). `EAGAIN`: not now; VIRQ_ARGO comes when to try again. `EBUSY`: no room,
 * and too many wait for some already. `ECONNREFUSED`: no ring there for us. `EFAULT`: a piece is no Uint8Array. `EPERM`: a rule
 * forbids it, or it claims to be of another domain.
 */
export type ArgoErrno =
  | 'EAGAIN'
  | 'EBUSY'
  | 'ECONNREFUSED'
  | 'EFAULT'
  | 'EINVAL'
  | 'EMSGSIZE'
  | 'ENODEV'
  | 'EOPNOTSUPP'
  | 'EPERM'
  | 'ESRCH';

/** Where a message comes from or goes to; `aport` is any unsigned 32-bit number. */
export interface ArgoAddress {
  readonly domid: DomId;
  readonly aport: number;
}

/** A received message. The object is the ring's own and is overwritten by the next `receive`. */
export interface ArgoMessage {
  /** The hypervisor wrote this: a sender cannot name another domain than itself. */
  readonly source: ArgoAddress;
  readonly type: number;
  /** Bytes of the message. */
  readonly length: number;
  /** Buffer that is used again for the next message; the message is its first `length` bytes. Reading it allocates nothing. */
  readonly data: Uint8Array;
  /** A view of just the message, made when asked for; as short-lived as `data`. */
  readonly bytes: Uint8Array;
}

/** A ring as its receiver sees it. */
export interface ArgoRing {
  readonly aport: number;
  readonly partner: DomId;
  /** Bytes of its data part. */
  readonly length: number;
  /** The ring's memory: rx_ptr at 0, tx_ptr at 4, data from 64 on. It is the receiver's; what is written here harms nobody else. */
  readonly buffer: SharedArrayBuffer;
  /** False once it was unregistered or its partner died. What had arrived can still be received. */
  readonly registered: boolean;
  /** Whether nothing has come that was not received. */
  readonly empty: boolean;
  /**
   * Takes the next message out of the ring, copied. Call `notify` after some of these, as senders may wait for the room.
   *
   * @returns undefined when there is none
   * @throws HypercallError `EBADMSG` when the receiver itself wrote nonsense into its ring, which is empty afterwards
   */
  receive(): ArgoMessage | undefined;
}

/** A question of notify: what of the ring that messages to this address go to? */
export interface ArgoQuery extends ArgoAddress {
  /** Bytes of payload that should find room; if they do not, VIRQ_ARGO comes when they do. */
  readonly spaceRequired: number;
}

/** Its answer. */
export interface ArgoStatus extends ArgoAddress {
  /** Of {@link ARGO_FLAG}; 0 when there is no ring for us. */
  readonly flags: number;
  /** Largest payload that the ring ever takes, bytes. */
  readonly maxMessageSize: number;
}

/** Addresses: what is not said may be anything. */
export type ArgoPattern = Partial<ArgoAddress>;

/** Whether messages from one address to another are accepted. */
export interface ArgoRule {
  readonly src: ArgoPattern;
  readonly dst: ArgoPattern;
  readonly accept: boolean;
}

/**
 * Ordered rules about who may send to whom (spec/primitives.md 7.2): the first that matches decides, and where none does, all may.
 * When a change is done nothing is sent any more by the rules from before.
 */
export interface ArgoRuleTable {
  /** @param at position, 0 is the first; at the end unless said. Rejects with `ENOSPC`, or `EINVAL` for no position */
  add(rule: ArgoRule, at?: number): Promise<void>;
  /** Rejects with `ENOENT` where there is no rule. @returns the rule that was there */
  del(at: number): Promise<ArgoRule>;
  list(): Promise<readonly ArgoRule[]>;
}

/**
 * Messages that the hypervisor copies into the receiver's ring (spec/primitives.md 7.3): for peers that do not trust each
 * other. Nobody but the receiver ever sees a ring's memory; it can be taken away at any time. VIRQ_ARGO tells both "a message
 * came" and "there is room". Control operations reject with a HypercallError, `EOPNOTSUPP` where Argo is off and `ENODEV` for a
 * domain without it.
 */
export interface Argo {
  /**
   * Takes messages for `aport` from `partner`, or from all with {@link ARGO_DOMID_ANY}. Registering it again gives the same
   * ring with what is in it. Its memory counts for the domain's quota. Rejects with `EPERM` where rules let nobody send to it.
   *
   * @param len bytes of data: a message takes 16 and its payload rounded up to 16, and never fills the ring
   */
  register(aport: number, partner: DomId, len: number, options?: { readonly failExist?: boolean }): Promise<ArgoRing>;
  /** A fence: when it is done nobody writes into the ring's memory any more, whatever a sender does. Rejects with `ENOENT`. */
  unregister(aport: number, partner: DomId): Promise<void>;
  /**
   * Finds the ring for messages to `dst` beforehand, so that a first `sendv` is not answered by `EAGAIN`.
   *
   * @returns undefined when there is one
   */
  resolve(dst: ArgoAddress): Promise<ArgoErrno | undefined>;
  /**
   * Says what keeps a message from `aport` to `dst` from being sent, but for room: whether there still is a way. `EAGAIN` while
   * the hypervisor is asked; VIRQ_ARGO comes with its answer, and whenever rings that were sent to are no more, or rules change.
   */
  reach(aport: number, dst: ArgoAddress): ArgoErrno | undefined;
  /**
   * Sends one message, whole or not at all, in this thread and at once. The first message to an address, and the first after
   * rings came or went there, is answered by `EAGAIN` while the hypervisor is asked.
   *
   * @param aport port of ours to answer to; the domain is filled in
   * @param from what the sender says that it is: `EPERM` for another domain; `ARGO_DOMID_ANY`, unless said, stands for itself
   * @returns bytes of payload, or why it was not sent
   */
  sendv(aport: number, dst: ArgoAddress, iovs: readonly Uint8Array[], type: number, from?: DomId): number | ArgoErrno;
  notify: {
    /** Wakes who waits for room in our rings, as far as there is some. To be called after receiving. */
    (): void;
    /** The same, then asks about rings to send to. Rejects with `EACCES` for too many entries. */
    (entries: readonly ArgoQuery[]): Promise<readonly ArgoStatus[]>;
  };
  /** For domain 0 alone: all of it rejects with `EPERM` elsewhere. */
  readonly viptables: ArgoRuleTable;
}
