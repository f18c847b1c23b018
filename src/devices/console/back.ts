// SPDX-License-Identifier: Apache-2.0
import { chmodSync, rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import type { BackContext, BackInterface } from '../../domain/contract.ts';
import type { EvtchnPort, Mapping } from '../../hv/contract.ts';
import { type ByteRingReader, type ByteRingWriter, byteRingReader, byteRingWriter } from '../../ring/byte-ring.ts';
import { openHistory } from './history.ts';
import { consoleRings } from './page.ts';
import { consoleSocket } from './socket.ts';

const CHUNK = 16 * 1024;
/** How long a client that is sent away may take to read its last bytes, milliseconds. */
const FAREWELL = 10_000;

/**
 * The console's back end. The domain is never held up: what it prints goes into a bounded history, and a client reads from
 * there at its own speed, from the first byte no client has had. A client that falls too far behind is told what it missed. The
 * history outlives domain and device: `xm console --log` shows it.
 */
export default function createConsoleBack(context: BackContext): BackInterface {
  const { hypercalls, domid, domainName, runDir, counters, record, broken } = context;
  const path = consoleSocket(runDir, domid);
  const history = openHistory(record);
  const chunk = new Uint8Array(2048);
  const typed: Buffer[] = [];
  let server: Server | undefined;
  let client: Socket | undefined;
  let mapping: Mapping | undefined;
  let link: { readonly port: EvtchnPort; readonly out: ByteRingReader; readonly in: ByteRingWriter } | undefined;

  function breakOff(): void {
    if (link !== undefined) hypercalls.evtchn.listen(link.port, undefined);
    link = undefined;
    broken('impossible console ring index');
  }

  function pullOut(): void {
    let moved = false;
    while (link !== undefined) {
      const count = link.out.read(chunk);
      if (count < 0) {
        breakOff();
        return;
      }
      if (count === 0) break;
      moved = true;
      counters[0] = counters[0]! + count;
      history.append(chunk.subarray(0, count));
    }
    if (moved && link !== undefined) hypercalls.evtchn.notify(link.port);
    if (moved) show();
  }

  function tellLoss(to: Socket): void {
    if (history.shown >= history.start) return;
    to.write(`\r\n[${history.start - history.shown} bytes were lost]\r\n`);
    history.shown = history.start;
  }

  /** Sends the client what it has not had, as far as its socket takes it. */
  function show(): void {
    while (client !== undefined && history.shown < history.end && !client.writableNeedDrain) {
      tellLoss(client);
      const bytes = history.read(history.shown, CHUNK);
      history.shown += bytes.length;
      client.write(bytes);
    }
  }

  /** Moves what was typed into the ring; while it does not fit, the client is not read. */
  function pushIn(): void {
    let moved = false;
    while (link !== undefined && typed.length > 0) {
      const bytes = typed[0]!;
      const count = link.in.write(bytes);
      if (count < 0) {
        breakOff();
        return;
      }
      if (count === 0) break;
      moved = true;
      counters[1] = counters[1]! + count;
      if (count === bytes.length) typed.shift();
      else typed[0] = bytes.subarray(count);
    }
    if (moved && link !== undefined) hypercalls.evtchn.notify(link.port);
    if (typed.length === 0) client?.resume();
    else client?.pause();
  }

  function attach(socket: Socket): void {
    socket.on('error', () => socket.destroy());
    // Who hung up before this one came may not have been noticed yet.
    setImmediate(() => {
      if (server === undefined) socket.destroy();
      else if (client === undefined) serve(socket);
      else sendOff(socket, `Cannot connect to console 0 on domain ${domainName}: it is in use\r\n`);
    });
  }

  function serve(socket: Socket): void {
    client = socket;
    const leave = (): void => {
      if (client === socket) client = undefined;
    };
    socket.on('data', (data) => {
      typed.push(data as Buffer);
      pushIn();
    });
    socket.on('drain', show).on('end', leave).on('close', leave);
    show();
  }

  return {
    async open() {
      rmSync(path, { force: true });
      const listening = createServer(attach);
      await new Promise<void>((resolve, reject) => {
        listening.once('error', reject);
        listening.listen(path, resolve);
      });
      chmodSync(path, 0o600);
      server = listening;
    },
    async connect([frame], port) {
      mapping = await hypercalls.gnttab.map(domid, frame ?? -1);
      const rings = consoleRings(mapping.buffer);
      link = { port, out: byteRingReader(rings.out), in: byteRingWriter(rings.in) };
      hypercalls.evtchn.listen(port, () => {
        pullOut();
        pushIn();
      });
      // What was typed before there was a connection.
      pushIn();
    },
    async disconnect() {
      pullOut();
      if (link !== undefined) hypercalls.evtchn.listen(link.port, undefined);
      link = undefined;
      typed.length = 0;
      if (mapping !== undefined) await hypercalls.gnttab.unmap(mapping);
      mapping = undefined;
    },
    async close() {
      server?.close();
      server = undefined;
      if (client === undefined) return;
      client.off('drain', show).removeAllListeners('data');
      tellLoss(client);
      const last = history.read(history.shown, history.end - history.shown);
      history.shown = history.end;
      sendOff(client, last);
    },
  };
}

/** Ends a connection: it gets these last bytes in its own time, within limits, and nobody waits for it. */
function sendOff(socket: Socket, last: string | Uint8Array): void {
  // What it types goes nowhere, but its hanging up is noticed.
  socket.resume();
  socket.end(last);
  const limit = setTimeout(() => socket.destroy(), FAREWELL);
  socket.once('close', () => clearTimeout(limit));
}
