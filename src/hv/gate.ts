// SPDX-License-Identifier: Apache-2.0
import type { Port } from '../port.ts';
import type { ArgoAuthority, ArgoDomain } from './argo.ts';
import type { ArgoPattern } from './argo-contract.ts';
import { type CopyEnd, HypercallError } from './contract.ts';
import type { EventChannels, EvtchnDomain } from './evtchn.ts';
import type { FrameDomain, Frames } from './frames.ts';
import type { GrantDomain, GrantTables } from './grants.ts';
import type { LendingAuthority, LendingDomain } from './lending.ts';

/** A hypercall on its way from a domain's thread. */
export interface HypercallRequest {
  readonly id: number;
  readonly op: string;
  readonly args: readonly unknown[];
}

/** Its answer: a result, or an errno name with text and grant status. */
export type HypercallReply =
  | { readonly id: number; readonly result: unknown }
  | { readonly id: number; readonly code: string; readonly message: string; readonly status: number };

function number(value: unknown): number {
  // Only its type is told: the text of a value that a domain built may be without bounds.
  if (!Number.isSafeInteger(value)) throw new HypercallError('EINVAL', `a ${typeof value}, not a whole number`);
  return value as number;
}

/** Numbers only, whatever the domain sent: an accessor or a string must not reach the tables. */
function copyEnd(value: unknown): CopyEnd {
  const end = Object(value) as Record<string, unknown>;
  const offset = number(end.offset);
  return end.extent === undefined
    ? { domid: number(end.domid), gref: number(end.gref), offset }
    : { extent: number(end.extent), offset };
}

/** Part of a rule; a negative number stands for any. */
function pattern(domid: unknown, aport: unknown): ArgoPattern {
  const [domain, port] = [number(domid), number(aport)];
  return { ...(domain >= 0 && { domid: domain }), ...(port >= 0 && { aport: port }) };
}

/**
 * Answers the hypercalls of one domain. A domain's thread is not trusted: every argument is checked here, and whatever
 * arrives, xend's thread goes on.
 */
export function serveHypercalls(
  port: Port,
  domain: GrantDomain & EvtchnDomain & ArgoDomain & LendingDomain & FrameDomain,
  grants: GrantTables,
  events: EventChannels,
  argo: ArgoAuthority,
  lending: LendingAuthority,
  frames: Frames,
): void {
  const ops: Readonly<Record<string, (args: readonly unknown[]) => unknown>> = {
    'memory.alloc': ([order]) => domain.memory.alloc(number(order)),
    'memory.free': ([extent]) => {
      if (grants.isGranted(domain, number(extent))) throw new HypercallError('EBUSY', `extent ${extent} is granted`);
      lending.drop(domain, number(extent));
      domain.memory.free(number(extent));
    },
    'memory.left': () => domain.memory.quotaPages - domain.memory.usedPages(),
    'frames.pool': ([pages]) => frames.createPool(domain, number(pages)),
    'gnttab.grantAccess': ([to, extent, readonly]) =>
      grants.grantAccess(domain, number(to), number(extent), readonly === true),
    'gnttab.endAccess': ([gref]) => grants.endAccess(domain, number(gref)),
    'gnttab.map': ([from, gref, readonly]) => grants.map(domain, number(from), number(gref), readonly === true),
    'gnttab.unmap': ([handle]) => grants.unmap(domain, number(handle)),
    'gnttab.copy': ([source, target, length]) => grants.copy(domain, copyEnd(source), copyEnd(target), number(length)),
    'gnttab.acceptTransfer': ([from]) => grants.acceptTransfer(domain, number(from)),
    'gnttab.transfer': ([to, gref, extent]) => {
      lending.drop(domain, number(extent));
      grants.transfer(domain, number(to), number(gref), number(extent));
    },
    'gnttab.completeTransfer': ([gref]) => grants.completeTransfer(domain, number(gref)),
    'evtchn.allocUnbound': ([remote]) => events.allocUnbound(domain, number(remote)),
    'evtchn.bindInterdomain': ([remote, far]) => events.bindInterdomain(domain, number(remote), number(far)),
    'evtchn.bindVirq': ([virq]) => events.bindVirq(domain, number(virq)),
    'evtchn.close': ([near]) => events.close(domain, number(near)),
    'evtchn.status': ([near]) => events.status(domain, number(near)),
    'argo.register': ([aport, partner, length, failExist]) =>
      argo.register(domain, number(aport), number(partner), number(length), failExist === true),
    'argo.viptables.add': ([fromDomid, fromPort, toDomid, toPort, accept, at]) =>
      argo
        .viptablesFor(domain)
        .add(
          { src: pattern(fromDomid, fromPort), dst: pattern(toDomid, toPort), accept: accept === true },
          at === undefined ? undefined : number(at),
        ),
    'argo.viptables.del': ([at]) => argo.viptablesFor(domain).del(number(at)),
    'argo.viptables.list': () => argo.viptablesFor(domain).list(),
    'argo.unregister': ([aport, partner]) => argo.unregister(domain, number(aport), number(partner)),
    'lending.open': ([to, index, form, rights, offset, length, first, second, third]) =>
      lending.open(domain, {
        domid: number(to),
        index: number(index),
        form: number(form),
        rights: number(rights),
        offset: number(offset),
        length: number(length),
        tag: [number(first), number(second), number(third)],
      }),
    'argo.resolve': ([to, aport]) => argo.resolve(domain, number(to), number(aport)),
  };

  function refusal(id: number, error: unknown): HypercallReply {
    const { code, message, status } =
      error instanceof HypercallError ? error : new HypercallError('EFAULT', String(error));
    return { id, code, message, status };
  }

  function answer({ id, op, args }: HypercallRequest): void {
    try {
      const run = Object.hasOwn(ops, op) ? ops[op] : undefined;
      if (run === undefined || !Array.isArray(args)) throw new HypercallError('ENOSYS', 'no such hypercall');
      const result = run(args);
      if (result instanceof Promise) {
        result.then(
          (late: unknown) => port.postMessage({ id, result: late } satisfies HypercallReply),
          (error: unknown) => port.postMessage(refusal(id, error)),
        );
      } else {
        port.postMessage({ id, result } satisfies HypercallReply);
      }
    } catch (error) {
      port.postMessage(refusal(id, error));
    }
  }

  port.on('message', (message: unknown) => {
    const request = Object(message) as HypercallRequest;
    // Who gives no number waits for no answer; another kind of id (a port, say) could not even be sent back.
    if (typeof request.id === 'number') answer(request);
  });
}
