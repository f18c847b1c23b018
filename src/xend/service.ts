// SPDX-License-Identifier: Apache-2.0
import { createClaimTable } from '../devices/claims.ts';
import { createBuiltinClasses } from '../devices/registry.ts';
import { watchMemory } from '../domain/memory-watch.ts';
import { messageOf } from '../errors.ts';
import type { DomId } from '../hv/contract.ts';
import type { Hypervisor } from '../hv/hypervisor.ts';
import { createHypervisor } from '../hv/hypervisor.ts';
import type { Sxp } from '../sxp/contract.ts';
import { prettyPrint } from '../sxp/pretty.ts';
import type { Store } from '../xenstore/contract.ts';
import { createStore } from '../xenstore/store.ts';
import { serveWire } from '../xenstore/wire-socket.ts';
import { checkAny, checkConfig, parametersOf } from './check.ts';
import type { XendContext, XendOptions } from './context.ts';
import { PROTOCOL, type Stats, type XendApi, type XendMethods, type XendStatus } from './contract.ts';
import { createDeviceMethods, devicesOf } from './device-methods.ts';
import { createDeviceService } from './devices.ts';
import type { XendDomain } from './domain.ts';
import { createDomainMethods } from './domain-methods.ts';
import { readFilter } from './event.ts';
import { createEvents, type Events } from './events.ts';
import { requireHeard } from './heard.ts';
import { createVsockDoors } from './http/vsock-doors.ts';
import { cycleAddress, listEndpoints, pingEndpoint } from './idc.ts';
import { nodeInfo } from './info.ts';
import { deviceNamed, inspectDevice, inspectDomain, inspected } from './inspect.ts';
import { inspectionForm } from './inspect-form.ts';
import { createKeepingMethods } from './keeping-methods.ts';
import { createLifecycle } from './lifecycle.ts';
import { type Log, type LogDomain, type LogRange, openLog } from './log.ts';
import { selectKnown } from './lookup.ts';
import { openManaged } from './managed.ts';
import { createManagedMethods } from './managed-methods.ts';
import { watchedThreads } from './memory-watch.ts';
import { metricsOf } from './metrics.ts';
import { createDeviceClasses } from './own-classes.ts';
import { openPoolFile } from './pool-file.ts';
import { createPools } from './pools.ts';
import { createProcessorMethods } from './processor-methods.ts';
import { type DomainRecord, deviceListForm, recordOfKnown } from './records.ts';
import { recover } from './recover.ts';
import { listChannels, listGrants } from './resources.ts';
import { ringMessages } from './ring-messages.ts';
import { pathSettings } from './settings.ts';
import { stallSampler } from './stalls/sample.ts';
import { watchStalls } from './stalls/service.ts';
import { openStateFiles } from './state-files.ts';
import { takeStats } from './stats.ts';
import { openStoreKeeper } from './store-keeper.ts';
import { dumpTrace, startTrace, stopTrace } from './trace.ts';
import { refreshUsage } from './usage.ts';
import { openVchanNode } from './vchan.ts';
import { VERSION } from './version.ts';
import { createVipTables } from './viptables.ts';
import { forwardPort, listLinks, openVsockNode, setUpVsocks } from './vsock.ts';

/** What `domain.records` and `device.list` give as text, as forms: for protocols that carry these. */
export interface XendForms {
  /** `(domain ...)` records; without names of all, managed ones that are not there too. @throws XmError `ENODOMAIN` */
  domains(names?: readonly string[]): Promise<readonly Sxp[]>;
  /** `(ID ((key value) ...))` of the devices of one class, or of all. @throws XmError `ENODOMAIN`, or the class is unknown */
  devices(domain: string, className?: string): readonly Sxp[];
}

