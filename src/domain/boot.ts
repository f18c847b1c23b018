// SPDX-License-Identifier: Apache-2.0
import { createHash, getHashes } from 'node:crypto';
import { messageOf } from '../errors.ts';
import { connectHypercalls } from '../hv/hypercalls.ts';
import { createRemoteBuffers } from '../idc/remote-buffers.ts';
import { createRendezvous } from '../idc/rendezvous.ts';
import { connectStore } from '../xenstore/port.ts';
import { namedArgs } from './args.ts';
import { createBacks } from './backs.ts';
import type { Domain, DomainConsole, ShutdownReason } from './contract.ts';
import { type ControlBody, type ControlChannel, type ControlHandler, createControlChannel, OKAY } from './control.ts';
import { createFronts } from './fronts.ts';
import { createIdc } from './idc.ts';
import { createIdcControl } from './idc-control.ts';
import { importKernel } from './kernel-module.ts';
import type { ThreadData } from './launch.ts';
import { checkSandbox, enterSandbox } from './sandbox.ts';

/** What a kernel may return; anything else means `poweroff`. */
const REASONS: ReadonlySet<unknown> = new Set<ShutdownReason>(['poweroff', 'reboot', 'halt']);

/** How long a domain's last console output may take to reach the back end, milliseconds. */
const DRAIN_LIMIT = 1000;

/**
 * Boots a domain in its thread: announces drivers to xend, loads the kernel, waits until xend lets it start, runs it,
 * reports how it ended. Domain-0 has no kernel and serves until its thread is ended.
 */
export async function bootDomain(data: ThreadData): Promise<void> {
  const { door, name, args } = data;
  const hypercalls = connectHypercalls(door);
  const xenstore = connectStore(data.store);
  const shutdown = new AbortController();
  let control: ControlChannel;
  const buffers = createRemoteBuffers(hypercalls);
  const fronts = createFronts({ hypercalls, buffers }, () => control);
  const backs = createBacks({ hypercalls, buffers }, data.runDir, () => control);
  const rendezvous = createRendezvous(hypercalls, xenstore, buffers);
  const handleIdc = createIdcControl(rendezvous);

  const handle: ControlHandler = (type, subtype, body: ControlBody) => {
    const [, deviceClass = '', end] = /^(.+)_(FE|BE)$/.exec(type) ?? [];
    if (end === 'FE') return fronts.handle(deviceClass.toLowerCase(), subtype, body);
    if (end === 'BE') return backs.handle(deviceClass.toLowerCase(), subtype, body);
    if (type === 'IDC') return handleIdc(subtype, body);
    // The message says which shutdown; the kernel learns it as the signal's reason.
    if (type === 'SHUTDOWN') shutdown.abort(subtype.toLowerCase());
    return OKAY;
  };
  control = createControlChannel(data.control, handle);

  for (const { name: backClass, module } of data.backs) await backs.announce(backClass, module);
  for (const { name: frontClass, module } of data.fronts) await fronts.announce(frontClass, module);
  if (data.kernel === undefined) {
    await control.request('DOMAIN', 'READY');
    return;
  }
  if (data.confined) {
    enterSandbox({
      trusted: data.trusted,
      publicModule: data.publicModule,
      kernel: data.kernel.url,
      source: data.kernel.source,
    });
    const open = checkSandbox(data.readable);
    if (open.length > 0) throw new Error(`this Node does not confine a thread: ${open.join(', ')}`);
  }
  // Before it is ready: a kernel that cannot be loaded makes no domain.
  const kernel = await importKernel(data.kernel.url);
  // Answered when the domain may run: at once, or at `xm unpause`.
  await control.request('DOMAIN', 'READY', {}, 2 ** 31 - 1);

  const console = fronts.find('console')?.driver as DomainConsole;
  const domain: Domain = {
    domid: door.domid,
    name,
    args: namedArgs(args),
    commandLine: args,
    console,
    devices: fronts,
    xenstore,
    hypercalls,
    idc: createIdc(name, data.addresses, rendezvous, buffers),
    signal: shutdown.signal,
    digest(algorithm) {
      if (!getHashes().includes(algorithm)) return undefined;
      const hash = createHash(algorithm);
      return { update: (bytes) => void hash.update(bytes), hex: () => hash.digest('hex') };
    },
  };
  const lastWords = () => Promise.race([console.drained(), new Promise((done) => setTimeout(done, DRAIN_LIMIT))]);
  let reason: unknown;
  try {
    reason = (await kernel(domain)) ?? shutdown.signal.reason;
  } catch (error) {
    console.write(`\r\nKernel crashed: ${messageOf(error)}\r\n`);
    await lastWords();
    throw error;
  }
  await lastWords();
  await control.request('DOMAIN', 'EXIT', { reason: REASONS.has(reason) ? reason : 'poweroff' });
  process.exit(0);
}
