// SPDX-License-Identifier: Apache-2.0
import type { DomId, EvtchnPort, GrantRef } from '../hv/contract.ts';
import type { XenstoreAccess, XenstoreClient } from '../xenstore/client-contract.ts';

/** What a server publishes, and only its client may read. */
export interface Keys {
  readonly ringRef: GrantRef;
  readonly port: EvtchnPort;
}

/** The keys under a channel's path. */
export const RING_REF = 'ring-ref';
export const EVENT_CHANNEL = 'event-channel';

/** Where a channel is in the store: at an absolute path, or where channels of this server and client usually are. */
export function vchanPath(server: DomId, client: DomId, path: string): string {
  return path.startsWith('/') ? path : `/local/domain/${server}/data/vchan/${client}/${path}`;
}

/** Offers a channel: both keys at once, for nobody but the two. */
export function publish(xs: XenstoreClient, path: string, ends: readonly [DomId, DomId], keys: Keys): Promise<void> {
  const [server, client] = ends;
  return xs.transaction(async (tx) => {
    for (const [name, value] of [
      [RING_REF, keys.ringRef],
      [EVENT_CHANNEL, keys.port],
    ] as const) {
      await tx.write(`${path}/${name}`, String(value));
      await tx.setPerms(`${path}/${name}`, [`n${server}`, `r${client}`]);
    }
  });
}

/** Withdraws the offer, unless another one is there by now. */
export function retract(xs: XenstoreClient, path: string, { ringRef }: Keys): Promise<void> {
  return xs.transaction(async (tx) => {
    if ((await readNumber(tx, `${path}/${RING_REF}`)) === ringRef) await tx.rm(path);
  });
}

/** What is offered to this domain; undefined when that is nothing, or no numbers. */
export async function readKeys(xs: XenstoreAccess, path: string): Promise<Keys | undefined> {
  const ringRef = await readNumber(xs, `${path}/${RING_REF}`);
  const port = await readNumber(xs, `${path}/${EVENT_CHANNEL}`);
  return ringRef === undefined || port === undefined ? undefined : { ringRef, port };
}

/** A number above 0. What is not there, or not for us, is none. */
async function readNumber(xs: XenstoreAccess, path: string): Promise<number | undefined> {
  try {
    const text = await xs.read(path);
    return /^[1-9]\d{0,9}$/.test(text) ? Number(text) : undefined;
  } catch (error) {
    const { errno } = error as { errno?: string };
    if (errno === 'ENOENT' || errno === 'EACCES') return undefined;
    throw error;
  }
}
