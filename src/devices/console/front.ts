// SPDX-License-Identifier: Apache-2.0
import type { DomainConsole, FrontContext, FrontInterface } from '../../domain/contract.ts';
import type { EvtchnPort, Extent, GrantRef } from '../../hv/contract.ts';
import { type ByteRingReader, type ByteRingWriter, byteRingReader, byteRingWriter } from '../../ring/byte-ring.ts';
import { consoleRings } from './page.ts';

/** Output that waits for room; beyond it the oldest goes. */
const BACKLOG_LIMIT = 256 * 1024;
/** Input that waits for a listener; beyond it the newest goes. */
const TYPED_LIMIT = 4096;

/** The console's front end: output waits here while the ring is full or not there, and never blocks the domain. */
export default function createConsoleFront({ hypercalls, broken }: FrontContext): FrontInterface {
  const backlog: Uint8Array[] = [];
  const typed: Uint8Array[] = [];
  const input = new Uint8Array(1024);
  let backlogBytes = 0;
  let typedBytes = 0;
  let listener: ((data: Uint8Array) => void) | undefined;
  let drains: (() => void)[] = [];
  let page: { readonly extent: Extent; readonly gref: GrantRef } | undefined;
  let link: { readonly port: EvtchnPort; readonly out: ByteRingWriter; readonly in: ByteRingReader } | undefined;

  function breakOff(): void {
    if (link !== undefined) hypercalls.evtchn.listen(link.port, undefined);
    link = undefined;
    broken('impossible console ring index');
  }

  /** Moves waiting output into the ring. */
  function pushOut(): void {
    let moved = false;
    while (link !== undefined && backlog.length > 0) {
      const chunk = backlog[0]!;
      const taken = link.out.write(chunk);
      if (taken < 0) {
        breakOff();
        return;
      }
      if (taken === 0) break;
      moved = true;
      backlogBytes -= taken;
      if (taken === chunk.length) backlog.shift();
      else backlog[0] = chunk.subarray(taken);
    }
    if (moved && link !== undefined) hypercalls.evtchn.notify(link.port);
    settleDrains();
  }

  /** Everything is taken when the back end has consumed the ring, not when the ring has it. */
  function settleDrains(): void {
    const taken = link === undefined || (backlog.length === 0 && link.out.room() === 2048);
    if (!taken) return;
    const waiting = drains;
    drains = [];
    for (const resolve of waiting) resolve();
  }

  function pullIn(): void {
    let moved = false;
    while (link !== undefined) {
      const count = link.in.read(input);
      if (count < 0) {
        breakOff();
        return;
      }
      if (count === 0) break;
      moved = true;
      deliver(input.slice(0, count));
    }
    if (moved && link !== undefined) hypercalls.evtchn.notify(link.port);
  }

  function deliver(data: Uint8Array): void {
    if (listener !== undefined) listener(data);
    else if (typedBytes + data.length <= TYPED_LIMIT) {
      typed.push(data);
      typedBytes += data.length;
    }
  }

  const driver: DomainConsole = {
    write(data) {
      const bytes = typeof data === 'string' ? Buffer.from(data) : Uint8Array.from(data);
      if (bytes.length === 0) return;
      backlog.push(bytes);
      backlogBytes += bytes.length;
      while (backlogBytes > BACKLOG_LIMIT && backlog.length > 1) backlogBytes -= backlog.shift()!.length;
      pushOut();
    },
    onData(to) {
      listener = to;
      if (to === undefined) return;
      const kept = typed.splice(0);
      typedBytes = 0;
      for (const data of kept) to(data);
    },
    drained: () =>
      new Promise((resolve) => {
        drains.push(resolve);
        settleDrains();
      }),
  };

  return {
    driver,
    async offer(backendId) {
      const extent = await hypercalls.memory.alloc(0);
      page = { extent, gref: await hypercalls.gnttab.grantAccess(backendId, extent) };
      return [page.gref];
    },
    connected(port) {
      const rings = consoleRings(page!.extent.buffer);
      link = { port, out: byteRingWriter(rings.out), in: byteRingReader(rings.in) };
      hypercalls.evtchn.listen(port, () => {
        pullIn();
        pushOut();
      });
    },
    async disconnected() {
      if (link !== undefined) hypercalls.evtchn.listen(link.port, undefined);
      link = undefined;
      settleDrains();
      const ended = page;
      page = undefined;
      if (ended === undefined) return;
      if ((await hypercalls.gnttab.endAccess(ended.gref)) === 'ended') await hypercalls.memory.free(ended.extent);
    },
  };
}
