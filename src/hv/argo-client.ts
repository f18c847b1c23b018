// SPDX-License-Identifier: Apache-2.0
import { isMainThread } from 'node:worker_threads';
import {
  ARGO_DOMID_ANY,
  ARGO_FLAG,
  ARGO_LIMITS,
  type Argo,
  type ArgoPattern,
  type ArgoQuery,
  type ArgoRing,
  type ArgoRule,
  type ArgoStatus,
} from './argo-contract.ts';
import {
  cancelWaiting,
  maxPayload,
  openRingMemory,
  payloadSpace,
  queueWaiting,
  RING_STATE,
  ringState,
  wakeWaiting,
} from './argo-memory.ts';
import type { ArgoNews, Resolution, RingHandle } from './argo-messages.ts';
import { type OwnRing, openOwnRing } from './argo-ring.ts';
import { createArgoRoutes, mayPass } from './argo-routes.ts';
import { createArgoSender } from './argo-send.ts';
import { type DomId, HypercallError } from './contract.ts';
import { ownMap } from './own-map.ts';
import { raiseArgo, type SharedInfo } from './shared-info.ts';

/** Sends a hypercall over the gate; one of the callbacks gets its outcome. No promise: a kernel could look into those. */
export type Ask = (
  op: string,
  args: readonly unknown[],
  done: { resolve(result: unknown): void; reject(error: HypercallError): void },
) => void;

/** Argo's hypercalls and what the hypervisor tells them. */
export interface ArgoClient {
  readonly argo: Argo;
  onNews(news: ArgoNews): void;
}

const isPort = (value: unknown): boolean => typeof value === 'number' && value >>> 0 === value;
/** For the gate, which takes numbers only. */
const numbersOf = ({ domid = -1, aport = -1 }: ArgoPattern): readonly number[] => [domid, aport];
const isDomid = (value: unknown): boolean => typeof value === 'number' && (value & 0xffff) === value;

