// SPDX-License-Identifier: Apache-2.0
import { XmError } from '../errors.ts';
import { type Carriage, createConnection, type LinkConnection } from './connection.ts';
import type { Peer, VsockConnection } from './contract.ts';
import { type ConnectionEvent, createHeader, ENDING, HEADER, KIND, MAX_DATA, STATUS } from './frame.ts';
import { createOutbox, MAX_ASKING } from './outbox.ts';
import type { Pipe } from './pipe.ts';

/** Connections of one link. */
const MAX_CONNECTIONS = 4096;
/** Bytes that the windows of a link may grow by altogether. */
const MAX_GROWTH = 8 * 2 ** 20;
/** What comes for nobody goes here. */
const DUMP = 4096;
/** Bytes that are received before others of this thread have their turn. */
const TURN = 2 ** 20;

/** What a link does with its connections while it stands. */
export interface Traffic {
  /** Connections that there are. */
  readonly connections: number;
  /** Asks for a connection. */
  connect(port: number): VsockConnection;
  /** Receives what has come, which may be a request. */
  poll(): void;
  /**
   * The link is over. What has come already is received; then all connections are over too. Requests are left without an answer:
   * who asked may try again over the next link.
   */
  end(why: string): void;
}

/** What traffic runs over, and whom it tells. */
export interface TrafficContext {
  readonly pipe: Pipe;
  readonly peer: Peer;
  /** The peer asks for a connection. @returns who takes it, or a {@link STATUS} */
  readonly accept: (port: number) => ((connection: VsockConnection) => void) | number;
  /** A connection has gone. */
  readonly onGone: () => void;
  /** The peer broke the protocol, or what carries it. */
  readonly onBroken: (why: string) => void;
  /** The peer has closed it, or has died. */
  readonly onEnded: (why: string) => void;
}

/**
 * All connections of two domains, over one pipe. Who has something to send has a turn after each of the others had one; what is
 * received is put aside for its reader at once, within the window, so that no connection waits for another one's reader.
 */
