// SPDX-License-Identifier: Apache-2.0
import { Duplex } from 'node:stream';
import { consoleRings } from '../devices/console/page.ts';
import {
  CMSG_STATUS,
  type ControlAnswer,
  type ControlBody,
  type ControlChannel,
  INTERFACE,
  OKAY,
} from '../domain/control.ts';
import type { DomId, EvtchnPort, Hypercalls, Mapping } from '../hv/contract.ts';
import type { Hypervisor } from '../hv/hypervisor.ts';
import { type ByteRingReader, type ByteRingWriter, byteRingReader, byteRingWriter } from '../ring/byte-ring.ts';

/** Output that is kept for a slow reader; beyond it the domain's own backlog fills, which drops its oldest. */
const KEPT = 256 * 1024;
const CHUNK = 2048;
const TYPE = 'CONSOLE_FE';

/** A connection to the domain's front end. */
interface Link {
  readonly mapping: Mapping;
  readonly near: EvtchnPort;
  readonly out: ByteRingReader;
  readonly in: ByteRingWriter;
}

/** Something typed, and what to call when the domain has it. */
interface Typed {
  bytes: Uint8Array;
  readonly taken: () => void;
}

/** The back end of one domain's console, in this thread. */
export interface ConsoleEnd {
  readonly stream: Duplex;
  /** Resolves when the domain can print. */
  readonly connected: Promise<void>;
  /** Answers the control messages of the domain's front end. */
  handle(subtype: string, body: ControlBody): Promise<ControlAnswer> | ControlAnswer;
  /** Takes the domain's last words and ends the stream; the domain's thread has ended. */
  close(): Promise<void>;
}

/**
 * Serves the console of a domain, by the same front end and rings as under xend.
 *
 * @param hypercalls of the domain that serves, in this thread
 * @param control the served domain's; asked for late, as it is made with the domain
 */
export function serveConsole(
  hv: Hypervisor,
  hypercalls: Hypercalls,
  domid: DomId,
  control: () => ControlChannel,
): ConsoleEnd {
  const chunk = new Uint8Array(CHUNK);
  const typed: Typed[] = [];
  const connected = Promise.withResolvers<void>();
  let link: Link | undefined;
  let over = false;

  /** @param all whether to take what nobody may read any more */
  function pull(all = false): void {
    let moved = false;
    for (let room = true; link !== undefined && (room || all); ) {
      const count = link.out.read(chunk);
      if (count <= 0) break;
      moved = true;
      room = stream.push(Uint8Array.from(chunk.subarray(0, count)));
    }
    if (moved && link !== undefined) hypercalls.evtchn.notify(link.near);
  }

  function pushTyped(): void {
    let moved = false;
    while (link !== undefined && typed.length > 0) {
      const first = typed[0]!;
      const count = link.in.write(first.bytes);
      if (count <= 0) break;
      moved = true;
      first.bytes = first.bytes.subarray(count);
      if (first.bytes.length === 0) typed.shift()!.taken();
    }
    if (moved && link !== undefined) hypercalls.evtchn.notify(link.near);
  }

  const stream = new Duplex({
    readableHighWaterMark: KEPT,
    allowHalfOpen: false,
    read: () => pull(),
    write(bytes: Uint8Array, _encoding, taken) {
      if (over || bytes.length === 0) taken();
      else {
        typed.push({ bytes, taken });
        pushTyped();
      }
    },
  });

  /** Tells the front end where it stands. */
  const tell = (status: number, body: ControlBody): void =>
    void control().request(TYPE, 'INTERFACE_STATUS', { handle: 0, status, ...body });

  async function connect(frame: unknown): Promise<ControlAnswer> {
    if (link !== undefined) return { status: CMSG_STATUS.interfaceConnected, reason: 'the interface is connected' };
    const mapping = await hypercalls.gnttab.map(domid, Number(frame));
    const { near, far } = hv.bindPair(hypercalls.domid, domid);
    const rings = consoleRings(mapping.buffer);
    link = { mapping, near, out: byteRingReader(rings.out), in: byteRingWriter(rings.in) };
    hypercalls.evtchn.listen(near, () => {
      pull();
      pushTyped();
    });
    tell(INTERFACE.connected, { evtchn: far });
    connected.resolve();
    return OKAY;
  }

  return {
    stream,
    connected: connected.promise,
    handle(subtype, { frames }) {
      if (subtype === 'DRIVER_STATUS') {
        tell(INTERFACE.disconnected, { name: 'console', backendId: hypercalls.domid, config: {} });
      }
      return subtype === 'INTERFACE_CONNECT' ? connect(Object(frames)[0]) : OKAY;
    },
    async close() {
      pull(true);
      over = true;
      const ended = link;
      link = undefined;
      stream.push(null);
      for (const { taken } of typed.splice(0)) taken();
      if (ended === undefined) return;
      await hypercalls.evtchn.close(ended.near);
      await hypercalls.gnttab.unmap(ended.mapping);
    },
  };
}
