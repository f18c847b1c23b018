// SPDX-License-Identifier: Apache-2.0
import type { XendClient } from '../xend/client.ts';
import { type LogRecord, parseRecord } from '../xend/log-line.ts';
import type { NumberedRecord, Source, StoreNode } from './reading.ts';
import { followStore, type StoreFollower } from './store-tree.ts';

/** Records that the log page holds, and that are looked at for an opened row. */
const LOG_LINES = 500;

/** What follows the log. */
interface LogTail {
  /** Resolves when it has what there was. */
  readonly ready: Promise<void>;
  readonly ended: Promise<void>;
  close(): void;
}

/** Rounds from xend. The log and the store are followed from the first time that they are wanted: a round finds them here. */
export function xendSource(client: XendClient): Source {
  /** Go on from one tail to the next, which begins with some of them. */
  const records: NumberedRecord[] = [];
  let tail: LogTail | undefined;
  let store: Promise<StoreFollower> | undefined;

  async function nodes(): Promise<readonly StoreNode[]> {
    store ??= client.call('xend.status', {}).then(({ xenstoreSocket }) => followStore(xenstoreSocket));
    try {
      return (await store).nodes();
    } catch (error) {
      // The next round tries again.
      store = undefined;
      throw error;
    }
  }

  function openTail(): LogTail {
    if (tail !== undefined) return tail;
    const opened = followLog(client, records);
    tail = opened;
    void opened.ended.then(() => {
      if (tail === opened) tail = undefined;
    });
    return opened;
  }

  return {
    async read({ channels, endpoints, grants, store: wantsStore, log, about, messages, address }) {
      if (log) await openTail().ready;
      const [stats, stalls, ...rest] = await Promise.all([
        client.call('stats', {}),
        client.call('stalls', {}),
        channels && client.call('channel.list', {}),
        endpoints && client.call('idc.list', {}),
        grants && client.call('grant.list', {}),
        wantsStore && nodes(),
        about && client.call('log.read', { lines: LOG_LINES, domains: about }),
        messages &&
          Promise.all(messages.map(async (ring) => ({ ring, messages: await client.call('ring.messages', ring) }))),
        address !== undefined && client.call('events.read', { filters: ['kind=endpoint', `address=${address}`] }),
      ]);
      const [channelList, idc, grantList, storeNodes, read, ringMessages, happened] = rest;
      return {
        stats,
        stalls,
        ...(channelList && { channels: channelList }),
        ...(idc && { endpoints: idc.endpoints }),
        ...(grantList && { grants: grantList }),
        ...(storeNodes && { store: storeNodes }),
        ...(log && { log: [...records] }),
        ...(read && { about: recordsOf(read.lines) }),
        ...(happened && { events: happened.events }),
        ...(ringMessages && { messages: ringMessages }),
      };
    },
    close() {
      tail?.close();
      void store?.then((follower) => follower.close()).catch(() => {});
    },
  };
}

const recordsOf = (lines: readonly string[]): readonly LogRecord[] =>
  lines.map(parseRecord).filter((record) => record !== undefined);

const nameOf = ({ time, pid, source, text }: LogRecord): string => `${time} ${pid} ${source} ${text}`;

/** Follows the log from its last records on, and adds what is new to `records`. */
function followLog(client: XendClient, records: NumberedRecord[]): LogTail {
  const ending = new AbortController();
  const past = Promise.withResolvers<void>();
  const known = new Set(records.map(nameOf));

  function add(record: LogRecord | undefined): void {
    if (record === undefined || known.has(nameOf(record))) return;
    records.push({ ...record, number: (records.at(-1)?.number ?? -1) + 1 });
    if (records.length > LOG_LINES) records.shift();
  }

  async function follow(): Promise<void> {
    for await (const line of client.follow(`/log?lines=${LOG_LINES}&framed=yes`, ending.signal)) {
      // A text, `null` where the past ends, or how many were lost.
      const said: unknown = JSON.parse(line);
      if (typeof said === 'string') add(parseRecord(said));
      if (said !== null) continue;
      known.clear();
      past.resolve();
    }
  }

  // When xend has ended, the rounds say it.
  const ended = follow().catch(() => {});
  void ended.then(past.resolve);
  return { ready: past.promise, ended, close: () => ending.abort() };
}