export function createTraffic({ pipe, peer, accept, onGone, onBroken, onEnded }: TrafficContext): Traffic {
  const connections = new Map<number, LinkConnection>();
  const outbox = createOutbox(pipe);
  /** Each end numbers what it asks for, the front end evenly, so that numbers tell who asked. None is used again. */
  const parity = pipe.end === 'front' ? 0 : 1;
  let ownId = parity;
  let peerId = 1 - parity;
  let growth = MAX_GROWTH;
  let over = false;

  // What is being read: the rest of a header, then the rest of data for somebody.
  const came = createHeader();
  const dump = new Uint8Array(DUMP);
  let headed = 0;
  let left = 0;
  /** What the peer sent makes no sense: nothing more is believed. */
  let deaf = false;
  /** The pipe has ended, and all that came over it was received. */
  let dry = false;
  let ending = false;
  /** Bytes received in this turn. */
  let taken = 0;
  let receiver: LinkConnection | undefined;

  const link: Carriage = {
    ready: outbox.ready,
    forget(connection) {
      connections.delete(connection.id);
      outbox.forget(connection);
      onGone();
    },
    grow(bytes) {
      const granted = Math.min(bytes, growth);
      growth -= granted;
      return granted;
    },
  };

  function open(id: number, port: number, asking: boolean): LinkConnection {
    const connection = createConnection(link, { id, peer, port, asking });
    connections.set(id, connection);
    return connection;
  }

  function broken(what: string): void {
    if (deaf) return;
    deaf = true;
    onBroken(`domain ${peer.domid} ${what}`);
  }

  function happen(connection: LinkConnection | undefined, event: ConnectionEvent, why?: XmError): void {
    // Late, for one that has gone here.
    if (connection === undefined) return;
    if (!connection.happen(event, why)) broken(`sent ${event} in state ${connection.state}`);
  }

  const RECEIVE: Readonly<Record<number, (id: number, a: number, b: number) => void>> = {
    [KIND.connectReq](id, port, window) {
      if (id !== peerId + 2) return broken('numbered a connection wrongly');
      peerId = id;
      if (ending) return undefined;
      outbox.asked();
      if (outbox.unanswered > MAX_ASKING) return broken('floods with requests');
      const taker = connections.size >= MAX_CONNECTIONS ? STATUS.full : accept(port >>> 0);
      if (typeof taker === 'number') return outbox.refuse(id, taker);
      const connection = open(id, port >>> 0, false);
      if (!connection.credited(window)) return broken('opened an impossible window');
      outbox.ready(connection);
      taker(connection);
    },
    [KIND.connectRsp](id, status, window) {
      if (!outbox.answered(id)) return broken('answered what was not asked');
      const connection = connections.get(id);
      if (status !== STATUS.accepted) {
        const words = status === STATUS.full ? 'has no room for' : 'refuses';
        const text = `Domain '${peer.name}' ${words} connections to port ${connection?.port}`;
        return happen(connection, 'refused', new XmError('ECONNREFUSED', text));
      }
      happen(connection, 'accepted');
      if (connection?.credited(window) === false) broken('opened an impossible window');
    },
    [KIND.dataInd](_id, length) {
      if (length <= 0 || length > MAX_DATA) return broken(`announced ${length} bytes`);
      left = length;
      happen(receiver, 'data');
      if (receiver?.announced(length) === false) broken('overran its credit');
    },
    [KIND.creditInd](_id, bytes) {
      happen(receiver, 'credit');
      if (receiver?.credited(bytes) === false) broken(`gave ${bytes} bytes of credit`);
      if (receiver !== undefined) outbox.ready(receiver);
    },
    [KIND.disconnectInd](_id, ending) {
      if (ending === ENDING.finished) return happen(receiver, 'gotAll');
      if (ending !== ENDING.gone) return broken(`ended a connection in the way ${ending}`);
      happen(receiver, 'gone', new XmError('ECONNRESET', `Domain '${peer.name}' has closed the connection`));
    },
  };

  function handle(): void {
    const [kind = 0, id = 0, a = 0, b = 0] = came.words;
    receiver = connections.get(id);
    const known = id > 0 && id <= ((id & 1) === parity ? ownId : peerId);
    const act = RECEIVE[kind];
    if (act === undefined) broken(`sent a message of kind ${kind}`);
    else if (!known && kind !== KIND.connectReq) broken('spoke of a connection that never was');
    else act(id, a, b);
  }

  /** @returns bytes that came; 0: none now */
  function read(target: Uint8Array): number {
    const count = pipe.tryRead(target);
    dry = count < 0;
    taken += Math.max(0, count);
    return Math.max(0, count);
  }

  /** @returns whether somebody waited for what came, who may want the next piece at once */
  function receiveData(): boolean | undefined {
    // It may have gone since the piece before.
    const to = receiver === undefined || receiver.state === 'closed' ? undefined : receiver;
    const count = read(to?.place(left) ?? dump.subarray(0, left));
    if (count === 0) return undefined;
    left -= count;
    return to?.placed(count) ?? false;
  }

  /** As {@link receiveData}. */
  function receiveHeader(): boolean | undefined {
    const count = read(headed === 0 ? came.bytes : came.bytes.subarray(headed));
    if (count === 0) return undefined;
    headed += count;
    if (headed < HEADER) return false;
    headed = 0;
    handle();
    return false;
  }

  const receive = (): boolean | undefined => (deaf ? undefined : left > 0 ? receiveData() : receiveHeader());

  /** What is there now; a peer that goes on writing is not listened to for ever. */
  function receiveAll(): void {
    for (taken = 0; taken < TURN && receive() !== undefined; );
  }

  /** Once the reader, who may take any number of steps, has had the chance to say where it wants the next piece. */
  const turnLater = (): void => process.nextTick(turn);

  /** Receives and sends what it can, and again when the peer did something. */
  function turn(): void {
    let awaited: boolean | undefined = false;
    while (!over && taken < TURN && awaited === false) awaited = receive();
    if (over) return;
    if (awaited === true && taken < TURN) {
      queueMicrotask(turnLater);
      return;
    }
    taken = 0;
    if (awaited === undefined) {
      outbox.send();
      // At its end whoever made the link is told.
      if (!dry && !deaf) void pipe.changed().then(turn);
    } else setImmediate(turn);
  }

  void pipe.ended.then(({ kind, reason }) => {
    if (over || deaf) return;
    if (kind === 'broken') onBroken(reason);
    else onEnded(reason);
  });
  turn();

  return {
    get connections() {
      return connections.size;
    },
    connect(port) {
      ownId += 2;
      const connection = open(ownId, port, true);
      outbox.ready(connection);
      return connection;
    },
    poll: receiveAll,
    end(why) {
      ending = true;
      receiveAll();
      over = true;
      outbox.close();
      const lost = new XmError('ECONNRESET', `The link to domain '${peer.name}' is lost: ${why}`);
      for (const connection of [...connections.values()]) connection.happen('gone', lost);
      void pipe.close();
    },
  };
}