/** The domain's side of Argo: in the domain's thread, and the only holder there of other domains' rings. */
export function createArgoClient(domid: DomId, info: SharedInfo, ask: Ask): ArgoClient {
  /** Rings of this domain, by their id. */
  const own = ownMap<number, OwnRing>();
  const peers = new Map<DomId, SharedInfo>();
  const sender = createArgoSender(domid, !isMainThread);
  const routes = createArgoRoutes(info, (to, aport, answer) =>
    ask('argo.resolve', [to, aport], {
      resolve: (result) => answer(result as Resolution),
      reject: () => answer({ changes: 0, partnerRings: 0, found: 'ENODEV' }),
    }),
  );
  let sending = false;

  const peerPage = (peer: DomId): SharedInfo | undefined => peers.get(peer);

  function wakeSenders(): void {
    own.forEach(({ memory, publish }, id) => {
      publish();
      wakeWaiting(memory, payloadSpace(memory), peerPage);
      if (ringState(memory) !== RING_STATE.live) own.delete(id);
    });
  }

  async function statusOf({ domid: to, aport, spaceRequired }: ArgoQuery): Promise<ArgoStatus> {
    await routes.settle(to, aport);
    const route = routes.latest(to, aport);
    if (route === 'ENODEV' || route === 'EOPNOTSUPP') throw new HypercallError(route, 'there is no Argo here');
    if (typeof route === 'string') return { domid: to, aport, flags: 0, maxMessageSize: 0 };
    const { memory, shared } = route;
    const maxMessageSize = maxPayload(memory);
    let flags = shared ? ARGO_FLAG.exists | ARGO_FLAG.shared : ARGO_FLAG.exists;
    if (payloadSpace(memory) === maxMessageSize) flags |= ARGO_FLAG.empty;
    if (spaceRequired > maxMessageSize) return { domid: to, aport, flags: flags | ARGO_FLAG.emsgsize, maxMessageSize };
    if (payloadSpace(memory) < spaceRequired && !queueWaiting(memory, domid, spaceRequired)) flags |= ARGO_FLAG.ebusy;
    if (payloadSpace(memory) >= spaceRequired) {
      cancelWaiting(memory, domid);
      flags = (flags & ~ARGO_FLAG.ebusy) | ARGO_FLAG.sufficient;
    }
    return { domid: to, aport, flags, maxMessageSize };
  }

  function notify(): void;
  function notify(entries: readonly ArgoQuery[]): Promise<readonly ArgoStatus[]>;
  function notify(entries?: readonly ArgoQuery[]): Promise<readonly ArgoStatus[]> | undefined {
    wakeSenders();
    return entries === undefined ? undefined : statuses(entries);
  }

  async function statuses(entries: readonly ArgoQuery[]): Promise<readonly ArgoStatus[]> {
    if (entries.length > ARGO_LIMITS.entries) {
      throw new HypercallError('EACCES', `${entries.length} entries, at most ${ARGO_LIMITS.entries}`);
    }
    const wrong = entries.find(
      (entry) => !isDomid(entry.domid) || !isPort(entry.aport) || !isPort(entry.spaceRequired),
    );
    if (wrong !== undefined) throw new HypercallError('EINVAL', 'an entry without address or size');
    return Promise.all(entries.map(statusOf));
  }

  const call = <T>(op: string, args: readonly unknown[]): Promise<T> =>
    new Promise<T>((resolve, reject) => ask(op, args, { resolve: (result) => resolve(result as T), reject }));

  return {
    argo: {
      register: (aport, partner, len, options) =>
        new Promise<ArgoRing>((resolve, reject) =>
          ask('argo.register', [aport, partner, len, options?.failExist ?? false], {
            resolve(result) {
              const { id, buffer, control } = result as RingHandle;
              own.get(id)?.handOver();
              const opened = openOwnRing(openRingMemory(buffer, control), aport, partner);
              own.set(id, opened);
              resolve(opened.ring);
            },
            reject,
          }),
        ),
      unregister: (aport, partner) => call('argo.unregister', [aport, partner]),
      async resolve({ domid: to, aport }) {
        if (!isDomid(to) || !isPort(aport)) return 'EINVAL';
        await routes.settle(to, aport);
        const route = routes.latest(to, aport);
        return typeof route === 'string' ? route : undefined;
      },
      reach(aport, { domid: to, aport: port }) {
        if (!isPort(aport) || !isDomid(to) || !isPort(port)) return 'EINVAL';
        const route = routes.find(to, port);
        if (typeof route === 'string') return route;
        return mayPass(route, aport) ? undefined : 'EPERM';
      },
      sendv(aport, dst, iovs, type, from = ARGO_DOMID_ANY) {
        // A kernel's getter that sends while the pieces of another message are gathered.
        if (sending) return 'EFAULT';
        sending = true;
        try {
          const { domid: to, aport: port } = dst;
          if (!isPort(aport) || !isPort(type) || !isDomid(to) || !isPort(port)) return 'EINVAL';
          const wrong = sender.gather(iovs);
          if (wrong !== undefined) return wrong;
          if (from !== domid && from !== ARGO_DOMID_ANY) return 'EPERM';
          const route = routes.find(to, port);
          if (typeof route === 'string') return route;
          if (!mayPass(route, aport)) return 'EPERM';
          const length = sender.measure();
          if (typeof length === 'string') return length;
          const sent = sender.transmit(route.memory, route.phase, aport, type, length);
          if (typeof sent === 'number') raiseArgo(route.info);
          if (sent !== undefined) return sent;
          // Taken away meanwhile: what is known now says which errno it is.
          const now = routes.find(to, port);
          return typeof now === 'string' ? now : 'EAGAIN';
        } finally {
          sending = false;
          sender.forget();
        }
      },
      notify,
      viptables: {
        add: ({ src, dst, accept }, at) =>
          call('argo.viptables.add', [...numbersOf(src), ...numbersOf(dst), accept, ...(at === undefined ? [] : [at])]),
        del: (at) => call<ArgoRule>('argo.viptables.del', [at]),
        list: () => call<readonly ArgoRule[]>('argo.viptables.list', []),
      },
    },
    onNews(news) {
      if (news.kind === 'drop') {
        routes.drop(news);
        // Who has nothing to send would not notice.
        raiseArgo(info);
      } else if (news.kind === 'gone') peers.delete(news.domid);
      else {
        peers.set(news.domid, news.info);
        // It may have begun to wait before we knew how to wake it.
        wakeSenders();
      }
    },
  };
}
