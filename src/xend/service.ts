// SPDX-License-Identifier: Apache-2.0
import { createClaimTable } from '../devices/claims.ts';
import { consoleSocket } from '../devices/console/socket.ts';
import type { DeviceClass } from '../devices/contract.ts';
import { builtinClasses } from '../devices/registry.ts';
import { watchMemory } from '../domain/memory-watch.ts';
import { messageOf, XmError } from '../errors.ts';
import type { DomId } from '../hv/contract.ts';
import type { Hypervisor } from '../hv/hypervisor.ts';
import { createHypervisor } from '../hv/hypervisor.ts';
import type { Sxp } from '../sxp/contract.ts';
import { prettyPrint } from '../sxp/pretty.ts';
import type { Store } from '../xenstore/contract.ts';
import { createStore } from '../xenstore/store.ts';
import { serveWire } from '../xenstore/wire-socket.ts';
import { timeLeft } from './build.ts';
import { checkConfig, requireConfigs } from './check.ts';
import { consoleLog } from './console-log.ts';
import type { XendContext, XendOptions } from './context.ts';
import { PROTOCOL, type Stats, type XendApi, type XendMethods, type XendStatus } from './contract.ts';
import type { Device } from './device.ts';
import { createDeviceService } from './devices.ts';
import type { XendDomain } from './domain.ts';
import { passes, readFilter } from './event.ts';
import { createEvents, type Events } from './events.ts';
import { cycleAddress, listEndpoints, pingEndpoint } from './idc.ts';
import { nodeInfo } from './info.ts';
import { deviceNamed, inspectDevice, inspectDomain } from './inspect.ts';
import { inspectionForm } from './inspect-form.ts';
import { sendSysrq, sendTrigger } from './interrupts.ts';
import { createKeepingMethods } from './keeping-methods.ts';
import { createLifecycle, SHUTDOWN_LIMIT } from './lifecycle.ts';
import { type Log, type LogDomain, type LogRange, openLog } from './log.ts';
import { isThere, selectKnown } from './lookup.ts';
import { openManaged } from './managed.ts';
import { createManagedMethods } from './managed-methods.ts';
import { setMaxMemory, setMemory } from './memory-change.ts';
import { watchedThreads } from './memory-watch.ts';
import { metricsOf } from './metrics.ts';
import { createDeviceClasses } from './own-classes.ts';
import { openPoolFile } from './pool-file.ts';
import { createPools } from './pools.ts';
import { createProcessorMethods } from './processor-methods.ts';
import { type DomainRecord, deviceListForm, recordOfKnown } from './records.ts';
import { recover } from './recover.ts';
import { stallSampler } from './stalls/sample.ts';
import { watchStalls } from './stalls/service.ts';
import { openStateFiles } from './state-files.ts';
import { takeStats } from './stats.ts';
import { openStoreKeeper } from './store-keeper.ts';
import { dumpTrace, startTrace, stopTrace } from './trace.ts';
import { openVchanNode } from './vchan.ts';
import { VERSION } from './version.ts';
import { deviceInfo, domainInfo, listedInfo, refreshUsage } from './views.ts';
import { createVipTables } from './viptables.ts';

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
  const log = openLog(paths.log);
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
    classes: createDeviceClasses([...builtinClasses, ...(options.classes ?? [])]),
    stateFiles,
    managed: openManaged(paths.managedDir, log),
    domains,
    pools: createPools({ domains, options, log }, openPoolFile(paths.poolFile, log)),
    startTime,
  };
  const { classes } = context;
  let sampling: Promise<Stats> | undefined;
  const endWatch = watchMemory(() => watchedThreads(context));
  const stalls = watchStalls(stallSampler(context), { log, events });
  const stopAsked = Promise.withResolvers<string | undefined>();
  const devices = createDeviceService(context);
  const life = createLifecycle(context, devices, (why) => {
    log.write('CRITICAL', `Domain-0 was lost (${why}): xend ends`);
    stopAsked.resolve(`Domain-0 was lost: ${why}`);
  });

  const named = (names: readonly string[] | undefined): readonly XendDomain[] =>
    names === undefined || names.length === 0
      ? [...domains.values()].sort((a, b) => (a.name < b.name ? -1 : 1))
      : names.map(life.find);

  function status(): XendStatus {
    const { socket, xenstoreSocket, stateDir } = paths;
    const fields = { pid: process.pid, version: VERSION, protocol: PROTOCOL, startTime, recovered };
    return { ...fields, socket, xenstoreSocket, stateDir, domains: domains.size };
  }

  async function recordsOf(names?: readonly string[]): Promise<readonly DomainRecord[]> {
    const wanted = selectKnown(context, names);
    await refreshUsage(wanted.filter(isThere));
    return wanted.map((known) => recordOfKnown(context, known));
  }

  function devicesOf(domain: string, className?: string): readonly Device[] {
    const only = className === undefined ? undefined : devices.classNamed(className);
    return [...life.find(domain).devices.values()]
      .filter((device) => only === undefined || device.class === only)
      .sort((a, b) => (a.class.name === b.class.name ? a.devid - b.devid : a.class.name < b.class.name ? -1 : 1));
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
    devices: (domain, className) => devicesOf(domain, className).map(deviceListForm),
  };

  const viptables = createVipTables(context, (domain) => life.find(domain));
  const methods: XendMethods = {
    ...createManagedMethods(context, life),
    ...createKeepingMethods(context, life),
    async 'domain.create'(params) {
      const { configs, report } = await requireConfigs(params, classes);
      const made: XendDomain[] = [];
      try {
        const left = timeLeft(params.timeout);
        for (const config of configs) made.push(await life.create(config, params.paused === true, left()));
      } catch (error) {
        await Promise.all(made.map(life.destroy));
        throw error;
      }
      return { domains: made.map((domain) => domainInfo(context, domain)), report };
    },
    async 'domain.list'({ names }) {
      const wanted = named(names);
      await refreshUsage(wanted);
      return wanted.map((domain) => domainInfo(context, domain));
    },
    async 'domain.all'({ names }) {
      const wanted = selectKnown(context, names);
      await refreshUsage(wanted.filter(isThere));
      return wanted.map((known) => listedInfo(context, known));
    },
    async 'domain.records'({ names }) {
      const records = await recordsOf(names);
      return { sxp: records.map(({ form }) => prettyPrint(form)).join(''), records: records.map(({ json }) => json) };
    },
    async 'domain.pause'({ domain }) {
      life.pause(life.find(domain));
      return null;
    },
    async 'domain.unpause'({ domain }) {
      life.unpause(life.find(domain));
      return null;
    },
    async 'domain.shutdown'({ domain, reason, wait, timeout }) {
      const found = life.find(domain);
      // Of its next life; one that is kept gets another.
      const { uuid, settled } = found;
      life.shutdown(found, reason, timeout ?? SHUTDOWN_LIMIT);
      if (wait !== true) return { done: false, again: false };
      const failure = await settled.promise;
      if (failure !== undefined) throw failure;
      const runs = (other: XendDomain) => other.uuid === uuid && other.phase === 'running';
      return { done: true, again: [...domains.values()].some(runs) };
    },
    async 'domain.destroy'({ domain }) {
      await life.destroy(life.find(domain));
      return null;
    },
    async 'domain.setMemory'({ domain, memory }) {
      await setMemory(context, life.find(domain), memory);
      return null;
    },
    async 'domain.setMaxMemory'({ domain, memory }) {
      setMaxMemory(context, life.find(domain), memory);
      return null;
    },
    async 'domain.reset'({ domain }) {
      await life.reset(life.find(domain));
      return null;
    },
    async 'domain.sysrq'({ domain, letter }) {
      await sendSysrq(life.find(domain), letter);
      return null;
    },
    async 'domain.trigger'({ domain, trigger, vcpu = 0 }) {
      await sendTrigger(life, life.find(domain), trigger, vcpu);
      return null;
    },
    async 'domain.console'({ domain }) {
      const { domid, name, phase } = life.find(domain);
      if (domid === 0) throw new XmError('ENOCONSOLE', `Domain '${name}' has no console`);
      if (phase === 'dying' || phase === 'shutdown' || phase === 'crashed') {
        throw new XmError('ENOTRUNNING', `Domain '${name}' is not running`, {
          hint: `'xm console --log ${name}' prints what it said`,
        });
      }
      return { path: consoleSocket(paths.runDir, domid), domid, name };
    },
    'domain.consoleLog': async ({ domain }) => consoleLog(life.find(domain)),
    async 'device.attach'({ domain, class: className, path, config, directory }) {
      const found = life.find(domain);
      if (found.phase !== 'running') throw new XmError('ENOTRUNNING', `Domain '${found.name}' is not running`);
      if (path !== undefined) classes.adopt(called(await classes.read(path), className));
      return deviceInfo(await devices.attach(found, className, config, directory));
    },
    async 'device.detach'({ domain, class: className, device, force }) {
      await devices.detach(life.find(domain), className, device, force === true);
      return null;
    },
    async 'driver.unload'({ domain, class: className, end }) {
      await devices.unload(life.find(domain), className, DRIVER_END[end]);
      return null;
    },
    async 'driver.load'({ domain, class: className, end }) {
      const found = life.find(domain);
      const { own } = devices.classNamed(className);
      if (own !== undefined) classes.adopt(called(await classes.read(own.path), className));
      await devices.load(found, className, DRIVER_END[end]);
      return null;
    },
    async 'device.list'({ domain, class: className }) {
      const found = devicesOf(domain, className);
      const sxp = found.map((device) => prettyPrint(deviceListForm(device))).join('');
      return { devices: found.map(deviceInfo), sxp };
    },
    async 'device.classes'({ class: className, path }) {
      const found = className === undefined ? classes.all : [devices.classNamed(className)];
      const shown = path === undefined ? found : [await classes.read(path)];
      return shown.map(({ name, aliases, doc, fields, own }) => ({
        name,
        aliases,
        doc,
        ...(own === undefined ? {} : { path: own.path }),
        fields: Object.entries(fields).map(([field, { doc: fieldDoc, required, default: value }]) => ({
          name: field,
          doc: fieldDoc,
          required: required === true,
          ...(value === undefined ? {} : { default: value }),
        })),
      }));
    },
    async inspect({ domain, device }) {
      const found = life.find(domain);
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
    'config.check': async (params) => (await checkConfig(params, classes)).result,
    'node.info': async () => nodeInfo(VERSION, life.freeMemory(), hv.frameUsage()),
    'node.dmesg': async ({ clear }) => ({ text: hv.dmesg(clear === true) }),
    'log.read': async (range) => ({ lines: log.read(logRange(range)) }),
    'events.read': async ({ since, filters = [] }) => {
      const filter = readFilter(filters);
      const { events: kept, lost } = events.read(since);
      return { events: kept.filter((event) => passes(filter, event)), lost };
    },
    stats: sample,
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

const DRIVER_END = { front: 'FE', back: 'BE' } as const;

/** @throws XmError when a module holds another class than was asked for */
function called(found: DeviceClass, name: string): DeviceClass {
  if (found.name === name) return found;
  throw new XmError('ENOCLASS', `The module "${found.own?.path}" holds the device class ${found.name}, not ${name}`);
}
