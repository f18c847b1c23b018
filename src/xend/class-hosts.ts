// SPDX-License-Identifier: Apache-2.0
import type { VmConfig } from '../config/contract.ts';
import type { DeviceClass } from '../devices/contract.ts';
import { happen } from './back-ends.ts';
import type { XendContext } from './context.ts';
import type { Device } from './device.ts';
import { controlConfig, type XendDomain } from './domain.ts';

/** How long a thread may be held up, milliseconds, unless the supervisor says otherwise. */
const PATIENCE = 10_000;
/** Longest time between two looks whether one is, milliseconds. */
const TICK = 1000;
/** MB of such a domain, for heap and pages. */
const MEMORY = 128;

/**
 * Domains that serve classes of users' own, one for each class, where a device does not name another one: there only to be ended,
 * when they hold themselves up, without harm to anything else. They come with the first device of the class and go with the last.
 */
export interface ClassHosts {
  /** Does something with the domain that serves a class; as long as that lasts it stays. @throws XmError when it cannot be made */
  use<T>(deviceClass: DeviceClass, act: (host: XendDomain) => Promise<T>): Promise<T>;
  /** Does something with a device; who serves it, if it is one of them, stays as long as that lasts, to have it again if it fails. */
  hold<T>(device: Device, act: () => Promise<T>): Promise<T>;
  /**
   * Ends those that serve nothing; resolves when nothing of them is left.
   *
   * @param going a domain whose end is what is done now: if it is one of them, nothing is waited for
   */
  prune(going?: XendDomain): Promise<void>;
}

/** What is done for them elsewhere. */
export interface HostMaker {
  build(config: VmConfig): Promise<XendDomain>;
  destroy(domain: XendDomain): Promise<void>;
}

interface Host {
  readonly className: string;
  /** Of its configuration: what it is known by, whoever else is called like it. */
  readonly backends: readonly string[];
  readonly made: Promise<XendDomain>;
  /** Who does something with it now. */
  users: number;
  /** Milliseconds for which its thread had nothing to do when it was last looked at; undefined while it is asked. */
  rested: number | undefined;
}

export function createClassHosts(
  { domains, options, log }: Pick<XendContext, 'domains' | 'options' | 'log'>,
  { build, destroy }: HostMaker,
): ClassHosts {
  const patience = options.poolPatience ?? PATIENCE;
  const hosts = new Map<string, Host>();
  /** Those that are being ended, whose names are not free yet. */
  const leaving = new Map<string, { readonly domain: XendDomain; readonly done: Promise<void> }>();
  let timer: NodeJS.Timeout | undefined;

  function servedBy(domid: number | undefined): readonly Device[] {
    return [...domains.values()].flatMap(({ devices }) =>
      [...devices.values()].filter(({ back }) => back.domid === domid),
    );
  }

  const domainOf = ({ backends }: Host): XendDomain | undefined =>
    [...domains.values()].find(({ config }) => config.backends === backends);

  function forget(host: Host): void {
    if (hosts.get(host.className) === host) hosts.delete(host.className);
    if (hosts.size > 0) return;
    clearInterval(timer);
    timer = undefined;
  }

  async function make(className: string, backends: readonly string[]): Promise<XendDomain> {
    await leaving.get(className)?.done;
    return build({
      ...controlConfig(backends),
      ...{ name: `driver:${className}`, memory: MEMORY, image: { kernel: 'idle', args: '' } },
    });
  }

  /** Nobody brings it back: its devices have failed. */
  function onGone(host: Host, { domid, name, shutdownReason = 'destroyed' }: XendDomain): void {
    forget(host);
    const reason = `Domain '${name}' is gone: ${shutdownReason.replace(/^crash: /, '')}`;
    for (const device of servedBy(domid)) happen(device, 'failed', { reason });
  }

  function start(className: string): Host {
    const backends = [className];
    const host: Host = { className, backends, made: make(className, backends), users: 0, rested: undefined };
    hosts.set(className, host);
    host.made.then(
      (domain) => domain.gone.promise.then(() => onGone(host, domain)),
      () => forget(host),
    );
    timer ??= setInterval(lookAtAll, Math.min(TICK, patience / 2)).unref();
    return host;
  }

  function lookAtAll(): void {
    for (const host of hosts.values()) void look(host);
  }

  /** One that rests is never woken for this. */
  async function look(host: Host): Promise<void> {
    const domain = domainOf(host);
    const { thread, control } = domain ?? {};
    if (domain === undefined || thread === undefined || control === undefined) return;
    const { idle } = thread.worker.performance.eventLoopUtilization();
    const held = host.rested === idle;
    host.rested = idle;
    if (!held) return;
    host.rested = undefined;
    // What there is to load takes its time on a machine with much to do.
    const limit = domain.phase === 'building' ? Math.max(PATIENCE, patience) : patience;
    const { late } = await control.request('PING', 'PING', {}, limit);
    if (late === undefined) return;
    const phase = phaseOf(domain);
    const what = `it did not come back within ${limit / 1000} s`;
    domain.shutdownReason = `crash: The back end of ${host.className} in domain '${domain.name}' failed ${phase}: ${what}`;
    log.write('ERROR', `Domain ${domain.name} holds its thread up: it is destroyed`);
    void thread.kill();
  }

  /** What it was asked for when it did not come back, or last. */
  function phaseOf({ domid, phase }: XendDomain): string {
    const all = servedBy(domid);
    const asked = all.find(({ unanswered }) => unanswered?.domid === domid)?.unanswered;
    if (asked !== undefined) return `at ${PHASES[asked.subtype] ?? asked.message}`;
    return phase === 'building' || all.length === 0 ? 'at load' : 'after connect';
  }

  async function using<T>(host: Host, act: () => Promise<T>): Promise<T> {
    host.users++;
    try {
      return await act();
    } finally {
      host.users--;
    }
  }

  return {
    use({ name }, act) {
      const host = hosts.get(name) ?? start(name);
      return using(host, async () => act(await host.made));
    },
    hold({ back }, act) {
      const host = [...hosts.values()].find((one) => domainOf(one) === back);
      return host === undefined ? act() : using(host, act);
    },
    async prune(going) {
      for (const host of [...hosts.values()]) {
        const domain = domainOf(host);
        if (host.users > 0 || domain === undefined || servedBy(domain.domid).length > 0) continue;
        forget(host);
        const done = destroy(domain).finally(() => leaving.delete(host.className));
        leaving.set(host.className, { domain, done });
      }
      // Two that waited for each other's end would have none.
      const left = [...leaving.values()];
      const known = [...[...hosts.values()].map(domainOf), ...left.map(({ domain }) => domain)];
      if (going === undefined || !known.includes(going)) await Promise.allSettled(left.map(({ done }) => done));
    },
  };
}

/** What messages to a back end mean for it. */
const PHASES: Readonly<Record<string, string>> = {
  CREATE: 'create',
  DEVICE_CREATE: 'open',
  CONNECT: 'connect',
  DISCONNECT: 'disconnect',
  DEVICE_DESTROY: 'close',
  DESTROY: 'close',
};
