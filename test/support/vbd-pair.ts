// SPDX-License-Identifier: Apache-2.0
import { mkdtempDisposableSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DeviceConfig } from '../../src/devices/contract.ts';
import backOfFile from '../../src/devices/vbd/back.ts';
import { type BlockDevice, VBD_COUNTERS } from '../../src/devices/vbd/contract.ts';
import frontOfKernel from '../../src/devices/vbd/front.ts';
import type { BackFactory, BackInterface, FrontFactory, FrontInterface } from '../../src/domain/contract.ts';
import { createRemoteBuffers } from '../../src/idc/remote-buffers.ts';
import type { RemoteBuffers } from '../../src/idc/remote-contract.ts';
import { type Machine, startMachine } from './hv-machine.ts';

const DOM0 = 0;
const GUEST = 1;

/** Both ends of a disk in domains of a real hypervisor, which share the test's thread; driven by hand instead of by xend. */
export interface VbdPair extends AsyncDisposable {
  readonly machine: Machine;
  /** The remote buffers of the front end's domain. */
  readonly buffers: RemoteBuffers;
  readonly front: FrontInterface;
  readonly back: BackInterface;
  /** What the front module offers to kernels; a `BlockDevice` unless another one was chosen. */
  readonly disk: BlockDevice;
  readonly counters: Readonly<Record<(typeof VBD_COUNTERS)[number], number>>;
  /** What either end complained of. */
  readonly broken: readonly string[];
  connect(): Promise<void>;
  /** Ends the connection as xend does: the back end lets go first. */
  disconnect(): Promise<void>;
  /** The same, and the front end hears that there will be no other connection (until there is one). */
  close(): Promise<void>;
}

/** What is not the default: a front end for kernels and a back end with an image, as domain 1's xvda. */
export interface VbdPairOptions {
  readonly config?: DeviceConfig;
  readonly front?: FrontFactory;
  readonly back?: BackFactory;
}

/** A machine with a domain that serves disks to all others. */
export interface VbdHost extends Disposable {
  readonly machine: Machine;
  /** Of the domain that serves. */
  readonly buffers: RemoteBuffers;
}

/** @param pages quota of each domain */
export function startVbdHost(guests: readonly number[], pages = 4096): VbdHost {
  const machine = startMachine([DOM0, ...guests], pages);
  return {
    machine,
    buffers: createRemoteBuffers(machine.dom(DOM0)),
    [Symbol.dispose]: () => machine[Symbol.dispose](),
  };
}

/** A machine with one guest and {@link startDisk} in it; disposing of it ends everything. */
export async function startVbdPair(options: VbdPairOptions = {}): Promise<VbdPair> {
  const host = startVbdHost([GUEST]);
  return startDisk(host, GUEST, options, () => host[Symbol.dispose]());
}

/** Opens the back end and connects; disposing of it ends both. @param after what else ends with it */
export async function startDisk(
  { machine, buffers: served }: VbdHost,
  guest: number,
  options: VbdPairOptions = {},
  after: () => void = () => {},
): Promise<VbdPair> {
  const numbers = new Float64Array(new SharedArrayBuffer(8 * 8));
  const broken: string[] = [];
  const common = { class: 'vbd', handle: 51712, name: 'xvda', config: options.config ?? {} };
  const back = (options.back ?? backOfFile)({
    ...common,
    domid: guest,
    domainName: 'guest',
    hypercalls: machine.dom(DOM0),
    buffers: served,
    counters: numbers,
    record: new SharedArrayBuffer(0),
    runDir: tmpdir(),
    signal: new AbortController().signal,
    broken: (reason) => broken.push(`back: ${reason}`),
  });
  const buffers = createRemoteBuffers(machine.dom(guest));
  const front = (options.front ?? frontOfKernel)({
    ...common,
    hypercalls: machine.dom(guest),
    buffers,
    signal: new AbortController().signal,
    broken: (reason) => broken.push(`front: ${reason}`),
  });
  let ports: { readonly near: number; readonly far: number } | undefined;

  async function connect(): Promise<void> {
    const frames = await front.offer(DOM0);
    ports = machine.hv.bindPair(DOM0, guest);
    await back.connect(frames, ports.near);
    await front.connected(ports.far);
  }

  async function disconnect(): Promise<void> {
    await back.disconnect();
    await front.disconnected();
    if (ports === undefined) return;
    machine.hv.closePort(DOM0, ports.near);
    machine.hv.closePort(guest, ports.far);
    ports = undefined;
  }

  async function close(): Promise<void> {
    await disconnect();
    await front.closed?.();
  }

  async function end(): Promise<void> {
    await close();
    await back.close();
    after();
  }

  try {
    await back.open();
    await connect();
  } catch (error) {
    await end();
    throw error;
  }
  return {
    machine,
    buffers,
    front,
    back,
    disk: front.driver as BlockDevice,
    get counters() {
      return Object.fromEntries(VBD_COUNTERS.map((name, index) => [name, numbers[index]!])) as VbdPair['counters'];
    },
    broken,
    connect,
    disconnect,
    close,
    [Symbol.asyncDispose]: end,
  };
}

/** A file with content in a directory of its own, which goes with it. */
export interface TempImage extends Disposable {
  readonly directory: string;
  readonly path: string;
  readonly content: Uint8Array;
}

/** @param content the bytes, or a number of bytes that differ from sector to sector */
export function tempImage(content: number | Uint8Array): TempImage {
  const temporary = mkdtempDisposableSync(join(tmpdir(), 'xm-vbd-'));
  const path = join(temporary.path, 'disk image');
  const bytes = typeof content === 'number' ? pattern(content) : content;
  writeFileSync(path, bytes);
  return { directory: temporary.path, path, content: bytes, [Symbol.dispose]: () => temporary.remove() };
}

/** Bytes that repeat nowhere at a distance of whole sectors. */
export function pattern(length: number, seed = 1): Uint8Array {
  const bytes = new Uint8Array(length);
  let state = seed;
  for (let at = 0; at < length; at++) {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    bytes[at] = state >>> 16;
  }
  return bytes;
}

/** The configuration of a disk with this image. */
export function diskConfig(path: string, mode: 'r' | 'w' = 'w'): DeviceConfig {
  return { uname: `file:${path}`, dev: 'xvda', mode, backend: '0' };
}