/** A supervisor in this process: everything but the socket of its methods. */
export interface Xend {
  readonly methods: XendMethods;
  readonly forms: XendForms;
  readonly log: Log;
  readonly events: Events;
  /** What a client means by a range of the log. */
  logRange(range: XendApi['log.read']['params']): LogRange;
  readonly hv: Hypervisor;
  readonly store: Store;
  /** Resolves when somebody asked it to stop, or Domain-0 was lost (with the reason). */
  readonly stopAsked: Promise<string | undefined>;
  status(): XendStatus;
  /** Destroys all domains; resolves when their threads are gone. */
  stop(): Promise<void>;
}

/**
 * Starts a supervisor: hypervisor, store, Domain-0 with the built-in back ends. Its directories must be its own; see
 * `daemon.ts` for the lock.
 */
export async function createXend(options: XendOptions): Promise<Xend> {
  const { paths } = options;
  const startTime = Date.now() / 1000;
  const log = openLog(paths.log, options.logLevel === undefined ? {} : { level: options.logLevel });
  const events = createEvents();
  const stateFiles = openStateFiles(paths.domainDir);
  const recovered = recover(paths, stateFiles, log);
  const hv = createHypervisor();
  const keeper = options.persistStore ? await openStoreKeeper(paths) : undefined;
  const domainExists = (domid: number) => hv.domids().includes(domid);
  const store = createStore({ domainExists, ...(keeper && { keeper }) });
  const domains = new Map<DomId, XendDomain>();
  const context: XendContext = {
    options,
    paths,
    hv,
    store,
    xs: store.connect(0, () => true),
    log,
    events,
    claims: createClaimTable(),
    classes: createDeviceClasses([...createBuiltinClasses(options.consoleHistory), ...(options.classes ?? [])]),
    stateFiles,
    managed: openManaged(paths.managedDir, log),
    domains,
    pools: createPools({ domains, options, log }, openPoolFile(paths.poolFile, log)),
    vsockDoors: createVsockDoors(paths.runDir, (text) => log.write('WARNING', text)),
    startTime,
  };
  const { classes } = context;
  let sampling: Promise<Stats> | undefined;
  const endWatch = watchMemory(() => watchedThreads(context));
  const stalls = watchStalls(stallSampler(context), { log, events });
  const stopAsked = Promise.withResolvers<string | undefined>();
  const devices = createDeviceService(context, {
    build: (config) => life.create(config, false),
    destroy: (domain) => life.destroy(domain),
  });
  const life = createLifecycle(context, devices, (why) => {
    log.write('CRITICAL', `Domain-0 was lost (${why}): xend ends`);
    stopAsked.resolve(`Domain-0 was lost: ${why}`);
  });

  function status(): XendStatus {
    const { socket, xenstoreSocket, stateDir } = paths;
    const fields = { pid: process.pid, version: VERSION, protocol: PROTOCOL, startTime, recovered };
    return { ...fields, socket, xenstoreSocket, stateDir, domains: domains.size };
  }

  async function recordsOf(names?: readonly string[]): Promise<readonly DomainRecord[]> {
    const wanted = selectKnown(context, names);
    await refreshUsage(context);
    return wanted.map((known) => recordOfKnown(context, known));
  }

  /** A word that is no domain may have been one. */
  function logRange({ domains: words, ...range }: XendApi['log.read']['params']): LogRange {
    if (words === undefined) return range;
    const known = [...domains.values()];
    const named = (word: string): LogDomain =>
      known.find(({ domid, name, uuid }) => [String(domid), name, uuid].includes(word)) ?? { name: word };
    return { ...range, domains: words.map(named) };
  }

  /** All who ask while a sample is taken share it. */
  function sample(): Promise<Stats> {
    sampling ??= takeStats(context, stalls.found()).finally(() => {
      sampling = undefined;
    });
    return sampling;
  }

  const forms: XendForms = {
    domains: async (names) => (await recordsOf(names)).map(({ form }) => form),
    devices: (domain, className) => devicesOf(devices, life.find(domain), className).map(deviceListForm),
  };

  const viptables = createVipTables(context, (domain) => life.find(domain));
  const methods: XendMethods = {
    ...createManagedMethods(context, life),
    ...createKeepingMethods(context, life),
    ...createDomainMethods(context, life),
    ...createDeviceMethods(context, devices, life),
    async 'domain.records'({ names }) {
      const records = await recordsOf(names);
      return { sxp: records.map(({ form }) => prettyPrint(form)).join(''), records: records.map(({ json }) => json) };
    },
    async inspect({ domain, device }) {
      const found = inspected(context, domain);
      const inspection =
        device === undefined ? await inspectDomain(context, found) : inspectDevice(context, deviceNamed(found, device));
      return { inspection, sxp: prettyPrint(inspectionForm(inspection)) };
    },
    'idc.list': () => listEndpoints(context),
    'idc.ping': (params) => pingEndpoint(context, life.find(params.domain), params),
    'idc.cycle': ({ address }) => cycleAddress(context, address),
    'vchan.node': (params) => openVchanNode(context, life.find(params.domain), params),
    'viptables.add': viptables.add,
    'viptables.del': viptables.del,
    'viptables.list': viptables.list,
    ...createProcessorMethods(context),
    'vsock.setup': async (params) => setUpVsocks(context, params.domains.map(life.find), params),
    'vsock.list': () => listLinks(context),
    'vsock.node': (params) =>
      openVsockNode(context, params.domain === undefined ? undefined : life.find(params.domain), params),
    'vsock.forward': (params) => forwardPort(context, life.find(params.domain), params),
    'config.parameters': async (text) => ({ parameters: parametersOf(text) }),
    'config.check': async ({ any, ...text }) =>
      any === true ? checkAny(text, classes) : (await checkConfig(text, classes)).result,
    'node.config': async () => ({ ...pathSettings(paths), ...options.settings }),
    'node.info': async () => nodeInfo(VERSION, life.freeMemory(), hv.frameUsage()),
    'node.dmesg': async ({ clear }) => ({ text: hv.dmesg(clear === true) }),
    async 'log.read'(range) {
      const names = (word: string) => log.read({ lines: 1, domains: [{ name: word }] }).length > 0;
      requireHeard(context, range.domains ?? [], names);
      return { lines: log.read(logRange(range)) };
    },
    'events.read': async ({ since, filters = [] }) => {
      const filter = readFilter(filters);
      const all = () => events.read().events;
      requireHeard(context, filter.get('domain') ?? [], (word) =>
        all().some(({ domid, domain }) => [domain, String(domid)].includes(word)),
      );
      return events.read(since, filter);
    },
    stats: sample,
    'ring.messages': async (params) => ringMessages(context, params),
    'channel.list': async () => listChannels(context),
    'grant.list': async () => listGrants(context),
    'trace.start': async (params) => startTrace(context, params),
    'trace.stop': async () => stopTrace(context),
    'trace.dump': async () => dumpTrace(context),
    metrics: async () => ({
      families: metricsOf(await sample(), { startTime, log: log.counts(), events: events.count() }),
    }),
    stalls: async () => stalls.found(),
    'xend.status': async () => status(),
    async 'xend.stop'() {
      stopAsked.resolve(undefined);
      return status();
    },
  };

  log.write('INFO', `xend ${VERSION} started`);
  hv.printk(`xm ${VERSION} on Node ${process.version}`);
  await life.createControlDomain();
  for (const path of options.classPaths ?? []) {
    // Who wants a device of it hears that there is no such class.
    await classes.read(path).then(classes.adopt, (error) => log.write('ERROR', messageOf(error)));
  }
  recovered.push(...(await context.managed.load(classes)));
  const wire = await serveWire(store, paths.xenstoreSocket);
  // Nobody waits for them: a kernel that takes its time to load would keep xend from being up.
  void life.startManaged();
  return {
    methods,
    forms,
    log,
    logRange,
    events,
    hv,
    store,
    status,
    stopAsked: stopAsked.promise,
    async stop() {
      await life.stopAll();
      await wire.close();
      endWatch();
      stalls.end();
      keeper?.close();
      log.write('INFO', 'xend stopped');
    },
  };
}
