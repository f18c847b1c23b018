// SPDX-License-Identifier: Apache-2.0

/** Bytes before each message of a link: four words, of which the first is the kind and the second the connection. */
export const HEADER = 16;
/** Most bytes of one DATA_ind: so much of one connection goes before the next one has its turn. */
export const MAX_DATA = 65_536;

/** Messages of a link (spec/idc.md 1.3, 95), and credit. The comment says what the other two words are. */
export const KIND = {
  /** Port; window of the sender, bytes. */
  connectReq: 1,
  /** A {@link STATUS}; window of the sender. */
  connectRsp: 2,
  /** Bytes that follow. */
  dataInd: 3,
  /** Bytes that may be sent in addition. */
  creditInd: 4,
  /** An {@link ENDING}. */
  disconnectInd: 5,
} as const;

/** Answers to CONNECT_req. */
export const STATUS = { accepted: 0, refused: 1, full: 2 } as const;

/** What DISCONNECT_ind says: nothing more will be sent; or nothing will be received either, nor has to be answered. */
export const ENDING = { finished: 1, gone: 2 } as const;

/** A header as it travels, and as words. */
export interface Header {
  readonly bytes: Uint8Array;
  readonly words: Int32Array;
}

/** @param room bytes behind the header */
export function createHeader(room = 0): Header {
  const buffer = new ArrayBuffer(HEADER + room);
  return { bytes: new Uint8Array(buffer), words: new Int32Array(buffer, 0, HEADER / 4) };
}

/** What a connection may be in, and what may happen to it there. */
export type ConnectionState = 'asking' | 'open' | 'finishing' | 'finished' | 'closed';
export type ConnectionEvent =
  | 'accepted'
  | 'refused'
  /** Bytes came; credit came. */
  | 'data'
  | 'credit'
  /** This end, or the peer, has sent everything. */
  | 'sentAll'
  | 'gotAll'
  /** This end, or the peer, wants no more; or the link is lost. */
  | 'cut'
  | 'gone';

type Row = Readonly<Partial<Record<ConnectionEvent, ConnectionState>>>;

const over: Row = { cut: 'closed', gone: 'closed' };

/** The life of a connection. What the peer sends where the table has nothing breaks the link. */
export const CONNECTION: Readonly<Record<ConnectionState, Row>> = {
  asking: { ...over, accepted: 'open', refused: 'closed' },
  open: { ...over, data: 'open', credit: 'open', sentAll: 'finishing', gotAll: 'finished' },
  finishing: { ...over, data: 'finishing', credit: 'finishing', gotAll: 'closed' },
  finished: { ...over, credit: 'finished', sentAll: 'closed' },
  closed: {},
};
